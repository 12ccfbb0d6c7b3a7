"""What an expression can be to the analysis: known memory, a part of it, a container of it, a number, or unknown."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal["numpy", "torch", "tensorflow", "jax", "bytes"]

ANY_SLOT = -1
"""The slot of a ring's element whose index turns round (`buffers[k % 2]`): it is every element in time."""

SOME_SLOT = -2
"""The slot of an element under a key that nobody knows: one of them, and perhaps never the same again."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What one execution of an allocation made: the latest execution of `site`, reached through the calls `context`.

    `age` counts the executions since: 1 is the one before the latest. `before` says that it was made before the
    function at hand began to run. `slot` tells the elements of a ring apart that one comprehension made; it is None for
    what is no ring.
    """

    site: ast.AST
    context: tuple[ast.AST, ...] = ()
    before: bool = False
    slot: int | None = None
    age: int = 0

    def may_be(self, other: Memory) -> bool:
        """Whether both are, now or some turns of a ring later, the same bytes."""
        same = self.slot == other.slot and self.slot != SOME_SLOT
        return (
            self.site is other.site
            and self.before == other.before
            and self.context == other.context
            and self.age == other.age
            and (same or ANY_SLOT in (self.slot, other.slot))
        )


@dataclass(frozen=True, slots=True)
class Index:
    """What one subscript takes of one axis.

    - `all`: everything; `span`: the items `low` to `high`, both known; `prefix`: from the first item to one unknown;
      `tail`: from some item to the last.
    - `sweep`: the variable of a loop that has just begun and will visit everything from the first item on.
    - `turn`: an index that goes round (`k % 2`) below `high`, so that every value comes again.
    - `name`: something that only its text and the variables in it tell; it is `stale` once one of them was rebound.
    """

    kind: Literal["all", "span", "prefix", "tail", "sweep", "turn", "name"]
    text: str = ""
    low: int = 0
    high: int = 0
    deps: frozenset[str] = frozenset()
    stale: bool = False
    integer: bool = False

    def overlaps(self, written: Index) -> bool:
        """Whether a write to `written` surely meets, now or later in its loop, what was handed out as `self`."""
        kinds = {self.kind, written.kind}
        if "all" in kinds:
            return True
        if kinds == {"span"}:
            return self.low < written.high and written.low < self.high
        if self.kind == written.kind == "prefix":
            return True
        if kinds == {"turn", "tail"}:
            return True
        if kinds == {"turn", "span"}:
            turn, span = (self, written) if self.kind == "turn" else (written, self)
            return span.low == 0 or span.low + 1 < min(span.high, turn.high)
        if len(kinds) == 2 and kinds < {"prefix", "span", "turn"}:
            return all(index.low == 0 for index in (self, written))
        if written.kind == "sweep":
            return self.kind in ("span", "prefix", "tail")
        if self.stale or written.stale:
            return False
        return self.kind == written.kind and self.text == written.text


IN_ORDER = ("reshape", "ravel", "squeeze", "unsqueeze", "view", "flatten", "numpy.expand_dims", "numpy.reshape")
"""How the views begin that leave the order of the elements as it is."""

ALL = Index("all")


@dataclass(frozen=True, slots=True)
class Step:
    """One view taken of an array: a subscript with its indices, or another shape of the same memory (`reshaped`)."""

    indices: tuple[Index, ...] = ()
    reshaped: str = ""

    @property
    def whole(self) -> bool:
        """Whether the view still holds everything."""
        return all(index.kind == "all" for index in self.indices)


@dataclass(frozen=True, slots=True)
class Array:
    """An array whose memory is known: `path` are the views taken of it, empty for the array itself.

    `certain` is False for what may be a scalar as well (`x[i]` of unknown rank, the sum of two arrays), which an
    augmented assignment rebinds instead of writing.
    """

    memories: tuple[Memory, ...]
    kind: Kind
    path: tuple[Step, ...] = ()
    rank: int | None = None
    certain: bool = True

    @property
    def whole(self) -> bool:
        """Whether this is all of the memory, in whatever shape."""
        return all(step.whole for step in self.path)

    @property
    def in_one_piece(self) -> bool:
        """Whether it surely lies in memory in one piece and in order, as a new array does."""
        return all(step.reshaped.startswith(IN_ORDER) for step in self.path)

    def shares(self, other: Array) -> bool:
        """Whether both lie, at some turn, in the same memory."""
        return any(mine.may_be(its) for mine in self.memories for its in other.memories)

    def meets(self, written: Array) -> bool:
        """Whether a write to `written` surely changes a part of this array."""
        return self.shares(written) and _paths_meet(self.path, written.path)

    def viewed(self, step: Step, rank: int | None, certain: bool = True) -> Array:
        """A view of this array."""
        last = self.path[-1] if self.path else None
        if last is not None and step.reshaped and last.whole:
            return replace(self, path=(*self.path[:-1], step), rank=rank, certain=certain)
        if last is not None and last.indices and not step.reshaped and all(index.integer for index in last.indices):
            merged = Step((*last.indices, *step.indices))
            return replace(self, path=(*self.path[:-1], merged), rank=rank, certain=certain)
        return replace(self, path=(*self.path, step), rank=rank, certain=certain)

    def outdated(self, key: str) -> Array:
        """The same array once the variable `key` has another value."""
        if not any(key in index.deps for step in self.path for index in step.indices):
            return self
        return replace(self, path=tuple(_outdated(step, key) for step in self.path))


