"""Tells of each array that was handed over or fed what it is for: an input or a target, of training or of other use."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.observe.events import DataFed, Event, Leaf, Place, SourceWatched
from pitfallcheck.observe.loops import updates_weights

Role = Literal["input", "target", "weight", "unknown"]

_FITS = re.compile(r"\.fit\b|fit_generator|train")


@dataclass(frozen=True, slots=True)
class Fed:
    """One array position of a source of batches, or of a call that was given data without a source of its own.

    `trains` is whether it is known to be used for training; None where nothing tells.
    """

    event: SourceWatched | DataFed
    leaf: Leaf
    role: Role
    trains: bool | None

    @property
    def at(self) -> Place:
        """The hand-over, or the call that was given the data."""
        return self.event.at


def fed(events: Sequence[Event]) -> Iterator[Fed]:
    """Every array position, once: data that a watched source handed over is told of there."""
    calls = [event for event in events if isinstance(event, DataFed)]
    sources = {event.key: event for event in events if isinstance(event, SourceWatched)}
    for source in sources.values():
        taken = [call for call in calls if call.source == source.key]
        trains = any(call.training for call in taken) if taken else _trains(source)
        roles = _roles(source, taken[0] if taken else None)
        for leaf, role in zip(source.leaves, roles, strict=True):
            yield Fed(source, leaf, role, trains)
    for call in calls:
        if call.source not in sources:
            for role, leaves in (("input", call.inputs), ("target", call.targets), ("weight", call.weights)):
                for leaf in leaves:
                    yield Fed(call, leaf, role, call.training)


def _roles(source: SourceWatched, call: DataFed | None) -> list[Role]:
    """The roles of a source's leaves: those of the call that took them in that number, else `(input, target)`."""
    if call is not None and len(call.inputs) + len(call.targets) + len(call.weights) == len(source.leaves):
        counts: tuple[tuple[Role, int], ...] = (
            ("input", len(call.inputs)), ("target", len(call.targets)), ("weight", len(call.weights)),
        )  # fmt: skip
        return [role for role, count in counts for _ in range(count)]
    if len(source.leaves) <= 2:
        return (["input", "target"] if len(source.leaves) == 2 else ["input"])[: len(source.leaves)]  # type: ignore[return-value]
    return ["unknown"] * len(source.leaves)


def _trains(source: SourceWatched) -> bool | None:
    consumer = source.consumer
    if consumer.at is None or consumer.kind == "pitfallcheck":
        return None
    if consumer.kind == "library":
        line = linecache.getline(consumer.at.path, consumer.at.line)
        return True if _FITS.search(line) else None
    return True if updates_weights(consumer.at) else None
