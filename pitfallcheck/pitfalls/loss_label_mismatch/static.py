"""Judges whether output, loss and labels visibly do not go together, and softmaxes over one unit anywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.objectives.facts import Objective, Output
from pitfallcheck.lint.objectives.keras_layers import applied, layer_name
from pitfallcheck.lint.objectives.read import objectives_of
from pitfallcheck.lint.objectives.resolve import resolver_of
from pitfallcheck.lint.objectives.told import is_softmax_of_one, place, short
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.loss_label_mismatch import PITFALL
from pitfallcheck.pitfalls.loss_label_mismatch.mismatch import Mismatch, mismatch, softmax_of_one


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each output or loss that is at fault."""
    told = set[ast.AST]()
    for objective in objectives_of(source):
        found = mismatch(objective)
        if found is None:
            continue
        at = _at(objective, found)
        if at is not None and at not in told:
            told.add(at)
            yield _finding(source, objective, found, at)
    for output in _layers(source):
        if output.node not in told and is_softmax_of_one(output):
            told.add(output.node)
            yield _finding(source, Objective("keras", output.node, output, None), softmax_of_one(output), output.node)


def _at(objective: Objective, found: Mismatch) -> ast.expr | None:
    if found.at == "output":
        return None if objective.output is None else place(objective.output)
    return None if objective.loss is None else objective.loss.node


def _layers(source: Source) -> Iterator[Output]:
    """The layers of Keras that bring a softmax, wherever they stand in a network."""
    if "softmax" not in source.text or not source.names.imports("keras", "tensorflow"):
        return
    resolver = resolver_of(source)
    for node in source.nodes:
        if isinstance(node, ast.Call) and _asks(node) and layer_name(resolver, node) == "Dense":
            output = applied(resolver, node, (), lambda: None)
            if output is not None:
                yield output


def _asks(call: ast.Call) -> bool:
    """Whether a call asks for a softmax in so many words."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(getattr(one, "value", None) == "softmax" or getattr(one, "attr", "") == "softmax" for one in given)


def _finding(source: Source, objective: Objective, found: Mismatch, at: ast.expr) -> Finding:
    evidence = []
    output, loss, labels = objective.output, objective.loss, objective.labels
    for kind, node in (
        ("output", None if output is None else place(output)),
        ("loss", None if loss is None else loss.node),
        ("labels", None if labels is None else labels.node),
    ):
        if node is not None and node is not at and node.lineno != at.lineno:
            evidence.append(Evidence(kind, f"`{short(source, node)}`", source.path, node.lineno))
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
