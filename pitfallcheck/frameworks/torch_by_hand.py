"""Finds the learning rate of a program that updates its parameters itself, from how they moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pitfallcheck.analysis.objective import Vector

MOST = 1_000_000
"""Parameters above which no copy is kept."""

_EXPLAINED = 1e-3
"""The share of a movement that need not lie along the gradient: float32 rounding."""
_SAME = 0.01


class RateByHand:
    """Compares the parameters before each of the first backward passes with the gradients of the one before."""

    def __init__(self) -> None:
        self._start: Vector | None = None
        self._gradient: Vector | None = None
        self._rates: list[float] = []
        self._over = False

    @property
    def rate(self) -> float | None:
        """The learning rate of plain gradient descent, once two steps agree on it; None for any other rule."""
        return self._rates[1] if len(self._rates) == 2 and not self._over else None

    def before_backward(self, tensors: Sequence[Any]) -> None:
        """The parameters as they are before a backward pass."""
        if self._over or len(self._rates) == 2 or sum(tensor.numel() for tensor in tensors) > MOST:
            return
        start, gradient = self._start, self._gradient
        self._start, self._gradient = _flat(tensors), None
        if start is None or gradient is None:
            return
        moved = self._start - start
        size = float(gradient @ gradient)
        rate = -float(moved @ gradient) / size if size > 0 else 0.0
        explained = np.linalg.norm(moved + rate * gradient) <= _EXPLAINED * np.linalg.norm(moved)
        agrees = not self._rates or abs(rate - self._rates[0]) <= _SAME * self._rates[0]
        self._over = not (np.isfinite(rate) and rate > 0 and explained and agrees)
        self._rates.append(rate)

    def after_backward(self, tensors: Sequence[Any]) -> None:
        """The gradients that a backward pass left."""
        if self._start is not None and not self._over and len(self._rates) < 2:
            gradients = [tensor.grad for tensor in tensors]
            self._over = any(gradient is None for gradient in gradients)
            self._gradient = None if self._over else _flat(gradients)


def _flat(tensors: Sequence[Any]) -> Vector:
    return np.concatenate([tensor.detach().cpu().double().numpy().ravel() for tensor in tensors])
