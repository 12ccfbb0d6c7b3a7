"""Measures a Keras loss on samples whose target and output differ in rank: together, alone, and once aligned."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.events import LossMeasured, Place, SourceWatched
from pitfallcheck.observe.session import Session

MOST = 256
"""Samples that a loss is asked for one by one."""

Arrays = Sequence[Any]
Loss = Callable[[Arrays, Arrays], float]
"""The loss of a list of targets and a list of outputs, as a number."""


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

    targets = [np.asarray(leaf) for leaf in tree.flatten(fed.y) if leaf is not None]
    outputs = [np.asarray(leaf) for leaf in tree.flatten(output)]

    own_step = defined_at(getattr(type(model), "train_step", None))
    if own_step is not None:
        shapes = [(target.shape, given.shape) for target, given in zip(targets, outputs, strict=False)]
        apart = next((pair for pair in shapes if _differ_by_one_axis(*pair)), None)
        if apart is not None:
            why = f"targets {apart[0]} meet outputs {apart[1]} there, and only a compiled loss can be measured"
            session.skip(f"step:{own_step}", f"the loss in {own_step.function}()", why)
        return
    if getattr(model, "_compile_loss", None) is None:
        return

    def loss(some_targets: Arrays, some_outputs: Arrays) -> float:
        y = tree.pack_sequence_as(fed.y, [ops.convert_to_tensor(array) for array in some_targets])
        predicted = tree.pack_sequence_as(output, [ops.convert_to_tensor(array) for array in some_outputs])
        return float(np.mean(np.asarray(model._compile_loss(y, predicted))))

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


def follow_direct_calls(keras: ModuleType, session: Session) -> None:
    """Measure a `keras.losses.Loss` that the program itself calls, once for each line, where tensors are eager."""
    original = keras.losses.Loss.__call__

    def call(self: Any, y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
        value = original(self, y_true, y_pred, *args, **kwargs)
        frame = sys._getframe(1)
        if home_of(frame.f_code.co_filename) == "user" and _eager_and_apart(y_true, y_pred):
            place = place_of(frame)
            key = f"loss:{place.path}:{place.line}"
            if not session.knows(key):
                try:
                    loss = _directly(original, self)
                    measured = measure(key, loss, [np.asarray(y_true)], [np.asarray(y_pred)])
                    if measured is not None:
                        call_code = getattr(type(self), "call", None)
                        session.emit(replace(measured, loss=_name(self), fed=place, loss_defined=defined_at(call_code)))
                except Exception as error:
                    session.failed(f"measuring the loss `{_name(self)}`", error)
        return value

    keras.losses.Loss.__call__ = call


def _directly(call: Callable[..., Any], loss: Any) -> Loss:
    from keras.src import ops

    def value(targets: Arrays, outputs: Arrays) -> float:
        return float(np.mean(np.asarray(call(loss, *(ops.convert_to_tensor(side[0]) for side in (targets, outputs))))))

    return value


def _eager_and_apart(target: Any, output: Any) -> bool:
    shapes = [getattr(thing, "shape", None) for thing in (target, output)]
    if any(shape is None for shape in shapes) or not hasattr(output, "numpy"):
        return False
    return _differ_by_one_axis(tuple(shapes[0]), tuple(shapes[1]))  # type: ignore[arg-type]


def measure(key: str, loss: Loss, targets: Arrays, outputs: Arrays) -> LossMeasured | None:
    """Ask `loss` for the samples together, alone, and with targets and outputs of one rank.

    None where no target differs from its output by a last axis of length 1, or where the two do not pair up.
    """
    if len(targets) != len(outputs) or any(array.dtype.kind not in "fiub" for array in (*targets, *outputs)):
        return None
    pairs = list(zip(targets, outputs, strict=True))
    apart = [_differ_by_one_axis(target.shape, output.shape) for target, output in pairs]
    if True not in apart:
        return None
    samples = min(MOST, *(len(array) for array in (*targets, *outputs)))
    each = [loss([t[i : i + 1] for t in targets], [o[i : i + 1] for o in outputs]) for i in range(samples)]
    given = [[target[:samples], output[:samples]] for target, output in pairs]
    alike = [[_like(target, output), _like(output, target)] for target, output in given]
    together, aligned = (loss(*map(list, zip(*both, strict=True))) for both in (given, alike))
    # A rotation leaves no target in its place; those that fit their output stay where they are.
    for both in (given, alike):
        for pair, moved in zip(both, apart, strict=True):
            pair[0] = np.roll(pair[0], 1, axis=0) if moved else pair[0]
    reordered, aligned_reordered = (loss(*map(list, zip(*both, strict=True))) for both in (given, alike))
    total, mean = float(np.sum(each)), float(np.mean(each))
    summed = abs(aligned - total) < abs(aligned - mean)
    target, output = pairs[apart.index(True)]
    return LossMeasured(
        key=key,
        loss="",
        target=target.shape,
        output=output.shape,
        samples=samples,
        batch=together,
        alone=total if summed else mean,
        aligned=aligned,
        batch_reordered=reordered,
        aligned_reordered=aligned_reordered,
        reduction="sum" if summed else "mean",
    )


def _differ_by_one_axis(target: tuple[int, ...], output: tuple[int, ...]) -> bool:
    """Whether one shape is `(N,)` and the other `(N, 1)`, or the like with more axes between."""
    short, long = sorted((target, output), key=len)
    return len(long) == len(short) + 1 and len(short) > 0 and long == (*short, 1)


def _like(array: Any, other: Any) -> Any:
    """`array` with the last axis of length 1 that `other` has and it lacks."""
    return array[..., None] if array.ndim + 1 == other.ndim else array


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
