"""What an expression of a torch program visibly is: a tensor that a layer put out, a module, a function, a number."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.source import Function


@dataclass(frozen=True, slots=True)
class Const:
    """A number, string, boolean or None that is written down."""

    value: object


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple or a list; an unknown item is None."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A dictionary whose keys are written down."""

    items: tuple[tuple[object, Value], ...]


@dataclass(frozen=True, slots=True)
class Library:
    """Something imported, by its canonical dotted name."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One call of a function of the file: what its parameters are, and the frame in which the function was made."""

    function: Function | ast.Lambda
    given: dict[str, Value]
    around: Frame | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A module of torch, by the name it has in `torch.nn`, as `node` makes it; a loss is one, too."""

    name: str
    node: ast.Call
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class Stack:
    """Modules one after the other; of those that are unknown (None) only the last matters."""

    parts: tuple[Value, ...]
    listed: bool = False
    """Whether it is a ModuleList, which cannot be called."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network of torchvision or timm, whose last layer is linear until another one is put in its place."""

    name: str
    node: ast.Call
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the file."""

    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a class of the file; without a call where the file does not show how it is made."""

    of: ast.ClassDef
    node: ast.Call | None = None
    frame: Frame | None = None


@dataclass(frozen=True, slots=True)
class Callable:
    """A function of the file, the frame around it, and the object that it is a method of."""

    node: Function | ast.Lambda
    frame: Frame | None
    owner: Object | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial` of a function, with the arguments that were fixed."""

    of: Value
    node: ast.Call = field(compare=False)


Value = Output | Const | Items | Table | Library | Layer | Stack | Backbone | Class | Object | Callable | Partial | None
"""`None` is whatever the file does not show."""


def joined(values: Sequence[Value]) -> Value:
    """What is known of a value that is one of several: nothing, unless they agree."""
    result = values[0] if values else None
    for value in values[1:]:
        result = _join(result, value)
    return result


def _join(one: Value, other: Value) -> Value:
    if one == other:
        return one
    if isinstance(one, Output) and isinstance(other, Output):
        if one.activation != other.activation:
            return None
        return replace(
            one,
            units=one.units if one.units == other.units else None,
            axis=one.axis if one.axis == other.axis else None,
            rank=one.rank if one.rank == other.rank else None,
        )
    if isinstance(one, Items) and isinstance(other, Items) and len(one.values) == len(other.values):
        return Items(tuple(_join(a, b) for a, b in zip(one.values, other.values, strict=True)))
    return None
