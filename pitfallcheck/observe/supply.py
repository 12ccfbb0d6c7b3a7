"""Finds the generator or data set of the user's that stands behind a call, where a fault of the data is told."""

from __future__ import annotations

from collections.abc import Sequence

from pitfallcheck.observe.events import Event, Place, SourceWatched


def supply_of(events: Sequence[Event], at: Place, key: str = "") -> SourceWatched | None:
    """The source that the call at a line took its batches from: the one of this `key`, or one consumed on that line."""
    for event in events:
        if isinstance(event, SourceWatched) and event.consumer.kind == "library":
            consumer = event.consumer.at
            if event.key == key or (consumer is not None and (consumer.path, consumer.line) == (at.path, at.line)):
                return event
    return None
