"""Tells by bytes alone whether a file asks for gradients of a loss, or detaches what a layer puts out."""

from __future__ import annotations

import re

_ASKS = (b".backward(", b"GradientTape(")
_LOSSES = (b"loss", b"criterion", b"cost", b".step(")

_OF_PACKAGE = re.compile(rb"\nfrom \.\.")
"""Modules deep in a library, whose layers are trained and frozen by others."""

_DIRECT = re.compile(rb"\bself\.\w+\([^\n]*\)(?:\[\w+\])?\.(?:detach\(\)|data\b)")
_BOUND = re.compile(rb"\n[ \t]+(\w+)(?:, ?\w+)* = [^\n]*\bself\.\w+\(")
_DETACHED = re.compile(rb"(?<![\w.])(\w+)\.(?:detach\(\)|data\b)")


def may_be_in(code: bytes) -> bool:
    """Whether gradients are asked for, or a method `forward` detaches the output of a layer."""
    if any(word in code for word in _ASKS) and any(word in code for word in _LOSSES):
        return True
    if b"def forward(" not in code or _OF_PACKAGE.search(code):
        return False
    return bool(_DIRECT.search(code)) or not set(_BOUND.findall(code)).isdisjoint(_DETACHED.findall(code))
