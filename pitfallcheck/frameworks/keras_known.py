"""What is known of one Keras model: its trainings, what it was fed, and what it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pitfallcheck.frameworks.keras_feed import Feed
from pitfallcheck.frameworks.keras_ranges import Ranges
from pitfallcheck.frameworks.keras_training import Training
from pitfallcheck.observe.events import Place


class Known:
    """Model `number` of the process.

    `training` and `feed` are those of the call that trains it now or did last, `call` its arguments that are numbers;
    `taken_before` is how many steps the optimizer had taken before it. `done` are the ways of use that it was looked
    at in, `ranges` those of the inputs it was trained on, and `asked_at` the calls that asked it for predictions.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.trainings: list[tuple[Callable[[], Any], Training]] = []
        self.training: Training | None = None
        self.feed: Feed | None = None
        self.call: dict[str, Any] = {}
        self.done: set[str] = set()
        self.ranges = Ranges()
        self.asked_at: dict[tuple[str, Place], str] = {}
        self.trained_at: Place | None = None
        self.taken_before = 0
        self._steps_before = 0

    def training_with(self, optimizer: Any) -> Training | None:
        """The training with this optimizer object, if there is one; another one begins another training."""
        return next((training for of, training in self.trainings if of() is optimizer), None)

    def ask_for_steps(self, iterator: Any) -> None:
        """`fit` begins: note how many steps it asks for, as far as its epoch iterator knows."""
        training, feed = self.training, self.feed
        if training is None or feed is None:
            return
        epochs = (self.call.get("epochs") or 1) - (self.call.get("initial_epoch") or 0)
        each = iterator.steps_per_epoch or iterator._num_batches or 0
        self._steps_before = training.steps
        feed.epochs, feed.steps_asked = epochs, epochs * each
        training.steps += epochs * each
        training.batch = training.batch or feed.batch

    def count_steps(self, taken: int) -> None:
        """An epoch is over, `taken` steps in: now it is known how many a source without a length has."""
        training, feed = self.training, self.feed
        if training is None or feed is None:
            return
        if not feed.steps_asked and taken:
            feed.steps_asked = taken * feed.epochs
            training.steps = self._steps_before + feed.steps_asked
        feed.steps_had = taken if feed.dry else feed.steps_asked
