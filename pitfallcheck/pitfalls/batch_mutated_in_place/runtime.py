"""Reports batches into which their consumer writes, and which come back to it with what it wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event, Leaf, Place, Rewrite, SourceWatched
from pitfallcheck.observe.fed import fed
from pitfallcheck.observe.loops import taken_as, write_into
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.batch_mutated_in_place import PITFALL

_NO_DATA = re.compile(r"param|weight|grad|theta|state|bias|\bdw\b|\bdb\b|velocity|moment", re.IGNORECASE)
"""Names of what a generator hands out in order that it be changed: parameters, gradients, states."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each consumer and leaf that was changed, came back changed, and was changed once more."""
    training = {id(one.event) for one in fed(events) if one.trains}
    told: set[tuple[Place | None, str]] = set()
    for event in events:
        if not isinstance(event, SourceWatched) or event.consumer.kind == "pitfallcheck":
            continue
        for index, leaf in enumerate(event.leaves):
            wrote = leaf.by_consumer
            if wrote is None or not wrote.changed_again or wrote.reordered:
                continue
            key = (event.consumer.at, leaf.name)
            if key not in told and _is_data(event, leaf, wrote, trains=id(event) in training):
                told.add(key)
                yield _finding(event, index, wrote)


def _is_data(event: SourceWatched, leaf: Leaf, wrote: Rewrite, *, trains: bool) -> bool:
    """Whether the leaf is data to learn from, and no parameter or state that is handed out to be changed.

    Data are walked through in windows of one array, or stand beside another array of as many rows that never changes.
    """
    names = [event.at.function, leaf.owner, *(other.name for other in event.leaves)]
    if any(_NO_DATA.search(name) for name in names):
        return False
    beside = [other for other in event.leaves if other is not leaf and other.shape[:1] == leaf.shape[:1]]
    unchanged = [other for other in beside if other.by_consumer is None and other.by_producer is None]
    steady = [other for other in unchanged if other.values is not None and other.values.distinct == 1]
    return bool((wrote.places > 1 and (trains or unchanged)) or (leaf.shape and steady))


def _finding(event: SourceWatched, index: int, wrote: Rewrite) -> Finding:
    leaf = event.leaves[index]
    taker = event.consumer.at
    name, at = leaf.name, event.at
    if taker is not None:
        name = taken_as(taker, index, len(event.leaves)) or leaf.name
        line = write_into(taker, name)
        at = Place(taker.path, line, taker.function) if line is not None else taker
    evidence = [Evidence("yielded", f"`{leaf.name}` is handed out here", shown_path(event.at.path), event.at.line)]
    if wrote.was:
        which = "its first changed row" if leaf.shape and leaf.shape[0] > 1 else "it"
        text = f"batch {wrote.first} came with {wrote.was} in {which}, and was left with {wrote.became}"
        evidence.append(Evidence("measured", text))
    copied = f"{name}.clone()" if leaf.library == "torch" else f"{name}.copy()"
    return PITFALL.finding(
        "error",
        location_of(at),
        f"`{name}` is written into, and is memory that comes again: {wrote.returned} of {event.batches} batches were "
        f"handed out with what had been written into them before, and {wrote.changed_again} of those were changed once "
        "more",
        remedy=f"make a new array instead of writing into this one, or put `{name} = {copied}` before it",
        source="runtime",
        subject=leaf.name,
        scope=scope_of(at),
        evidence=tuple(evidence),
    )
