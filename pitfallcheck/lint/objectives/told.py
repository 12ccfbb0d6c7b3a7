"""Says outputs, losses and labels in the words of a message, and knows what activations and losses are about."""

from __future__ import annotations

import ast
from math import inf

from pitfallcheck.lint.objectives.facts import Labels, Loss, Output
from pitfallcheck.lint.objectives.keras_losses import REGRESSION
from pitfallcheck.lint.source import Source

RANGES: dict[str, tuple[float, float]] = {
    "softmax": (0, 1),
    "sigmoid": (0, 1),
    "hard_sigmoid": (0, 1),
    "tanh": (-1, 1),
    "hard_tanh": (-1, 1),
    "softsign": (-1, 1),
    "relu": (0, inf),
    "relu6": (0, 6),
    "softplus": (0, inf),
    "exponential": (0, inf),
    "log_softmax": (-inf, 0),
    "log_sigmoid": (-inf, 0),
}
"""What comes out of an activation whose output does not reach everywhere."""

PROBABILITIES = frozenset({"softmax", "sigmoid", "hard_sigmoid"})
ONE_HOT_LOSSES = frozenset(
    {"categorical_crossentropy", "categorical_focal_crossentropy", "softmax_cross_entropy_with_logits"}
)
SPARSE_LOSSES = frozenset({"sparse_categorical_crossentropy", "sparse_softmax_cross_entropy_with_logits"})
OVER_CLASSES = ONE_HOT_LOSSES | SPARSE_LOSSES | {"CrossEntropyLoss", "NLLLoss"}
"""Losses that compare classes with each other, and so need one output for each."""

BINARY_LOSSES = frozenset(
    {
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "sigmoid_cross_entropy_with_logits",
        "BCELoss",
        "BCEWithLogitsLoss",
    }
)
REGRESSION_LOSSES = REGRESSION | {"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"}
"""Losses that compare numbers."""


def is_softmax_of_one(output: Output) -> bool:
    """Whether a softmax has a single number to share out, which is always 1."""
    if output.activation not in ("softmax", "log_softmax") or output.units != 1:
        return False
    return output.axis == -1 or (output.axis == 1 and output.rank == 2)


def place(output: Output) -> ast.expr:
    """Where a user would change the activation of an output."""
    return output.activated_at or output.node


def short(source: Source, node: ast.AST, length: int = 60) -> str:
    """The text of an expression in one line, cut where it is long."""
    text = source.segment(node)
    return text if len(text) <= length else f"{text[: length - 3]}..."


def units_text(output: Output) -> str:
    """`one unit`, `10 units`, or `the last layer` where their number does not show."""
    if output.units is None:
        return "the last layer"
    return "one unit" if output.units == 1 else f"{output.units} units"


def loss_text(loss: Loss) -> str:
    """The name of a loss, as its library writes it."""
    return f"`{loss.name}`"


def for_classes(loss: Loss, *, one_hot: bool = False) -> str:
    """What a user of the library of `loss` would train classes with."""
    if loss.name.endswith("Loss"):
        return "`CrossEntropyLoss` and no activation"
    return f"a softmax and `{'' if one_hot else 'sparse_'}categorical_crossentropy`"


def labels_text(labels: Labels) -> str:
    """What labels are, with what shows it in parentheses."""
    kinds = {
        "integers": "class numbers",
        "one-hot": "one-hot rows",
        "binary": "0 and 1",
        "signs": "-1 and 1",
        "reals": "real numbers",
        None: "numbers",
    }
    return f"{kinds[labels.kind]} ({labels.why})" if labels.why else kinds[labels.kind]
