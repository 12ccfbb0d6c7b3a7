"""Attaches to Keras 3: what reaches a model, how it trains, what its layers return, and what it is asked for.

Keras is touched only at methods that it looks up on the way (`keras_hooks`), so no traceback shows a frame of ours.
Checked with Keras 3.15 on TensorFlow, torch and JAX.
"""

from __future__ import annotations

import sys
from types import FrameType, ModuleType, TracebackType
from typing import Any
from weakref import WeakKeyDictionary

from pitfallcheck.frameworks.keras_calls import METHODS, Codes, report_failure
from pitfallcheck.frameworks.keras_hooks import Hooks, locals_of, made_at
from pitfallcheck.frameworks.keras_loss import follow_direct_calls
from pitfallcheck.frameworks.keras_model import Origins
from pitfallcheck.frameworks.keras_tape import follow_tapes
from pitfallcheck.frameworks.keras_watch import Watcher
from pitfallcheck.observe.consumer import home_of, user_place
from pitfallcheck.observe.session import Session

_TRAINERS = {
    "tensorflow": ("TensorFlowTrainer", "TFEpochIterator"),
    "torch": ("TorchTrainer", "TorchEpochIterator"),
    "jax": ("JAXTrainer", "JAXEpochIterator"),
}


def attach(keras: ModuleType, session: Session) -> None:
    """Observe the models of this process."""
    backend = keras.backend.backend()
    if backend not in _TRAINERS:
        session.skip("keras:backend", "Keras models", f"there is nothing to look at on the {backend} backend")
        return
    session.follows_models = True
    origins = Origins(WeakKeyDictionary(), WeakKeyDictionary(), WeakKeyDictionary())
    module = sys.modules[f"keras.src.backend.{backend}.trainer"]
    trainer, iterator = (getattr(module, name) for name in _TRAINERS[backend])
    hooks = Hooks(session)
    codes = _codes(trainer, keras.layers.Layer)
    watcher = Watcher(backend, codes, origins, session)
    _remember_places(hooks, keras, trainer, origins)
    _follow_calls(hooks, module, trainer, watcher, codes)
    _follow_epochs(hooks, keras, iterator, watcher)
    _follow_first_steps(hooks, keras, trainer, watcher)
    _follow_direct_calls(hooks, keras, watcher)
    follow_direct_calls(hooks, session)
    if backend == "tensorflow":
        follow_tapes(hooks, keras, origins, session)

    def failed(error: BaseException, traceback: TracebackType | None, frame: FrameType | None = None) -> None:
        watcher.failed()
        report_failure(error, traceback, frame, codes, watcher.shapes, session)

    def finish() -> None:
        try:
            if (error := getattr(sys, "last_value", None)) is not None:
                # A call whose traceback Keras does not shorten, such as `train_on_batch`.
                failed(error, sys.last_traceback)
            watcher.finish()
        except Exception as error:
            session.failed("the last look at the models", error)

    hooks.on_error(sys.modules["keras.src.utils.traceback_utils"], failed)
    session.at_finish.append(finish)


def _codes(trainer: type, layer: type) -> Codes:
    """The code objects by which frames of Keras's methods are known."""
    import inspect

    methods = {}
    for name in METHODS:
        method = inspect.unwrap(getattr(trainer, name))
        methods[method.__code__] = name
    return Codes(methods, getattr(inspect.unwrap(layer.__call__), "__code__", None))


def _remember_places(hooks: Hooks, keras: ModuleType, trainer: type, origins: Origins) -> None:
    def compiled(model: Any, frame: FrameType) -> None:
        if model is not None and (place := user_place(frame)) is not None:
            origins.compiled[model] = place

    def layer(thing: Any, frame: FrameType) -> None:
        # Keras's models call the constructor through the class, with themselves as an argument.
        thing = thing if thing is not None else _receiver(frame)
        if isinstance(thing, keras.layers.Layer) and thing not in origins.made:
            origins.made[thing] = made_at(thing, frame)

    def optimizer(thing: Any, frame: FrameType) -> None:
        thing = thing if thing is not None else _receiver(frame)
        # One that `compile` makes out of a string has no line of its own.
        if thing is not None and not _within(frame, "compile"):
            origins.optimizers[thing] = made_at(thing, frame)

    hooks.before(trainer, "compile", compiled)
    hooks.before(keras.layers.Layer, "__init__", layer)
    base = sys.modules.get("keras.src.optimizers.base_optimizer")
    hooks.before(getattr(base, "BaseOptimizer", keras.optimizers.Optimizer), "__init__", optimizer)


