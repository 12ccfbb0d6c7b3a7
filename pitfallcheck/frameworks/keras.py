"""Attaches to Keras 3 on TensorFlow: what reaches the model, which shapes its layers return, what its loss compares.

The only points touched are the iterator that feeds `fit`, `evaluate` and `predict`, the `..._on_batch` methods, and
the constructors that tell where the user compiled a model and made a Lambda. Checked with Keras 3.15.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from pitfallcheck.frameworks.keras_loss import Fed, follow_direct_calls
from pitfallcheck.frameworks.keras_model import Origins, look_at
from pitfallcheck.observe.consumer import user_place
from pitfallcheck.observe.session import Ledger, Session, Signature, signature_and_digest

ROWS = 64
"""Samples of the first batch that the model is looked at with."""
TOLD, ONE_IN = 64, 64
"""Of the batches that enter a model the first 64 are compared with what was handed over, then two in 64."""


def attach(keras: ModuleType, session: Session) -> None:
    """Observe the models of this process. Where the backend is not TensorFlow, say that only generators are."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        session.skip("keras:backend", "Keras models", f"only the TensorFlow backend is looked into, this is {backend}")
        return
    session.follows_models = True
    origins = Origins(WeakKeyDictionary(), WeakKeyDictionary())
    from keras.src.backend.tensorflow import trainer

    _remember_places(keras, trainer.TensorFlowTrainer, origins)
    looked_at: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()

    def look(model: Any, fed: Fed) -> None:
        """Look at a model once for each way it is used."""
        done = looked_at.setdefault(model, set())
        if fed.method not in done:
            done.add(fed.method)
            try:
                look_at(model, fed, origins, session)
            except Exception as error:
                session.failed(f"looking at the model `{model.name}`", error)
            session.deliver()

    _follow_epochs(trainer.TFEpochIterator, session, look)
    _follow_single_batches(trainer.TensorFlowTrainer, look)
    follow_direct_calls(keras, session)


