"""The loss of one batch of a network by hand, as the analysis of curvature asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pitfallcheck.analysis.objective import NoSecondDerivativeError, Vector
from pitfallcheck.observe.by_hand_differences import precision_of
from pitfallcheck.observe.by_hand_network import Batch, Network

NUMERIC = 64
"""Parameters up to which a gradient that nobody wrote is had by differences: a product takes four losses for each."""


class ByHandObjective:
    """The loss of `batch`, times `factor` where the hand-written gradient is that of so many times the loss.

    That gradient is what the steps are taken with, so its curvature is what they meet. With `numeric` it is not asked,
    and the loss is differenced instead. Each answer leaves the parameters as they were when the objective was made.
    """

    def __init__(self, network: Network, batch: Batch, *, factor: float = 1.0, numeric: bool) -> None:
        assert network.parameters is not None, "asked only where there are some"
        self._network = network
        self._batch = batch
        self._numeric = numeric
        self._factor = factor
        self._parameters = network.parameters
        self._point = self._parameters.vector()
        prediction = network.predicted(batch)
        eps = precision_of(prediction.dtype, *self._parameters.dtypes)
        # The best steps for first and second differences: Nocedal and Wright, Numerical Optimization, section 8.1.
        self._step = eps ** (1 / 4 if numeric else 1 / 3) * max(1.0, float(np.abs(self._point).max(initial=0.0)))
        self.blocks: Sequence[tuple[str, int]] = [(b.name, b.size) for b in self._parameters.blocks]

    def of(self, batch: Batch) -> ByHandObjective:
        """The same of another batch."""
        return ByHandObjective(self._network, batch, factor=self._factor, numeric=self._numeric)

    def loss(self) -> float:
        """The loss of the batch, times the factor."""
        return self._factor * self._loss_at(self._point)

    def gradient(self) -> Vector:
        """Its gradient."""
        return self._gradient_at(self._point)

    def gradient_after(self, step: Vector) -> Vector:
        """Its gradient with the parameters moved by `step`."""
        return self._gradient_at(self._point + step)

    def times_hessian(self, vector: Vector) -> Vector:
        """Its Hessian times `vector`, by central differences of the gradient along it."""
        size = float(np.abs(vector).max(initial=0.0))
        if not size:
            return np.zeros_like(vector)
        step = self._step / size
        product = (self._gradient_at(self._point + step * vector) - self._gradient_at(self._point - step * vector)) / (
            2 * step
        )
        if not np.isfinite(product).all():
            raise NoSecondDerivativeError("the gradient is not finite near the parameters")
        return np.asarray(product)

    def _loss_at(self, point: Vector) -> float:
        try:
            return self._network.loss_at(self._batch)(point)
        finally:
            self._parameters.write(self._point)

    def _gradient_at(self, point: Vector) -> Vector:
        if self._numeric:
            return self._differenced(point)
        try:
            return self._network.gradient_at(self._batch)(point)
        finally:
            self._parameters.write(self._point)

    def _differenced(self, point: Vector) -> Vector:
        found = np.empty(len(point))
        for index in range(len(point)):
            step = np.zeros(len(point))
            step[index] = self._step
            found[index] = (self._loss_at(point + step) - self._loss_at(point - step)) / (2 * self._step)
        return found