def _outdated(step: Step, key: str) -> Step:
    if not any(key in index.deps for index in step.indices):
        return step
    return replace(step, indices=tuple(_outdated_index(index, key) for index in step.indices))


def _outdated_index(index: Index, key: str) -> Index:
    if key not in index.deps or index.kind in ("prefix", "turn"):
        return index
    return replace(index, kind="name", stale=True, deps=frozenset())


def _paths_meet(handed: tuple[Step, ...], written: tuple[Step, ...]) -> bool:
    if all(step.whole for step in handed) or all(step.whole for step in written):
        return True
    for depth, (mine, its) in enumerate(zip(handed, written, strict=False), start=1):
        if mine.reshaped or its.reshaped:
            if mine != its:
                return False
            continue
        if mine == its and not any(index.stale for index in mine.indices):
            continue
        pairs = zip(mine.indices, its.indices, strict=False)
        rest_whole = all(step.whole for step in handed[depth:])
        return rest_whole and all(one.overlaps(other) for one, other in pairs)
    return True


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal, or a variable that holds one."""

    value: object


@dataclass(frozen=True, slots=True)
class Number:
    """An integer: the `first` value 0 of a loop's counter, a `later` one, one that goes round (`turn`), or `some`."""

    which: Literal["first", "later", "turn", "some"] = "some"
    turns: int = field(default=0, compare=False)
    """How many values one that goes round has."""


@dataclass(frozen=True, slots=True)
class SomeArray:
    """An array, of no known memory; as an index it makes a copy."""


MOST_NESTED = 8
"""Containers in containers that are followed; a batch is rarely nested deeper than three."""


@dataclass(frozen=True, slots=True)
class Box:
    """A tuple, list or dict whose `items` are known, with their keys, and the expressions that made them.

    A `cycle` gives its items in turn for ever (`itertools.cycle`). What is nested deeper than MOST_NESTED is unknown,
    so that a loop that wraps a container in another (`x = [x]`) comes to an end.
    """

    keys: tuple[object, ...]
    items: tuple[Value, ...]
    nodes: tuple[ast.expr | None, ...]
    cycle: bool = False
    holds_memory: bool = field(init=False, compare=False)
    depth: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        items = tuple(UNKNOWN if isinstance(item, Box) and item.depth >= MOST_NESTED else item for item in self.items)
        object.__setattr__(self, "items", items)
        object.__setattr__(self, "depth", 1 + max((item.depth for item in items if isinstance(item, Box)), default=0))
        holds = any(isinstance(i, Array | Ring) or (isinstance(i, Box) and i.holds_memory) for i in self.items)
        object.__setattr__(self, "holds_memory", holds)

    def item(self, key: object) -> Value:
        """The item under a constant key or index; unknown where there is none."""
        if isinstance(key, int) and not isinstance(key, bool) and self.keys == tuple(range(len(self.keys))):
            return self.items[key] if -len(self.items) <= key < len(self.items) else UNKNOWN
        return dict(zip(self.keys, self.items, strict=True)).get(key, UNKNOWN)

    def turning(self) -> Value:
        """The item under an index that goes round: all of them in time."""
        arrays = [item for item in self.items if isinstance(item, Array)]
        if not arrays or len(arrays) != len(self.items) or len({(array.kind, array.path) for array in arrays}) > 1:
            return UNKNOWN
        memories = tuple(dict.fromkeys(memory for array in arrays for memory in array.memories))
        return replace(arrays[0], memories=memories)


@dataclass(frozen=True, slots=True)
class Ring:
    """A list, or the values of a dict, that a comprehension filled with `element`s, each with memory of its own.

    `lent` says that its first element was taken out and not put back yet.
    """

    element: Array
    cycle: bool = False
    lent: bool = False

    def at(self, slot: int) -> Array:
        """The element in `slot`."""
        memories = tuple(replace(memory, slot=slot) for memory in self.element.memories)
        return replace(self.element, memories=memories)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything else."""


UNKNOWN = Unknown()
SOME_ARRAY = SomeArray()

Value = Array | Constant | Number | SomeArray | Box | Ring | Unknown
