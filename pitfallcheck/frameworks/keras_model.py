"""Looks at one Keras model with the first batch it was given: its layers' shapes, and what its loss compares.

Whatever looking could change (weights, statistics, metrics, random state) is put back as it was, bit for bit.
"""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from pitfallcheck.observe.consumer import home_of
from pitfallcheck.observe.events import LayerRan, LossMeasured, Place, SourceWatched
from pitfallcheck.observe.session import Session


@dataclass(frozen=True, slots=True)
class Fed:
    """Samples a model was given: the method it was given them through, inputs, targets, and the user's line."""

    method: str
    x: Any
    y: Any
    place: Place | None


@dataclass(frozen=True, slots=True)
class Origins:
    """The user's lines at which models were compiled and Lambda layers made."""

    compiled: WeakKeyDictionary[Any, Place | None]
    made: WeakKeyDictionary[Any, Place | None]


def look_at(model: Any, fed: Fed, origins: Origins, session: Session) -> None:
    """Run the model once, in inference mode, and emit what its layers and its loss do."""
    with _as_it_was(model):
        with _layer_calls(model) as calls:
            output = model(fed.x, training=False) if _takes_training(model) else model(fed.x)
        for layer, inputs, returned in calls:
            _report_layer(layer, inputs, returned, origins, session)
        if fed.y is not None and getattr(model, "_compile_loss", None) is not None:
            _report_loss(model, fed, output, origins, session)


def _takes_training(model: Any) -> bool:
    return bool(getattr(model, "_call_has_training_arg", True))


@contextmanager
def _as_it_was(model: Any) -> Iterator[None]:
    """Put back every variable and every random state that the block changed."""
    variables = [*model.variables, *getattr(model, "metrics_variables", ())]
    before = [(variable, np.array(variable)) for variable in variables]
    python, numpy = random.getstate(), np.random.get_state()
    generator = _tensorflow_random()
    tensorflow = generator.getstate() if generator is not None else None
    try:
        yield
    finally:
        for variable, value in before:
            if not np.array_equal(np.array(variable), value, equal_nan=np.issubdtype(value.dtype, np.inexact)):
                variable.assign(value)
        random.setstate(python)
        np.random.set_state(numpy)
        if generator is not None:
            generator.setstate(tensorflow)


def _tensorflow_random() -> Any:
    """The generator from which eager TensorFlow operations without a seed of their own draw theirs, once seeded."""
    context = sys.modules.get("tensorflow.python.eager.context")
    return getattr(context.context(), "_rng", None) if context is not None else None


@contextmanager
def _layer_calls(model: Any) -> Iterator[list[tuple[Any, Any, Any]]]:
    """Record every layer that runs in the block, with what it got and what it returned."""
    from keras.src.layers.layer import Layer

    original = Layer.__call__
    calls: list[tuple[Any, Any, Any]] = []

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        returned = original(self, *args, **kwargs)
        if self is not model and args:
            calls.append((self, args[0], returned))
        return returned

    Layer.__call__ = call
    try:
        yield calls
    finally:
        Layer.__call__ = original


def _report_layer(layer: Any, inputs: Any, returned: Any, origins: Origins, session: Session) -> None:
    """Compare what a layer declares with what it returned, where the declaration is the user's."""
    place = _declared_at(layer, origins)
    if (
        place is None
        or session.knows(f"layer:{id(layer)}")
        or not hasattr(inputs, "shape")
        or not hasattr(returned, "shape")
    ):
        return
    try:
        declared = layer.compute_output_shape((None, *tuple(inputs.shape)[1:]))
    except Exception:
        # A declaration that cannot be computed for this input is no declaration of a wrong shape.
        return
    if isinstance(declared, tuple | list) and all(axis is None or isinstance(axis, int) for axis in declared):
        session.emit(
            LayerRan(
                key=f"layer:{id(layer)}",
                place=place,
                layer=layer.name,
                kind=type(layer).__name__,
                declared=tuple(declared),
                returned=tuple(int(axis) for axis in returned.shape),
            )
        )


def _declared_at(layer: Any, origins: Origins) -> Place | None:
    if type(layer).__name__ == "Lambda" and hasattr(layer, "_output_shape"):
        return origins.made.get(layer) if layer._output_shape is not None else None
    return _defined(getattr(type(layer), "compute_output_shape", None))


