"""Tells noise in the targets from structure that a model misses, by comparing samples whose inputs are neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KEPT = 1000
"""Samples kept, the first ones: their mutual distances are a matter of milliseconds."""

FEATURES = 16
"""Features up to which neighbours are asked for: with more, no sample lies close to another."""

FEWEST = 30
"""Different samples below which the estimate says nothing."""

_Matrix = NDArray[np.float64]


class Neighbours:
    """The first samples of a run, kept to estimate how much of their targets no smooth function can explain."""

    def __init__(self) -> None:
        self._inputs: list[_Matrix] = []
        self._targets: list[_Matrix] = []
        self._count = 0
        self._noise: tuple[int, float] = (0, float("nan"))

    def add(self, inputs: _Matrix, targets: _Matrix) -> None:
        """Add a batch: `inputs` (N, features) and `targets` (N, outputs), both finite."""
        room = KEPT - self._count
        if room > 0 and inputs.shape[1] <= FEATURES and targets.shape[1]:
            self._inputs.append(np.array(inputs[:room], np.float64))
            self._targets.append(np.array(targets[:room], np.float64))
            self._count += len(self._inputs[-1])

    def noise(self) -> float:
        """The estimate of `noise_left` for the samples kept; NaN where there are too few."""
        if self._noise[0] != self._count:
            self._noise = self._count, noise_left(np.concatenate(self._inputs), np.concatenate(self._targets))
        return self._noise[1]


def noise_left(inputs: _Matrix, targets: _Matrix) -> float:
    """The mean squared error that no smooth function of the inputs could go below, NaN where that cannot be told.

    `inputs` is (N, features), `targets` (N, outputs). Two samples with nearly the same input differ in their targets by
    the noise of both, so half the mean squared difference between nearest neighbours estimates its variance (the Delta
    test; Stefansson, Koncar and Jones, "A note on the Gamma test", 1997). What an affine map explains is taken away
    first, so a slope between the neighbours does not count. A curve between them does, so the estimate is never too
    low but for chance. Samples seen twice count once: of a repeated sample nothing about the noise can be learned.
    """
    samples = np.unique(np.concatenate([inputs, targets], axis=1), axis=0)
    inputs, targets = samples[:, : inputs.shape[1]], samples[:, inputs.shape[1] :]
    spread = inputs.std(axis=0)
    columns = (inputs - inputs.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    if len(samples) < max(FEWEST, 3 * (columns.shape[1] + 1)) or not columns.shape[1]:
        return float("nan")
    design = np.column_stack([columns, np.ones(len(columns))])
    remainder = targets - design @ np.linalg.lstsq(design, targets, rcond=None)[0]
    squared = (columns**2).sum(axis=1)
    distances = squared[:, None] + squared[None, :] - 2 * columns @ columns.T
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    return float(((remainder - remainder[nearest]) ** 2).mean() / 2)
