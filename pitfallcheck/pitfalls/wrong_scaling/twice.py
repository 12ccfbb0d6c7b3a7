"""Finds operations that scale what is scaled already, and divisions that leave nothing of whole pixels or labels."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.scaling.arithmetic import number
from pitfallcheck.lint.scaling.calls import Values
from pitfallcheck.lint.scaling.feeds import Feed, Scaling
from pitfallcheck.lint.scaling.screen import named_numbers
from pitfallcheck.lint.scaling.values import RAW, Scaler, Span

Fault = Literal["twice", "floored", "in place", "labels"]


@dataclass(frozen=True, eq=False, slots=True)
class Misscaled:
    """`node` scales `operand`, which holds the numbers of `span`, and should not; `by` is the constant."""

    fault: Fault
    node: ast.AST
    operand: ast.expr
    span: Span
    by: float | None
    before: ast.AST | None = None


def misscaled(scaling: Scaling, feeds: tuple[Feed, ...]) -> Iterator[Misscaled]:
    """Every such operation of the file."""
    named = named_numbers(scaling.program.source)
    for node in scaling.program.source.nodes:
        found = None
        written = node.right if isinstance(node, ast.BinOp) else node.value if isinstance(node, ast.AugAssign) else None
        if isinstance(written, ast.Name) and written.id not in named:
            continue
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mult):
            found = _divided(scaling, node, node.left, node.op, node.right)
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mult):
            found = _divided(scaling, node, node.target, node.op, node.value)
        elif isinstance(node, ast.Call):
            found = _generated(scaling.values, node)
        if found is not None:
            yield found
    yield from (found for feed in feeds if (found := _by_the_model(scaling, feed)) is not None)


def _divided(
    scaling: Scaling, node: ast.BinOp | ast.AugAssign, operand: ast.expr, op: ast.operator, written: ast.expr
) -> Misscaled | None:
    by = _divisor(scaling.program, op, written)
    if by is None or by <= RAW:
        return None
    span = scaling.values.of(operand)
    if not isinstance(span, Span):
        return None
    if span.kind == "labels":
        return Misscaled("labels", node, operand, span, by)
    if isinstance(op, ast.FloorDiv):
        fed = span.kind == "pixels" and span.integer and not span.times and by >= 255
        return Misscaled("floored", node, operand, span, by) if fed and _is_data(scaling, span) else None
    if span.times:
        before = span.scaled[-1]
        return Misscaled("twice", node, operand, span, by, before) if _apart(scaling, span, before, node, by) else None
    tensors = scaling.program.called(span.made).startswith("tensorflow")
    if isinstance(node, ast.AugAssign) and span.integer and span.kind == "pixels" and not tensors:
        return Misscaled("in place", node, operand, span, by)
    return None


def _divisor(program: Program, op: ast.operator, written: ast.expr) -> float | None:
    if isinstance(written, ast.Call | ast.Subscript | ast.Attribute):
        return None
    by = number(program, written)
    if isinstance(op, ast.Mult):
        return 1 / by if by else None
    return by


def _apart(scaling: Scaling, span: Span, before: ast.AST, node: ast.AST, by: float) -> bool:
    """Whether the two are meant to be one scaling each: `x / 256 / 256` in one expression is of 16 bits."""
    if span.kind != "unknown":
        return True
    return by == 255 and scaling.program.statement(before) is not scaling.program.statement(node)


def _is_data(scaling: Scaling, span: Span) -> bool:
    """Whether pixels are of a known data set: an image that is read may be a mask of 0 and 255."""
    return "imread" not in span.why and "open" not in span.why


def _generated(values: Values, node: ast.Call) -> Misscaled | None:
    """`ImageDataGenerator(rescale=1 / 255).flow(x)` of an `x` that is scaled."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "flow":
        return None
    generator, images = values.of(node.func.value), argument(node, 0, "x")
    span = values.of(images) if images is not None else None
    if isinstance(generator, Scaler) and generator.by not in (None, 1) and isinstance(span, Span) and span.times:
        assert images is not None
        return Misscaled("twice", generator.node, images, span, generator.by, span.scaled[-1])
    return None


def _by_the_model(scaling: Scaling, feed: Feed) -> Misscaled | None:
    """A `Rescaling` layer in a model that is fed what is scaled already."""
    network, span = feed.network, feed.value
    if network is None or feed.use != "train" or not isinstance(span, Span) or not span.times or not network.nodes:
        return None
    made = network.nodes[0]
    layer = scaling.values.of(made) if network.kinds[0] == "Rescaling" else None
    if isinstance(layer, Scaler) and layer.by is not None and layer.by > RAW:
        return Misscaled("twice", made, feed.inputs, span, layer.by, span.scaled[-1])
    return None
