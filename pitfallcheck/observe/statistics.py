"""Counts what the arrays at one position of the batches hold: ranges, repeats, NaN, and how far batch means spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from pitfallcheck.observe.memory import Array, sample, sample_plan
from pitfallcheck.observe.values import NonFinite, Values

ALL_OF = 64
"""Batches of which each is looked at whole; after them only one in `ONE_IN` is, a prime, so that epochs do not fall
into step with it. Repeats and NaN are looked for in every batch."""
ONE_IN = 17
MOST_ELEMENTS, FEWER = 16384, 4096
"""Values of one batch that are counted; of a larger one, as many evenly spaced rows as hold so many, and the second
number of values where it has more than `WHOLE` bytes: memory that is far apart takes its time."""
MOST_FEATURES = 1024
"""Values of one row up to which each is followed on its own; ranges are told of up to `MOST_RANGES`."""
MOST_RANGES = 64
WHOLE = 1024 * 1024
"""Bytes up to which all of a batch is searched for NaN and infinity; of a larger one, evenly spaced values are."""
_ORDER_CHECKED = 16
_MOST_DIGESTS = 256


class Statistics:
    """The counts over one array position; `add` each batch's array, and ask for the `values` at any time.

    Any array will do: what is not made of real numbers is only compared with the batches before it, and of objects
    only the number of batches is known. Nothing is kept of an array but numbers.
    """

    def __init__(self) -> None:
        self._handed_over = self._looked = self._rows = 0
        self._repeated = 0
        self._last: bytes | None = None
        self._digests: set[int] = set()
        self._nonfinite: NonFinite | None = None
        self._nonfinite_batches = 0
        self._features: _Features | None = None
        self._width = -1

    def begin(self) -> None:
        """A new pass begins: its first batch is not compared with the last one of the pass before."""
        self._last = None

    def add(self, array: Array, held: bytes | None = None) -> bool:
        """Count the array of one more batch, (rows, ...) of any dtype; `held` is a sample of its bytes, if at hand.

        Returns whether it repeats the batch before.
        """
        number = self._handed_over = self._handed_over + 1
        if held is None:
            held = sample(array, sample_plan(array.shape, array.itemsize))
        comparable = not array.dtype.hasobject and array.size > 0
        repeats = comparable and held == self._last
        if comparable:
            self._repeated += repeats
            self._last = held
        look = number <= ALL_OF or number % ONE_IN == 0
        new = look and comparable and self._is_new(held)
        with np.errstate(all="ignore"):
            finite = self._finite(array)
            if look:
                self._look(array, new=new, finite=finite)
        return repeats

    def values(self) -> Values:
        """What was counted up to now."""
        seen = self._features
        minima, maxima, constant = seen.ranges() if seen is not None else ((), (), ())
        with np.errstate(all="ignore"):
            spread, batches, ascending = seen.spread() if seen is not None else (0.0, 0, 0.0)
        return Values(
            batches=self._looked,
            samples=self._rows,
            features=max(0, self._width),
            minima=minima,
            maxima=maxima,
            constant=constant,
            nonfinite=self._nonfinite_so_far(),
            distinct=len(self._digests),
            repeated_pairs=self._repeated,
            batch_means_spread=spread,
            spread_batches=batches,
            sorted_inside=ascending,
            handed_over=self._handed_over,
        )

    def _is_new(self, held: bytes) -> bool:
        digest = hash(held)
        if digest in self._digests or len(self._digests) >= _MOST_DIGESTS:
            return False
        self._digests.add(digest)
        return True

    def _finite(self, array: Array) -> bool:
        """Whether no NaN or infinity was found in `array`; the first that is found is noted."""
        if array.dtype.kind not in "fc" or not array.size:
            return True
        steps = None if array.nbytes <= WHOLE else sample_plan(array.shape, array.itemsize)
        part = array if steps is None else array[steps]
        # A sum is finite only if all of its terms are; it can overflow where they are, which the second look tells.
        total = part.sum(dtype=np.float32 if array.dtype == np.float16 else None)
        if np.isfinite(total):
            return True
        bad = ~np.isfinite(part)
        count = int(np.count_nonzero(bad))
        if not count:
            return True
        self._nonfinite_batches += 1
        if self._nonfinite is None:
            at = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
            index = at if steps is None else tuple(i * s.step for i, s in zip(at, steps, strict=True))
            self._nonfinite = NonFinite(1, self._handed_over, count, index, _as_text(part[at]))
        return False

    def _nonfinite_so_far(self) -> NonFinite | None:
        first = self._nonfinite
        if first is None:
            return None
        return NonFinite(self._nonfinite_batches, first.first_batch, first.count, first.index, first.value)

    def _look(self, array: Array, *, new: bool, finite: bool) -> None:
        self._looked += 1
        length = array.shape[0] if array.ndim else 1
        width = array.size // length if length else 0
        if self._width == -1 and width:
            self._width = width
            if array.dtype.kind in "fiub" and width <= MOST_FEATURES:
                self._features = _Features(width)
        if width != self._width:
            # Rows of differing lengths have no features that could be followed.
            self._width, self._features = (0, None) if width else (self._width, self._features)
            return
        step = -(-array.size // (MOST_ELEMENTS if array.nbytes <= WHOLE else FEWER))
        part = array[:: min(step, length)] if array.ndim else array
        rows = part.size // width
        self._rows += rows
        if self._features is not None and finite:
            columns = np.array(part.reshape(rows, width).T, np.float64, order="C")
            self._features.add(columns, new=new)


class _Features:
    """Range, order and spread of each of `width` features, from columns of shape (width, rows)."""

    def __init__(self, width: int) -> None:
        self._low = np.full(width, np.inf)
        self._high = np.full(width, -np.inf)
        self._shift: Array | None = None
        self._sums = np.zeros(width)
        self._squares = np.zeros(width)
        self._between = np.zeros(width)
        self._ordered = np.zeros(width)
        self._rows = self._batches = self._checked = 0

    def add(self, columns: Array, *, new: bool) -> None:
        """Count one batch; into the spread only where its content is `new`, or a few batches that come again and again
        would pass for many that agree."""
        np.minimum(self._low, columns.min(axis=1), out=self._low)
        np.maximum(self._high, columns.max(axis=1), out=self._high)
        if not new:
            return
        rows = columns.shape[1]
        if self._checked < _ORDER_CHECKED and rows > 1:
            self._checked += 1
            earlier, later = columns[:, :-1], columns[:, 1:]
            self._ordered += (earlier <= later).all(axis=1) | (earlier >= later).all(axis=1)
        if self._shift is None:
            # Sums of squares of values far from zero lose their digits; any value of the feature is near enough.
            self._shift = columns.mean(axis=1, keepdims=True)
        columns -= self._shift
        sums = columns.sum(axis=1)
        self._sums += sums
        self._squares += np.einsum("ij,ij->i", columns, columns)
        sums *= sums
        sums /= rows
        self._between += sums
        self._rows += rows
        self._batches += 1

    def ranges(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[int, ...]]:
        """Minima and maxima, where they are few enough to tell, and the features that hold one value."""
        if not np.isfinite(self._low).all():
            return (), (), ()
        constant = tuple(int(i) for i in np.flatnonzero(self._low == self._high))
        if len(self._low) > MOST_RANGES:
            return (), (), constant
        return tuple(self._low.tolist()), tuple(self._high.tolist()), constant

    def spread(self) -> tuple[float, int, float]:
        """The largest spread of the batches' means, the batches behind it, and how many of them lie in order there.

        With K batches and N rows in all, the spread of a feature is SSB / (K - 1) over SST / (N - 1): the sums of
        squares of a one-way analysis of variance whose groups are the batches. Its expectation over all ways to deal
        the rows into the batches is 1, and it cannot exceed (N - 1) / (K - 1), about one batch's rows.
        """
        if self._batches < 2:
            return 0.0, self._batches, 0.0
        mean = self._sums * self._sums / self._rows
        between = self._between - mean
        total = self._squares - mean
        # Beyond the largest float, or lost in rounding, the sums of squares say nothing.
        varies = (self._low < self._high) & np.isfinite(total) & (total > 1e-12 * np.maximum(self._squares, 1e-300))
        if not varies.any():
            return 0.0, self._batches, 0.0
        ratio = np.zeros(len(total))
        np.divide(between * (self._rows - 1), total * (self._batches - 1), out=ratio, where=varies)
        widest = int(ratio.argmax())
        ordered = float(self._ordered[widest]) / self._checked if self._checked else 0.0
        return float(max(0.0, ratio[widest])), self._batches, ordered


def _as_text(value: Any) -> str:
    if np.iscomplexobj(value):
        value = value.real if not np.isfinite(value.real) else value.imag
    return "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
