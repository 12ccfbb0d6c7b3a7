"""Tells by bytes alone whether a file holds a training step, or an optimizer that never makes one."""

from __future__ import annotations

import re

_USED = (b"backward", b".step(", b".fit(", b"Trainer", b"autograd")
_MADE = re.compile(rb"\n[ \t]*\w+ ?= ?(?:torch\.)?(?:optim\.)?\w+\([^\n]*\.parameters\(\)")
_LOOP = re.compile(rb"\n[ \t]*(?:for|while)\b")


def may_be_in(code: bytes) -> bool:
    """Whether gradients are computed or cleared and a step is made, or an optimizer is made and never used."""
    if (b".zero_grad" in code or b".backward" in code) and (b".step" in code or b"zero_grad()" in code):
        return True
    if any(word in code for word in _USED):
        return False
    return b"oss" in code and bool(_MADE.search(code) and _LOOP.search(code))
