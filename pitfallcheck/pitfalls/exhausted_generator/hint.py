"""Tells by bytes alone whether an iterator may be kept, and run through inside a loop or by `fit`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MAKER = (
    rb"(?:zip|map|filter|enumerate|iter|__iter__|reversed|chain|from_iterable|islice|product|combinations|permutations"
    rb"|starmap|zip_longest|batched|pairwise|accumulate|takewhile|dropwhile)\("
)
_KEPT = re.compile(rb"\b([\w.]++) ?(?::[^=\n]*+)?:?= ?(?:(?:[\w.]++\.)?" + _MAKER + rb"|\([^\n]*\n?[^\n]*\bfor )")
_HANDED = re.compile(rb"(\w++)\((?:[^()\n]*[,= ])?(?:(?:[\w.]++\.)?" + _MAKER + rb"|\()")
_BOUND = re.compile(rb"\b([\w.]++) ?(?::[^=\n]*+)?:?= ?(?:[\w.]++\.)?(\w++)\(")
_DEFINED = re.compile(rb"\bdef (\w++)|\bclass (\w++)|\b(yield)\b")
_LOOP = re.compile(rb"\n([ \t]*+)(?:async )?(?:for|while)\b[^\n]*")
_DRAINED = re.compile(rb"(?:\bin |[(,=] ?)([\w.]++)")


def may_be_in(code: bytes) -> bool:
    """Whether something that is bound to an iterator, or handed one, is read in the body of a loop."""
    if b"fit(" in code or b"fit_generator(" in code:
        return True
    generators, defined = _functions(code)
    kept = {match[1] for match in _KEPT.finditer(code)}
    if generators:
        kept |= {match[1] for match in _BOUND.finditer(code) if match[2] in generators}
    handed = any(match[1] in defined for match in _HANDED.finditer(code)) or any(
        re.search(rb"\w\((?:[^\n]*[,= ])?" + name + rb"\(", code) for name in generators
    )
    if not kept and not handed:
        return False
    bodies = list(_bodies(code))
    if handed and any(_LOOP.search(body) for body in bodies):
        return True
    return any(not kept.isdisjoint(_DRAINED.findall(body)) for body in bodies)


def _functions(code: bytes) -> tuple[set[bytes], set[bytes]]:
    """The names of what may be generator functions, and of all functions and classes."""
    generators, defined, last = set[bytes](), set[bytes](), b""
    for function, of, yields in _DEFINED.findall(code):
        if function:
            defined.add(function)
            last = function
        elif of:
            defined.add(of)
        elif yields and last:
            generators.add(last)
    return generators, defined


def _bodies(code: bytes) -> Iterator[bytes]:
    """The bodies of the outermost loops."""
    at = 0
    code = b"\n" + code
    while (loop := _LOOP.search(code, at)) is not None:
        indent = len(loop[1])
        end = re.compile(rb"\n[ \t]{0,%d}(?=[^\s)\]}])" % indent).search(code, loop.end())
        at = end.start() if end is not None else len(code)
        yield code[loop.end() : at]
