"""Asks every run-time half what it finds in the events of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from pitfallcheck import catalog
from pitfallcheck.finding import Finding, Skipped
from pitfallcheck.observe.events import Event, NotLooked


def judge_events(events: Sequence[Event], codes: Iterable[str]) -> tuple[list[Finding], list[Skipped]]:
    """Findings of the pitfalls in `codes`, and what was not looked at. A check that fails is reported as skipped."""
    findings: list[Finding] = []
    skipped = [Skipped(event.what, event.why) for event in events if isinstance(event, NotLooked)]
    chosen = frozenset(codes)
    for code, pitfall in catalog.pitfalls().items():
        if pitfall.runtime and code in chosen:
            try:
                findings.extend(catalog.runtime_half(pitfall)(events))
            except Exception as error:
                why = f"the check itself failed: {type(error).__name__}: {error}"
                skipped.append(Skipped(f"{code} {pitfall.name}", why))
    return sorted(findings, key=Finding.sort_key), skipped


def had_events(events: Sequence[Event], codes: Iterable[str]) -> Mapping[str, bool]:
    """For each pitfall of `codes` with a run-time half, as `CODE name`, whether there was an event for it to judge.

    A half works on the types of events that its module imports; one that `judge_events` could not load judged nothing.
    """
    seen = {type(event) for event in events}
    chosen = frozenset(codes)
    looked = {}
    for code, pitfall in catalog.pitfalls().items():
        if pitfall.runtime and code in chosen:
            half = sys.modules[catalog.runtime_half(pitfall).__module__]
            looked[f"{code} {pitfall.name}"] = any(
                kind in seen for kind in vars(half).values() if isinstance(kind, type)
            )
    return looked
