"""Knows the losses and metrics of Keras and TensorFlow: their spellings, what they expect, which labels they take."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.objectives.facts import Expected, Kind, Loss, Metric
from pitfallcheck.lint.objectives.resolve import Calls, Held, Resolver, function_named, returned, starred
from pitfallcheck.lint.source import own_nodes

ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "huber_loss": "huber",
    "acc": "accuracy",
}
REGRESSION = frozenset(
    {
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "root_mean_squared_error",
        "log_cosh",
        "huber",
    }
)
"""Losses of numbers, in Keras' names."""

EXPECTED: dict[str, tuple[Expected, tuple[Kind, ...]]] = {
    "binary_crossentropy": ("probabilities", ("binary", "one-hot")),
    "binary_focal_crossentropy": ("probabilities", ("binary", "one-hot")),
    "categorical_crossentropy": ("probabilities", ("one-hot",)),
    "categorical_focal_crossentropy": ("probabilities", ("one-hot",)),
    "sparse_categorical_crossentropy": ("probabilities", ("integers", "binary")),
    "hinge": ("scores", ("signs", "binary")),
    "squared_hinge": ("scores", ("signs", "binary")),
    "categorical_hinge": ("scores", ("one-hot",)),
    "softmax_cross_entropy_with_logits": ("logits", ("one-hot",)),
    "sparse_softmax_cross_entropy_with_logits": ("logits", ("integers", "binary")),
    "sigmoid_cross_entropy_with_logits": ("logits", ("binary", "one-hot")),
}
PLACES = ("keras.losses.", "keras.objectives.", "keras.metrics.", "keras.backend.", "tensorflow.losses.", "keras.ops.")
OLD = {
    "tensorflow.nn.softmax_cross_entropy_with_logits_v2": "softmax_cross_entropy_with_logits",
    "tensorflow.losses.softmax_cross_entropy": "softmax_cross_entropy_with_logits",
    "tensorflow.losses.sparse_softmax_cross_entropy": "sparse_softmax_cross_entropy_with_logits",
    "tensorflow.losses.sigmoid_cross_entropy": "sigmoid_cross_entropy_with_logits",
}
"""The functions of TensorFlow 1 that are the losses of these names."""

ACCURACIES = frozenset({"accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"})


