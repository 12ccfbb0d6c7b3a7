"""What was observed, as frozen facts: names, shapes and counts of the user's program, never its live objects.

A later event with the same `key` replaces an earlier one, so an event may be sent while its facts still grow. Every
event is made of plain values, and goes to the supervisor as one line of JSON (`observe.wire`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.observe.learning import CallFailed, GradientChecked, PredictionSeen, TrainingSeen
from pitfallcheck.observe.place import Place as Place  # noqa: PLC0414  (given on to all who read events)
from pitfallcheck.observe.values import Values


@dataclass(frozen=True, slots=True)
class Rewrite:
    """How the memory behind one leaf changed after it was handed over.

    `batches` counts the batches whose leaf changed, `compared` those looked at; `first` is the number (from 1)
    of those that changed, of which `rows` of `rows_compared` rows were different. `turns` is how many hand-overs
    later the memory was written: 1 for one buffer, n for a ring of n. `reordered` says that the buffer held the
    very same values in another order. `was` and `became` show one row, or a small leaf whole, before and after.
    Of a consumer's writes, `returned` counts the later hand-overs of memory that still held what it had written, at
    `places` different addresses, and `changed_again` those of them into which it wrote again.
    """

    batches: int
    compared: int
    first: int
    rows: int
    rows_compared: int
    turns: int = 1
    reordered: bool = False
    was: str = ""
    became: str = ""
    returned: int = 0
    changed_again: int = 0
    places: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array position in the batches of a source.

    `name` is the expression the user handed over, or the position (`[0][1]`) where the source does not tell; `owner`
    is the variable that holds the memory of which the leaf is a view, empty where it is the leaf itself. `rows` is the
    length of the first axis, `offset` how many bytes past a 64-byte boundary the first batch's memory began,
    `library` whose array it is. `values` says what it held, where that was counted.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    owner: str = ""
    by_producer: Rewrite | None = None
    by_consumer: Rewrite | None = None
    offset: int = 0
    library: str = "numpy"
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who took the batches.

    `program`: the user's own code; `library`: a framework or package, called `name`; `pitfallcheck`: we pulled them.
    `keeps` says that a batch was still referenced when its successor was made, or that the library is known to take
    batches ahead of their use; `at` is the user's line that consumes. Where it could be followed, `received` batches
    were looked at as they entered the model, and `received_wrong` of them held other values than were handed over
    before their step was done, `wrong_at_entry` from the beginning.
    """

    kind: Literal["program", "library", "pitfallcheck"]
    name: str = ""
    keeps: bool = False
    at: Place | None = None
    received: int = 0
    received_wrong: int = 0
    wrong_at_entry: int = 0


@dataclass(frozen=True, slots=True)
class SourceWatched:
    """A generator, iterator or dataset whose batches were watched; one event for each hand-over line and consumer.

    `passes` is how many objects handed them over: one generator for each epoch, say.
    """

    key: str
    kind: Literal["generator", "iterator", "dataset"]
    at: Place
    batches: int
    leaves: tuple[Leaf, ...]
    consumer: Consumer
    defined: Place | None = None
    passes: int = 1


@dataclass(frozen=True, slots=True)
class DataFed:
    """What a model was given by a call of the user's, such as `fit`, or took in a training loop of the user's.

    `at` is that line, `method` the call's name or `loop`. `made` is where a loader or data set that a framework made
    the batches with was constructed. `source` is the key of the `SourceWatched` the batches came from, where they did:
    a fault of the data is then told there. `shuffled` is whether the framework was asked to shuffle, None if unknown.
    `steps_asked` batches were asked for in all, `steps_had` were there; both 0 where they are not known.
    `expected_inputs` is how many arrays the model takes, where it was given a list of them and that is known, else 0.
    """

    key: str
    at: Place
    method: str
    model: str
    inputs: tuple[Leaf, ...]
    targets: tuple[Leaf, ...] = ()
    weights: tuple[Leaf, ...] = ()
    made: Place | None = None
    source: str = ""
    shuffled: bool | None = None
    steps_asked: int = 0
    steps_had: int = 0
    training: bool = True
    expected_inputs: int = 0


@dataclass(frozen=True, slots=True)
class LoopDrained:
    """A `for` loop at `at` that was begun `times` times over a generator which had already ended: it ran no turn.

    `name` is the expression that was looped over, `defined` where its generator function is defined; `batches` is what
    it had given before it ended, 0 where that is not known.
    """

    key: str
    at: Place
    name: str
    times: int
    defined: Place | None = None
    batches: int = 0


@dataclass(frozen=True, slots=True)
class LossMeasured:
    """The loss in use, asked for a batch and for its samples alone, where target and output differ in rank.

    `target` and `output` are the shapes in that batch, of which `samples` were asked: `batch` is the loss of all of
    them together, `alone` the mean (`reduction` "mean") or sum ("sum") of the losses of each alone, `aligned` the loss
    of all together once the target has the output's shape. `batch_reordered` and `aligned_reordered` are the same with
    the targets in another order than the outputs. `compiled` is where the model was given its loss, `fed` where the
    data was given to it, `handed_over` where the target was yielded under the name `target_name`, `loss_defined` where
    the user wrote the loss; each where known.
    """

    key: str
    loss: str
    target: tuple[int, ...]
    output: tuple[int, ...]
    samples: int
    batch: float
    alone: float
    aligned: float
    batch_reordered: float
    aligned_reordered: float
    reduction: Literal["mean", "sum"] = "mean"
    compiled: Place | None = None
    fed: Place | None = None
    handed_over: Place | None = None
    target_name: str = ""
    loss_defined: Place | None = None

    @property
    def broadcasts(self) -> bool:
        """Whether this loss compares every prediction with every target because an axis is missing.

        Who compares everything with everything does not care which target stands beside which output; who compares
        pairs does. So the loss stays what it is when the targets change places, would not with the target in the
        output's shape, and is another one then. A loss that is meant to compare samples with each other fails one of
        the three, whatever it is: it minds the order, or never does, or does not mind the shape.
        """
        depends = not _close(self.batch, self.aligned)
        return self._minds_order and depends and _same(self.batch, self.batch_reordered)

    @property
    def aligns(self) -> bool:
        """Whether the loss compares pairs, and is the same for both shapes of the target."""
        return self._minds_order and _close(self.batch, self.aligned)

    @property
    def _minds_order(self) -> bool:
        return not _same(self.aligned, self.aligned_reordered)


@dataclass(frozen=True, slots=True)
class LayerRan:
    """The output shape that a layer declares beside the one it returned; an unknown axis of the declaration is None."""

    key: str
    place: Place
    layer: str
    kind: str
    declared: tuple[int | None, ...]
    returned: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NotLooked:
    """Something that was not looked at, named as the user would name it, with the reason in a clause."""

    key: str
    what: str
    why: str


def _close(one: float, other: float) -> bool:
    """Equal as far as a difference would matter."""
    return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-6)


def _same(one: float, other: float) -> bool:
    """Equal but for the order of a float32 sum, which over some hundred samples moves it by about 1e-6."""
    return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-6)


Event = (
    SourceWatched
    | DataFed
    | LoopDrained
    | LossMeasured
    | LayerRan
    | TrainingSeen
    | PredictionSeen
    | GradientChecked
    | CallFailed
    | NotLooked
)
