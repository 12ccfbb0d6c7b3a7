"""Looks at one Keras model with the first batch it was given: its layers' shapes, and what its loss compares.

Whatever looking could change (weights, statistics, metrics, random state) is put back as it was, bit for bit.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from pitfallcheck.frameworks.keras_loss import Fed, defined_at, report_compiled
from pitfallcheck.observe.events import LayerRan, Place
from pitfallcheck.observe.session import Session


@dataclass(frozen=True, slots=True)
class Origins:
    """The user's lines at which models were compiled and Lambda layers made."""

    compiled: WeakKeyDictionary[Any, Place | None]
    made: WeakKeyDictionary[Any, Place | None]


def look_at(model: Any, fed: Fed, origins: Origins, session: Session) -> None:
    """Run the model once, in inference mode, and emit what its layers and its loss do."""
    with _as_it_was(model), _unheard():
        with _layer_calls(model) as calls:
            output = model(fed.x, training=False) if _takes_training(model) else model(fed.x)
        for layer, inputs, returned in calls:
            _report_layer(layer, inputs, returned, origins, session)
        if fed.y is not None:
            report_compiled(model, fed, output, origins.compiled.get(model), session)


def _takes_training(model: Any) -> bool:
    return bool(getattr(model, "_call_has_training_arg", True))


@contextmanager
def _as_it_was(model: Any) -> Iterator[None]:
    """Put back every variable and every random state that the block changed."""
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

    # Layers without a seed of their own draw from this one; it is made when the first of them does.
    seeds = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    variables = [*model.variables, *getattr(model, "metrics_variables", ())]
    if seeds is not None:
        variables.append(seeds.state)
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
        global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, seeds)
        random.setstate(python)
        np.random.set_state(numpy)
        if generator is not None:
            generator.setstate(tensorflow)


class _Muted:
    """A stream that drops what one thread writes, and passes on what the others do."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _unheard() -> Iterator[None]:
    """What layers print when we call them, the program did not print."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Muted(sys.stdout), _Muted(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


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
    return defined_at(getattr(type(layer), "compute_output_shape", None))
