"""Measures a Keras loss on samples whose target and output differ in rank: together, alone, and once aligned."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pitfallcheck.frameworks.keras_hooks import Hooks, locals_of
from pitfallcheck.frameworks.keras_sample import NoSampleError, flat, plain
from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.events import LossMeasured, Place, SourceWatched
from pitfallcheck.observe.losses import Arrays, Loss, differ_by_one_axis, measure
from pitfallcheck.observe.session import Session


@dataclass(frozen=True, slots=True)
class Fed:
    """Samples a model was given: the method it was given them through, inputs, targets, and the user's line."""

    method: str
    x: Any
    y: Any
    place: Place | None


def report_compiled(model: Any, fed: Fed, output: Any, compiled: Place | None, session: Session) -> None:
    """Measure the loss that a model was compiled with, as its training step computes it, without regularisation."""
    from keras.src import ops, tree

    targets, outputs = ([plain(leaf) for leaf in flat(nest)] for nest in (fed.y, output))

    own_step = defined_at(getattr(type(model), "train_step", None))
    if own_step is not None:
        shapes = [(target.shape, given.shape) for target, given in zip(targets, outputs, strict=False)]
        apart = next((pair for pair in shapes if differ_by_one_axis(*pair)), None)
        if apart is not None:
            why = f"targets {apart[0]} meet outputs {apart[1]} there, and only a compiled loss can be measured"
            session.skip(f"step:{own_step}", f"the loss in {own_step.function}()", why)
        return
    if getattr(model, "_compile_loss", None) is None:
        return

    def loss(some_targets: Arrays, some_outputs: Arrays) -> float:
        y = tree.pack_sequence_as(fed.y, [ops.convert_to_tensor(array) for array in some_targets])
        predicted = tree.pack_sequence_as(output, [ops.convert_to_tensor(array) for array in some_outputs])
        return float(np.mean(ops.convert_to_numpy(model._compile_loss(y, predicted))))

    measured = measure(f"loss:{id(model)}:{fed.method}", loss, targets, outputs)
    if measured is not None:
        used = _loss_of(model.loss, measured, targets, outputs)
        handed_over, target_name = _handed_over(session, measured.target[1:])
        session.emit(
            replace(
                measured,
                loss=_name(used),
                compiled=compiled,
                fed=fed.place,
                handed_over=handed_over,
                target_name=target_name,
                loss_defined=defined_at(getattr(type(used), "call", None)) or defined_at(used),
            )
        )


def follow_direct_calls(hooks: Hooks, session: Session) -> None:
    """Measure a `keras.losses.Loss` that the program itself calls, once for each line, where tensors are eager.

    Not around the call, but where it brings the losses of the samples together: a loss of the user's that raises is
    to do so without a frame of ours.
    """
    module = sys.modules["keras.src.losses.loss"]
    original = module.Loss.__call__

    def reduced(*_: Any, **__: Any) -> None:
        frame = sys._getframe(2)
        caller = frame.f_back
        if frame.f_code is not original.__code__ or caller is None or home_of(caller.f_code.co_filename) != "user":
            return
        given = locals_of(frame)
        pair = _eager_and_apart(given.get("y_true"), given.get("y_pred"))
        place = place_of(caller)
        key = f"loss:{place.path}:{place.line}"
        if pair is None or session.knows(key):
            return
        loss = given["self"]
        measured = measure(key, _directly(original, loss), [pair[0]], [pair[1]])
        if measured is not None:
            call_code = getattr(type(loss), "call", None)
            session.emit(replace(measured, loss=_name(loss), fed=place, loss_defined=defined_at(call_code)))

    hooks.after(module, "reduce_weighted_values", reduced)


def _directly(call: Callable[..., Any], loss: Any) -> Loss:
    from keras.src import ops

    def value(targets: Arrays, outputs: Arrays) -> float:
        return float(np.mean(ops.convert_to_numpy(call(loss, *map(ops.convert_to_tensor, (targets[0], outputs[0]))))))

    return value


def _eager_and_apart(target: Any, output: Any) -> tuple[Any, Any] | None:
    """Both as arrays, where they differ by one axis and have values yet."""
    shapes = [getattr(thing, "shape", None) for thing in (target, output)]
    if any(shape is None for shape in shapes) or not differ_by_one_axis(*map(tuple, shapes)):  # type: ignore[arg-type]
        return None
    try:
        return plain(target), plain(output)
    except NoSampleError:
        return None


def _loss_of(given: Any, measured: LossMeasured, targets: Arrays, outputs: Arrays) -> Any:
    """Of the losses of several outputs, that of the output which was measured; `given` itself where there is one."""
    pairs = [(target.shape, output.shape) for target, output in zip(targets, outputs, strict=True)]
    position = pairs.index((measured.target, measured.output))
    if isinstance(given, Mapping):
        # Keras flattens a dict in the order of its keys.
        given = [given[key] for key in sorted(given)]
    return given[min(position, len(given) - 1)] if isinstance(given, list | tuple) and given else given


def _name(loss: Any) -> str:
    """What the user calls a loss."""
    if isinstance(loss, str):
        return loss
    return getattr(loss, "__name__", type(loss).__name__)


def defined_at(function: Any) -> Place | None:
    """Where the user wrote a function; None for one of an installed package."""
    function = inspect.unwrap(function) if callable(function) else None
    code = getattr(function, "__code__", None)
    if code is None or home_of(code.co_filename) != "user":
        return None
    return Place(code.co_filename, code.co_firstlineno, code.co_qualname)


def _handed_over(session: Session, shape: tuple[int, ...]) -> tuple[Place | None, str]:
    """The generator line that hands targets of this shape (without the batch axis) to a framework, and their name."""
    for event in session.events():
        if isinstance(event, SourceWatched) and event.consumer.kind == "library" and len(event.leaves) > 1:
            for leaf in event.leaves[1:]:
                if leaf.shape[1:] == shape:
                    return event.at, leaf.name
    return None, ""
