"""What adding, multiplying and dividing makes of the numbers that an array visibly holds."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.scaling.values import RAW, Plain, Span, Value
from pitfallcheck.lint.tree import walk

BYTES = (255.0, 256.0)
"""Constants that bring pixels to 0..1."""

CONVERSIONS = ("float", "int", "float32", "float64", "constant", "tensor")

DEPTH = 6
"""Expressions inside each other that are computed; one that depends on itself (`t = 0.9 * t`) has no end."""

SPREADS = re.compile(r"max|std|ptp|norm|sigma|stdev|var$|range|scale|sd$|spread|deviation", re.IGNORECASE)
"""What a measured size of data is called; dividing by it scales."""

CENTRES = re.compile(r"mean|min|mu$|avg|average|median|cent(er|re)|loc$", re.IGNORECASE)

FUNCTIONS: dict[str, type[ast.operator]] = {
    "divide": ast.Div,
    "true_divide": ast.Div,
    "div": ast.Div,
    "truediv": ast.Div,
    "multiply": ast.Mult,
    "mul": ast.Mult,
    "subtract": ast.Sub,
    "sub": ast.Sub,
    "add": ast.Add,
    "div_": ast.Div,
    "mul_": ast.Mult,
    "sub_": ast.Sub,
    "add_": ast.Add,
    "floor_divide": ast.FloorDiv,
}
"""Functions and methods that compute what an operator does."""


def number(program: Program, node: ast.expr | None, depth: int = 0) -> float | None:
    """The number that an expression visibly is."""
    if node is None or depth > DEPTH:
        return None
    node = program.origin(node)
    value = constant(node)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(program, node.operand, depth + 1)
        return None if inner is None else -inner
    if isinstance(node, ast.BinOp):
        left, right = number(program, node.left, depth + 1), number(program, node.right, depth + 1)
        return None if left is None or right is None else _computed(node.op, left, right)
    single = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
    if isinstance(node, ast.Call) and single and program.called(node).rpartition(".")[2] in CONVERSIONS:
        return number(program, node.args[0], depth + 1)
    return None


def _computed(op: ast.operator, left: float, right: float) -> float | None:
    try:
        match op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left / right
            case ast.Pow() if abs(left) < 1e6 and abs(right) < 64:
                result = left**right
                return result if isinstance(result, float) else None
    except (ArithmeticError, ValueError):
        pass
    return None


def measured(node: ast.expr, what: re.Pattern[str]) -> bool:
    """Whether an expression is, by the names in it, such a measure of data as `what` names."""
    for part in walk(node):
        name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
        if what.search(name):
            return True
    return False


def _measures(program: Program, node: ast.expr, what: re.Pattern[str]) -> bool:
    """Whether an expression is such a measure by the names in it, or in what its own name was made of."""
    return measured(node, what) or measured(program.origin(node), what)


def combined(
    program: Program, op: ast.operator, left: Value, right: Value, sides: tuple[ast.expr, ast.expr], node: ast.AST
) -> Value:
    """The value of `left op right`, which the expressions `sides` write and `node` computes."""
    if not isinstance(left, Span) and isinstance(right, Span) and isinstance(op, ast.Mult | ast.Add):
        left, right, sides = right, left, (sides[1], sides[0])
    by = right.number if isinstance(right, Plain) else number(program, sides[1])
    if isinstance(left, Span):
        return _on(program, left, op, right, by, sides[1], node)
    if left is None and by and number(program, sides[0]) is None:
        divisor = by if isinstance(op, ast.Div) else 1 / by if isinstance(op, ast.Mult) else 0
        if round(divisor, 3) in BYTES:
            # Whatever it is, it was scaled as pixels are.
            return Span("unknown", None, None, sides[0]).scaled_by(node)
    if isinstance(right, Span) and isinstance(op, ast.Sub) and (start := number(program, sides[0])) is not None:
        if right.low is None or right.high is None:
            return right
        return replace(right, low=start - right.high, high=start - right.low)
    return None


def _on(
    program: Program,
    span: Span,
    op: ast.operator,
    other: Value,
    by: float | None,
    written: ast.expr,
    node: ast.AST,
) -> Value:
    known = span.low is not None and span.high is not None
    if (
        span.part is not None
        and by is not None
        and not known
        and not span.times
        and not span.divided(by or 1, node).times
    ):
        # Some size of which it cannot be said whether it suits.
        return None
    match op:
        case ast.Div() | ast.FloorDiv():
            if by:
                return span.divided(by, node)
            if _measures(program, written, SPREADS):
                return span.normalised(node)
            return None
        case ast.Mult():
            if by and abs(by) * RAW <= 1:
                return span.divided(1 / by, node)
            if by is None:
                return None
            if span.times and abs(by) >= RAW:
                span = replace(span, times=span.times - 1, scaled=span.scaled[:-1])
            return _stretched(span, by) if known else (span if span.times else None)
        case ast.Sub():
            if by is not None:
                return _moved(span, -by) if known else span
            if isinstance(other, Span) and other.low is not None and other.high is not None and known:
                return _sum(span, replace(other, low=-other.high, high=-other.low))
            if not known or not _measures(program, written, CENTRES):
                centred = (span.times or span.part) and _measures(program, written, CENTRES)
                return span if centred else None
            assert span.low is not None and span.high is not None
            return replace(span, low=span.low - span.high, high=span.high - span.low, integer=False)
        case ast.Add():
            if by is not None:
                return _moved(span, by) if known else span
            if isinstance(other, Span) and known and other.low is not None and other.high is not None:
                return _sum(span, other)
    return None


def _stretched(span: Span, by: float) -> Span:
    assert span.low is not None and span.high is not None
    ends = sorted((span.low * by, span.high * by))
    return replace(span, low=ends[0], high=ends[1], integer=False, moved=True)


def _moved(span: Span, by: float) -> Span:
    assert span.low is not None and span.high is not None
    return replace(span, low=span.low + by, high=span.high + by, moved=True)


def _sum(span: Span, other: Span) -> Span | None:
    assert span.low is not None and span.high is not None and other.low is not None and other.high is not None
    if span.times != other.times:
        return None
    return replace(span, low=span.low + other.low, high=span.high + other.high, moved=True)
