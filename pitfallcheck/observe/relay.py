"""Passes what a `check` has seen on to the `pitfallcheck run` that its program is under, if it is under one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pitfallcheck.finding import Finding
from pitfallcheck.observe.events import DataFed, Event, SourceWatched
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.session import Session, current

_calls: dict[Place | None, int] = {}
_told: set[tuple[str, str, int]] = set()


def tell_run(seen: Session, findings: Iterable[Finding], at: Place | None) -> None:
    """Give the events of a check at the line `at` to the current run: those of the first check there, and of later
    ones that found something new. A generator that the run itself watches is left to it."""
    running = current()
    if running is None:
        return
    new = {(finding.code, finding.location.path, finding.location.line) for finding in findings} - _told
    calls = _calls[at] = _calls.get(at, 0) + 1
    if calls > 1 and not new:
        return
    _told.update(new)
    prefix = f"check:{at.path}:{at.line}:{calls}:" if at is not None else f"check:{calls}:"
    watched = {event.at: event.key for event in running.events() if isinstance(event, SourceWatched)}
    keys: dict[str, str] = {}
    others: list[Event] = []
    for event in seen.events():
        if not isinstance(event, SourceWatched):
            others.append(event)
        elif event.at in watched:
            keys[event.key] = watched[event.at]
        else:
            keys[event.key] = prefix + event.key
            running.batches += event.batches
            running.emit(replace(event, key=keys[event.key]))
    for event in others:
        told = replace(event, key=prefix + event.key)
        if isinstance(told, DataFed):
            told = replace(told, source=keys.get(told.source, ""))
        running.emit(told)
    running.tick()
