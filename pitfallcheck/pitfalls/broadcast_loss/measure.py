"""Decides from a measured loss whether it compares every prediction with every target; PF201 asks it, too."""

from __future__ import annotations

import math

from pitfallcheck.observe.events import LossMeasured

TOLERANCE = 1e-3
"""Relative; a float32 loss over some hundred samples is exact to about 1e-5, a broadcast one is off by far more."""


def broadcasts(loss: LossMeasured) -> bool:
    """Whether the batch's loss is not that of its samples, and would be, had the target the output's shape.

    The second half tells a lost axis from a loss that is meant to compare samples with each other: that one stays
    different whatever the shape of its target.
    """
    return not _close(loss.batch, loss.alone) and _close(loss.aligned, loss.alone)


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-6)
