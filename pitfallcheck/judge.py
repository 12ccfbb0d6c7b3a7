"""Asks every run-time half what it finds in the events of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
