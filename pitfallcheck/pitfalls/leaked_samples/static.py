"""Judges whether evaluation that is called test or validation meets samples that were trained on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Finding
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.flow.trials import on_trial
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.leaked_samples import PITFALL
from pitfallcheck.pitfalls.leaked_samples.copies import copies
from pitfallcheck.pitfalls.leaked_samples.evaluations import named_test, unused_parts, validated_on_training
from pitfallcheck.pitfalls.leaked_samples.overlaps import overlaps


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each place where training samples come again under another name."""
    program = program_of(source)
    told: set[ast.AST] = set()
    for find in (validated_on_training, named_test, unused_parts, copies, overlaps):
        for seen in find(program):
            if seen.node in told or on_trial(source, seen.node):
                continue
            told.add(seen.node)
            yield PITFALL.finding(
                seen.level,
                source.location(seen.node),
                seen.message,
                remedy=seen.remedy,
                source="static",
                subject=seen.subject,
                scope=scope_lines(source, seen.node),
                evidence=seen.evidence,
            )
