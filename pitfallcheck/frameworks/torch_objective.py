"""The loss of the program's own graph as a function of the parameters: gradient and products with the Hessian.

Nothing of the program is run a second time: its graph is differentiated before the program does, and is kept for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pitfallcheck.analysis.objective import NoSecondDerivativeError, Vector


class GraphObjective:
    """The loss at the parameters as they stand; see `analysis.objective.Objective`. It lives for one backward pass.

    `named` are the parameters with their names, all of them leaves of the graph. Raises NoSecondDerivativeError where
    the first derivative cannot be had as a graph.
    """

    blocks: Sequence[tuple[str, int]]

    def __init__(self, loss: Any, named: Sequence[tuple[str, Any]]) -> None:
        self._torch = sys.modules["torch"]
        self._loss = loss
        self._tensors = [tensor for _, tensor in named]
        self.blocks = [(name, tensor.numel()) for name, tensor in named]
        self._gradients = self._differentiated(
            lambda: self._torch.autograd.grad(loss, self._tensors, create_graph=True, allow_unused=True)
        )

    def loss(self) -> float:
        """The loss, in the program's own units."""
        return float(self._loss.detach())

    def gradient(self) -> Vector:
        """Its gradient."""
        return self._flat(self._gradients)

    def times_hessian(self, vector: Vector) -> Vector:
        """The Hessian times `vector`. Raises NoSecondDerivativeError."""
        return self._flat(self._products(vector, create_graph=False))

    def _products(self, vector: Vector, *, create_graph: bool) -> Sequence[Any]:
        """The Hessian times `vector` for each parameter, None where it does not depend on that one."""
        return self._along(self._gradients, vector, create_graph=create_graph)

    def _along(self, parts: Sequence[Any], vector: Vector, *, create_graph: bool = False) -> Sequence[Any]:
        """The gradient of `parts`, one for each parameter or None, along `vector`."""
        pieces = np.split(vector, np.cumsum([size for _, size in self.blocks])[:-1])
        # What has no graph is the same everywhere, and adds nothing.
        pairs = [
            (part, piece) for part, piece in zip(parts, pieces, strict=True) if part is not None and part.requires_grad
        ]
        if not pairs:
            return [None] * len(self._tensors)

        def ask() -> Sequence[Any]:
            together = self._torch.cat([part.reshape(-1) for part, _ in pairs])
            # `new_tensor` asks no default device or dtype that the program may have set. Given as `grad_outputs`, the
            # vector would make torch import its symbolic shapes, for a second.
            product = together @ together.new_tensor(np.concatenate([piece for _, piece in pairs]))
            found: Sequence[Any] = self._torch.autograd.grad(
                product, self._tensors, retain_graph=True, create_graph=create_graph, allow_unused=True
            )
            return found

        return self._differentiated(ask)

    def _differentiated(self, ask: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        try:
            with self._torch.enable_grad():
                found = ask()
        except RuntimeError as error:
            first = str(error).strip().partition("\n")[0].partition(". ")[0]
            raise NoSecondDerivativeError(f"torch says: {first[:160]}") from None
        if any(part is not None and part.layout is not self._torch.strided for part in found):
            raise NoSecondDerivativeError("a gradient is sparse")
        return found

    def _flat(self, parts: Sequence[Any]) -> Vector:
        arrays = [
            np.zeros(tensor.numel()) if part is None else part.detach().cpu().numpy().astype(np.float64).ravel()
            for part, tensor in zip(parts, self._tensors, strict=True)
        ]
        return np.concatenate(arrays) if arrays else np.zeros(0)


class SquaredErrorObjective(GraphObjective):
    """A mean squared error, of which it can be told whether it is quadratic in the parameters."""

    def gradient_after(self, step: Vector) -> Vector:
        """The gradient after `step` up to its second order: that of a quadratic loss ends with the first."""
        products = self._products(step, create_graph=True)
        second = self._along(products, step)
        gradient: Vector = self.gradient() + self._flat(products) + self._flat(second) / 2
        return gradient
