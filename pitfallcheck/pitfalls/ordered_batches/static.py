"""Judges whether something learns from batches of neighbours in data that is visibly sorted."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.ordered_batches import PITFALL
from pitfallcheck.pitfalls.ordered_batches.batches import Cut, cuts

IN_TIME = re.compile(r"LSTM|GRU|RNN|[Ff]orecast|[Tt]ime_?[Ss]eries|TCN")
"""What says that the order is the point: the samples of a batch are steps in time."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each array that is cut into such batches in one function."""
    if IN_TIME.search(source.text):
        return
    told = set()
    for cut in cuts(program_of(source)):
        scope = scope_lines(source, cut.node)
        key = (scope, source.segment(cut.node.slice) if isinstance(cut.node, ast.Subscript) else cut.node)
        if key not in told:
            told.add(key)
            yield _finding(source, cut, scope)


def _finding(source: Source, cut: Cut, scope: tuple[int, int]) -> Finding:
    data, order = source.segment(cut.data), source.segment(cut.order.node)
    size = cut.size.value if cut.size is not None else None
    total = cut.total.value if cut.total is not None else None
    laid = "is sorted" if cut.order.how == "sorted" else "holds one class after the other"
    part = (
        f"{size} neighbours out of {total} samples, {size / total:.1%} of them"
        if size and total
        else (f"{size} neighbours" if size else "neighbours only")
    )
    return PITFALL.finding(
        "warning",
        source.location(cut.node),
        f"`{_short(data)}` {laid} (`{_short(order)}`) and nothing shuffles it: each batch holds {part}",
        remedy=_remedy(cut),
        source="static",
        subject=data,
        scope=scope,
        evidence=(
            Evidence("ordered", f"`{_short(order)}` puts the samples in order", source.path, cut.order.node.lineno),
        ),
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _remedy(cut: Cut) -> str:
    if cut.kind == "loader":
        return "let the loader shuffle: `shuffle=True`"
    if cut.kind == "fit":
        return "leave `shuffle=False` out, so that `fit` shuffles"
    if cut.kind == "pipeline":
        count = cut.total.text() if cut.total is not None else "len(x)"
        return f"shuffle before cutting: `.shuffle({count}).batch(...)`"
    return "draw the samples of a batch: `i = rng.permutation(len(x))[:batch]`, then `x[i]`; or permute the data first"
