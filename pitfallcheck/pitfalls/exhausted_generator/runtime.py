"""Reports loops over generators that had ended already, and calls that asked for more batches than there were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import DataFed, Event, LoopDrained, Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.exhausted_generator import PITFALL


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each loop and each call."""
    told: set[Place] = set()
    for event in events:
        if isinstance(event, LoopDrained) and event.at not in told:
            told.add(event.at)
            yield _drained(event)
        elif isinstance(event, DataFed) and 0 < event.steps_had < event.steps_asked and event.at not in told:
            told.add(event.at)
            yield _ran_dry(event)


def _drained(loop: LoopDrained) -> Finding:
    gave = f" after its {loop.batches} batches" if loop.batches > 1 else " after its one batch" if loop.batches else ""
    times = "once" if loop.times == 1 else f"{loop.times} times"
    evidence = []
    if loop.defined is not None:
        evidence.append(
            Evidence("defined", "its batches come from here", shown_path(loop.defined.path), loop.defined.line)
        )
    return PITFALL.finding(
        "error",
        location_of(loop.at),
        f"`{loop.name}` had ended{gave} when this loop began: {times} it ran no turn at all",
        remedy="make the generator anew for every pass (call its function inside the outer loop), or keep its batches "
        "in a list",
        source="runtime",
        scope=scope_of(loop.at),
        evidence=(*evidence, Evidence("looped", "this loop", shown_path(loop.at.path), loop.at.line)),
    )


def _ran_dry(fed: DataFed) -> Finding:
    left = fed.steps_asked - fed.steps_had
    return PITFALL.finding(
        "error",
        location_of(fed.at),
        f"`{fed.method}` asked for {fed.steps_asked} batches and got {fed.steps_had}: the data ended {left} short, and "
        "the rest was not done",
        remedy="let the generator go on for ever (`while True:` around its loop), or ask for as many steps and epochs "
        "as it has batches",
        source="runtime",
        scope=scope_of(fed.at),
        evidence=(Evidence("fed", "the data are given here", shown_path(fed.at.path), fed.at.line),),
    )
