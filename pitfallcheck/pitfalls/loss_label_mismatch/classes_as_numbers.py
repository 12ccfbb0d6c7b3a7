"""Knows where a loss of numbers is asked to tell classes apart that the labels visibly are."""

from __future__ import annotations

import ast

from pitfallcheck.finding import Level
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.objectives.facts import Labels, Loss, Objective, Output
from pitfallcheck.lint.objectives.told import REGRESSION_LOSSES, for_classes, labels_text

ALONE = frozenset({"linear", "sigmoid", "hard_sigmoid", "tanh"})
"""Activations after which each unit stands for itself. A softmax before a loss of numbers is PF210's."""

ABSOLUTE = frozenset({"mean_absolute_error", "mean_absolute_percentage_error", "L1Loss"})

Told = tuple[Level, str, str]
"""Level, message and remedy."""


def classes_as_numbers(objective: Objective) -> Told | None:
    """What is wrong with a loss of numbers whose labels are classes; None where nothing is."""
    output, loss, labels = objective.output, objective.loss, objective.labels
    if output is None or loss is None or labels is None or loss.name not in REGRESSION_LOSSES:
        return None
    if output.activation not in ALONE or _given_back(objective):
        return None
    if labels.kind == "one-hot" and output.units != 1:
        return _one_hot(output, loss, labels)
    numbers = labels.kind == "integers" and labels.width == 1 and labels.classes is not None and labels.classes > 2
    if numbers and output.units == labels.classes:
        return (
            "warning",
            f"`{loss.name}` compares numbers: it pulls all {output.units} units to the number of the class, and the "
            f"labels are {labels_text(labels)}",
            f"use {for_classes(loss)}",
        )
    both = labels.kind == "binary" and (labels.low, labels.high) == (0, 1) and labels.width in (None, 1)
    if both and output.units == 1 and output.activation in ("sigmoid", "hard_sigmoid") and not _of_pixels(output):
        return _binary(loss, labels, output)
    return None


def _one_hot(output: Output, loss: Loss, labels: Labels) -> Told:
    classes = "classes" if labels.classes is None else f"{labels.classes} classes"
    why = "each unit is pulled to 0 or 1 for itself, as if the units were no alternatives"
    if output.activation != "linear":
        why += ", and the gradient vanishes where the prediction is surely wrong"
    return (
        "warning",
        f"`{loss.name}` compares numbers, and is asked to tell {classes} apart, {labels_text(labels)}: {why}",
        f"use {for_classes(loss, one_hot=True)}",
    )


def _binary(loss: Loss, labels: Labels, output: Output) -> Told:
    absolute = loss.name in ABSOLUTE
    why = (
        "it pulls every prediction to the more frequent of the two, and its gradient vanishes on the way"
        if absolute
        else "its gradient vanishes where the prediction is surely wrong"
    )
    torch = loss.name.endswith("Loss")
    return (
        "warning" if absolute else "note",
        f"`{loss.name}` compares numbers, and is asked to tell two classes apart behind a {output.activation}, "
        f"{labels_text(labels)}: {why}",
        "use `BCELoss`, or `BCEWithLogitsLoss` and no sigmoid" if torch else "use `binary_crossentropy`",
    )


def _of_pixels(output: Output) -> bool:
    """Whether a convolution makes the output: its one channel is an image, not a class."""
    return isinstance(output.node, ast.Call) and "Conv" in ast.unparse(output.node.func)


def _given_back(objective: Objective) -> bool:
    """Whether a network is to give back what goes in, as an autoencoder."""
    call, labels = objective.node, objective.labels
    if not isinstance(call, ast.Call) or labels is None:
        return False
    inputs = argument(call, 0, "x", "input")
    if isinstance(inputs, ast.Call) and len(inputs.args) == 1:
        inputs = inputs.args[0]
    return inputs is not None and ast.dump(inputs) == ast.dump(labels.node)
