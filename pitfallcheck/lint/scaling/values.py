"""The numbers an expression visibly holds: a range, what made them, and what has scaled them since."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Literal

from pitfallcheck.lint.flow.bindings import Binding

Kind = Literal["pixels", "features", "numbers", "labels", "unknown"]

RAW = 100.0
"""Magnitude above which numbers are said to be raw: a first layer made for inputs around 1 is driven far out by them.

Inputs up to 100 do slow training down, and are what many a working program learns from.
"""

OFFSET = 20.0
"""Distance from zero that all numbers have which are said to be raw as well, though they are in the tens.

Their mean is then far larger than their spread, and a step that suits the mean does nothing for the differences.
"""


@dataclass(frozen=True, slots=True)
class Span:
    """An array of numbers from `low` to `high`, both None where they are not known.

    `made` is the expression that made them and `why` says of it, in a clause, which numbers it makes. `scaled` are the
    expressions that brought them to a size around 1; `integer` says that they are still whole numbers of a narrow type,
    and `moved` that they were multiplied, or something was added, since they were made. `part` is what bound them,
    where it is asked what becomes of just these.
    """

    kind: Kind
    low: float | None
    high: float | None
    made: ast.expr = field(compare=False)
    why: str = field(default="", compare=False)
    integer: bool = field(default=False, compare=False)
    scaled: tuple[ast.AST, ...] = field(default=(), compare=False)
    times: int = 0
    moved: bool = field(default=False, compare=False)
    part: Binding | None = None

    @property
    def size(self) -> float | None:
        """The largest magnitude."""
        return None if self.low is None or self.high is None else max(abs(self.low), abs(self.high))

    @property
    def raw(self) -> bool:
        """Whether the numbers are visibly large and nothing has scaled them."""
        if self.kind in ("labels", "unknown") or self.times or self.size is None:
            return False
        return self.size > RAW or (self.kind == "numbers" and self.offset >= OFFSET)

    @property
    def told(self) -> str:
        """Which numbers these are, in a clause."""
        if not self.moved or self.low is None or self.high is None:
            return self.why
        return f"{self.why}, which become {self.low:g} to {self.high:g}"

    @property
    def offset(self) -> float:
        """How far the number nearest to zero is from it, where all are on one side of it."""
        if self.low is None or self.high is None:
            return 0.0
        return max(self.low, -self.high, 0.0)

    def divided(self, by: float, node: ast.AST) -> Span:
        """Every number divided by a constant; a large one is what scales pixels."""
        moved = replace(self, integer=False)
        if self.low is not None and self.high is not None:
            ends = sorted((self.low / by, self.high / by))
            moved = replace(moved, low=ends[0], high=ends[1])
        return moved.scaled_by(node) if abs(by) > RAW else moved

    def scaled_by(self, node: ast.AST) -> Span:
        """The same once more scaled, by `node`."""
        return replace(self, scaled=(*self.scaled, node), times=self.times + 1, integer=False)

    def normalised(self, node: ast.AST) -> Span:
        """Brought to a size around 1 by what was measured on it."""
        return replace(self.scaled_by(node), low=None, high=None)


@dataclass(frozen=True, slots=True)
class Plain:
    """One number that a function of the file is given."""

    number: float


@dataclass(frozen=True, slots=True)
class Parts:
    """A tuple or list of a fixed number of values."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """A list, a data set, a loader or a generator: each of its items is of this kind."""

    item: Value


@dataclass(frozen=True, slots=True)
class Bunch:
    """What a loader of scikit-learn returns: the fields by their names."""

    data: Value
    target: Value


@dataclass(frozen=True, slots=True)
class Scaler:
    """An object, a layer or a transform that divides what it is given `by` a constant, or by what it measured (None).

    One of `bytes_only` leaves numbers that are floats already as they are.
    """

    node: ast.AST = field(compare=False)
    by: float | None = None
    bytes_only: bool = False


Value = Span | Plain | Parts | Each | Bunch | Scaler | None
"""`None` is whatever the file does not show."""


def item(value: Value) -> Value:
    """What a loop over a value, or an index into it, meets."""
    if isinstance(value, Each):
        return value.item
    if isinstance(value, Parts):
        return agreed(value.items)
    return value if isinstance(value, Span) else None


def part(value: Value, place: tuple[int, ...]) -> Value:
    """What is at the positions `place` of a value; an array's parts are arrays of the same numbers."""
    for position in place:
        if isinstance(value, Parts):
            value = value.items[position] if -len(value.items) <= position < len(value.items) else None
        else:
            value = item(value)
    return value


def agreed(found: tuple[Value, ...]) -> Value:
    """What is known of a value that is one of several: nothing, unless they agree."""
    first = found[0] if found else None
    if isinstance(first, Parts) and all(isinstance(one, Parts) and len(one.items) == len(first.items) for one in found):
        columns = zip(*(one.items for one in found if isinstance(one, Parts)), strict=True)
        return Parts(tuple(agreed(column) for column in columns))
    return first if all(one == first for one in found) else None
