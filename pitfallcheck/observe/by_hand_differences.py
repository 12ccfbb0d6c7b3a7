"""Slopes of a loss by central differences, each with what rounding and curvature can have done to it.

The step is `eps ** (1/3)` times the size of the parameter, at least 1: it balances the two errors of a central
difference (Nocedal and Wright, Numerical Optimization, 2nd edition, section 8.1), and leaves about
`eps ** (2/3)` of the slope. `eps` is that of the coarsest type the loss is computed in. A kink (ReLU, `abs`, a maximum)
at the point shows in one-sided differences that disagree however small the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pitfallcheck.analysis.objective import Vector

LossAt = Callable[[Vector], float]
"""The loss at a flat vector of parameters."""
KINK = 0.7
"""One-sided differences of a smooth loss come twice as near to each other at half the step; at a kink they do not."""


class Slope(NamedTuple):
    """The derivative along a direction; it is within `doubt` of the true one, unless `kinked`."""

    value: float
    doubt: float
    kinked: bool


def precision_of(*dtypes: np.dtype[Any]) -> float:
    """The rounding unit of the coarsest of these types; that of float64 where none is of floats."""
    units = [float(np.finfo(dtype).eps) for dtype in dtypes if dtype.kind == "f"]
    return max([float(np.finfo(np.float64).eps), *units])


def slope(loss_at: LossAt, point: Vector, direction: Vector, here: float, eps: float) -> Slope:
    """The slope of the loss at `point`, where it is `here`, along `direction` (of entries at most 1).

    Of three steps (the usual one, a tenth and ten times) the first whose result is sure is taken, else the surest.
    """
    usual = eps ** (1 / 3) * max(1.0, float(np.abs(point[direction != 0]).max(initial=0.0)))
    best: Slope | None = None
    for factor in (1.0, 0.1, 10.0):
        found = _slope(loss_at, point, direction, here, eps, usual * factor)
        if best is None or (found.kinked, found.doubt) < (best.kinked, best.doubt):
            best = found
        if not found.kinked and found.doubt <= eps ** (1 / 3) * abs(found.value):
            break
    assert best is not None, "three steps were tried"
    return best


def _slope(loss_at: LossAt, point: Vector, direction: Vector, here: float, eps: float, step: float) -> Slope:
    values = [loss_at(point + size * direction) for size in (step, -step, step / 2, -step / 2)]
    if not np.isfinite([here, *values]).all():
        return Slope(float("nan"), float("inf"), True)
    wide, narrow = (values[0] - values[1]) / (2 * step), (values[2] - values[3]) / step
    bend_wide = abs(values[0] + values[1] - 2 * here) / step
    bend_narrow = abs(values[2] + values[3] - 2 * here) / (step / 2)
    # A few roundings of the loss, and of numbers near 1 on the way to it (probabilities); a mean over many samples has
    # more, which the disagreement of the two steps shows.
    rounding = 4 * eps * max(1.0, *map(abs, [here, *values])) / step
    kinked = (
        bend_narrow > KINK * bend_wide + rounding and bend_narrow > 1e-3 * max(abs(narrow), abs(wide)) + 4 * rounding
    )
    return Slope(narrow, abs(wide - narrow) + rounding, kinked)
