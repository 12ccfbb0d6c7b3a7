"""Tells by bytes alone whether a drawn number, or one that a data set or a loop gives, is used as an index."""

from __future__ import annotations

import re

_DRAW = (
    rb"(?:randint|integers|randrange|choices?|permutation|randperm|sample)\(|\bint\([^\n]*(?:random|rand|uniform)\("
)
_OTHERS = re.compile(rb"def __getitem__|range\([\w.]++, ?[^,\n]* - [^,\n]*, ?[\w.]++\)")
"""A data set, and a loop that leaves room for a window."""

_DIRECT = re.compile(rb"(?:\[[^\[\]\n]*|\breturn [^\n]*)(?:" + _DRAW + rb")")
_NAMED = re.compile(rb"\n[ \t]*+(?:for )?([\w., ]++)(?:=| in )(?=[^\n]*(?:" + _DRAW + rb"))")
_CALL = re.compile(rb"(\w++)\((?=[^\n]*(?:" + _DRAW + rb"))")
_DEFINED = re.compile(rb"\bdef (\w++)")
_INDEX = re.compile(rb"\[([^\[\]\n]++)")
_NAME = re.compile(rb"[\w.]++")


def may_be_in(code: bytes) -> bool:
    """Whether what is drawn, under its name if it has one, stands in an index, or is given to a function of the file."""
    if _OTHERS.search(code) or _DIRECT.search(code):
        return True
    drawn = {name for match in _NAMED.finditer(code) for name in _NAME.findall(match[1])}
    if drawn and any(drawn.intersection(_NAME.findall(index)) for index in _INDEX.findall(code)):
        return True
    handed = set(_CALL.findall(code))
    return not handed.isdisjoint(_DEFINED.findall(code))
