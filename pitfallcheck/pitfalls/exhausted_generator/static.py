"""Judges whether an iterator that was made once is run through again by every epoch."""

from __future__ import annotations

from collections.abc import Iterator

from pitfallcheck.finding import Finding
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.exhausted_generator.epochs import drained_by_epochs
from pitfallcheck.pitfalls.exhausted_generator.fitting import drained_by_fit
from pitfallcheck.pitfalls.exhausted_generator.iterators import Iterators, may_be_kept


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each place that runs through a drained iterator, and each `fit` that asks one for too much."""
    program = program_of(source)
    if not may_be_kept(program):
        return
    iterators = Iterators(program)
    yield from drained_by_epochs(source, iterators)
    yield from drained_by_fit(source, iterators)
