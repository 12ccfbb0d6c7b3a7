"""Gathers first and second moments of inputs and targets, batch by batch, for exact least squares over all of them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from pitfallcheck.observe.learning import AffineFit, Conditioning

FEATURES = 256
"""Features up to which second moments are kept."""


class Moments:
    """The moments of the samples added so far."""

    def add(self, inputs: NDArray[Any], targets: NDArray[Any] | None) -> None:
        """Add a batch: `inputs` (N, ...) and `targets` (N, ...) or None; trailing axes are flattened.

        What is not real numbers, not finite, or too wide is left out, and `why` then says so.
        """
        raise NotImplementedError

    @property
    def why(self) -> str:
        """Why there is no fit, in a clause; empty where there is one."""
        raise NotImplementedError

    def fit(self) -> AffineFit | None:
        """The best affine map from inputs to targets; None with fewer samples than twice the unknowns of an output."""
        raise NotImplementedError

    def conditioning(self) -> Conditioning | None:
        """The condition of the inputs; None with fewer samples than unknowns."""
        raise NotImplementedError
