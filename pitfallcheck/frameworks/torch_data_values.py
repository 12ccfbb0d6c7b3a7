"""Keeps what the tensors at one position of the training batches held, for some microseconds a batch."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.observe.statistics import MOST_RANGES, Statistics
from pitfallcheck.observe.values import NonFinite, Values

EACH, ONE_IN = 24, 58
"""Batches of which each is counted whole, and of those after them one in so many."""
RANGED, ROWS, RANGED_AT_MOST, RANGED_ONE_IN = 64, 4096, 512, 29
"""Batches whose ranges are followed: each of the first ones, until there were so many of them and so many rows, but not
more than the third number. After them one in so many is looked at at all, a prime, so that epochs do not fall into
step with it."""
FEATURES = 256
_SMALL = 4096
"""Values of a batch up to which it is copied, to be looked at with others in one go."""
_TOGETHER, _VALUES_TOGETHER = 64, 1 << 16

Array = NDArray[Any]


class Position:
    """The tensors at one position, in their order. Only those of the CPU are looked into."""

    def __init__(self, name: str, tensor: Any) -> None:
        self.name = name
        self.shape = tuple(int(length) for length in tensor.shape)
        self.dtype = str(tensor.dtype).removeprefix("torch.")
        self.readable = tensor.device.type == "cpu"
        self._statistics = Statistics()
        self._counted: list[int] = []
        self._ranges = Ranges()
        self._last: Callable[[], Any] = lambda: None
        self._version = -1

    def begin(self) -> None:
        """A new pass over the data begins."""
        self._statistics.begin()

    def add(self, tensor: Any, number: int, *, whole: bool = False) -> None:
        """Count the tensor of batch `number`; `whole` asks to look at all of it, whatever the number."""
        count = number <= EACH or number % ONE_IN == 0 or whole
        if not count and number % RANGED_ONE_IN and self.settled(number):
            return
        if not self.readable or self._is_last(tensor):
            return
        try:
            array = (tensor.detach() if self.dtype != "bfloat16" else tensor.detach().float()).numpy()
        except (TypeError, RuntimeError):
            # A type that NumPy has no word for, a sparse tensor, or one of a functorch transform.
            self.readable = False
            return
        self._ranges.add(array, number)
        if count:
            if number > EACH:
                # What lies between was not compared.
                self._statistics.begin()
            self._counted.append(number)
            self._statistics.add(array)

    def settled(self, number: int) -> bool:
        """Whether only one batch in `RANGED_ONE_IN` is looked at from batch `number` on."""
        if not self.readable or number > RANGED_AT_MOST:
            return True
        return number > RANGED and self._ranges.rows > ROWS

    def _is_last(self, tensor: Any) -> bool:
        """Whether this is the tensor of the batch before, unchanged, as where every step takes all the data."""
        whole = tensor if tensor._base is None or tensor.shape != tensor._base.shape else tensor._base
        try:
            version = whole._version
        except RuntimeError:
            return False
        if self._last() is whole and self._version == version:
            return True
        self._last, self._version = weakref.ref(whole), version
        return False

    def values(self) -> Values:
        """What was counted up to now."""
        seen = self._statistics.values()
        low, high = self.ranges()
        bad = seen.nonfinite
        if bad is not None:
            bad = replace(bad, first_batch=self._counted[bad.first_batch - 1])
        # Its ranges are those of the batches looked at; these are of nearly all.
        own = self._ranges.nonfinite
        if low is None or high is None:
            return replace(seen, nonfinite=own or bad)
        few = len(low) <= MOST_RANGES
        return replace(
            seen,
            minima=tuple(low.tolist()) if few else (),
            maxima=tuple(high.tolist()) if few else (),
            constant=tuple(feature for feature in seen.constant if low[feature] == high[feature]),
            nonfinite=own or bad,
        )

    def ranges(self) -> tuple[Array | None, Array | None]:
        """The least and the largest value of each feature over all batches, (features,); None where not known."""
        self._ranges.flush()
        return self._ranges.low, self._ranges.high

    @property
    def samples(self) -> int:
        """Rows of all batches."""
        return self._ranges.rows


class Ranges:
    """The range of each feature, and the first value that is not finite. A row is what lies behind the first axis."""

    def __init__(self) -> None:
        self.low: Array | None = None
        self.high: Array | None = None
        self.rows = 0
        self.nonfinite: NonFinite | None = None
        self._bad = 0
        self._width = -1
        self._held: list[tuple[int, Array]] = []
        self._size = 0

    def add(self, array: Array, number: int) -> None:
        """Count the array of batch `number`, (N, ...) or a scalar; integers have no range worth following."""
        if array.dtype.kind != "f" or not array.size:
            return
        width = array.size // len(array) if array.ndim else 1
        if width > FEATURES or width != self._width != -1:
            self._width, self.low, self.high = 0, None, None
            self._held.clear()
            return
        self._width = width
        self.rows += array.size // width
        if array.size <= _SMALL:
            self._held.append((number, array.copy()))
            self._size += array.size
            if len(self._held) >= _TOGETHER or self._size >= _VALUES_TOGETHER:
                self.flush()
        else:
            self._count([(number, array)])

    def flush(self) -> None:
        """Count what is held."""
        if self._held:
            held, self._held, self._size = self._held, [], 0
            self._count(held)

    def _count(self, held: list[tuple[int, Array]]) -> None:
        rows = [array.reshape(-1, self._width) for _, array in held]
        table = rows[0] if len(rows) == 1 else np.concatenate(rows)
        low, high = table.min(axis=0), table.max(axis=0)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            self._find(held)
            table = np.where(np.isfinite(table), table, np.nan)
            with np.errstate(all="ignore"):
                low = np.fmin.reduce(table, axis=0)
                high = np.fmax.reduce(table, axis=0)
        self.low = low if self.low is None else np.fmin(self.low, low)
        self.high = high if self.high is None else np.fmax(self.high, high)

    def _find(self, held: list[tuple[int, Array]]) -> None:
        for number, array in held:
            bad = ~np.isfinite(array)
            count = int(np.count_nonzero(bad))
            if count:
                self._bad += 1
                first = self.nonfinite or NonFinite(1, number, count, _first(bad), _text(array[_first(bad)]))
                self.nonfinite = replace(first, batches=self._bad)


def _first(bad: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))


def _text(value: Any) -> str:
    return "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
