"""Per feature, which range of inputs a model was trained on, and how far outside of it predictions are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.frameworks.keras_sample import NoSampleError, plain
from pitfallcheck.observe.learning import Outside

MOST = 256
"""Features of a sample up to which each is followed."""


class Ranges:
    """The smallest and the largest value of each feature in `samples` samples; all inputs side by side are one row."""

    def __init__(self) -> None:
        self.low: NDArray[Any] | None = None
        self.high: NDArray[Any] | None = None
        self.samples = 0
        self.known = True

    def add(self, inputs: Sequence[Any]) -> None:
        """Count the samples of a batch, or of whole arrays."""
        rows = as_rows(inputs) if self.known else None
        if rows is None or (self.low is not None and rows.shape[1] != len(self.low)):
            self.known = False
            return
        if len(rows):
            self._widen(np.fmin.reduce(rows, axis=0), np.fmax.reduce(rows, axis=0), len(rows))

    def join(self, other: Ranges) -> None:
        """Count what another call gave."""
        self.known = self.known and other.known
        if other.low is None or other.high is None:
            return
        if self.low is not None and len(self.low) != len(other.low):
            self.known = False
        elif self.known:
            self._widen(other.low, other.high, other.samples)

    def _widen(self, low: NDArray[Any], high: NDArray[Any], samples: int) -> None:
        self.low = low.astype(np.float64) if self.low is None else np.fmin(self.low, low)
        self.high = high.astype(np.float64) if self.high is None else np.fmax(self.high, high)
        self.samples += samples


class Asked:
    """The inputs that predictions were asked for, beside the ranges of training."""

    def __init__(self, trained: Ranges) -> None:
        self._trained = trained
        self._own = Ranges()
        self._outside: NDArray[Any] | None = None
        self.samples = self.outside_samples = 0

    def add(self, inputs: Sequence[Any]) -> None:
        """Count the samples of a batch, or of whole arrays."""
        rows = as_rows(inputs)
        low, high = self._trained.low, self._trained.high
        if rows is None or low is None or high is None or rows.shape[1] != len(low) or not len(rows):
            return
        # In the type that they were compared in during training: half precision is not to look like another value.
        outside = (rows < low) | (rows > high)
        self._own.add(inputs)
        count = np.count_nonzero(outside, axis=0)
        self._outside = count if self._outside is None else self._outside + count
        self.samples += len(rows)
        self.outside_samples += int(np.count_nonzero(outside.any(axis=1)))

    def features(self) -> tuple[Outside, ...]:
        """The features that were asked about outside of their range."""
        own, trained = self._own, self._trained
        if self._outside is None or own.low is None or own.high is None or trained.low is None or trained.high is None:
            return ()
        return tuple(
            Outside(
                feature=int(i),
                trained_low=float(trained.low[i]),
                trained_high=float(trained.high[i]),
                asked_low=float(own.low[i]),
                asked_high=float(own.high[i]),
                samples=int(self._outside[i]),
            )
            for i in np.flatnonzero(self._outside)
        )


def as_rows(inputs: Sequence[Any]) -> NDArray[Any] | None:
    """Inputs as one array of samples and features, in Keras's own precision; None where that cannot be."""
    columns = []
    width = 0
    for given in inputs:
        shape = tuple(getattr(given, "shape", None) or ())
        width += int(np.prod(shape[1:])) if shape else MOST + 1
        if width > MOST:
            return None
        try:
            array = plain(given, cast=True)
        except NoSampleError:
            return None
        if array.dtype.kind not in "fiu" or not len(array):
            return None
        columns.append(array.reshape(len(array), -1))
    if not columns or len({len(column) for column in columns}) > 1:
        return None
    return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)
