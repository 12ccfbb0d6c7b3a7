"""Reports generators and data sets that make every batch anew, and each time with the same samples."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event, Leaf, Place, SourceWatched
from pitfallcheck.observe.loops import function_at
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.repeated_batch import PITFALL

ENOUGH = 7
"""Repeats in one pass below which batches may be the same by intent or by chance."""

_DRAWS = frozenset({
    "choice", "choices", "integers", "normal", "permutation", "permuted", "rand", "randint", "randn", "random",
    "random_sample", "randrange", "randperm", "sample", "shuffle", "standard_normal", "uniform",
})  # fmt: skip


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each hand-over line whose batches of a pass are all the same, and are meant to differ."""
    told: set[Place] = set()
    for event in events:
        if isinstance(event, SourceWatched) and event.at not in told and _repeats(event):
            told.add(event.at)
            yield _finding(event)


def _repeats(event: SourceWatched) -> bool:
    """Whether every array repeats in every batch, is made anew each time, and shows a part of the data.

    One array that is handed out again and again is a constant, and a batch of all rows is a pass by itself: neither is
    a fault. Where the rows are no part of an array in reach, they must be drawn by the function that hands them over.
    """
    if not event.leaves or not all(_same_throughout(event, leaf) for leaf in event.leaves):
        return False
    seen = [leaf.values for leaf in event.leaves if leaf.values is not None]
    if any(values.whole_of for values in seen) or not _draws(event.at):
        return False
    return event.kind != "dataset" or all(values.part_of for values in seen)


def _same_throughout(event: SourceWatched, leaf: Leaf) -> bool:
    values = leaf.values
    if values is None or values.distinct != 1:
        return False
    pairs = values.handed_over - event.passes
    return pairs >= ENOUGH and values.repeated_pairs == values.remade == pairs


def _draws(place: Place) -> bool:
    """Whether the function that hands over draws random numbers: its batches are meant to differ."""
    function = function_at(place)
    for node in ast.walk(function) if function is not None else ():
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in _DRAWS:
                return True
    return False


def _finding(event: SourceWatched) -> Finding:
    leaf = event.leaves[0]
    values = leaf.values
    assert values is not None
    things = "items" if event.kind == "dataset" else "batches"
    rows = leaf.shape[0] if leaf.shape else 1
    part = f": {rows} of the {values.part_rows} rows of `{values.part_of}`" if values.part_of else ""
    return PITFALL.finding(
        "error",
        location_of(event.at),
        f"all {values.handed_over} {things} hold the same samples{part}, although each is made anew",
        remedy="draw the indices, or the values, inside the loop, and seed the generator before it",
        source="runtime",
        scope=scope_of(event.at),
        evidence=(Evidence("yielded", "the batches are handed over here", shown_path(event.at.path), event.at.line),),
    )
