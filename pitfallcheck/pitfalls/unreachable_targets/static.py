"""Judges whether an output visibly cannot produce the targets that it is trained for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.objectives.facts import Objective
from pitfallcheck.lint.objectives.read import objectives_of
from pitfallcheck.lint.objectives.told import place, short
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.loss_label_mismatch.mismatch import mismatch
from pitfallcheck.pitfalls.unreachable_targets import PITFALL
from pitfallcheck.pitfalls.unreachable_targets.reach import Unreachable, unreachable


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each output, or loss, that is at fault; what PF207 says of the same objective is enough."""
    told = set[ast.AST]()
    for objective in objectives_of(source):
        found = unreachable(objective)
        if found is None or mismatch(objective) is not None:
            continue
        at = _at(objective, found)
        if at is not None and at not in told:
            told.add(at)
            yield _finding(source, objective, found, at)


def _at(objective: Objective, found: Unreachable) -> ast.expr | None:
    output, loss = objective.output, objective.loss
    if output is None or loss is None:
        return None
    return {"activation": place(output), "layer": output.node, "loss": loss.node}[found.at]


def _finding(source: Source, objective: Objective, found: Unreachable, at: ast.expr) -> Finding:
    evidence = []
    for kind, part in (("output", objective.output), ("loss", objective.loss), ("targets", objective.labels)):
        if part is not None and part.node.lineno != at.lineno:
            evidence.append(Evidence(kind, f"`{short(source, part.node)}`", source.path, part.node.lineno))
    return PITFALL.finding(
        found.level,
        source.location(at),
        found.message,
        remedy=found.remedy,
        source="static",
        subject=short(source, at),
        scope=scope_lines(source, at),
        evidence=tuple(evidence),
    )
