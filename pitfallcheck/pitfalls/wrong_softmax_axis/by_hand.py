"""Finds softmaxes that are written out in NumPy, sum over everything, and are given a matrix of several samples."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import Source, own_nodes
from pitfallcheck.pitfalls.wrong_softmax_axis.samples import Samples

EXPONENTIALS = frozenset({"numpy.exp", "jax.numpy.exp"})
SUMS = frozenset({"numpy.sum", "jax.numpy.sum"})


@dataclass(frozen=True, eq=False, slots=True)
class ByHand:
    """The quotient `node`, and the expression `given` that puts a matrix into it; `rows` says how many samples."""

    node: ast.BinOp
    given: ast.expr
    rows: str


def by_hand(source: Source, program: Program) -> Iterator[ByHand]:
    """Every quotient of exponentials by their whole sum whose input is visibly a matrix of several samples."""
    samples = Samples(program)
    for node in source.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            power = _exponential(program, node.left)
            if power is None or not _whole_sum(program, node.right):
                continue
            for given in _inputs(source, program, node, power):
                rows = samples.of(given)
                if rows is not None:
                    yield ByHand(node, given, "all samples" if rows.count is None else f"all {rows.count} samples")
                    break


def _exponential(program: Program, node: ast.expr) -> ast.expr | None:
    """What the exponential is of: `z` of `np.exp(z)` and of `np.exp(z - z.max())`."""
    made = program.origin(node)
    if not isinstance(made, ast.Call) or program.called(made) not in EXPONENTIALS or len(made.args) != 1:
        return None
    power = made.args[0]
    if isinstance(power, ast.Name):
        power = program.origin(power)
    return power.left if isinstance(power, ast.BinOp) and isinstance(power.op, ast.Sub) else made.args[0]


def _whole_sum(program: Program, node: ast.expr) -> bool:
    """Whether a divisor is the sum of exponentials over all axes."""
    made = program.origin(node)
    if not isinstance(made, ast.Call) or made.keywords:
        return False
    if program.called(made) in SUMS and len(made.args) == 1:
        return _exponential(program, made.args[0]) is not None
    plain = isinstance(made.func, ast.Attribute) and made.func.attr == "sum" and not made.args
    return plain and not program.called(made) and _exponential(program, made.func.value) is not None  # type: ignore[attr-defined]


def _inputs(source: Source, program: Program, node: ast.BinOp, power: ast.expr) -> list[ast.expr]:
    """What is put in: what the calls of the function give its parameter, or the expression itself."""
    scope = program.scope(node)
    if not isinstance(scope, ast.FunctionDef) or not isinstance(power, ast.Name):
        return [power]
    bindings = [bound for bound in program.roots(power)[0] if bound.kind == "parameter"]
    if len(bindings) != 1 or len(program.roots(power)[0]) != 1 or _indexes_rows(scope):
        return [power] if not bindings else []
    calls, _ = program.calls(scope)
    given = [program.argument(scope, call, bindings[0].name) for call in calls]
    return [one for one in given if one is not None]


def _indexes_rows(function: ast.FunctionDef) -> bool:
    """Whether a function looks at the number of axes, or goes through the rows, itself."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr in ("ndim", "shape")) or isinstance(node, ast.For)
        for node in own_nodes(function)
    )


def one_row(node: ast.expr) -> bool:
    """Whether an index visibly takes a single row as a matrix, `x[i:i + 1]`."""
    if not isinstance(node, ast.Slice) or node.lower is None or not isinstance(node.upper, ast.BinOp):
        return False
    return constant(node.upper.right) == 1 and ast.dump(node.upper.left) == ast.dump(node.lower)
