"""What is known at one point of the walk: the values of names and of attributes, and how two paths come together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pitfallcheck.lint.shapes.values import Instance, Value, join

Key = TypeVar("Key")
Attributes = dict[tuple[Instance, str], Value]


@dataclass(slots=True)
class State:
    """The names of the function being walked, and the attributes of every object made so far."""

    names: dict[str, Value] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)

    def copy(self) -> State:
        """A state that can go its own way."""
        return State(dict(self.names), dict(self.attributes))

    def replace(self, old: Value, new: Value) -> None:
        """Everything that holds the very object `old` now holds `new`: it changed in place."""
        for name, value in self.names.items():
            if value is old:
                self.names[name] = new
        for key, value in self.attributes.items():
            if value is old:
                self.attributes[key] = new


def meet(states: Iterable[State | None]) -> State | None:
    """What holds on every path that gets here; None stands for a path that does not, and for none at all."""
    arrived = [state for state in states if state is not None]
    if not arrived:
        return None
    result = arrived[0].copy()
    for state in arrived[1:]:
        result.names = _meet_table(result.names, state.names)
        result.attributes = _meet_table(result.attributes, state.attributes)
    return result


def _meet_table(one: dict[Key, Value], other: dict[Key, Value]) -> dict[Key, Value]:
    keys = [*one, *(key for key in other if key not in one)]
    return {key: join(one[key], other[key]) if key in one and key in other else None for key in keys}