def canonical(name: str) -> str:
    """`mean_squared_error` for `mse`, `MSE` and `MeanSquaredError`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return ALIASES.get(snake, snake)


def _known(node: ast.expr, name: str, logits: object = False) -> Loss | None:
    other: Expected | None = "values" if name in REGRESSION else None
    expects, labels = EXPECTED.get(name, (other, ()))
    if expects is None and name not in ("kl_divergence", "poisson", "cosine_similarity"):
        return None
    if expects == "probabilities" and logits is not False:
        expects = "logits" if logits is True else None
    return Loss(node, name, expects, labels)


def loss_of(resolver: Resolver, node: ast.expr, calls: Calls = ()) -> Loss | None:
    """The loss that `node` names or makes; None where it is none that is known, or one of several."""
    found = [_loss(resolver, held) for held in resolver.alternatives(node, calls)]
    first = found[0]
    if first is None or any(other is None or other.name != first.name for other in found):
        return None
    same = all(other is not None and other.expects == first.expects for other in found)
    return first if same else replace(first, expects=None)


def _loss(resolver: Resolver, held: Held) -> Loss | None:
    node = held.node
    if isinstance(node, ast.Constant):
        return _known(node, canonical(node.value)) if isinstance(node.value, str) else None
    if isinstance(node, ast.Call):
        name = resolver.called(node)
        if name == "functools.partial" and node.args:
            inner = loss_of(resolver, node.args[0], held.calls)
            return None if inner is None else _known(node, inner.name, _from_logits(resolver, node, held.calls, None))
        short = _library(name)
        if short[:1].isupper():
            return _known(node, canonical(short), _from_logits(resolver, node, held.calls, 0))
        if name in ("keras.losses.get", "keras.losses.deserialize") and node.args:
            return loss_of(resolver, node.args[0], held.calls)
        return None
    short = _library(resolver.qualify(node))
    return _known(node, canonical(short)) if short else _own(resolver, node)


def _library(name: str) -> str:
    prefix, _, short = name.rpartition(".")
    return short if f"{prefix}." in PLACES else ""


def _from_logits(resolver: Resolver, call: ast.Call, calls: Calls, place: int | None) -> object:
    given = argument(call, place, "from_logits")
    if given is None:
        return ... if starred(call) else False
    return resolver.constant(given, calls)


def _own(resolver: Resolver, node: ast.expr) -> Loss | None:
    """A function `f(labels, prediction)` of the file that only calls a loss of the library with both."""
    function = function_named(resolver, node)
    if not isinstance(function, ast.FunctionDef | ast.Lambda) or len(function.args.args) != 2:
        return None
    results = [function.body] if isinstance(function, ast.Lambda) else returned(function)
    if len(results) != 1 or not isinstance(results[0], ast.Call):
        return None
    if not isinstance(function, ast.Lambda) and any(isinstance(part, ast.Assign) for part in own_nodes(function)):
        return None
    call = results[0]
    given = (argument(call, 0, "y_true", "target", "labels"), argument(call, 1, "y_pred", "output", "logits"))
    listed = [one.arg for one in function.args.args]
    if [one.id if isinstance(one, ast.Name) else None for one in given] != listed:
        return None
    found = called_loss(resolver, call)
    return None if found is None else replace(found, node=call)


def called_loss(resolver: Resolver, call: ast.Call, calls: Calls = ()) -> Loss | None:
    """The loss that `call` computes from labels and a prediction: a function of the library, or a loss object."""
    name = resolver.called(call)
    prefix, _, short = name.rpartition(".")
    if name in OLD:
        return _known(call, OLD[name])
    if prefix == "tensorflow.nn" and short.endswith("cross_entropy_with_logits"):
        return _known(call, short)
    short = _library(name)
    if short and not short[:1].isupper():
        # The functions of the backend take `from_logits` in the same place.
        place = 2 if prefix in ("keras.losses", "keras.backend") else None
        return _known(call, canonical(short), _from_logits(resolver, call, calls, place))
    if name:
        return None
    made = resolver.alternatives(call.func, calls)
    if not all(isinstance(held.node, ast.Call) for held in made):
        return None
    return loss_of(resolver, call.func, calls)


def is_loss_object(resolver: Resolver, call: ast.Call) -> bool:
    """Whether `call` makes a loss of the library that can be called with labels and a prediction."""
    return _library(resolver.called(call))[:1].isupper()


def metrics_of(resolver: Resolver, node: ast.expr | None, calls: Calls = ()) -> tuple[Metric, ...]:
    """The metrics in the `metrics` of a `compile`, as far as they are known; none of several outputs."""
    if node is None:
        return ()
    held = resolver.alternatives(node, calls)
    if len(held) != 1:
        return ()
    listed = held[0].node.elts if isinstance(held[0].node, ast.List | ast.Tuple) else [held[0].node]
    found = []
    for each in listed:
        named = resolver.alternatives(each, held[0].calls)
        name = _metric(resolver, named[0].node) if len(named) == 1 else ""
        if name:
            found.append(Metric(each, name))
    return tuple(found)


def _metric(resolver: Resolver, node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        if node.value == "Accuracy":
            return "equality"
        return canonical(node.value) if isinstance(node.value, str) else ""
    name = resolver.qualify(node.func if isinstance(node, ast.Call) else node)
    prefix, _, short = name.rpartition(".")
    if prefix not in ("keras.metrics", "tensorflow.metrics"):
        return ""
    return "equality" if short == "Accuracy" else canonical(short)
