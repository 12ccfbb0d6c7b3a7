"""Tells by bytes alone whether something is stored into what may be an array of integers."""

from __future__ import annotations

import re

_WHOLE = re.compile(
    rb"\bu?int\d*\b|\blong\b|[\"']u?i\d|arange|arg(?:max|min|sort)|searchsorted|digitize|bincount|rand(?:int|perm)"
    rb"|integers\(|(?:array|tensor|full)\([^.\n]*\d"
)
"""What an array of integers is made by."""

_BOUND = re.compile(rb"\n[ \t]*+([\w.]++)(?:, ?[\w.]++)*+ ?(?::[^=\n]*+)?= ?(?=[\w(\[])")
_STORED = re.compile(
    rb"\n[ \t]*+([\w.]++)\[[^\n]*?\] ?(?:[-+*/]|//)?=(?!=)|([\w.]++)\.(?:fill|copy)_?\(|(?:full_like|put)\(([\w.]++)"
)
_LONG = 160
"""Letters of a statement in which the type is looked for; a call may go over several lines."""


def may_be_in(code: bytes) -> bool:
    """Whether the same name is given an array of integers somewhere and stored into somewhere."""
    if b"vectorize" in code:
        return True
    stored = {name for match in _STORED.finditer(code) for name in match.groups() if name}
    if not stored:
        return False
    whole = set[bytes]()
    for match in _BOUND.finditer(b"\n" + code):
        made = code[match.end() - 1 : match.end() - 1 + _LONG]
        # An array that is made of another one may hold numbers of its kind.
        if _WHOLE.search(made) or any(re.search(rb"\b" + re.escape(name) + rb"\b", made) for name in whole):
            whole.add(match[1])
            if match[1] in stored:
                return True
    return False
