"""Follows which rows of a long-lived array the batches of a source, as windows of it, have ever reached."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from pitfallcheck.observe.memory import Array
from pitfallcheck.observe.naming import owner_name
from pitfallcheck.observe.record import Record
from pitfallcheck.observe.values import Coverage

MOST_ROWS = 1_000_000
"""Rows of an array up to which it is followed, at one byte each."""
_MOST_ARRAYS = 4


class Reach:
    """The rows of one array that batches, as views of it, have shown.

    `draws` counts the hand-overs, `backward` those whose window began before that of the one before, `on_grid` tells
    that all windows begin a whole number of windows apart: such starts go through the rows, and are not drawn.
    """

    def __init__(self, owner: Callable[[], Any], rows: int, row_bytes: int, low: int) -> None:
        self.owner = owner
        self.name = ""
        self._row_bytes = row_bytes
        self._low = low
        self._reached = np.zeros(rows, np.bool_)
        self._number = self._start = self._first = 0
        self.window = self.draws = self.backward = 0
        self.on_grid = True

    def add(self, record: Record) -> None:
        """Mark the rows in which a record of this array lies."""
        start = (record.low - self._low) // self._row_bytes
        length = record.shape[0]
        self._reached[start : start + length] = True
        if record.number == self._number:
            # Another leaf of the same batch, in the same array: it was drawn together with the first one.
            return
        if not self.draws:
            self.window, self._first = length, start
        self.on_grid = self.on_grid and (start - self._first) % max(1, self.window) == 0
        self.backward += start < self._start
        self.draws += 1
        self._number, self._start = record.number, start

    def coverage(self) -> Coverage:
        """What was reached up to now."""
        left = np.flatnonzero(~self._reached)
        return Coverage(
            name=self.name,
            rows=len(self._reached),
            draws=self.draws,
            window=self.window,
            unreached=len(left),
            first_unreached=int(left[0]) if len(left) else -1,
            last_unreached=int(left[-1]) if len(left) else -1,
            drawn=not self.on_grid and 0.3 < self.backward / self.draws < 0.7,
        )


class Reaches:
    """The arrays behind the batches of one source."""

    def __init__(self) -> None:
        self._known: dict[int, Reach] = {}

    def add(self, record: Record, array: Array, frame: FrameType | None) -> Reach | None:
        """Follow `array`, if it is a window of whole rows, or of some columns of them, of an array that lives on."""
        base = array.base
        if base is None or type(base) is not np.ndarray or not array.ndim or array.ndim != base.ndim:
            return None
        known = self._known.get(record.owner_id)
        if known is None or known.owner() is not base:
            known = self._new(record, base, frame)
            if known is None:
                return None
        if array.strides[0] != base.strides[0]:
            return None
        known.add(record)
        return known

    def _new(self, record: Record, base: Array, frame: FrameType | None) -> Reach | None:
        if len(self._known) >= _MOST_ARRAYS or record.owner is None or not base.flags.c_contiguous:
            return None
        if not 1 < len(base) <= MOST_ROWS or not base.strides[0]:
            return None
        reach = Reach(record.owner, len(base), base.strides[0], base.__array_interface__["data"][0])
        reach.name = owner_name(frame, base)
        self._known[record.owner_id] = reach
        return reach
