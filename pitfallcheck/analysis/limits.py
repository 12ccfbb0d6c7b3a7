"""The learning rate beyond which an optimizer is unstable on a quadratic loss."""

from __future__ import annotations

import math

from pitfallcheck.observe.learning import Optimizer


def stability_limit(optimizer: Optimizer, largest: float) -> float:
    """The learning rate above which a direction of curvature `largest` is amplified from step to step.

    `largest` is the largest eigenvalue of the Hessian, and for Adam of the preconditioned Hessian P^-1/2 H P^-1/2. With
    L for it and b for the momentum:

    - gradient descent: 2 / L, and with (heavy-ball) momentum 2 (1 + b) / L; Cohen et al., "Gradient Descent on Neural
      Networks Typically Occurs at the Edge of Stability", arXiv 2103.00065, appendix B.
    - Nesterov momentum: 2 (1 + b) / ((1 + 2 b) L), the same appendix; where the characteristic polynomial
      z^2 - (1 + b) (1 - lr L) z + b (1 - lr L) of the iteration has its root at z = -1.
    - Adam: (2 + 2 b1) / ((1 - b1) L); Cohen et al., "Adaptive Gradient Methods at the Edge of Stability", arXiv
      2207.14484, section 3. It holds while P stands still.

    Weight decay adds its coefficient to every eigenvalue where it goes through the gradient, as in SGD. Infinite for a
    loss that curves nowhere upwards, and for an optimizer of which nothing is claimed.
    """
    if optimizer.kind == "sgd":
        largest += optimizer.weight_decay
    if not largest > 0 or optimizer.kind == "other":
        return math.inf
    if optimizer.kind == "adam":
        return (2 + 2 * optimizer.beta1) / ((1 - optimizer.beta1) * largest) if optimizer.beta1 < 1 else math.inf
    momentum = optimizer.momentum
    if optimizer.nesterov:
        return 2 * (1 + momentum) / ((1 + 2 * momentum) * largest)
    return 2 * (1 + momentum) / largest
