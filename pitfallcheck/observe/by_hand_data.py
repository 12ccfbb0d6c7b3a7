"""Counts what the batches hold that `check` gives to a network by hand, as the data that a model was fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pitfallcheck.observe.events import DataFed, Leaf, SourceWatched
from pitfallcheck.observe.leaves import leaves_of
from pitfallcheck.observe.memory import Array
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.statistics import Statistics

_ROLES = ("inputs", "targets", "weights")


class _Counted:
    """One array position of the batches."""

    def __init__(self, first: Array) -> None:
        self.shape, self.dtype = first.shape, str(first.dtype)
        self.statistics = Statistics()


class Feed:
    """The arrays of the batches, counted as they come: (inputs, targets, weights), each an array or a nest of them."""

    def __init__(self) -> None:
        self._roles: dict[str, list[_Counted]] = {role: [] for role in _ROLES}
        self._batches = 0

    def add(self, batch: Any) -> None:
        """Count one more batch."""
        self._batches += 1
        parts = batch if isinstance(batch, tuple | list) else (batch,)
        for role, part in zip(_ROLES, parts, strict=False):
            counted = self._roles[role]
            for position, (_, _, array) in enumerate(leaves_of(part)):
                if position == len(counted):
                    counted.append(_Counted(array))
                counted[position].statistics.add(array)

    def event(self, at: Place, model: str, source: SourceWatched | None) -> DataFed:
        """What was fed at the user's line `at`; `source` are the same batches as they were handed over."""
        names = iter([leaf.name for leaf in source.leaves] if source is not None else [])
        inputs, targets, weights = (self._leaves(role, names) for role in _ROLES)
        return DataFed(
            key=f"fed:{at.path}:{at.line}",
            at=at,
            method="check",
            model=model,
            inputs=inputs,
            targets=targets,
            weights=weights,
            source=source.key if source is not None else "",
        )

    def _leaves(self, role: str, names: Any) -> tuple[Leaf, ...]:
        found: Sequence[_Counted] = self._roles[role]
        return tuple(
            Leaf(
                name=next(names, role if len(found) == 1 else f"{role}[{position}]"),
                shape=counted.shape,
                dtype=counted.dtype,
                values=counted.statistics.values(),
            )
            for position, counted in enumerate(found)
        )