def _receiver(frame: FrameType) -> Any:
    names = frame.f_code.co_varnames
    return locals_of(frame).get(names[0]) if frame.f_code.co_name == "__init__" and names else None


def _within(frame: FrameType | None, function: str) -> bool:
    """Whether a function of this name of a library runs around a frame, up to the user's innermost line."""
    while frame is not None and home_of(frame.f_code.co_filename) != "user":
        if frame.f_code.co_name == function:
            return True
        frame = frame.f_back
    return False


def _follow_calls(hooks: Hooks, module: ModuleType, trainer: type, watcher: Watcher, codes: Codes) -> None:
    """The beginning of a call that trains or evaluates, and the end of one that gives its logs."""

    def begun(model: Any, frame: FrameType) -> None:
        if model is not None and frame.f_code in codes.methods:
            watcher.begun(model, codes.methods[frame.f_code], locals_of(frame), user_place(frame))

    def predicts(model: Any, frame: FrameType) -> None:
        if model is not None and codes.methods.get(frame.f_code) == "predict_on_batch":
            watcher.begun(model, "predict_on_batch", locals_of(frame), user_place(frame))

    def logged(*_: Any) -> None:
        frame = sys._getframe(2)
        if codes.methods.get(frame.f_code) in ("train_on_batch", "test_on_batch", "evaluate"):
            values = locals_of(frame)
            watcher.over(values["self"], codes.methods[frame.f_code], values)

    hooks.before(trainer, "_assert_compile_called", begun)
    hooks.before(trainer, "make_predict_function", predicts)
    hooks.after(module, "pythonify_logs", logged)


def _follow_epochs(hooks: Hooks, keras: ModuleType, iterator_type: type, watcher: Watcher) -> None:
    """The data behind an epoch, every step of it, where it runs dry, and its end."""
    hooks.before(iterator_type, "_get_iterator", watcher.tap)
    hooks.before(iterator_type, "__next__", lambda iterator, _: watcher.advanced(iterator))
    hooks.before(iterator_type, "_interrupted_warning", lambda iterator, _: watcher.ran_dry(iterator))
    history = keras.callbacks.History
    hooks.after(history, "on_epoch_end", lambda self, epoch, logs=None: watcher.epoch_ends(self.model, logs))
    hooks.after(history, "on_train_end", lambda self, *_: watcher.train_ends(self.model))


def _follow_first_steps(hooks: Hooks, keras: ModuleType, trainer: type, watcher: Watcher) -> None:
    """The moment between the making of the weights and their first change."""

    def about_to_train(model: Any, _: FrameType) -> None:
        if model is not None:
            watcher.about_to_train(model)

    def about_to_step(optimizer: Any, _: FrameType) -> None:
        if optimizer is not None:
            watcher.about_to_step(optimizer)

    hooks.before(trainer, "make_train_function", about_to_train)
    base = sys.modules.get("keras.src.optimizers.base_optimizer")
    hooks.before(getattr(base, "BaseOptimizer", keras.optimizers.Optimizer), "apply_gradients", about_to_step)


def _follow_direct_calls(hooks: Hooks, keras: ModuleType, watcher: Watcher) -> None:
    """A trained model that the user's own line calls."""

    def called(layer: Any, frame: FrameType) -> None:
        if layer is None or not watcher.trained(layer):
            return
        # Keras's error handler stands between the call and the user's line.
        caller = frame.f_back.f_back if frame.f_back is not None else None
        if caller is not None and home_of(caller.f_code.co_filename) == "user":
            values = locals_of(frame)
            if values.get("args") and not values.get("kwargs", {}).get("training"):
                watcher.asked(layer, "call", values["args"][0], user_place(caller))

    hooks.before(keras.layers.Layer, "_check_super_called", called)
