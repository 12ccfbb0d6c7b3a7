"""What calls of library functions make: draws, encodings, and functions whose values lie in a known range."""

from __future__ import annotations

import ast
from collections.abc import Callable
from math import exp, inf, isinf, log, sqrt, tanh
from typing import TYPE_CHECKING

from pitfallcheck.lint.flow.draws import GeneratorKind, draw_of
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.objectives.labels_known import RANGES, Shown, integers
from pitfallcheck.lint.objectives.labels_numbers import joined, span, written
from pitfallcheck.lint.objectives.resolve import Calls, Resolver

if TYPE_CHECKING:
    from pitfallcheck.lint.objectives.labels import LabelsOf

MONOTONE: dict[str, Callable[[float], float]] = {"exp": exp, "log": log, "sqrt": sqrt, "tanh": tanh}
"""Functions whose ends are those of what goes in."""


def text_of(resolver: Resolver, node: ast.AST) -> str:
    """The text of an expression, cut where it is long."""
    text = resolver.source.segment(node)
    return text if len(text) <= 40 else f"{text[:37]}..."


def one_hot(labels: LabelsOf, call: ast.Call, calls: Calls) -> Shown:
    """The rows that an encoding makes of class numbers."""
    given = argument(call, 1, "num_classes", "nb_classes", "depth")
    classes = labels.resolver.constant(given, calls) if given is not None else ...
    if given is None and call.args:
        inner = labels.of(call.args[0], calls)
        classes = inner.classes if inner is not None else ...
    short = labels.resolver.source.segment(call.func).rpartition(".")[2]
    return Shown("one-hot", classes if isinstance(classes, int) else None, 0, 1, f"`{short}` makes them one-hot")


def drawn(labels: LabelsOf, call: ast.Call, calls: Calls) -> Shown | None:
    """What a random draw gives, if `call` is one."""
    draw = draw_of(GeneratorKind(labels.resolver.program), call)
    if draw is None or draw.kind == "order":
        return None
    short = labels.resolver.source.segment(call.func).rpartition(".")[2]
    if draw.kind == "values":
        low, high = (0.0, 1.0) if short in ("rand", "random", "random_sample") else (-inf, inf)
        bounds = [labels.resolver.constant(one, calls) for one in call.args[:2]] if short == "uniform" else []
        if len(bounds) == 2 and all(isinstance(one, int | float) for one in bounds) and draw.library == "numpy":
            low, high = float(bounds[0]), float(bounds[1])  # type: ignore[arg-type]
        return (
            Shown("reals", None, low, high, f"`{text_of(labels.resolver, call)}`", drawn=True)
            if draw.library != "jax"
            else None
        )
    if draw.pool is not None:
        return labels.of(draw.pool, calls) if not isinstance(draw.pool, ast.Constant) else None
    lowest = 0 if draw.low is None else labels.resolver.constant(draw.low, calls)
    end = labels.resolver.constant(draw.high, calls) if draw.high is not None else ...
    if lowest != 0 or not isinstance(end, int):
        return None
    classes = end + draw.beyond
    why = f"`{text_of(labels.resolver, call)}` draws the integers 0 to {classes - 1}"
    return integers(classes, why, _drawn_width(draw.size)) if classes > 1 else None


def _drawn_width(size: ast.expr | None) -> int | None:
    """How many numbers a sample has in a draw of `size`."""
    if not isinstance(size, ast.Tuple | ast.List):
        return 1 if isinstance(size, ast.Constant) else None
    last = constant(size.elts[-1]) if len(size.elts) == 2 else 1
    return last if len(size.elts) <= 2 and isinstance(last, int) else None


def _rising(function: Callable[[float], float], given: Shown | None) -> tuple[float, float] | None:
    """The ends of a rising function, where those of what goes in are known."""
    if given is None or given.low is None or given.high is None or isinf(given.low) or isinf(given.high):
        return None
    try:
        return function(given.low), function(given.high)
    except (ValueError, OverflowError):
        return None


def _never_positive(node: ast.expr) -> bool:
    """Whether an expression is visibly a square with a minus in front, whatever it is divided by."""
    match node:
        case ast.BinOp(left=left, op=ast.Div() | ast.Mult()):
            return _never_positive(left)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            while isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div | ast.Mult):
                inner = inner.left
            return isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow) and constant(inner.right) == 2
    return False


def ranged(labels: LabelsOf, call: ast.Call, calls: Calls, short: str, first: ast.expr) -> Shown | None:
    """What the function called `short` gives, of which `first` is the first argument."""
    text = text_of(labels.resolver, call)
    if short in MONOTONE:
        bounds = _rising(MONOTONE[short], labels.of(first, calls))
        if bounds is not None:
            return Shown("reals", None, *bounds, f"`{text}` goes {span(*bounds)}")
        if short == "exp" and _never_positive(first):
            return Shown("reals", None, 0, 1, f"`{text}` goes {span(0, 1)}")
    if short in RANGES:
        low, high = RANGES[short]
        return Shown("reals", None, low, high, f"`{text}` goes {span(low, inf if high is None else high)}")
    if short == "full" and len(call.args) > 1:
        value = labels.resolver.constant(call.args[1], calls)
        return written(ast.List([ast.Constant(value)])) if isinstance(value, int | float) else None
    if short == "where" and len(call.args) == 3:
        chosen = [labels.of(part, calls) for part in call.args[1:]]
        values = [one.low if one is not None and one.low == one.high else None for one in chosen]
        if values and set(values) <= {0, 1}:
            return Shown("binary", 2, 0, 1, f"`{text}` gives 0 and 1")
        return Shown("signs", 2, -1, 1, f"`{text}` gives -1 and 1") if set(values) == {-1, 1} else joined(chosen)
    if short in ("zeros", "ones", "zeros_like", "ones_like"):
        value = int(short.startswith("ones"))
        return Shown("binary", 2, value, value, f"`{text}`")
    if short in ("argmax", "argmin"):
        return Shown("integers", None, 0, None, f"`{text}` gives class numbers")
    if short == "linspace" and len(call.args) >= 2:
        ends = [labels.of(one, calls) for one in call.args[:2]]
        both = joined(ends)
        return None if both is None else Shown("reals", None, both.low, both.high, f"`{text}`")
    return None
