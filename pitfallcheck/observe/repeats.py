"""Tells batches that are made anew with the same content from one object that is handed over again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np

from pitfallcheck.frameworks import tensors
from pitfallcheck.observe.handover import Path
from pitfallcheck.observe.memory import Array, weakly
from pitfallcheck.observe.naming import spaces_of
from pitfallcheck.observe.values import Values

Leaf = tuple[Path, Any, Array]

ENOUGH = 7
"""Repeats after which the producer's variables are looked through, once, for the array that the batches are made of."""


class Repeats:
    """Counts, for one leaf, the repeated batches that are another object than the one before."""

    __slots__ = ("_before", "_part", "_part_rows", "_whole", "remade")

    def __init__(self) -> None:
        self._before: Callable[[], Any] | None = None
        self.remade = 0
        self._part = self._whole = ""
        self._part_rows = 0

    def add(self, thing: Any, again: bool, frame: FrameType | None, batch: Sequence[Leaf]) -> None:
        """Note the leaf `thing` of a batch, `again` says that its content is that of the batch before."""
        if again and not (self._before is not None and self._before() is thing):
            self.remade += 1
            if self.remade == ENOUGH and frame is not None:
                self._look_around(frame, thing, batch)
        self._before = weakly(thing)

    def told(self, values: Values) -> Values:
        """`values` with what is known of the repeats."""
        if not self.remade:
            return values
        return replace(values, remade=self.remade, part_of=self._part, part_rows=self._part_rows, whole_of=self._whole)

    def _look_around(self, frame: FrameType, thing: Any, batch: Sequence[Leaf]) -> None:
        """Find the array of which `thing` holds some of the rows, or all of them."""
        shape = tuple(thing.shape)
        for name, there, array in _arrays_in_reach(frame):
            if any(array is leaf for _, leaf, _ in batch):
                continue
            if there[1:] == shape:
                # What is handed over is one row of it.
                mine = 1
            elif len(there) == len(shape) and there[1:] == shape[1:]:
                mine = shape[0]
            else:
                continue
            if there[0] > mine:
                self._part, self._part_rows = self._part or name, self._part_rows or there[0]
            elif there[0] == mine:
                self._whole = self._whole or name


def _arrays_in_reach(frame: FrameType) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """Name and shape of the arrays and tensors, of one axis or more, among the variables that a producer's code uses.

    Of the globals, those that it names: the others are its consumer's, who may hold the batch before.
    """
    for prefix, space in spaces_of(frame):
        named = frame.f_code.co_names if "__builtins__" in space else space
        for name in [name for name in named if name in space]:
            value = space[name]
            array = value if isinstance(value, np.ndarray) else tensors.view(value)
            if array is not None and array.ndim and not name.startswith("."):
                yield prefix + name, array.shape, value
