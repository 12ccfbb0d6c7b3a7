"""Finds where a file scales one part of its data, what that part was cut from, and the other parts of the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.scaling.arithmetic import CENTRES, SPREADS, measured, number
from pitfallcheck.lint.scaling.feeds import Scaling
from pitfallcheck.lint.scaling.sources import KEEPING, KEEPING_METHODS
from pitfallcheck.lint.scaling.values import RAW, Scaler, Span

TEST = re.compile(r"test(ing)?|valid(ation)?|val(?![a-z])|holdout", re.IGNORECASE)
TRAIN = re.compile(r"train(ing)?", re.IGNORECASE)

STEPS = 6
"""Names that are followed back to where an array was cut from another."""


@dataclass(frozen=True, eq=False, slots=True)
class Scaled:
    """`node` makes a scaled copy of `what`, an array that was bound by `part`."""

    node: ast.expr | ast.AugAssign
    what: ast.expr
    part: Binding


def scaled(scaling: Scaling) -> Iterator[Scaled]:
    """Every place where an array that has a name is brought to a size around 1."""
    for node in scaling.program.source.nodes:
        what = _scaled(scaling, node)
        part = part_of(scaling.program, what) if what is not None else None
        if what is not None and part is not None and isinstance(node, ast.expr | ast.AugAssign):
            yield Scaled(node, what, part)


def _scaled(scaling: Scaling, node: ast.AST) -> ast.expr | None:
    """What `scaler.fit_transform(x)`, `(x - mean) / std`, `x / 255` and `x /= std` scale."""
    program = scaling.program
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
        if node.func.attr != "fit_transform":
            return None
        scaler = scaling.values.of(node.func.value)
        return node.args[0] if isinstance(scaler, Scaler) and scaler.by is None else None
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
        return node.target if _scales(program, node.value) else None
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div) or not _scales(program, node.right):
        return None
    moved = node.left
    if isinstance(moved, ast.BinOp) and isinstance(moved.op, ast.Sub):
        centre = program.origin(moved.right)
        return moved.left if measured(moved.right, CENTRES) or measured(centre, CENTRES) else None
    return moved


def _scales(program: Program, divisor: ast.expr) -> bool:
    by = number(program, divisor)
    if by is not None:
        return by > RAW
    return measured(divisor, SPREADS) or measured(program.origin(divisor), SPREADS)


def part_of(program: Program, node: ast.expr) -> Binding | None:
    """What first bound the array behind a name, before it was converted or reshaped and bound again."""
    found: Binding | None = None
    for _ in range(STEPS):
        name = _kept(program, node)
        if name is None:
            return found
        roots = program.roots(name)[0]
        if len(roots) != 1:
            return found
        (found,) = roots
        if found.kind == "augmented" and isinstance(found.node, ast.AugAssign):
            node = found.node.target
        elif found.kind == "value" and found.value is not None:
            node = found.value
        else:
            return found
    return None


def _kept(program: Program, node: ast.expr) -> ast.expr | None:
    """The name behind `x`, `x.astype("float32")`, `np.array(x)`."""
    while not isinstance(node, ast.Name):
        if not isinstance(node, ast.Call):
            return None
        called = program.called(node)
        if called and called.rpartition(".")[2] in KEEPING and node.args:
            node = node.args[0]
        elif not called and isinstance(node.func, ast.Attribute) and node.func.attr in KEEPING_METHODS:
            node = node.func.value
        else:
            return None
    return node


def others(program: Program, part: Binding) -> Iterator[Binding]:
    """The other parts of the data that `part` is one of: the rest of a split, of a loader's tuple, of an array."""
    flow = program.reaching(part.scope)
    if part.kind == "part":
        split = program.called(part.value).endswith("train_test_split") if part.value is not None else False
        for bound in flow.by.get(part.node, []):
            if bound.kind != "part" or bound is part or len(bound.place) != len(part.place):
                continue
            by_place = split and part.place[0] % 2 == 0 and bound.place[0] == part.place[0] + 1
            if by_place or (not split and _are_halves(part.name, bound.name)):
                yield bound
    cut = _cut(program, part)
    if cut is None:
        return
    for bound in (one for name in flow.all for one in flow.all[name]):
        other = _cut(program, bound)
        if other is not None and other[0] is cut[0] and other[1] != cut[1]:
            yield bound


def _are_halves(one: str, other: str) -> bool:
    """Whether two names differ in what is trained on and what is tested on only."""
    if not TRAIN.search(one) or not TEST.search(other) or TRAIN.search(other):
        return False
    return TRAIN.sub("", one).lower() == TEST.sub("", other).lower()


def _cut(program: Program, bound: Binding) -> tuple[Binding, str] | None:
    """The array that a part was cut from, `x[:n]`, and where; rows only."""
    node = bound.value if bound.kind == "value" else None
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return None
    at = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
    if not isinstance(at, ast.Slice) or (at.lower is None and at.upper is None):
        return None
    columns = ast.unparse(node.slice.elts[-1]) if isinstance(node.slice, ast.Tuple) else ":"
    whole = program.sole(node.value)
    if whole is None or columns != ":":
        return None
    return whole, ast.unparse(at)


def held(part: Binding, made: ast.expr) -> Span:
    """Numbers of which no more is known than what bound them."""
    return Span("unknown", None, None, made, part=part)


def is_file_method(program: Program, call: ast.Call) -> bool:
    """Whether a method is one of a class of the file, which may scale what it is given."""
    if not isinstance(call.func, ast.Attribute):
        return False
    owner = program.instance(call.func.value)
    return owner is not None and program.method(owner, call.func.attr) is not None
