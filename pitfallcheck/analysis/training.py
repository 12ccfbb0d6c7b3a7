"""Foresees a training run from its first batch: the stability limit, and what is left after the steps asked for."""

from __future__ import annotations

from typing import NamedTuple

from pitfallcheck.analysis.objective import Objective, Vector
from pitfallcheck.observe.learning import Curvature, Forecast, Optimizer

PRODUCTS = 20
"""Hessian-vector products that an analysis may ask for: each costs about two training steps."""


class Analysis(NamedTuple):
    """What was foreseen. `top` is the direction of the largest eigenvalue, in parameter space, of unit length."""

    curvature: Curvature | None
    forecast: Forecast | None
    top: Vector | None
    gradient: Vector


def analyse(objective: Objective, optimizer: Optimizer, steps: int, *, products: int = PRODUCTS) -> Analysis:
    """Analyse the objective at its first step. Raises NoSecondDerivativeError where the objective does."""
    raise NotImplementedError
