"""Slices of one array, called training and test data, that hold the same samples."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.finding import Evidence
from pitfallcheck.lint.flow.bindings import NAMES, dotted
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.flow.splits import Role, bound_to, role, sliced
from pitfallcheck.pitfalls.leaked_samples.seen import Seen


class Part(NamedTuple):
    """A slice of `base`, from `first` up to `end` (None: of the array), and what it is for."""

    node: ast.Subscript
    base: ast.expr
    first: ast.expr | None
    end: ast.expr | None
    role: Role
    name: str


def overlaps(program: Program) -> Iterator[Seen]:
    """Each slice for evaluation that shares samples with one for training, the same array as it is there."""
    parts: dict[str, list[Part]] = {}
    for node in program.source.nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            part = _part(program, node)
            if part is not None:
                parts.setdefault(dotted(part.base) or "", []).append(part)
    sizes = Sizes(program) if parts else None
    for several in parts.values():
        for test in several:
            for train in several:
                if test.role == "test" and train.role == "train" and sizes is not None:
                    shared = _shared(program, sizes, train, test)
                    if shared is not None:
                        yield _seen(program, train, test, shared)
                        break


def _part(program: Program, node: ast.Subscript) -> Part | None:
    found = sliced(node)
    if found is None or dotted(found[0]) is None or (found[1] is None and found[2] is None):
        return None
    base, first, end = found
    if isinstance(program.source.parents.get(node), ast.Subscript):
        return None
    target = bound_to(program, node)
    name = dotted(target) if isinstance(target, NAMES) else None
    said = role(name) if name is not None else None
    if name is None or said is None or (role(dotted(base) or "") == "test"):
        return None
    return Part(node, base, first, end, said, name)


def _shared(program: Program, sizes: Sizes, train: Part, test: Part) -> str | None:
    """Which samples two slices share, in words; None where there are none, or nobody knows."""
    if program.bindings(train.base) != program.bindings(test.base) or not program.bindings(train.base):
        return None
    if program.scope(train.node) is not program.scope(test.node):
        return None
    length = _number(sizes.lengths.of(test.base))
    a, b = _ends(sizes, train, length)
    c, d = _ends(sizes, test, length)
    if train.first is None and test.first is None and train.end is not None and test.end is not None:
        if (b is not None and b < 0) or (d is not None and d < 0):
            return None
        if b is None or d is None:
            return "the first ones"
        return f"the first {min(b, d)}"
    if a is None or c is None or b is None or min(a, b, c) < 0:
        return None
    end = b if d is None else min(b, d)
    shared = end - max(a, c)
    if d is not None and d < 0:
        return None
    # A test part may begin a little before the end of the training part: the window behind its first prediction.
    whole = d - c if d is not None else length - c if length is not None else None
    meant = isinstance(test.first, ast.BinOp) or isinstance(program.origin(test.first or test.base), ast.BinOp)
    if shared <= 0 or meant or shared < (0.3 * whole if whole is not None else 0.1 * b):
        return None
    return f"{shared} samples"


def _ends(sizes: Sizes, part: Part, length: int | None) -> tuple[int | None, int | None]:
    """The first sample and the end, from the front; -1 for an end that is counted from behind."""
    first = 0 if part.first is None else _number(sizes.integers.of(part.first))
    end = length if part.end is None else _number(sizes.integers.of(part.end))
    if length is not None:
        first = first + length if first is not None and first < 0 else first
        end = end + length if end is not None and end < 0 else end
    return first, end


def _number(found: object) -> int | None:
    value = getattr(found, "value", None)
    return value if isinstance(value, int) else None


def _seen(program: Program, train: Part, test: Part, shared: str) -> Seen:
    source = program.source
    mine, other = source.segment(test.node), source.segment(train.node)
    end = source.segment(train.end) if train.end is not None else ""
    base = source.segment(test.base)
    return Seen(
        "error",
        test.node,
        f"`{test.name}` is `{mine}` and `{train.name}` is `{other}`: both hold {shared} of `{base}`",
        f"begin `{test.name}` where `{train.name}` ends: `{base}[{end}:...]`",
        test.name,
        (Evidence("trained", "the training samples", source.path, train.node.lineno),),
    )
