"""Tells by bytes alone whether a drawn number, or one that a data set or a loop gives, is used as an index."""

from __future__ import annotations

import re

_DRAW = re.compile(rb"(?:randint|integers|randrange|choices?|permutation|randperm|sample|random|rand|uniform)\(")
_OTHERS = re.compile(rb"range\([\w.]++, ?[^,\n]* - [^,\n]*, ?[\w.]++\)")
"""A loop that leaves room for a window."""

_SETS = (b"Dataset", b"Sequence)")

_BOUND = re.compile(rb"[ \t]*+(?:for )?([\w., ]+?) ?(?::[^=\n]*)?(?:=| in )")
_CALL = re.compile(rb"(\w++)\(")
_DEFINED = re.compile(rb"\bdef (\w++)")
_INDEX = re.compile(rb"(?:\[|gather\(|take\(|select\()([^\[\]\n]++)")
_LOOP = re.compile(rb"\bfor (\w++) in (\w++)")
_NAME = re.compile(rb"[\w.]++")
_FRACTIONS = (b"random(", b"rand(", b"uniform(")


def may_be_in(code: bytes) -> bool:
    """Whether what is drawn, or the name it has, stands in an index or is given to a function of the file."""
    if (b"def __getitem__" in code and any(word in code for word in _SETS)) or _OTHERS.search(code):
        return True
    names, called = set[bytes](), set[bytes]()
    for draw in _DRAW.finditer(code):
        start = code.rfind(b"\n", 0, draw.start()) + 1
        before = code[start : draw.start()]
        if draw[0] in _FRACTIONS and b"int" not in code[start : code.find(b"\n", draw.end())]:
            continue
        if before.count(b"[") > before.count(b"]") or _is_called(code, before, start):
            return True
        bound = _BOUND.match(before)
        if bound is not None:
            names.update(_NAME.findall(bound[1]))
        called.update(_CALL.findall(before))
    names.update(item for item, over in _LOOP.findall(code) if over in names)
    if names and any(not names.isdisjoint(_NAME.findall(index)) for index in _INDEX.findall(code)):
        return True
    return bool(called) and not called.isdisjoint(_DEFINED.findall(code))


def _is_called(code: bytes, before: bytes, start: int) -> bool:
    """Whether what is drawn is returned at once, by a function that the file calls."""
    if not before.lstrip().startswith(b"return"):
        return False
    name = _DEFINED.findall(code, code.rfind(b"def ", 0, start), start)
    return bool(name) and code.count(name[0] + b"(") > 1
