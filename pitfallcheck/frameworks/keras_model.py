"""Looks at one Keras model with the first batch it was given: its layers' shapes, and what its loss compares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from pitfallcheck.frameworks.keras_loss import Fed, defined_at, report_compiled
from pitfallcheck.frameworks.keras_sample import takes_training
from pitfallcheck.frameworks.keras_state import as_it_was, unheard
from pitfallcheck.observe.events import LayerRan, Place
from pitfallcheck.observe.session import Session


@dataclass(frozen=True, slots=True)
class Origins:
    """The user's lines at which models were compiled, and layers, models and optimizers made."""

    compiled: WeakKeyDictionary[Any, Place | None]
    made: WeakKeyDictionary[Any, Place | None]
    optimizers: WeakKeyDictionary[Any, Place | None]


def look_at(model: Any, fed: Fed, origins: Origins, session: Session) -> None:
    """Run the model once, in inference mode, and emit what its layers and its loss do."""
    with as_it_was(model), unheard():
        with _layer_calls(model) as calls:
            output = model(fed.x, training=False) if takes_training(model) else model(fed.x)
        for layer, inputs, returned in calls:
            _report_layer(layer, inputs, returned, origins, session)
        if fed.y is not None:
            report_compiled(model, fed, output, origins.compiled.get(model), session)


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
