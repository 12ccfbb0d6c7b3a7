"""What an expression may visibly be: an array of some shape, a number, a layer, a model, a function; or unknown."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

Dim = int | None
"""The length of an axis, `None` where the file does not say."""


@dataclass(frozen=True, eq=False, slots=True)
class Pairing:
    """An expression that broadcasts predictions and targets by accident.

    Their ranks differ by one, and every prediction is compared with every target. Or both have rank 2, one of them with
    a last axis of length 1, and all that a sample has in the other is compared with its one number.
    """

    node: ast.expr
    left: ast.expr
    right: ast.expr
    left_dims: tuple[Dim, ...]
    right_dims: tuple[Dim, ...]

    @property
    def within_samples(self) -> bool:
        """Whether each sample is compared with itself only."""
        return len(self.left_dims) == len(self.right_dims)


@dataclass(frozen=True, slots=True)
class Array:
    """An array with these axes; an `open` one has at least these, and any number more in front of them.

    `predicted` says that a model computed it, `pairing` that it grew out of an accidental comparison of all pairs.
    """

    dims: tuple[Dim, ...]
    open: bool = False
    predicted: bool = False
    pairing: Pairing | None = None

    @property
    def rank(self) -> int | None:
        """The number of axes, if the file tells."""
        return None if self.open else len(self.dims)


@dataclass(frozen=True, slots=True)
class Number:
    """A Python number or a scalar; `value` is an integer the file states, if it does."""

    value: int | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, boolean, slice, `None` or `...` written down."""

    value: object


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple, a list (`listed`) or the values of a dictionary (with its `keys`).

    `nodes` are the expressions that gave the values, where they were written down.
    """

    values: tuple[Value, ...]
    nodes: tuple[ast.expr, ...] = field(default=(), compare=False)
    keys: tuple[object, ...] = ()
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Library:
    """Something imported, by its canonical dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the file, with the names around it when it was made, and the object it is bound to.

    What a `hidden` one returns is not what it computes: its gradient, for instance.
    """

    node: ast.FunctionDef | ast.Lambda
    closure: dict[str, Value] = field(compare=False)
    owner: Value = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the file; `kind` is the framework class it descends from, or empty."""

    node: ast.ClassDef
    kind: str


@dataclass(frozen=True, eq=False, slots=True)
class Instance:
    """An object of a class of the file; its attributes live on the heap of the walk."""

    of: Class
    node: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer or loss object of a framework, as it was made by `node`."""

    kind: str
    node: ast.Call = field(compare=False)
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]

    def given(self, position: int | None, *names: str) -> Value:
        """The argument at `position` or called by one of `names`; unknown and absent are both None."""
        for name, value in self.keywords:
            if name in names:
                return value
        return self.args[position] if position is not None and position < len(self.args) else None


@dataclass(frozen=True, slots=True)
class Model:
    """A Keras or torch model made of visible layers, or between visible tensors, and the loss it was compiled with.

    `inputs` is how many arrays a model between visible tensors takes, 0 where the file does not say.
    """

    kind: str
    layers: tuple[Value, ...] = ()
    output: Value = None
    loss: Value = None
    compiled_by: ast.Call | None = field(default=None, compare=False)
    inputs: int = 0


@dataclass(frozen=True, slots=True)
class Batches:
    """Something that hands over the same kind of value again and again.

    `produced` are the expressions that were handed over, with their values and the function they stand in.
    """

    each: Value
    produced: tuple[tuple[ast.expr, Value], ...] = field(default=(), compare=False)


Value = Array | Number | Constant | Items | Library | Function | Class | Instance | Layer | Model | Batches | None
"""`None` is whatever the file does not show."""


def join(one: Value, other: Value) -> Value:
    """What is known of a value that is either `one` or `other`."""
    if one is other or one == other:
        return one
    if isinstance(one, Array) and isinstance(other, Array) and not (one.open or other.open):
        if len(one.dims) != len(other.dims):
            return None
        dims = tuple(a if a == b else None for a, b in zip(one.dims, other.dims, strict=True))
        pairing = one.pairing if one.pairing is other.pairing else None
        return Array(dims, predicted=one.predicted and other.predicted, pairing=pairing)
    if isinstance(one, Number) and isinstance(other, Number):
        return Number()
    if isinstance(one, Items) and isinstance(other, Items) and len(one.values) == len(other.values):
        joined = tuple(join(a, b) for a, b in zip(one.values, other.values, strict=True))
        if one.keys != other.keys or one.listed != other.listed:
            return None
        return Items(joined, one.nodes if one.nodes == other.nodes else (), one.keys, one.listed)
    return None
