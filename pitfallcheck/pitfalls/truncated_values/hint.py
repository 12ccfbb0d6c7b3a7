"""Tells by bytes alone whether something is stored into what may be an array of integers."""

from __future__ import annotations

import re
from collections import defaultdict

_WHOLE = re.compile(
    rb"\bu?int\d*\b|\blong\b|[\"']u?i\d|arange|arg(?:max|min|sort)|searchsorted|digitize|bincount|rand(?:int|perm)"
    rb"|integers\(|(?:array|tensor|full)\([^.\n]*\d"
)
"""What an array of integers is made by."""

_BOUND = re.compile(rb"\n[ \t]*+([\w.]++)(?:, ?[\w.]++)*+ ?(?::[^=\n]*+)?= ?([\w(\[][^\n]*+)")
_STORED = re.compile(rb"\n[ \t]*+([\w.]++)\[(?![\"'])[^\n]*?\] ?(?:[-+*]|(//?))?=(?!=)([^\n]*+)")
_FILLED = re.compile(rb"([\w.]++)\.(?:fill|copy)_?\(([^\n]*+)|(?:full_like|put)\(([\w.]++)([^\n]*+)")
_FILLING = (b".fill", b".copy_(", b"full_like(", b"put(")
_FLOAT = re.compile(
    rb"/|\d\.\d|\d[eE]-|\b\.\d|mean|std|var|sqrt|exp|log|sin|cos|tan|rand|normal|uniform|gauss|float|norm|linspace"
)
"""What may make a float, besides the functions of the file."""

_DEFINED = re.compile(rb"\bdef (\w++)|\b(\w++) ?= ?lambda\b")
_VECTORIZE = re.compile(rb"\.vectorize(?<!jnp\.vectorize)\b|numpy import[^\n]*\bvectorize\b")
_LIKE = re.compile(rb"_like\(([\w.]++)")
_GIVEN = re.compile(rb"\w\([^\n]*(?:arange\(|(?:array|tensor)\(\[+-?\d++\s*[,\]])")
"""An array of integers that is an argument."""

_NAME = re.compile(rb"[A-Za-z_][\w.]*+")
_LONG = 160
"""Letters of a statement in which the type is looked for, where a call goes over several lines."""


def may_be_in(code: bytes) -> bool:
    """Whether a float may be stored under a name that is, directly or at second hand, given an array of integers."""
    if b"vectorize" in code and _VECTORIZE.search(code):
        return True
    code = b"\n" + code
    stores = [(name, divided + value) for name, divided, value in _STORED.findall(code)]
    if any(word in code for word in _FILLING):
        stores += [(name or other, value + more) for name, value, other, more in _FILLED.findall(code)]
    if not stores:
        return False
    made = defaultdict[bytes, list[bytes]](list)
    for match in _BOUND.finditer(code):
        text = match[2].rstrip()
        if text.endswith((b"(", b"[", b"{", b",", b"\\")):
            text = code[match.start(2) : match.start(2) + _LONG]
        made[match[1]].append(text)
    whole = {name: _is_whole(made, name, code) for name, _ in stores}
    if not any(whole.values()):
        return False
    defined = {name for names in _DEFINED.findall(code) for name in names if name}
    return any(whole[name] and _may_be_float(made, value, defined) for name, value in stores)


def _is_whole(made: dict[bytes, list[bytes]], name: bytes, code: bytes) -> bool:
    for text in made.get(name, ()):
        others = (other for named in _NAME.findall(text) for other in made.get(named, ()))
        if _WHOLE.search(text) or any(map(_WHOLE.search, others)):
            return True
        like = _LIKE.search(text)
        if like is not None and like[1] not in made and _GIVEN.search(code):
            return True
    return False


def _may_be_float(made: dict[bytes, list[bytes]], value: bytes, defined: set[bytes]) -> bool:
    if _FLOAT.search(value):
        return True
    for name in _NAME.findall(value):
        texts = made.get(name)
        if texts is None or name in defined or any(_FLOAT.search(text) for text in texts):
            return True
        if any(not defined.isdisjoint(_NAME.findall(text)) for text in texts):
            return True
    return False
