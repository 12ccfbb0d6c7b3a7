"""What a training compares: what the network puts out, what its loss expects of that, and what the labels are."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

Expected = Literal["logits", "probabilities", "log-probabilities", "values", "scores"]
"""What a loss expects of the prediction; `scores` are the signed ones of a hinge loss."""

Kind = Literal["integers", "one-hot", "binary", "signs", "reals"]
"""What labels are: class numbers, rows of a one-hot matrix, 0 and 1, -1 and 1, real numbers."""


@dataclass(frozen=True, slots=True)
class Output:
    """The end of a network. Each field is None where the file does not show it.

    `node` makes the output: the last layer that has units, where a user would change it. `activation` is the canonical
    short name of what is applied last (`linear` where visibly nothing is), `activated_at` the expression that applies
    it where that is not `node`. `units` is the length of the last axis, `axis` that of a softmax, `rank` the number of
    axes with the batch's.
    """

    node: ast.expr
    activation: str | None
    units: int | None = None
    activated_at: ast.expr | None = None
    axis: int | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss in use. `node` names, makes or calls it; `name` is canonical (`binary_crossentropy`, `NLLLoss`)."""

    node: ast.expr
    name: str
    expects: Expected | None
    labels: tuple[Kind, ...] = ()
    """The kinds of labels that it takes for what they are; empty where any will do or it is not known."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The targets that are learned from, where the file shows what they are. `node` hands them over.

    `classes` is the number of classes, `low` and `high` bound the values, `width` is how many numbers a sample has,
    `why` says for a message what shows it.
    """

    node: ast.expr
    kind: Kind | None
    classes: int | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that is reported beside the loss; `name` is canonical (`accuracy`, `binary_accuracy`)."""

    node: ast.expr
    name: str


@dataclass(frozen=True, slots=True)
class Objective:
    """One training that the file sets up: `node` is its `fit`, its `compile` or the call of its loss.

    A network with several losses is one objective for each.
    """

    framework: Literal["keras", "torch"]
    node: ast.expr
    output: Output | None
    loss: Loss | None
    labels: Labels | None = None
    metrics: tuple[Metric, ...] = ()
