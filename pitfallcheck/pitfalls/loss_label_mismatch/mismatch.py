"""Knows which output, loss and labels do not go together, whatever the framework."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.finding import Level
from pitfallcheck.lint.objectives.facts import Labels, Loss, Objective, Output
from pitfallcheck.lint.objectives.told import (
    BINARY_LOSSES,
    ONE_HOT_LOSSES,
    OVER_CLASSES,
    SPARSE_LOSSES,
    for_classes,
    is_softmax_of_one,
    labels_text,
    units_text,
)
from pitfallcheck.pitfalls.loss_label_mismatch.classes_as_numbers import classes_as_numbers


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What does not go together; `at` says which part a user would change."""

    level: Level
    at: Literal["output", "loss"]
    message: str
    remedy: str


def mismatch(objective: Objective) -> Mismatch | None:
    """The first thing that is wrong with an objective, the surest first."""
    return next(_mismatches(objective), None)


def _mismatches(objective: Objective) -> Iterator[Mismatch]:
    output, loss, labels = objective.output, objective.loss, objective.labels
    if output is not None and is_softmax_of_one(output):
        yield softmax_of_one(output)
    if loss is None:
        return
    if output is not None:
        yield from _one_unit(output, loss)
    if labels is not None:
        yield from _labelled(output, loss, labels)
        told = classes_as_numbers(objective)
        if told is not None:
            level, message, remedy = told
            yield Mismatch(level, "loss", message, remedy)
    if output is not None:
        yield from _apart(output, loss)


def softmax_of_one(output: Output) -> Mismatch:
    """A softmax over one unit."""
    said = "0 (the logarithm of 1)" if output.activation == "log_softmax" else "1"
    return Mismatch(
        "error",
        "output",
        f"a {output.activation} over one unit is always {said}: every sample gets the same prediction",
        "use a sigmoid for two classes, no activation for a number, or one unit for each class",
    )


def _one_unit(output: Output, loss: Loss) -> Iterator[Mismatch]:
    if output.units != 1 or loss.name not in OVER_CLASSES:
        return
    if loss.name in SPARSE_LOSSES | {"NLLLoss"}:
        why = "one unit is one class, and label 1 has none"
    else:
        why = "its share of the sum over all classes is always 1, and the loss says nothing about the prediction"
    binary = "BCEWithLogitsLoss" if loss.name in ("CrossEntropyLoss", "NLLLoss") else "binary_crossentropy"
    yield Mismatch(
        "error",
        "loss",
        f"`{loss.name}` compares classes with each other, and the output has one unit: {why}",
        f"use `{binary}` for two classes, or give the output one unit for each class",
    )


def _labelled(output: Output | None, loss: Loss, labels: Labels) -> Iterator[Mismatch]:
    units = None if output is None else output.units
    said = labels_text(labels)
    if loss.name in ONE_HOT_LOSSES and labels.kind in ("integers", "binary") and labels.width == 1:
        sparse = "sparse_" + loss.name
        yield Mismatch(
            "error",
            "loss",
            f"`{loss.name}` expects one-hot rows, and the labels are {said}: one number for each sample",
            f"use `{sparse}`, or make the labels one-hot",
        )
    if loss.name in SPARSE_LOSSES and labels.kind == "one-hot":
        dense = loss.name.removeprefix("sparse_")
        yield Mismatch(
            "error",
            "loss",
            f"`{loss.name}` expects one class number for each sample, and the labels are {said}",
            f"use `{dense}`, or leave the labels as class numbers",
        )
    if loss.name in BINARY_LOSSES:
        yield from _binary(loss, labels, units)
    out_of_range = labels.kind == "reals" and _beyond(labels)
    if out_of_range and (loss.name in BINARY_LOSSES or loss.name in OVER_CLASSES - SPARSE_LOSSES - {"NLLLoss"}):
        yield Mismatch(
            "error",
            "loss",
            f"`{loss.name}` is a loss of classes, and the targets are {said}",
            "use a loss of numbers such as the mean squared error, and an output without activation",
        )


def _binary(loss: Loss, labels: Labels, units: int | None) -> Iterator[Mismatch]:
    said = labels_text(labels)
    if labels.kind == "signs":
        yield Mismatch(
            "error",
            "loss",
            f"`{loss.name}` expects 0 and 1, and the labels are {said}: a label of -1 pays for ever surer predictions",
            "make the labels 0 and 1, or use a hinge loss",
        )
    elif labels.kind == "one-hot" and units == 1:
        yield Mismatch(
            "error",
            "loss",
            f"the output has one unit for `{loss.name}`, and the labels are {said}: several numbers for each sample",
            'give one number for each sample (`class_mode="binary"`, no `to_categorical`), or end with one unit for '
            "each class, a softmax and `categorical_crossentropy`",
        )
    elif labels.kind == "integers" and units == 1 and labels.high is not None and labels.high > 1:
        yield Mismatch(
            "error",
            "loss",
            f"`{loss.name}` with one unit tells 0 from 1, and the labels go up to {labels.high:g}: {said}",
            f"end with one unit for each class, {for_classes(loss)}",
        )
    elif labels.kind in ("integers", "binary") and labels.width == 1 and units is not None and units > 1:
        yield Mismatch(
            "error",
            "loss",
            f"`{loss.name}` compares {units} units with {units} numbers, and the labels are {said}: one for a sample",
            f"use {for_classes(loss)}, or one unit with a sigmoid for two classes",
        )


def _beyond(labels: Labels) -> bool:
    return (labels.low is not None and labels.low < 0) or (labels.high is not None and labels.high > 1)


def _apart(output: Output, loss: Loss) -> Iterator[Mismatch]:
    """A softmax with a loss that takes each unit alone, or a sigmoid with a loss that compares them."""
    if output.activation == "softmax" and loss.name in BINARY_LOSSES and loss.expects == "probabilities":
        if output.units == 2:
            # Two units that sum to 1 are one unit: the loss is the same.
            return
        categorical = "NLLLoss" if loss.name == "BCELoss" else "categorical_crossentropy"
        yield Mismatch(
            "warning",
            "loss",
            f"`{loss.name}` judges each unit alone, and a softmax over {_these(output)} makes them share 1: the loss "
            "and the accuracy look far better than the share of samples whose class is right",
            f"use `{categorical}` where a sample has one class, or a sigmoid where it may have several",
        )
    if output.activation in ("sigmoid", "hard_sigmoid") and loss.name in OVER_CLASSES and loss.expects != "logits":
        yield Mismatch(
            "warning",
            "loss",
            f"`{loss.name}` compares the units with each other, and the {output.activation} of {_these(output)} judges "
            "each alone: they do not sum to 1",
            "use a softmax where a sample has one class, or `binary_crossentropy` where it may have several",
        )


def _these(output: Output) -> str:
    return "the units" if output.units is None else units_text(output)
