"""Runs the update rules of optimizers on a quadratic loss, without a framework and for many learning rates at once."""

from __future__ import annotations

import numpy as np

from pitfallcheck.analysis.objective import Vector
from pitfallcheck.analysis.spectrum import Matrix
from pitfallcheck.observe.learning import Optimizer

_SIMULATED = 600
"""Steps of Adam that are simulated one by one: about 10 ms. More steps are taken in as many longer ones."""


def kept_by_descent(optimizer: Optimizer, rates: Vector, eigenvalues: Vector, steps: int) -> Matrix:
    """The factor that is left of the error in each eigendirection after `steps`, of shape (rates, eigenvalues).

    Without momentum it is (1 - lr L)^steps. With momentum b, error e and velocity m (times the learning rate) follow
    m' = b m + lr L e and e' = e - m', or with Nesterov's e' = e - lr L e - b m', as torch and Keras compute it; the
    factor is the upper left entry of the power of that 2 x 2 matrix. Infinite where it overflows.
    """
    moved = rates[:, None] * eigenvalues[None, :]
    momentum = optimizer.momentum
    with np.errstate(all="ignore"):
        if not momentum:
            return np.asarray((1.0 - moved) ** float(steps))
        one = np.empty((*moved.shape, 2, 2))
        one[..., 1, 0] = moved
        one[..., 1, 1] = momentum
        if optimizer.nesterov:
            one[..., 0, 0] = 1.0 - moved * (1.0 + momentum)
            one[..., 0, 1] = -(momentum**2)
        else:
            one[..., 0, 0] = 1.0 - moved
            one[..., 0, 1] = -momentum
        kept = np.linalg.matrix_power(one, steps)[..., 0, 0]
    return np.where(np.isnan(kept), np.inf, kept)


def errors_after_adam(optimizer: Optimizer, rates: Vector, hessian: Matrix, errors: Vector, steps: int) -> Matrix:
    """The distance from the minimum after `steps` of Adam from `errors`, of shape (rates, parameters).

    Kingma and Ba, "Adam", arXiv 1412.6980, algorithm 1. Beyond `_SIMULATED` steps each simulated one stands for k: the
    learning rate times k and both decay rates to the power k, which is the same flow while the path is smooth.
    """
    stride = max(1.0, steps / _SIMULATED)
    beta1, beta2 = optimizer.beta1**stride, optimizer.beta2**stride
    place = np.repeat(errors[None, :], len(rates), axis=0)
    first, second = np.zeros_like(place), np.zeros_like(place)
    far = rates[:, None] * stride
    with np.errstate(all="ignore"):
        for step in range(1, round(steps / stride) + 1):
            gradient = place @ hessian
            first += (1.0 - beta1) * (gradient - first)
            second += (1.0 - beta2) * (gradient * gradient - second)
            size = np.sqrt(second / (1.0 - beta2**step))
            size += optimizer.epsilon
            place -= (far / (1.0 - beta1**step)) * first / size
    return np.where(np.isnan(place), np.inf, place)
