"""Foresees the training of a network by hand: the curvature that its steps meet, and what they leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pitfallcheck.analysis.objective import NoSecondDerivativeError
from pitfallcheck.analysis.training import analyse
from pitfallcheck.observe.by_hand_network import Batch, Network
from pitfallcheck.observe.by_hand_objective import NUMERIC, ByHandObjective
from pitfallcheck.observe.learning import Curvature, Forecast, GradientChecked, Optimizer

LATER = 7
"""Further batches along whose curvature the steepest direction of the first is followed."""


def foreseen(
    network: Network, batches: Sequence[Batch], optimizer: Optimizer, steps: int, checked: GradientChecked | None
) -> tuple[Curvature | None, Forecast | None] | str:
    """Curvature and forecast, or the reason why there is neither, in a clause."""
    if network.parameters is None or network.loss is None:
        return "it takes `parameters` and `loss` to tell"
    factor = checked.factor if checked is not None and checked.factor > 0 else math.nan
    numeric = not math.isfinite(factor)
    if numeric and network.parameters.size > NUMERIC:
        why = "the one given is wrong" if checked is not None else "none was given"
        return f"it takes a `gradient` for more than {NUMERIC} parameters, and {why}"
    objective = ByHandObjective(network, batches[0], factor=1.0 if numeric else factor, numeric=numeric)
    try:
        analysis = analyse(objective, optimizer, steps)
    except NoSecondDerivativeError as error:
        return str(error)
    curvature, forecast = analysis.curvature, analysis.forecast
    if curvature is None:
        return "the gradient is zero or not finite at the first batch"
    if analysis.top is not None and len(batches) > 1:
        top = analysis.top
        along = [float(top @ objective.of(batch).times_hessian(top)) for batch in batches[1 : 1 + LATER]]
        curvature = replace(curvature, later=float(np.mean(along)))
    if not numeric:
        # The analysis was of the loss that the gradient is of; its values are told in the units of the loss itself.
        curvature = replace(curvature, now=curvature.now / factor)
    if forecast is not None and not numeric:
        numbers = {name: getattr(forecast, name) / factor for name in ("now", "floor", "left", "best")}
        forecast = replace(forecast, **numbers)
    return curvature, forecast if steps else None
