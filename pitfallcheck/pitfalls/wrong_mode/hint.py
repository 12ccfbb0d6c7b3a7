"""Tells by bytes alone whether a file that trains nothing may evaluate in training mode, or always drop."""

from __future__ import annotations

import re

_TRAINS = (b".backward", b"GradientTape(")
_SETS = (b".eval(", b".train(", b".fit(", b"Trainer(")

_OF_PACKAGE = re.compile(rb"\n[ \t]*from \.")
"""Modules of a library define networks, and leave it to others to use them."""

_QUIET = re.compile(rb"\n[ \t]*(?:with torch\.|@torch\.|@)(?:no_grad|inference_mode)\(")
_SCORED = re.compile(rb"argmax|\bmax\(|topk\(|round\(")

_DROPPED = re.compile(rb"\b(?:F|functional)\.dropout[123]?d?\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")


def may_be_in(code: bytes) -> bool:
    """Whether it trains, judges under `no_grad` what is made and never set to evaluation, or drops untold."""
    if any(word in code for word in _TRAINS):
        return True
    if any(b"training" not in given and given.count(b",") < 2 for given in _DROPPED.findall(code)):
        return True
    if any(word in code for word in _SETS) or _OF_PACKAGE.search(code):
        return False
    return bool(_QUIET.search(code) and _SCORED.search(code))
