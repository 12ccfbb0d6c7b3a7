"""The loss of the first batches as a function of all parameters, as every framework can offer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
"""A flat vector over all trainable parameters, in the order of `Objective.blocks`."""


class NoSecondDerivativeError(Exception):
    """The Hessian cannot be had; the message says why in a clause."""


class Objective(Protocol):
    """The loss at the parameters as they stand. Asking changes nothing that the program could see.

    `blocks` are the names and sizes of the parameters, in the order of the flat vectors.
    """

    blocks: Sequence[tuple[str, int]]

    def loss(self) -> float:
        """The loss, in the program's own units."""

    def gradient(self) -> Vector:
        """Its gradient."""

    def times_hessian(self, vector: Vector) -> Vector:
        """The Hessian times `vector`. Raises NoSecondDerivativeError."""


@runtime_checkable
class MovableObjective(Protocol):
    """What an objective may offer besides: then a quadratic loss is known as one (`Curvature.quadratic`)."""

    def gradient_after(self, step: Vector) -> Vector:
        """The gradient with the parameters moved by `step`, for this question alone."""
