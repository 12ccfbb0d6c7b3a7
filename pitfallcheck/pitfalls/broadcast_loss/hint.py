"""Tells by bytes alone whether a file trains, or else compares a prediction with something when it is run."""

from __future__ import annotations

import re

from pitfallcheck.lint.signs import LEARNING
from pitfallcheck.pitfalls.broadcast_loss import GIVEN_A_LOSS

_COMPARED = re.compile(
    rb"(?:MSE|L1|Huber|NLL)Loss|(?:mse|l1|huber|nll)_loss|(?:pred\w*|hat|outputs?|logits|forecast|out)\)? ?- ?[\w(]"
    rb"|- ?\(?(?:self\.)?\w*(?:pred|hat|outputs?|logits|out)\b"
    rb"|(?:model|net|network|forward|predict)\([^()\n]*+\)+ ?- ?[\w(]|\* ?\w+(?:\.math)?\.log\("
)


def may_be_in(code: bytes) -> bool:
    """Whether something learns, or a prediction stands beside a minus or in a loss."""
    return any(re.search(sign, code) for sign in (*GIVEN_A_LOSS, *LEARNING)) or _COMPARED.search(code) is not None
