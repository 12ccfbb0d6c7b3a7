"""One path through a function, as far as it has come: what its variables hold, and what has been handed out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

from pitfallcheck.pitfalls.reused_buffer.values import UNKNOWN, Array, Box, Memory, Ring, Value

OLDEST = 2
"""How many executions back the arrays of one allocation are told apart."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array position of one hand-over: the expression that stands there and what the user calls the array.

    `node` is the `yield` or `return`. `conditional` says that a turn of its loop can go by without it, `editable` is
    the expression that would have to be copied, where that is plain.
    """

    expression: ast.expr
    subject: str
    node: ast.AST
    conditional: bool
    editable: ast.expr | None


@dataclass(frozen=True, slots=True)
class HandOver:
    """An array that a `yield` or `return` handed out, and what became of it since.

    `doubt` says that the path skipped, under a condition nobody can judge, a branch that would have replaced the
    array: 1 where the condition may go with the one for the hand-over, 2 where it is an option or an exception.
    `writes` are the places that wrote into it; they count once another hand-over is reached.
    """

    leaf: Leaf
    array: Array
    doubt: int = 0
    writes: frozenset[ast.AST] = frozenset()


class State:
    """What holds at one point of one path.

    `watched` is shared by all states of an analysis: the variables that the region of some array, or a remembered
    decision, was told by. `renewed` are the allocations that the statement at hand has executed so far.
    """

    __slots__ = ("handed", "renewed", "variables", "watched")

    def __init__(self, watched: set[str]) -> None:
        self.variables: dict[str, Value] = {}
        self.handed: dict[Hashable, HandOver] = {}
        self.watched = watched
        self.renewed: tuple[Memory, ...] = ()

    def copy(self) -> State:
        """The same state, to go another way."""
        other = State(self.watched)
        other.variables, other.handed = self.variables.copy(), self.handed.copy()
        other.renewed = self.renewed
        return other

    def fingerprint(self) -> Hashable:
        """Equal for states from which everything goes on alike."""
        return frozenset(self.variables.items()), frozenset(self.handed.values())

    def bind(self, key: str, value: Value) -> None:
        """Give the variable `key` a value; regions that were told by the old one are from now on stale."""
        self._outdate(key)
        for attribute in [name for name in self.variables if name.startswith(f"{key}->")]:
            del self.variables[attribute]
        self.variables[key] = value

    def _outdate(self, key: str) -> None:
        if key not in self.watched:
            return
        for decision in [name for name in self.variables if name[0] == "?" and f"|{key}|" in name]:
            del self.variables[decision]
        self._replace_arrays(lambda array: array.outdated(key))

    def age(self, memory: Memory) -> None:
        """Make room for a new array of the same allocation: those it made before are one older, and then forgotten."""
        self.renewed = (*self.renewed, memory)
        self._replace_arrays(lambda array: _older(array, memory))

    def drop_frame(self, frame_key: str) -> None:
        """Forget the variables of a function that has returned."""
        for key in [key for key in self.variables if key.startswith(f"{frame_key}.")]:
            self._outdate(key)
            del self.variables[key]

    def hand_over(self, leaf: Leaf, array: Array) -> None:
        """Note that `array` left at `leaf`."""
        self.handed[leaf, array.memories] = HandOver(leaf, array)

    def doubt(self, values: Iterable[Value], degree: int) -> None:
        """Note that a branch not taken would have rebound the variables that hold `values`."""
        held = [value for value in values if isinstance(value, Array)]
        for place, handed in self.handed.items():
            if handed.doubt < degree and any(handed.array.shares(array) for array in held):
                self.handed[place] = replace(handed, doubt=degree)

    def merge(self, other: State) -> None:
        """Go on as either: what differs is unknown, what either wrote is written."""
        for key in self.variables.keys() | other.variables.keys():
            if self.variables.get(key) != other.variables.get(key):
                self.variables[key] = UNKNOWN
        self.renewed += other.renewed
        for place, theirs in other.handed.items():
            mine = self.handed.get(place)
            if mine is None:
                self.handed[place] = theirs
            elif mine.array == theirs.array:
                writes = mine.writes | theirs.writes
                self.handed[place] = replace(mine, writes=writes, doubt=max(mine.doubt, theirs.doubt))

    def _replace_arrays(self, change: Callable[[Array], Value]) -> None:
        for key, value in self.variables.items():
            if (changed := _changed(value, change)) is not value:
                self.variables[key] = changed
        changes = [(place, handed, change(handed.array)) for place, handed in self.handed.items()]
        changes = [(place, handed, array) for place, handed, array in changes if array is not handed.array]
        for place, _, _ in changes:
            del self.handed[place]
        for _, handed, array in changes:
            if isinstance(array, Array):
                self.handed[handed.leaf, array.memories] = replace(handed, array=array)
            elif handed.writes:
                gone = tuple(replace(memory, age=OLDEST + 1) for memory in handed.array.memories)
                self.handed[handed.leaf, gone] = replace(handed, array=replace(handed.array, memories=gone))


def aged(value: Value, renewed: Iterable[Memory]) -> Value:
    """A value that was worked out before the allocations `renewed` were executed again."""
    for memory in renewed:
        value = _changed(value, lambda array, memory=memory: _older(array, memory))  # type: ignore[misc]
    return value


def _older(array: Array, memory: Memory) -> Value:
    if not any(replace(memory, age=own.age, slot=own.slot) == own for own in array.memories):
        return array
    older = tuple(replace(own, age=own.age + 1) for own in array.memories)
    return UNKNOWN if len(older) > 1 or older[0].age > OLDEST else replace(array, memories=older)


def _changed(value: Value, change: Callable[[Array], Value]) -> Value:
    if isinstance(value, Array):
        return change(value)
    if isinstance(value, Box) and value.holds_memory:
        items = tuple(_changed(item, change) for item in value.items)
        if any(new is not old for new, old in zip(items, value.items, strict=True)):
            return replace(value, items=items)
    if isinstance(value, Ring):
        element = change(value.element)
        if element is not value.element:
            return replace(value, element=element) if isinstance(element, Array) else UNKNOWN
    return value
