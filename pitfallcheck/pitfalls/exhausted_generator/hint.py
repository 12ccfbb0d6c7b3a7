"""Tells by bytes alone whether an iterator may be kept, and run through inside a loop or by `fit`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MAKER = re.compile(
    rb"(?:zip|map|filter|enumerate|iter|__iter__|reversed|chain|from_iterable|islice|product|combinations|permutations"
    rb"|starmap|zip_longest|batched|pairwise|accumulate|takewhile|dropwhile)\("
)
_GENERATOR = re.compile(rb"= ?\([^\n]*\n?[^\n]*\bfor |\(\([^\n]*\bfor ")
_BEFORE = re.compile(rb"(?:\b([\w.]++) ?(?::[^=\n]*)?:?= ?|(\w++)\((?:[^()\n]*[,= ])?)(?:\w+\.)*$")
_NAME = re.compile(rb"[\w.]++")
_DEFINED = re.compile(rb"\bdef (\w++)|\bclass (\w++)|\b(yield)\b")
_LOOP = re.compile(rb"\n([ \t]*+)(?:async )?(?:for|while)\b[^\n]*")
_READ = re.compile(rb"(?:\bin |[(,=] ?)([\w.]++)")


def may_be_in(code: bytes) -> bool:
    """Whether something that is bound to an iterator, or handed one, is read in the body of a loop."""
    if b"fit(" in code or b"fit_generator(" in code:
        return True
    generators, defined = _functions(code)
    makers = [_MAKER]
    if generators:
        makers.append(re.compile(rb"\b(?:" + b"|".join(generators) + rb")\("))
    kept, handed = set[bytes](), False
    for maker in makers:
        for made in maker.finditer(code):
            start = code.rfind(b"\n", 0, made.start()) + 1
            before = _BEFORE.search(code[start : made.start()])
            if before is not None:
                kept.add(before[1] or b"")
                handed = handed or before[2] in defined
    for made in _GENERATOR.finditer(code):
        start = code.rfind(b"\n", 0, made.start()) + 1
        kept.update(_NAME.findall(code[start : made.start()])[-1:])
        handed = handed or made[0].startswith(b"((")
    kept.discard(b"")
    if not kept and not handed:
        return False
    bodies = list(_bodies(code))
    if handed and any(_LOOP.search(body) for body in bodies):
        return True
    return any(not kept.isdisjoint(_READ.findall(body)) for body in bodies)


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
