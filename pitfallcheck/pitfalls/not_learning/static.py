"""Judges whether a training visibly stops after one epoch or one batch where that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator

from pitfallcheck.finding import Finding
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.flow.trials import on_trial
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.not_learning import PITFALL
from pitfallcheck.pitfalls.not_learning.brief import Trainings


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each training that hardly begins."""
    for brief in Trainings(program_of(source)).brief():
        if on_trial(source, brief.node):
            continue
        yield PITFALL.finding(
            brief.level,
            source.location(brief.node),
            brief.message,
            remedy=brief.remedy,
            source="static",
            subject=brief.subject,
            scope=scope_lines(source, brief.node),
            evidence=brief.evidence,
        )
