"""Knows which targets an output cannot reach: by its activation, or for want of units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Literal

from pitfallcheck.finding import Level
from pitfallcheck.lint.objectives.facts import Labels, Loss, Objective, Output
from pitfallcheck.lint.objectives.labels_numbers import span
from pitfallcheck.lint.objectives.told import (
    BINARY_LOSSES,
    ONE_HOT_LOSSES,
    OVER_CLASSES,
    RANGES,
    REGRESSION_LOSSES,
    for_classes,
    is_softmax_of_one,
    labels_text,
    units_text,
)

MARGIN = 1e-6
"""By how much of the range, or of 1, targets must lie outside; rounding does not count."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """What cannot be reached; `at` says which part a user would change."""

    level: Level
    at: Literal["activation", "layer", "loss"]
    message: str
    remedy: str


def unreachable(objective: Objective) -> Unreachable | None:
    """The first thing that an objective cannot reach, the surest first."""
    if objective.output is None or objective.loss is None or is_softmax_of_one(objective.output):
        return None
    return next(_unreachable(objective.output, objective.loss, objective.labels), None)


def _unreachable(output: Output, loss: Loss, labels: Labels | None) -> Iterator[Unreachable]:
    if loss.name in REGRESSION_LOSSES:
        if labels is not None:
            yield from _out_of_range(output, labels)
            yield from _class_numbers(output, loss, labels)
        yield from _shares(output, loss)
        yield from _no_way_back(output, loss, labels)
    if labels is not None and labels.classes is not None:
        yield from _classes(output, loss, labels, labels.classes)
    if loss.name in ("hinge", "squared_hinge") and output.activation in ("sigmoid", "softmax", "hard_sigmoid", "relu"):
        yield Unreachable(
            "warning",
            "activation",
            f"`{loss.name}` wants scores below -1 for one of its classes, and a {output.activation} is never below 0: "
            "no sample of that class can be got right",
            "use no activation, or a tanh",
        )


def _out_of_range(output: Output, labels: Labels) -> Iterator[Unreachable]:
    low, high = RANGES.get(output.activation or "", (-inf, inf))
    below = labels.low is not None and labels.low < low - MARGIN * max(1.0, abs(low))
    above = labels.high is not None and labels.high > high + MARGIN * max(1.0, abs(high))
    if below or above:
        yield Unreachable(
            "error",
            "activation",
            f"a {output.activation} gives numbers {span(low, high)}, and the targets are {labels_text(labels)}: what "
            "is outside can never be predicted",
            "end without an activation, or scale the targets into its range",
        )


def _class_numbers(output: Output, loss: Loss, labels: Labels) -> Iterator[Unreachable]:
    if labels.kind == "integers" and labels.classes is not None and labels.classes > 2 and output.units == 1:
        yield Unreachable(
            "warning",
            "layer",
            f"one unit with `{loss.name}` learns class numbers as if class 2 lay between 1 and 3; the labels are "
            f"{labels_text(labels)}",
            f"end with {labels.classes} units, {for_classes(loss)}",
        )


def _shares(output: Output, loss: Loss) -> Iterator[Unreachable]:
    if output.activation == "softmax":
        these = "the units" if output.units is None else units_text(output)
        yield Unreachable(
            "warning",
            "loss",
            f"a softmax makes {these} share 1, and `{loss.name}` compares numbers: targets that do not sum to 1 can "
            "never be reached, and for classes its gradient vanishes where the prediction is surely wrong",
            f"use {for_classes(loss, one_hot=True)} for classes, or no activation for numbers",
        )


def _no_way_back(output: Output, loss: Loss, labels: Labels | None) -> Iterator[Unreachable]:
    if output.activation == "relu" and output.units == 1 and labels is None:
        yield Unreachable(
            "note",
            "activation",
            f"the last activation is a relu before `{loss.name}`: it can reach no target below 0, and once it gives 0 "
            "for every sample it gets no gradient any more",
            "end without an activation",
        )


def _classes(output: Output, loss: Loss, labels: Labels, classes: int) -> Iterator[Unreachable]:
    units = output.units
    if units is None or units == 1:
        return
    rows = labels.kind == "one-hot" and loss.name in ONE_HOT_LOSSES | BINARY_LOSSES | {"CrossEntropyLoss"}
    wrong = units != classes if rows else units < classes and loss.name in OVER_CLASSES and labels.kind == "integers"
    if wrong:
        yield Unreachable(
            "error",
            "layer",
            f"the output has {units} units for {classes} classes: the labels are {labels_text(labels)}",
            f"end with {classes} units",
        )
