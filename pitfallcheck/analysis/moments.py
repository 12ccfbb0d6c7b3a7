"""Gathers first and second moments of inputs and targets, batch by batch, for exact least squares over all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.analysis.remainder import Neighbours
from pitfallcheck.observe.learning import AffineFit, Conditioning

FEATURES = 256
"""Features up to which second moments are kept."""

_SHOWN = 8
"""Features whose mean and deviation are told."""

_RANK = 1e-10
"""Eigenvalues of a correlation matrix below this share of the largest are rounding: columns depend on each other."""

_Matrix = NDArray[np.float64]


class Moments:
    """The moments of the samples added so far, in float64.

    Kept are the mean and the matrix of summed products of deviations from it, joined batch by batch (Chan, Golub and
    LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1982): nothing cancels where
    the values lie far from zero.
    """

    def __init__(self) -> None:
        self._samples = 0
        self._features = -1
        self._outputs = -1
        self._mean: _Matrix = np.zeros(0)
        self._deviations: _Matrix = np.zeros((0, 0))
        self._why = ""
        self._neighbours = Neighbours()

    @np.errstate(all="ignore")
    def add(self, inputs: NDArray[Any], targets: NDArray[Any] | None) -> None:
        """Add a batch: `inputs` (N, ...) and `targets` (N, ...) or None; trailing axes are flattened.

        What is not real numbers, not finite, or too wide is left out, and `why` then says so.
        """
        columns = self._columns(inputs, "inputs")
        if columns is None:
            return
        outputs = np.zeros((len(columns), 0)) if targets is None else self._columns(targets, "targets")
        if outputs is None:
            return
        if len(outputs) != len(columns):
            self._why = f"{len(columns)} inputs came with {len(outputs)} targets"
        elif self._samples and (columns.shape[1], outputs.shape[1]) != (self._features, self._outputs):
            self._why = "the batches differ in width"
        elif len(columns):
            self._features, self._outputs = columns.shape[1], outputs.shape[1]
            self._join(np.concatenate([columns, outputs], axis=1))
            self._neighbours.add(columns, outputs)

    @property
    def samples(self) -> int:
        """How many samples the moments are of."""
        return self._samples

    @property
    def why(self) -> str:
        """Why there is no fit, in a clause; empty where there is one."""
        if self._outputs >= 1 and self._samples >= 2 * (self._features + 1):
            return ""
        if self._why:
            return self._why
        if not self._samples:
            return "no sample was seen"
        if not self._outputs:
            return "no targets were seen"
        return f"{self._samples} samples are too few for {self._features} features"

    @np.errstate(all="ignore")
    def fit(self) -> AffineFit | None:
        """The best affine map from inputs to targets; None with fewer samples than twice the unknowns of an output."""
        unknowns = self._features + 1
        if self._outputs < 1 or self._samples < 2 * unknowns:
            return None
        scale = self._samples * self._outputs
        of_targets = float(np.trace(self._deviations[self._features :, self._features :]))
        explained = self._explained()
        constant = of_targets / scale
        error = max(of_targets - explained, 0.0) / scale
        r2 = 1.0 - error / constant if constant > 0 else 1.0
        noise = self._neighbours.noise()
        return AffineFit(self._samples, self._features, self._outputs, constant, error, r2, noise)

    @np.errstate(all="ignore")
    def conditioning(self) -> Conditioning | None:
        """The condition of the inputs; None with fewer samples than unknowns.

        It is that of the directions in which the inputs vary at all: along the others (a column that the rest adds up
        to, a one-hot code beside the constant) gradient descent never moves.
        """
        if self._features < 1 or self._samples < self._features + 1:
            return None
        mean = self._mean[: self._features]
        covariance = self._covariance()
        correlation, deviation = _correlation(covariance, mean)
        spread = np.linalg.eigvalsh(correlation)
        rank = int(np.count_nonzero(spread > _RANK * max(spread[-1], 1.0)))
        # The constant column is one more direction, and stands apart from standardised inputs, with eigenvalue 1.
        standardised = np.append(spread[len(spread) - rank :], 1.0)
        moments = np.ones((self._features + 1, self._features + 1))
        moments[:-1, :-1] = covariance + np.outer(mean, mean)
        moments[:-1, -1] = moments[-1, :-1] = mean
        raw = np.linalg.eigvalsh(moments)
        largest = float(raw[-1])
        smallest = max(float(raw[len(raw) - rank - 1]), largest * float(np.finfo(np.float64).eps))
        return Conditioning(
            samples=self._samples,
            features=self._features,
            condition=largest / smallest,
            standardised=float(standardised.max() / standardised.min()),
            means=tuple(float(value) for value in mean[:_SHOWN]),
            deviations=tuple(float(value) for value in deviation[:_SHOWN]),
            largest=largest,
            standardised_largest=float(standardised.max()),
        )

    def _columns(self, values: NDArray[Any], what: str) -> _Matrix | None:
        """`values` as finite float64 of shape (N, features); None, with the reason kept, where that is not possible."""
        array = np.asarray(values)
        width = int(np.prod(array.shape[1:], dtype=np.int64)) if array.ndim else 0
        if array.dtype.kind not in "fiub":
            self._why = f"the {what} are no real numbers ({array.dtype})"
        elif not array.ndim:
            self._why = f"the {what} have no batch axis"
        elif not 1 <= width <= FEATURES:
            self._why = f"the {what} have {width} values a sample, and at most {FEATURES} are looked at"
        else:
            columns = array.reshape(len(array), width).astype(np.float64)
            if np.isfinite(columns).all():
                return columns
            self._why = f"the {what} hold values that are not finite"
        return None

    def _join(self, columns: _Matrix) -> None:
        count, mean = len(columns), columns.mean(axis=0)
        around = columns - mean
        deviations = around.T @ around
        if self._samples:
            total = self._samples + count
            step = mean - self._mean
            deviations += self._deviations + np.outer(step, step) * (self._samples * count / total)
            mean = self._mean + step * (count / total)
        self._samples += count
        self._mean, self._deviations = mean, deviations

    def _covariance(self) -> _Matrix:
        return self._deviations[: self._features, : self._features] / self._samples

    def _explained(self) -> float:
        """The part of the targets' summed squares that an affine map explains, over all outputs."""
        correlation, deviation = _correlation(self._covariance(), self._mean[: self._features])
        scale = np.where(deviation > 0, deviation, 1.0)
        cross = self._deviations[: self._features, self._features :] / scale[:, None]
        values, vectors = np.linalg.eigh(correlation)
        used = values > _RANK * max(values[-1], 1.0)
        along = vectors[:, used].T @ cross
        return float(((along**2) / values[used, None]).sum() / self._samples)


def _correlation(covariance: _Matrix, mean: _Matrix) -> tuple[_Matrix, _Matrix]:
    """The correlation matrix of a covariance, zero for a column that never varies, and the standard deviations."""
    deviation = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    deviation[deviation <= _RANK * np.abs(mean)] = 0.0
    scale = np.where(deviation > 0, deviation, 1.0)
    correlation = covariance / np.outer(scale, scale)
    correlation[deviation == 0, :] = correlation[:, deviation == 0] = 0.0
    return correlation, deviation