def _defined(function: Any) -> Place | None:
    """Where the user wrote a function; None for one of an installed package."""
    function = inspect.unwrap(function) if callable(function) else None
    code = getattr(function, "__code__", None)
    if code is None or home_of(code.co_filename) != "user":
        return None
    return Place(code.co_filename, code.co_firstlineno, code.co_qualname)


def _report_loss(model: Any, fed: Fed, output: Any, origins: Origins, session: Session) -> None:
    from keras.src import tree

    targets = [np.asarray(leaf) for leaf in tree.flatten(fed.y) if leaf is not None]
    outputs = [np.asarray(leaf) for leaf in tree.flatten(output)]
    if len(targets) != len(outputs):
        return
    apart = [i for i, (t, o) in enumerate(zip(targets, outputs, strict=True)) if _differ_by_one_axis(t.shape, o.shape)]
    if not apart or any(array.dtype.kind not in "fiub" for array in (*targets, *outputs)):
        return
    samples = min(len(array) for array in (*targets, *outputs))
    loss = _LossInUse(model, fed, output)
    first = apart[0]
    alone = [loss([t[i : i + 1] for t in targets], [o[i : i + 1] for o in outputs]) for i in range(samples)]
    together = loss([t[:samples] for t in targets], [o[:samples] for o in outputs])
    aligned = loss(
        [_like(t[:samples], o[:samples]) for t, o in zip(targets, outputs, strict=True)],
        [_like(o[:samples], t[:samples]) for t, o in zip(targets, outputs, strict=True)],
    )
    total, mean = float(np.sum(alone)), float(np.mean(alone))
    summed = abs(aligned - total) < abs(aligned - mean)
    handed_over, name = _handed_over(session, targets[first].shape[1:])
    session.emit(
        LossMeasured(
            key=f"loss:{id(model)}:{fed.method}",
            loss=loss.name,
            target=targets[first].shape,
            output=outputs[first].shape,
            samples=samples,
            batch=together,
            alone=total if summed else mean,
            aligned=aligned,
            reduction="sum" if summed else "mean",
            compiled=origins.compiled.get(model),
            fed=fed.place,
            handed_over=handed_over,
            target_name=name,
            loss_defined=loss.defined,
        )
    )


def _differ_by_one_axis(target: tuple[int, ...], output: tuple[int, ...]) -> bool:
    """Whether one shape is `(N,)` and the other `(N, 1)`, or the like with more axes between."""
    short, long = sorted((target, output), key=len)
    return len(long) == len(short) + 1 and len(short) > 0 and long == (*short, 1)


def _like(array: Any, other: Any) -> Any:
    """`array` with the last axis of length 1 that `other` has and it lacks."""
    return array[..., None] if array.ndim + 1 == other.ndim else array


class _LossInUse:
    """The loss of a model as its training step computes it, without regularisation, as a number."""

    def __init__(self, model: Any, fed: Fed, output: Any) -> None:
        self._model = model
        self._targets, self._outputs = fed.y, output
        given = model.loss
        self.name = given if isinstance(given, str) else getattr(given, "__name__", type(given).__name__)
        self.defined = _defined(getattr(type(given), "call", None)) or _defined(given)

    def __call__(self, targets: list[Any], outputs: list[Any]) -> float:
        from keras.src import ops, tree

        y = tree.pack_sequence_as(self._targets, targets)
        predicted = tree.pack_sequence_as(self._outputs, [ops.convert_to_tensor(array) for array in outputs])
        y = tree.map_structure(ops.convert_to_tensor, y)
        return float(np.mean(np.asarray(self._model._compile_loss(y, predicted))))


def _handed_over(session: Session, shape: tuple[int, ...]) -> tuple[Place | None, str]:
    """The generator line that hands targets of this shape (without the batch axis) to a framework, and their name."""
    for event in session.events():
        if isinstance(event, SourceWatched) and event.consumer.kind == "library" and len(event.leaves) > 1:
            for leaf in event.leaves[1:]:
                if leaf.shape[1:] == shape:
                    return event.at, leaf.name
    return None, ""
