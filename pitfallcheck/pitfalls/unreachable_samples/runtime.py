"""Reports rows that none of many windows, drawn anywhere in an array, has ever reached."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event, SourceWatched
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.observe.values import Coverage
from pitfallcheck.pitfalls.unreachable_samples import PITFALL

IMPROBABLE = 1e-6
"""Chance, under windows that begin anywhere with equal probability, below which rows are not unreached by chance."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each source whose windows leave out the same rows of every array they are cut from."""
    told: set[tuple[str, int]] = set()
    for event in events:
        if isinstance(event, SourceWatched) and (event.at.path, event.at.line) not in told:
            covered = [leaf.values.coverage for leaf in event.leaves if leaf.values and leaf.values.coverage]
            rows = {(seen.rows, seen.unreached, seen.first_unreached) for seen in covered}
            if len(rows) == 1 and left_out(covered[0]) < IMPROBABLE:
                told.add((event.at.path, event.at.line))
                yield _finding(event, covered[0])


def left_out(seen: Coverage) -> float:
    """The chance that windows with evenly drawn beginnings miss these rows; 1 where they are not known to be drawn.

    Of n - w + 1 beginnings, u touch a block of u <= w rows at an end of the array; all draws miss it with probability
    (1 - u / (n - w + 1)) ** draws. A larger block, or one inside, is a split into parts and not a slip by a few rows.
    """
    starts = seen.rows - seen.window + 1
    at_an_end = seen.first_unreached == 0 or seen.last_unreached == seen.rows - 1
    block = seen.last_unreached - seen.first_unreached + 1 == seen.unreached
    if not seen.drawn or not block or not at_an_end or not 0 < seen.unreached <= min(seen.window, starts - 1):
        return 1.0
    return math.exp(seen.draws * math.log1p(-seen.unreached / starts))


def _finding(event: SourceWatched, seen: Coverage) -> Finding:
    name = seen.name or event.leaves[0].name
    rows = (
        f"row {seen.first_unreached}"
        if seen.unreached == 1
        else f"rows {seen.first_unreached} to {seen.last_unreached}"
    )
    last = seen.rows - seen.window + 1
    return PITFALL.finding(
        "error",
        location_of(event.at),
        f"{rows} of the {seen.rows} of `{name}` came in none of {seen.draws} windows of {seen.window}, which by chance "
        f"happens once in {1 / left_out(seen):.0e} runs",
        remedy=f"draw the beginning from all {last}: 0 to {last - 1}, the upper bound of NumPy's draws being exclusive",
        source="runtime",
        scope=scope_of(event.at),
        evidence=(Evidence("yielded", "the windows are handed over here", shown_path(event.at.path), event.at.line),),
    )