def _wrap(owner: type, name: str, around: Callable[..., Any]) -> None:
    """Replace a method by `around(original, self, *args, **kwargs)`, under the original's name and signature."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return around(original, self, *args, **kwargs)

    setattr(owner, name, method)


def _remember_places(keras: ModuleType, trainer: type, origins: Origins) -> None:
    def compiled(original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        origins.compiled[model] = user_place()
        return original(model, *args, **kwargs)

    def made(layer_type: type, *args: Any, **kwargs: Any) -> Any:
        layer = keras.layers.Layer.__new__(layer_type, *args, **kwargs)
        origins.made[layer] = user_place()
        return layer

    _wrap(trainer, "compile", compiled)
    # Not `__init__`: Keras reads that one's arguments to know how to save the layer.
    keras.layers.Lambda.__new__ = made


def _follow_epochs(iterator_type: Any, session: Session, look: Callable[[Any, Fed], None]) -> None:
    """Compare what reaches the model with what was handed over, and look at the model after its first step."""

    def made(original: Any, iterator: Any, *args: Any, **kwargs: Any) -> None:
        original(iterator, *args, **kwargs)
        try:
            iterator.pitfallcheck_tap = _tap(iterator, session, sys._getframe(2))
        except Exception as error:
            session.failed("following the batches into the model", error)

    def advanced(original: Any, iterator: Any) -> Any:
        tap = getattr(iterator, "pitfallcheck_tap", None)
        if tap is not None and tap.first is not None:
            # The call before this one began the first step; now it is over.
            if tap.stepped:
                look(tap.model, tap.take())
            tap.stepped = True
        return original(iterator)

    _wrap(iterator_type, "__init__", made)
    _wrap(iterator_type, "__next__", advanced)


class _Tap:
    """Stands where batches enter a model: remembers the first, and counts those that were never handed over."""

    def __init__(self, model: Any, method: str, session: Session) -> None:
        self.model = model
        self.first: Any = None
        self.stepped = False
        self._method = method
        self._place = user_place(sys._getframe(3))
        self._session = session
        self._seen = False
        self._before: tuple[int, Ledger, int, list[Any]] | None = None

    def remember(self, batch: Any) -> None:
        """Keep some samples of the first batch, until `take` takes them."""
        if not self._seen:
            self._seen = True
            self.first = batch

    def take(self) -> Fed:
        """The first batch as the model received it, once."""
        batch, self.first = self.first, None
        return _fed(self._method, batch, self._place)

    def entered(self, number: int, arrays: list[Any]) -> None:
        """Batch `number` enters the model, and the step of the one before it is done."""
        before, self._before = self._before, None
        if before is not None and before[0] == number - 1:
            _, entered_in, was, kept = before
            if _digest(kept)[1] != was:
                entered_in.changed_meanwhile(was)
        signature, digest = _digest(arrays)
        ledger = self._session.ledgers.get(signature)
        if ledger is not None:
            in_place = ledger.enter(digest, [array.__array_interface__["data"][0] for array in arrays])
            # Only what lies in the program's own memory can change, and costs no memory to keep for one step.
            self._before = (number, ledger, digest, arrays) if in_place else None


def _digest(arrays: list[Any]) -> tuple[Signature, int]:
    from pitfallcheck.observe.memory import sample, sample_plan

    return signature_and_digest(
        (array.shape, array.dtype.str, sample(array, sample_plan(array.shape, array.itemsize))) for array in arrays
    )


def _fed(method: str, batch: Any, place: Any) -> Fed:
    from keras.src.trainers.data_adapters import data_adapter_utils

    x, y, _ = data_adapter_utils.unpack_x_y_sample_weight(batch)
    return Fed(method, x, None if method == "predict" else y, place)


def _tap(iterator: Any, session: Session, caller: FrameType) -> _Tap | None:
    """Tap the data set behind an epoch iterator that `fit`, `evaluate` or `predict` has just made."""
    tf = sys.modules["tensorflow"]
    model = caller.f_locals.get("self")
    dataset = iterator._distributed_dataset
    if model is None or not isinstance(dataset, tf.data.Dataset):
        return None
    tap = _Tap(model, caller.f_code.co_name, session)
    adapter = type(iterator.data_adapter).__name__
    if adapter == "ArrayDataAdapter":
        # Arrays do not change on their way; only their first samples are looked at, and nothing is put in their way.
        tap.remember(_first_rows(iterator.data_adapter))
        return tap
    if all(isinstance(spec, tf.TensorSpec) for spec in tf.nest.flatten(dataset.element_spec)):
        # TensorFlow would prefetch once more behind our map, which it does not behind Keras' own prefetch.
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        told = dataset.enumerate().map(_identity_that_tells(tap, tf))
        iterator._distributed_dataset = told.with_options(options)
    return tap


def _first_rows(adapter: Any) -> Any:
    from keras.src import tree

    return tree.map_structure(lambda array: None if array is None else array[:ROWS], adapter._inputs)


def _identity_that_tells(tap: _Tap, tf: Any) -> Callable[..., Any]:
    """A map that gives every batch on as it is, in the moment in which the model asks for it.

    Telling Python of a batch takes some 100 us, so after the first ones only a part of them is told of.
    """
    structure: list[Any] = []

    def tell(number: Any, *arrays: Any) -> int:
        try:
            tap.entered(int(number), list(arrays))
            if not structure[1:]:
                structure.append(True)
                copies = [array[:ROWS].copy() if getattr(array, "ndim", 0) else array for array in arrays]
                tap.remember(tf.nest.pack_sequence_as(structure[0], copies))
        except Exception as error:
            tap._session.failed("following the batches into the model", error)
        return 0

    def identity(number: Any, batch: Any) -> Any:
        if not structure:
            structure.append(tf.nest.map_structure(lambda _: 0, batch))
        told = tf.cond(
            (number < TOLD) | (number % ONE_IN < 2),
            lambda: tf.numpy_function(tell, [number, *tf.nest.flatten(batch)], tf.int64),
            lambda: tf.constant(0, tf.int64),
        )
        with tf.control_dependencies([told]):
            return tf.nest.map_structure(tf.identity, batch)

    return tf.autograph.experimental.do_not_convert(identity)  # type: ignore[no-any-return]


def _follow_single_batches(trainer: type, look: Callable[[Any, Fed], None]) -> None:
    """Look at a model after the first of its `train_on_batch`, `test_on_batch` and `predict_on_batch`."""
    seen: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()

    def around(method: str) -> Callable[..., Any]:
        def on_batch(original: Any, model: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(model, x, *args, **kwargs)
            done = seen.setdefault(model, set())
            if method not in done:
                done.add(method)
                y = args[0] if args else kwargs.get("y")
                look(model, Fed(method, x, None if method == "predict_on_batch" else y, user_place()))
            return result

        return on_batch

    for method in ("train_on_batch", "test_on_batch", "predict_on_batch"):
        _wrap(trainer, method, around(method))
