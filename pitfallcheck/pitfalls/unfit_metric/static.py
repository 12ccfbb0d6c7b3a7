"""Judges whether a metric is visibly one of another kind of output or labels than the model has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding, Level
from pitfallcheck.lint.objectives.facts import Metric, Objective
from pitfallcheck.lint.objectives.keras_losses import ACCURACIES
from pitfallcheck.lint.objectives.read import objectives_of
from pitfallcheck.lint.objectives.told import ONE_HOT_LOSSES, REGRESSION_LOSSES, SPARSE_LOSSES, labels_text, short
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.loss_label_mismatch.mismatch import mismatch
from pitfallcheck.pitfalls.missing_softmax.static import misses
from pitfallcheck.pitfalls.unfit_metric import PITFALL
from pitfallcheck.pitfalls.unreachable_targets.reach import unreachable

Judged = tuple[Level, str, str]
"""Level, message and remedy."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each metric that means nothing; silent where the objective itself is at fault."""
    told = set[ast.AST]()
    for objective in objectives_of(source):
        for metric in objective.metrics:
            found = _unfit(objective, metric)
            if found is not None and metric.node not in told and not _at_fault(objective):
                told.add(metric.node)
                yield _finding(source, objective, metric, found)


def _at_fault(objective: Objective) -> bool:
    reach = unreachable(objective)
    if mismatch(objective) is not None or (reach is not None and reach.level != "note"):
        return True
    return objective.output is not None and objective.loss is not None and misses(objective.output, objective.loss)


def _unfit(objective: Objective, metric: Metric) -> Judged | None:
    loss, output = objective.loss, objective.output
    if loss is None:
        return None
    if loss.name in REGRESSION_LOSSES:
        return _of_numbers(objective, metric) if metric.name in ACCURACIES else None
    if metric.name == "equality" and output is not None and output.activation in ("softmax", "sigmoid"):
        return (
            "error",
            f"this `Accuracy` counts how often a prediction equals its label exactly, and a {output.activation} gives "
            "probabilities",
            'use `metrics=["accuracy"]`, which takes the class that is predicted',
        )
    if metric.name == "categorical_accuracy" and loss.name in SPARSE_LOSSES:
        return (
            "error",
            f"`categorical_accuracy` takes the largest of a one-hot row for the label, and `{loss.name}` has one "
            "number for each: it counts how often class 0 is predicted",
            "use `sparse_categorical_accuracy`, or `accuracy`, which finds the right one",
        )
    if metric.name == "sparse_categorical_accuracy" and loss.name in ONE_HOT_LOSSES:
        return (
            "error",
            f"`sparse_categorical_accuracy` expects class numbers, and `{loss.name}` one-hot rows",
            "use `categorical_accuracy`, or `accuracy`, which finds the right one",
        )
    units = None if output is None else output.units
    over_units = metric.name in ("categorical_accuracy", "sparse_categorical_accuracy")
    if over_units and units == 1 and loss.name == "binary_crossentropy":
        return (
            "error",
            f"`{metric.name}` looks for the largest of several units, and the output has one: it is always class 0",
            "use `binary_accuracy`, or `accuracy`, which finds the right one",
        )
    if metric.name == "binary_accuracy" and loss.name in ONE_HOT_LOSSES and units is not None and units > 2:
        return (
            "warning",
            f"`binary_accuracy` counts each of the {units} units alone: a model that predicts no class at all is right "
            f"in {units - 1} of {units}",
            "use `categorical_accuracy`, or `accuracy`, which finds the right one",
        )
    return None


def _of_numbers(objective: Objective, metric: Metric) -> Judged | None:
    """An accuracy beside a loss of numbers, unless the targets are classes or may be."""
    output, labels, loss = objective.output, objective.labels, objective.loss
    if output is None or loss is None:
        return None
    real = labels is not None and (
        labels.kind == "reals" or (labels.kind == "integers" and labels.classes is None and (labels.high or 0) > 1)
    )
    if labels is not None and not real:
        return None
    if labels is None and output.activation in (None, "sigmoid", "softmax", "tanh", "hard_sigmoid"):
        return None
    told = f", and the targets are {labels_text(labels)}" if labels is not None else ""
    return (
        "warning" if real or output.units == 1 else "note",
        f"`{metric.name}` counts predicted classes, and `{loss.name}` is a loss of numbers{told}: it says nothing "
        "about how well the model predicts",
        'use `metrics=["mae"]`, or another distance',
    )


def _finding(source: Source, objective: Objective, metric: Metric, found: Judged) -> Finding:
    level, message, remedy = found
    at = metric.node
    evidence = []
    for kind, part in (("output", objective.output), ("loss", objective.loss), ("targets", objective.labels)):
        if part is not None and part.node.lineno != at.lineno:
            evidence.append(Evidence(kind, f"`{short(source, part.node)}`", source.path, part.node.lineno))
    return PITFALL.finding(
        level,
        source.location(at),
        message,
        remedy=remedy,
        source="static",
        subject=metric.name,
        scope=scope_lines(source, at),
        evidence=tuple(evidence),
    )
