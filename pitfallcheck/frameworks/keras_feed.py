"""What one call of `fit`, `evaluate` or `predict` gives a model: whole arrays, or the batches as they enter it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.frameworks.keras_calls import inputs_of
from pitfallcheck.frameworks.keras_loss import Fed
from pitfallcheck.frameworks.keras_ranges import Asked, Ranges
from pitfallcheck.frameworks.keras_sample import (
    NoSampleError,
    Sample,
    Shapes,
    flat,
    kept,
    mapped,
    of_arrays,
    of_batches,
    plain,
    rows_of,
    shapes_of,
    unpacked,
)
from pitfallcheck.observe.events import DataFed, Leaf, Place, SourceWatched
from pitfallcheck.observe.memory import sample, sample_plan
from pitfallcheck.observe.naming import leaf_name, tree_of
from pitfallcheck.observe.session import Ledger, Session, Signature, signature_and_digest
from pitfallcheck.observe.statistics import MOST_FEATURES, MOST_RANGES, Statistics

ROWS = 64
"""Samples of the first batch that the model's layers and loss are looked at with."""
_BATCHES = 8
"""Batches that a training is foreseen with, unless fewer hold enough samples."""
_ALL_RANGES = 256
"""Batches of which each one's range is looked at."""
_EXACT = 256 << 20
"""Bytes of a whole array up to which every value of it is counted."""
_ROLES = ("x", "y", "sample_weight")


class Feed:
    """One call that feeds model `number`, and how far it has come.

    `shapes` is given those of every batch, by role. `follows` says that batches are compared with those handed over,
    as their memory may change on the way. `dry` counts the epochs that ended for want of data, `running` that `fit` has
    begun and not returned.
    """

    def __init__(
        self,
        model: Any,
        number: int,
        method: str,
        place: Place | None,
        session: Session,
        shapes: dict[str, Shapes],
        follows: bool,
    ) -> None:
        self.model = ref(model)
        self.method = method
        self.place = place
        self.model_name = model.name
        self.first: Any = None
        self.batch = 0
        self.source = ""
        self.shuffled: bool | None = None
        self.whole = False
        self.dry = 0
        self.running = False
        self.epochs = 1
        self.steps_asked = self.steps_had = 0
        self._expected = 0
        self._looked_for = False
        self._entered = 0
        self.ranges = Ranges()
        self.asked: Asked | None = None
        self._key = f"fed:keras:{number}:{method}:{place.path}:{place.line}" if place is not None else ""
        self._session = session
        self._shapes = shapes
        self._follows = follows
        self._arrays: Any = None
        self._batches: list[Any] = []
        self._gathers = method in ("fit", "train_on_batch")
        self._counts: tuple[list[Statistics], ...] = ([], [], [])
        self._exact: dict[tuple[int, int], dict[str, Any]] = {}
        self._leaves: tuple[list[Leaf], ...] = ([], [], [])
        self._names = _arguments(place, method)
        self._before: tuple[int, Ledger, int, list[Any]] | None = None

    def give_arrays(self, data: Any, batch: int, shuffled: bool) -> None:
        """The call was given whole arrays, and cuts them into batches."""
        self.whole = True
        self.shuffled = shuffled
        self._arrays = data
        self.first = mapped(lambda array: array[:ROWS], data)
        x, y, weights = unpacked(data)
        self._note_inputs(x)
        self.batch = min(batch, rows_of(x)) or batch
        for role, nest in enumerate((x, y, weights)):
            for position, array in enumerate(flat(nest)):
                self._count(role, position, array, whole=True)
        self._follow_ranges(x)

    def entered(self, batch: Any, *, arrays: list[Any] | None = None, number: int = -1) -> None:
        """A batch enters the model: a nest of tensors or arrays, which may be another's memory."""
        if arrays is not None and self._follows:
            self._compare(number, arrays)
        x, y, weights = unpacked(batch)
        self._shapes |= {"x": shapes_of(x), "y": shapes_of(y)}
        if not self.batch:
            self.batch = rows_of(x)
        self._note_inputs(x)
        if not self.source and not self._looked_for:
            self._looked_for = True
            self._find_source(x, y, weights)
        for role, nest in enumerate((x, y, weights)):
            for position, array in enumerate(flat(nest)):
                self._count(role, position, array, whole=False)
        self._follow_ranges(x)
        if self.first is None:
            self.first = mapped(lambda array: _copy(array[:ROWS]), batch)
            self.emit()
        if self._gathers and len(self._batches) < _BATCHES and not kept(self._batches):
            self._batches.append(mapped(_copy, batch))

    @property
    def ready(self) -> bool:
        """Whether so much of the data was seen that waiting for more would add little."""
        return self.whole or len(self._batches) >= _BATCHES or kept(self._batches)

    def sample(self) -> Sample:
        """Samples of what was given up to now; they are let go of here. Raises NoSampleError."""
        arrays, self._arrays, batches, self._batches = self._arrays, None, self._batches, []
        self._gathers = False
        if arrays is not None:
            return of_arrays(arrays)
        if not batches:
            raise NoSampleError("no batch of it was seen")
        return of_batches(batches)

    def take(self) -> Fed:
        """The first samples as the model received them, once."""
        batch, self.first = self.first, None
        x, y, _ = unpacked(batch)
        return Fed(self.method, x, None if self.method == "predict" else y, self.place)

    def emit(self) -> None:
        """Tell what was given up to now."""
        if self.place is None:
            return
        inputs, targets, weights = (
            tuple(
                replace(leaf, values=replace(counts.values(), **self._exact.get((role, position), {})))
                for position, (leaf, counts) in enumerate(zip(self._leaves[role], self._counts[role], strict=True))
            )
            for role in range(len(_ROLES))
        )
        self._session.emit(
            DataFed(
                key=self._key,
                at=self.place,
                method=self.method,
                model=self.model_name,
                inputs=inputs,
                targets=targets,
                weights=weights,
                source=self.source,
                shuffled=self.shuffled,
                steps_asked=self.steps_asked,
                steps_had=self.steps_had,
                training=self._trains,
                expected_inputs=self._expected if len(inputs) > 1 else 0,
            )
        )

    @property
    def _trains(self) -> bool:
        return self.method in ("fit", "train_on_batch")

    def _note_inputs(self, x: Any) -> None:
        """How many arrays a `Sequential` takes that is given a list: it drops the rest, where other models raise."""
        model = self.model()
        if isinstance(x, list | tuple) and model is not None and hasattr(model, "_functional") and not self._expected:
            self._expected = inputs_of(model)

    def _follow_ranges(self, x: Any) -> None:
        if self.asked is not None:
            self.asked.add(flat(x))
        elif self._trains and self._widens():
            self.ranges.add(flat(x))

    def _widens(self) -> bool:
        """Whether the ranges are widened by this batch: by all at first, then by one in eight."""
        self._entered += 1
        return self._entered <= _ALL_RANGES or self._entered % 8 == 0

    def _count(self, role: int, position: int, given: Any, *, whole: bool) -> None:
        try:
            array = plain(given)
        except NoSampleError:
            if not isinstance(given, np.ndarray):
                return
            array = given
        leaves, counts = self._leaves[role], self._counts[role]
        if position == len(leaves):
            shape, dtype = tuple(int(axis) for axis in array.shape), str(array.dtype)
            home = type(given).__module__.partition(".")[0]
            leaves.append(Leaf(self._name(role, position), shape, dtype, library=home or "numpy"))
            counts.append(Statistics())
        if position < len(counts):
            cuts = [array]
            if whole and self.shuffled is False and self.batch:
                cuts = [array[at : at + self.batch] for at in range(0, len(array), self.batch)]
            for cut in cuts:
                counts[position].add(cut)
            if whole:
                self._exact[role, position] = _ranges(array)

    def _name(self, role: int, position: int) -> str:
        expression = self._names.get(_ROLES[role]) if self.whole or self.method.endswith("_on_batch") else None
        if isinstance(expression, ast.Tuple | ast.List | ast.Dict):
            return leaf_name(expression, (position,))
        if expression is None:
            return _ROLES[role] if not position else f"{_ROLES[role]}[{position}]"
        return ast.unparse(expression) if not position else f"{ast.unparse(expression)}[{position}]"

    def _find_source(self, *roles: Any) -> None:
        """The generator that handed such shapes over; their types may change on the way."""
        shapes = sorted(shape for nest in roles for shape in shapes_of(nest))
        if self.method.endswith("_on_batch"):
            # The program took the batch itself, so there is no ledger of what was handed to a framework.
            for event in self._session.events():
                if isinstance(event, SourceWatched) and sorted(leaf.shape for leaf in event.leaves) == shapes:
                    self.source = event.key if event.consumer.kind == "program" else self.source
            return
        for signature, ledger in self._session.ledgers.items():
            if sorted(shape for shape, _ in signature) == shapes:
                self.source = ledger.source

    def _compare(self, number: int, arrays: list[Any]) -> None:
        """Batch `number` enters the model, and the step of the one before it is done."""
        before, self._before = self._before, None
        if before is not None and before[0] == number - 1:
            _, entered_in, was, held = before
            if _digest(held)[1] != was:
                entered_in.changed_meanwhile(was)
        signature, digest = _digest(arrays)
        ledger = self._session.ledgers.get(signature)
        if ledger is not None:
            in_place = ledger.enter(digest, [array.__array_interface__["data"][0] for array in arrays])
            # Only what lies in the program's own memory can change, and costs no memory to keep for one step.
            self._before = (number, ledger, digest, arrays) if in_place else None


