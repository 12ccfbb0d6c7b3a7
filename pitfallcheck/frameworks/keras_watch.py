"""Follows the models of a process from call to call: feeds what enters them to the looks and the counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary, ref

from pitfallcheck.frameworks.keras_calls import Codes, Predictions
from pitfallcheck.frameworks.keras_feed import Feed
from pitfallcheck.frameworks.keras_hooks import locals_of
from pitfallcheck.frameworks.keras_known import Known
from pitfallcheck.frameworks.keras_loss import Fed
from pitfallcheck.frameworks.keras_model import Origins, look_at
from pitfallcheck.frameworks.keras_ranges import Ranges
from pitfallcheck.frameworks.keras_sample import NoSampleError, Shapes, flat
from pitfallcheck.frameworks.keras_tap import handed_on, tapped
from pitfallcheck.frameworks.keras_training import Training, losses_in
from pitfallcheck.observe.consumer import user_place
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.session import Session

_MOST_TRAININGS = 32
"""Models trained at one line of which each is looked at before its first step: a search over settings trains many."""
_FIRST_MEASURE = 32
"""Steps of the program's own loop after which gradients and error are measured, and again whenever they double."""


class Watcher:
    """Takes what the hooks tell. `shapes` are those of the batch that entered a model last, by their role."""

    def __init__(self, backend: str, codes: Codes, origins: Origins, session: Session) -> None:
        self.shapes: dict[str, Shapes] = {}
        self._backend = backend
        self._codes = codes
        self._origins = origins
        self._session = session
        self._known: WeakKeyDictionary[Any, Known] = WeakKeyDictionary()
        self._numbers = count()
        self._trainings: list[Training] = []
        self._training_model: Callable[[], Any] = _nothing
        self._predictions = Predictions(session)
        self._later: list[tuple[Callable[[], Any], Fed]] = []
        self._feeds_later: list[Feed] = []

    def begun(self, model: Any, method: str, given: dict[str, Any], place: Place | None) -> None:
        """A method of a model was called with these arguments."""
        self._look_later()
        self.shapes.clear()
        known = self._of(model)
        if method in ("fit", "train_on_batch"):
            known.training = self._training_of(model, known, place)
            known.trained_at = place
            self._training_model = ref(model)
            if method == "fit":
                known.call = {name: value for name, value in given.items() if isinstance(value, int | type(None))}
                known.feed = None
                known.taken_before = _iterations(model)
            known.training.remember_start(model)
        if method.endswith("_on_batch"):
            self._one_batch(model, known, method, given, place)

    def over(self, model: Any, method: str, values: dict[str, Any]) -> None:
        """A method that gives logs is over."""
        self._look_later()
        known = self._known.get(model)
        if known is None or method != "train_on_batch" or known.training is None:
            return
        training = known.training
        training.went(losses_in(values.get("logs")))
        training.steps += 1
        if known.feed is not None and not training.looked and known.feed.ready:
            self._look_ahead(model, training, known.feed)
        elif training.looked and training.steps >= _FIRST_MEASURE and not training.steps & (training.steps - 1):
            self._measure(model, training, finished=False)

    def tap(self, iterator: Any, frame: FrameType) -> Callable[..., Any] | None:
        """An epoch iterator asks for its data: where the model's own call does, follow them into it."""
        if iterator is None:
            return None
        feed = getattr(iterator, "pitfallcheck_feed", None)
        outer = self._codes.around(frame)
        if outer is None or _builds(frame):
            return None
        if feed is None:
            feed = self._feed(iterator, outer)
            iterator.pitfallcheck_feed = feed
            if feed is not None and not feed.whole and self._backend == "tensorflow":
                tapped(iterator, feed, self._session)
        if feed is None or feed.whole or self._backend == "tensorflow":
            return None
        return lambda: handed_on(type(iterator)._get_iterator(iterator), feed, self._session)

    def advanced(self, iterator: Any) -> None:
        """A step is about to begin: the one before it is over, and its model can be looked at."""
        # Made within the first of these calls, which begins the first step: now that one is over.
        feed: Feed | None = getattr(iterator, "pitfallcheck_feed", None)
        model = feed.model() if feed is not None else None
        if feed is None or model is None or self._backend == "jax":
            # JAX's trainer keeps the weights to itself until the epoch is over.
            return
        self._look(model, feed)
        training = self._known[model].training if model in self._known else None
        if feed.method == "fit" and training is not None and not training.looked and feed.ready and training.steps:
            self._look_ahead(model, training, feed)

    def ran_dry(self, iterator: Any) -> None:
        """An epoch ended for want of data."""
        feed = getattr(iterator, "pitfallcheck_feed", None)
        if feed is not None:
            feed.dry += 1

    def epoch_ends(self, model: Any, logs: Any) -> None:
        """An epoch of `fit` is over."""
        known = self._known.get(model)
        if known is None or known.training is None:
            return
        training, feed = known.training, known.feed
        training.went(losses_in(logs))
        if feed is not None:
            taken = _iterations(model) - known.taken_before
            if self._backend == "tensorflow":
                # The step for which there was no batch has counted itself before it failed.
                taken -= feed.dry
            known.count_steps(taken)
            self._look(model, feed)
            if not training.looked:
                self._look_ahead(model, training, feed)
            feed.emit()
            known.ranges.join(feed.ranges)
            feed.ranges = Ranges()
        training.epoch_over(model)
        self._session.deliver()

    def train_ends(self, model: Any) -> None:
        """`fit` is over."""
        known = self._known.get(model)
        if known is not None and known.training is not None:
            self._measure(model, known.training, finished=True)
            if known.feed is not None:
                known.feed.running = False

    def about_to_train(self, model: Any) -> None:
        """The weights are made, on the backends that make them before the first step."""
        known = self._known.get(model)
        if known is not None and known.training is not None and self._backend != "tensorflow":
            known.training.remember_start(model)

    def about_to_step(self, optimizer: Any) -> None:
        """The weights are made, and the first step will change them: TensorFlow makes them when it traces that one."""
        model = self._training_model()
        known = self._known.get(model) if model is not None else None
        if known is None or known.training is None or known.training.start is not None:
            return
        if self._backend == "tensorflow" and getattr(model, "optimizer", None) is optimizer:
            with sys.modules["tensorflow"].init_scope():
                known.training.remember_start(model)

    def trained(self, model: Any) -> bool:
        """Whether a model was trained, so that what it is asked about can be compared."""
        known = self._known.get(model) if self._known else None
        return known is not None and known.ranges.low is not None

    def asked(self, model: Any, method: str, x: Any, place: Place | None) -> None:
        """The user's line asks a trained model for predictions for `x`."""
        known = self._known.get(model)
        if known is None or place is None or known.ranges.low is None or not known.ranges.known:
            return
        known.asked_at[method, place] = model.name
        self._predictions.at(known.number, method, place, known.ranges).add(flat(x))
        self._tell_asked(known)

    def failed(self) -> None:
        """A call failed: what it was to be looked at with does not fit the model."""
        self._later.clear()
        self._feeds_later.clear()

    def finish(self) -> None:
        """The program is over: tell what is still open."""
        self._look_later()
        for model, known in list(self._known.items()):
            self._tell_asked(known)
            if known.feed is not None:
                known.feed.emit()
            training = known.training
            if training is not None and not training.seen.finished and training.measured_at < training.steps:
                self._measure(model, training, finished=not hasattr(sys, "last_value"))
        for training in self._trainings:
            training.foresee_again()
            training.emit()

    def _tell_asked(self, known: Known) -> None:
        for (method, place), name in known.asked_at.items():
            self._predictions.emit(known.number, name, method, place, known.ranges, known.trained_at)

    def _of(self, model: Any) -> Known:
        known = self._known.get(model)
        if known is None:
            known = self._known[model] = Known(next(self._numbers))
        return known

    def _training_of(self, model: Any, known: Known, place: Place | None) -> Training:
        """The training of a model with the optimizer that it has now."""
        optimizer = getattr(model, "optimizer", None)
        training = known.training_with(optimizer)
        if training is not None:
            return training
        key = f"training:keras:{len(self._trainings)}"
        training = Training(key, model, place, self._backend, self._origins, self._session)
        self._trainings.append(training)
        known.trainings.append((ref(optimizer) if optimizer is not None else _nothing, training))
        if sum(one.seen.at == place for one in self._trainings) > _MOST_TRAININGS and place is not None:
            training.looked = True
            what = f"the models trained in line {place.line} before their first step"
            self._session.skip(f"ahead:{place.path}:{place.line}", what, f"only the first {_MOST_TRAININGS} were")
        return training

    def _feed(self, iterator: Any, outer: FrameType) -> Feed | None:
        """What the call in whose frame an iterator was made gives its model."""
        model = locals_of(outer).get("self")
        method = self._codes.methods[outer.f_code]
        if model is None:
            return None
        place = user_place(outer)
        known = self._of(model)
        validates = method == "fit" and known.feed is not None and known.feed.running
        if validates:
            method = "evaluate"
        feed = Feed(model, known.number, method, place, self._session, self.shapes, self._backend == "tensorflow")
        compared = known.ranges.known and known.ranges.low is not None
        if method in ("predict", "evaluate") and not validates and place is not None and compared:
            feed.asked = self._predictions.at(known.number, method, place, known.ranges)
            known.asked_at[method, place] = model.name
        adapter = iterator.data_adapter
        if type(adapter).__name__ == "ArrayDataAdapter":
            feed.give_arrays(adapter._inputs, adapter._batch_size, bool(adapter._shuffle))
        if method == "fit":
            known.feed = feed
            feed.running = True
            known.ask_for_steps(iterator)
        self._tell_asked(known)
        feed.emit()
        if self._backend == "jax":
            self._feeds_later.append(feed)
        return feed

    def _one_batch(self, model: Any, known: Known, method: str, given: dict[str, Any], place: Place | None) -> None:
        feed = known.feed
        if feed is None or feed.method != method or feed.place != place:
            feed = Feed(model, known.number, method, place, self._session, self.shapes, False)
            if method == "train_on_batch":
                known.feed = feed
        feed.entered((given.get("x"), given.get("y"), given.get("sample_weight")))
        if method == "train_on_batch":
            if known.training is not None:
                known.training.batch = known.training.batch or feed.batch
            known.ranges = feed.ranges
        elif place is not None and known.ranges.low is not None:
            self.asked(model, method, given.get("x"), place)
        if method not in known.done and feed.first is not None:
            known.done.add(method)
            self._later.append((ref(model), feed.take()))

    def _look(self, model: Any, feed: Feed) -> None:
        """Look at a model's layers and loss once for each way it is used."""
        known = self._of(model)
        if feed.method not in known.done and feed.first is not None:
            known.done.add(feed.method)
            self._look_at(model, feed.take())

    def _look_later(self) -> None:
        later, self._later = self._later, []
        feeds, self._feeds_later = self._feeds_later, []
        for of, fed in later:
            model = of()
            if model is not None:
                self._look_at(model, fed)
        for feed in feeds:
            model = feed.model()
            if model is not None:
                self._look(model, feed)

    def _look_at(self, model: Any, fed: Fed) -> None:
        try:
            look_at(model, fed, self._origins, self._session)
        except Exception as error:
            self._session.failed(f"looking at the model `{model.name}`", error)
        self._session.deliver()

    def _measure(self, model: Any, training: Training, *, finished: bool) -> None:
        try:
            training.ended(model, finished=finished)
        except Exception as error:
            self._session.failed(f"measuring the gradients of `{model.name}`", error)

    def _look_ahead(self, model: Any, training: Training, feed: Feed) -> None:
        training.batch = training.batch or feed.batch
        try:
            training.look(model, feed.sample())
        except NoSampleError as error:
            training.looked = True
            training.skip(str(error))
        except Exception as error:
            training.looked = True
            self._session.failed(f"looking ahead at the training of `{model.name}`", error)
        self._session.deliver()


def _nothing() -> None:
    """What a weak reference to no optimizer gives."""


def _iterations(model: Any) -> int:
    try:
        return int(model.optimizer.iterations)
    except Exception:
        # No optimizer, or one that counts otherwise.
        return 0


def _builds(frame: FrameType | None) -> bool:
    """Whether a batch is only asked for to build the model with."""
    for _ in range(8):
        if frame is None:
            return False
        if frame.f_code.co_name == "_symbolic_build":
            return True
        frame = frame.f_back
    return False
