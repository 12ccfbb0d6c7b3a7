"""What arrays that are written down as numbers hold, and what arithmetic makes of the range of an array."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from math import inf, isinf, isnan, nan

from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.objectives.facts import Kind
from pitfallcheck.lint.objectives.labels_known import Shown

MAX_NUMBERS = 2000


def written(node: ast.expr) -> Shown | None:
    """What a list of numbers, or of rows of them, holds."""
    numbers = list(_numbers(node))
    if not numbers or len(numbers) > MAX_NUMBERS or None in numbers:
        return None
    known = [number for number in numbers if number is not None]
    low, high = min(known), max(known)
    whole = all(isinstance(number, int) for number in known)
    width = _width(node)
    why = f"they are written down, from {low:g} to {high:g}"
    if not all(float(number).is_integer() for number in known):
        return Shown("reals", None, low, high, why, width=width)
    if set(known) <= {0, 1}:
        if whole and width is not None and _one_hot(node, width):
            return Shown("one-hot", width, 0, 1, "they are written down as rows with a single 1", width=width)
        return Shown("binary", 2, low, high, "they are written down as 0 and 1", width=width)
    if set(known) == {-1, 1}:
        return Shown("signs", 2, -1, 1, "they are written down as -1 and 1", width=width)
    kind: Kind = "integers" if whole and low >= 0 else "reals"
    return Shown(kind, None, low, high, why, width=width)


def _numbers(node: ast.expr) -> Iterator[int | float | None]:
    if isinstance(node, ast.List | ast.Tuple):
        for part in node.elts:
            yield from _numbers(part)
    else:
        value = constant(node)
        yield value if isinstance(value, int | float) else None


def _width(node: ast.expr) -> int | None:
    """How many numbers a row has: 1 where the numbers stand alone."""
    rows = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    widths = {len(row.elts) if isinstance(row, ast.List | ast.Tuple) else 1 for row in rows}
    deeper = any(isinstance(item, ast.List | ast.Tuple) for row in rows for item in getattr(row, "elts", []))
    return widths.pop() if len(widths) == 1 and not deeper else None


def _one_hot(node: ast.expr, width: int) -> bool:
    """Whether there are at least two rows of at least two numbers, each with a single 1."""
    rows = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    return width > 1 and len(rows) > 1 and all(sum(number or 0 for number in _numbers(row)) == 1 for row in rows)


def joined(parts: list[Shown | None]) -> Shown | None:
    """What arrays that are put together, or that are alternatives, have in common."""
    known = [part for part in parts if part is not None]
    if not known or len(known) != len(parts):
        return None
    first = known[0]
    if all(other == first for other in known):
        return first
    low = None if any(one.low is None for one in known) else min(one.low for one in known if one.low is not None)
    high = None if any(one.high is None for one in known) else max(one.high for one in known if one.high is not None)
    width = first.width if all(one.width == first.width for one in known) else None
    kinds = {one.kind for one in known}
    kind: Kind | None = first.kind if len(kinds) == 1 else "integers" if kinds == {"binary", "integers"} else None
    if kind == "binary" or (low == 0 and high == 1 and kinds <= {"binary", "integers"}):
        return Shown("binary", 2, low, high, "they are 0 and 1", width=width)
    if (low, high) == (-1, 1) and all(one.low == one.high for one in known):
        return Shown("signs", 2, -1, 1, "they are -1 and 1", width=width)
    classes = first.classes if all(one.classes == first.classes for one in known) else None
    return Shown(kind, classes, low, high, first.why, all(one.drawn for one in known), width)


def computed(op: ast.operator, left: Shown, right: Shown, text: str) -> Shown | None:
    """What arithmetic of two arrays, or of an array and a number, gives."""
    bounds = _bounds(op, left, right)
    if bounds is None or any(isnan(bound) for bound in bounds):
        return None
    low, high = bounds[0] + 0.0, bounds[1] + 0.0  # no negative zero
    return Shown("reals", None, low, high, f"`{text}` goes {span(low, high)}")


def _bounds(op: ast.operator, left: Shown, right: Shown) -> tuple[float, float] | None:
    if left.low is None or left.high is None or right.low is None or right.high is None:
        return None
    match op:
        case ast.Add():
            return left.low + right.low, left.high + right.high
        case ast.Sub():
            return left.low - right.high, left.high - right.low
        case ast.Mult():
            return _extremes([_times(a, b) for a in (left.low, left.high) for b in (right.low, right.high)])
        case ast.Div() if right.low > 0 or right.high < 0:
            return _extremes([_over(a, b) for a in (left.low, left.high) for b in (right.low, right.high)])
        case ast.Pow() if right.low == right.high and right.low % 2 == 0:
            most = max(abs(left.low), abs(left.high))
            least = 0.0 if left.low <= 0 <= left.high else min(abs(left.low), abs(left.high))
            return least**right.low, most**right.low
    return None


def _times(one: float, other: float) -> float:
    return 0.0 if one == 0 or other == 0 else one * other


def _over(one: float, other: float) -> float:
    """A quotient; infinity by infinity is anything that the other ends do not bound."""
    return nan if isinf(one) and isinf(other) else one / other


def _extremes(found: list[float]) -> tuple[float, float]:
    return (nan, nan) if any(isnan(one) for one in found) else (min(found), max(found))


def span(low: float, high: float) -> str:
    """`from -1 to 1`, `below 0 as well as above`."""
    if low == -inf and high == inf:
        return "below 0 as well as far above 1"
    if high == inf:
        return f"from {low:g} upwards"
    return f"up to {high:g}" if low == -inf else f"from {low:g} to {high:g}"