def _copy(array: Any) -> Any:
    return array.copy() if isinstance(array, np.ndarray) else np.array(plain(array))


def _digest(arrays: list[Any]) -> tuple[Signature, int]:
    return signature_and_digest(
        (array.shape, array.dtype.str, sample(array, sample_plan(array.shape, array.itemsize))) for array in arrays
    )


def _ranges(array: NDArray[Any]) -> dict[str, Any]:
    """What `Statistics` tells of evenly spaced rows of a large array, of all of them."""
    if array.dtype.kind not in "fiu" or not array.size or array.nbytes > _EXACT:
        return {}
    rows = array.reshape(len(array), -1)
    low, high = rows.min(axis=0), rows.max(axis=0)
    found: dict[str, Any] = {"samples": len(array)}
    if rows.shape[1] <= MOST_FEATURES and np.isfinite(low).all() and np.isfinite(high).all():
        found["constant"] = tuple(int(feature) for feature in np.flatnonzero(low == high))
        if rows.shape[1] <= MOST_RANGES:
            found |= {"minima": tuple(map(float, low)), "maxima": tuple(map(float, high))}
    return found


def _arguments(place: Place | None, method: str) -> Mapping[str, ast.expr]:
    """What stands for inputs, targets and weights in the call of `method` on a line of the user's."""
    if place is None or (tree := tree_of(place.path)) is None:
        return {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != method:
            continue
        if node.lineno <= place.line <= (node.end_lineno or node.lineno):
            by_name = {word.arg: word.value for word in node.keywords if word.arg is not None and word.arg in _ROLES}
            in_order = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
            return {**dict(zip(_ROLES[:2], in_order, strict=False)), **by_name}
    return {}
