"""Reports training batches that are windows of sorted rows: their means spread as no independent draws would."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import DataFed, Event, Place
from pitfallcheck.observe.fed import Fed, fed
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.observe.values import Values
from pitfallcheck.pitfalls.ordered_batches import PITFALL

IMPROBABLE = 1e-9
"""Chance, under independent draws, below which the spread of the batch means is none of theirs."""
MOST_BETWEEN = 0.5
"""Share of the variance that must lie between the batches; of evenly drawn rows, 1 / rows of a batch does."""
IN_ORDER = 0.9
"""Share of the batches whose rows must ascend or descend for the data to count as sorted."""
_FEWEST_BATCHES, _FEWEST_ROWS = 5, 4


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each source or call that trains on such batches, of the array in which they spread most."""
    widest: dict[Place, Fed] = {}
    for one in fed(events):
        if one.trains and one.role != "weight" and one.leaf.values is not None and is_ordered(one.leaf.values):
            known = widest.get(one.at)
            if known is None or _spread(known) < _spread(one):
                widest[one.at] = one
    for one in widest.values():
        yield _finding(one)


def is_ordered(values: Values) -> bool:
    """Whether the batches are windows of sorted rows, and no chance of independent draws.

    With K batches of m rows, (K - 1) times the spread follows a chi-square distribution of K - 1 degrees of freedom
    if the rows were drawn independently (the F test of a one-way analysis of variance, with many rows); the spread is
    at most about m. Its tail is that of Wilson and Hilferty's cube root.
    """
    batches = values.spread_batches
    rows = values.samples / max(1, values.batches)
    if batches < _FEWEST_BATCHES or rows < _FEWEST_ROWS or values.sorted_inside < IN_ORDER:
        return False
    # Rows that are all alike within their batch are no window of anything: all of the variance lies between batches.
    if values.batch_means_spread > (1 - 1e-6) * (rows * batches - 1) / (batches - 1):
        return False
    return (
        values.batch_means_spread >= MOST_BETWEEN * rows and tail(values.batch_means_spread, batches - 1) < IMPROBABLE
    )


def tail(ratio: float, degrees: int) -> float:
    """The chance that chi-square over its `degrees` exceeds `ratio` (Wilson and Hilferty, 1931)."""
    spread = 2 / (9 * degrees)
    return math.erfc((ratio ** (1 / 3) - (1 - spread)) / math.sqrt(2 * spread)) / 2


def _spread(one: Fed) -> float:
    return one.leaf.values.batch_means_spread if one.leaf.values is not None else 0.0


def _finding(one: Fed) -> Finding:
    values = one.leaf.values
    assert values is not None
    place = one.at
    if isinstance(one.event, DataFed) and one.event.made is not None:
        place = one.event.made
    never = isinstance(one.event, DataFed) and one.event.shuffled is False
    return PITFALL.finding(
        "warning",
        location_of(place),
        f"the batches are windows of sorted rows{', never shuffled' if never else ''}: the means of `{one.leaf.name}` "
        f"over {values.spread_batches} batches spread {values.batch_means_spread:.3g} times as far (in variance) as "
        "those of rows drawn at random",
        remedy="shuffle the rows before they are cut into batches"
        if not never
        else "let the training data be shuffled (`shuffle=True`)",
        source="runtime",
        scope=scope_of(place),
        evidence=(Evidence("fed", "the batches are handed over here", shown_path(one.at.path), one.at.line),),
    )
