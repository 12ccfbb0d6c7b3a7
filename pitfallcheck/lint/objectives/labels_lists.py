"""Knows lists that are laid out with `*` and `+`, which repeat and join them, and rows that a comprehension encodes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pitfallcheck.lint.objectives.labels_known import Shown
from pitfallcheck.lint.objectives.labels_numbers import joined
from pitfallcheck.lint.objectives.resolve import Calls, Resolver

if TYPE_CHECKING:
    from pitfallcheck.lint.objectives.labels import LabelsOf

WRAPPING = frozenset({"float", "int"})


def is_list(resolver: Resolver, node: ast.expr, calls: Calls, known: dict[ast.expr, bool] | None = None) -> bool:
    """Whether a value is a list of Python, with which `*` and `+` do no arithmetic."""
    known = {} if known is None else known
    for held in resolver.alternatives(node, calls):
        made = held.node
        if made not in known:
            known[made] = True  # what depends on itself, as a list that grows in a loop, is what the rest of it is
            known[made] = _is_made_list(resolver, made, held.calls, known)
        if not known[made]:
            return False
    return True


def _is_made_list(resolver: Resolver, made: ast.expr, calls: Calls, known: dict[ast.expr, bool]) -> bool:
    if isinstance(made, ast.BinOp) and isinstance(made.op, ast.Mult | ast.Add):
        sides = (is_list(resolver, side, calls, known) for side in (made.left, made.right))
        return all(sides) if isinstance(made.op, ast.Add) else any(sides)
    return isinstance(made, ast.List | ast.ListComp) or resolver.called(made) in ("list", "sorted")


def laid_out(labels: LabelsOf, node: ast.BinOp, calls: Calls) -> Shown | None:
    """What a list holds that is made of lists by `*` or `+`."""
    if isinstance(node.op, ast.Add):
        return joined([labels.of(node.left, calls), labels.of(node.right, calls)])
    repeated, times = node.left, node.right
    if not is_list(labels.resolver, repeated, calls):
        repeated, times = times, repeated
    count = labels.of(times, calls)
    array = count is not None and count.low != count.high
    return None if array else labels.of(repeated, calls)


def encoded_row(resolver: Resolver, node: ast.ListComp, calls: Calls) -> Shown | None:
    """The one-hot row that `[float(j == label) for j in range(10)]` is."""
    part = node.generators[0]
    element = node.elt
    while isinstance(element, ast.Call) and resolver.called(element) in WRAPPING and len(element.args) == 1:
        element = element.args[0]
    if isinstance(element, ast.IfExp) and _is(element.body, 1) and _is(element.orelse, 0):
        element = element.test
    counted = isinstance(part.iter, ast.Call) and resolver.called(part.iter) == "range" and len(part.iter.args) == 1
    if len(node.generators) > 1 or part.ifs or not counted or not isinstance(part.target, ast.Name):
        return None
    if not isinstance(element, ast.Compare) or len(element.ops) > 1 or not isinstance(element.ops[0], ast.Eq):
        return None
    names = [getattr(side, "id", "") == part.target.id for side in (element.left, element.comparators[0])]
    if names.count(True) != 1:
        return None
    assert isinstance(part.iter, ast.Call)
    classes = resolver.constant(part.iter.args[0], calls)
    known = classes if isinstance(classes, int) and not isinstance(classes, bool) else None
    text = resolver.source.segment(element)
    return Shown("one-hot", known, 0, 1, f"`{text}` is true for one of them", width=known)


def _is(node: ast.expr, number: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == number
