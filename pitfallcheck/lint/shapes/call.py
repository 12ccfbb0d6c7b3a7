"""The arguments of a call as values, asked for by position or by any of the names libraries give them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pitfallcheck.lint.shapes.values import Constant, Items, Number, Value

ABSENT = Constant("\0absent")
"""Stands for an argument that was not given, where unknown (None) is something else."""

NO_AXIS = Constant(None)


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `starred` says that some arguments are behind a `*` or `**` and cannot be seen."""

    node: ast.Call
    args: Sequence[Value]
    keywords: Mapping[str, Value]
    starred: bool

    def get(self, position: int | None, *names: str, default: Value = ABSENT) -> Value:
        """The value at `position` or under one of `names`; unknown is None."""
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        if position is not None and position < len(self.args):
            return self.args[position]
        return None if self.starred else default

    def has(self, *names: str) -> bool:
        """Whether one of the keywords is given."""
        return any(name in self.keywords for name in names)

    def rest(self, start: int) -> Value:
        """A shape or axes given as one tuple or as several arguments from `start` on."""
        if len(self.args) == start + 1 and isinstance(self.args[start], Items):
            return self.args[start]
        return Items(tuple(self.args[start:]))


def truth(value: Value) -> bool | None:
    """The boolean that the file states; absent is False, unknown is None."""
    if value == ABSENT:
        return False
    if isinstance(value, Constant) and isinstance(value.value, bool):
        return value.value
    return None


def axis_of(value: Value) -> Value:
    """An axis argument, an absent one being all axes."""
    return NO_AXIS if value == ABSENT else value


def shape_of(value: Value) -> tuple[int | None, ...] | None:
    """A shape argument: a number of elements or a tuple of lengths."""
    if isinstance(value, Number):
        return (value.value,)
    if isinstance(value, Items) and all(isinstance(one, Number) or one is None for one in value.values):
        return tuple(one.value if isinstance(one, Number) else None for one in value.values)
    return None
