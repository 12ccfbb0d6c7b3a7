"""Decides from the numbers of a training whether its learning rate is beyond the limit, and what came of it."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pitfallcheck.finding import Level
from pitfallcheck.observe.learning import Losses, Optimizer, TrainingSeen

FELL_WELL = 0.5
"""A last loss below this share of the first, and finite, has come down: a network may leave the region in which its
learning rate is unstable (Lewkowycz et al., "The large learning rate phase of deep learning: the catapult mechanism",
arXiv 2003.02218), and train on at the edge of stability."""

ROSE = 1.5
"""A last loss above this multiple of the first has risen, whatever the batches do to it."""

EXPLODED = 100.0
"""Where the first few losses are so many times the one before the first step, they have risen, wherever they went."""

NO_LOWER = 0.9
"""A last loss above this share of the first, or of the best constant prediction's, is no success."""

CLEARLY = 2.0
"""Above this multiple of the limit a rate is beyond it whichever batch is asked."""

AFFINE = 1e-3
"""A `midpoint` below this is that of an affine map in float32."""

_LEARNABLE = 0.3

Said = Literal["nothing", "non-finite", "risen", "stuck", "fell"]
"""What the losses of the run say: `nothing` where there are none, `stuck` where they came down by little or by no more
than a constant prediction reaches."""


class Unstable(NamedTuple):
    """A learning rate above `limit`, which holds for all batches that were asked; `said` is what came of it."""

    optimizer: Optimizer
    limit: float
    eigenvalue: float
    said: Said
    level: Level


def unstable(event: TrainingSeen) -> Unstable | None:
    """Whether this training's learning rate is beyond the limit, and no success speaks against it."""
    optimizer, curvature = event.optimizer, event.curvature
    if optimizer is None or curvature is None or optimizer.kind == "other" or not curvature.largest > 0:
        return None
    said = losses_say(event)
    eigenvalue = curvature.largest
    if curvature.later > 0 and said != "non-finite":
        # One batch may curve more than the rest. Where the run went to pieces, the first one was reason enough.
        eigenvalue = min(eigenvalue, curvature.later)
    limit = curvature.limit * curvature.largest / eigenvalue
    rate = optimizer.learning_rate
    if not (0 < limit < math.inf and math.isfinite(rate) and rate > limit):
        return None
    level = _level(event, optimizer, said, rate / limit)
    return Unstable(optimizer, limit, eigenvalue, said, level) if level is not None else None


def losses_say(event: TrainingSeen) -> Said:
    """What the losses of the run say of its success."""
    losses = event.losses
    if losses is None or losses.count < 2:
        return "non-finite" if losses is not None and losses.nonfinite_at else "nothing"
    if losses.nonfinite_at or not math.isfinite(losses.last):
        return "non-finite"
    start = start_of(event, losses)
    if not losses.last <= ROSE * abs(start):
        return "risen"
    constant = event.baseline if event.baseline > 0 else math.inf
    if losses.last >= NO_LOWER * min(abs(start), constant):
        return "risen" if losses.first > EXPLODED * abs(start) else "stuck"
    return "fell"


def start_of(event: TrainingSeen, losses: Losses) -> float:
    """The loss before the first step: the mean of the first few may have risen already."""
    now = event.curvature.now if event.curvature is not None else math.nan
    return now if math.isfinite(now) else losses.first


def is_quadratic(event: TrainingSeen) -> bool:
    """Whether the loss is quadratic in the parameters: measured, or a single affine layer under a squared error."""
    if event.curvature is not None and event.curvature.quadratic:
        return True
    fit = event.affine
    if fit is None or event.loss_kind != "mse" or not event.midpoint <= AFFINE:
        return False
    # Affine layers in a row have more parameters than one, and a loss that is not quadratic in them.
    return event.parameters in (fit.features * fit.outputs, (fit.features + 1) * fit.outputs)


def _level(event: TrainingSeen, optimizer: Optimizer, said: Said, excess: float) -> Level | None:
    if said in ("non-finite", "risen"):
        return "error"
    if optimizer.kind == "adam":
        # Its preconditioner grows with the gradients and brings most runs back.
        return "warning" if said == "nothing" else None
    losses = event.losses
    if said == "nothing" or losses is None:
        return "error" if is_quadratic(event) else "warning"
    fell_well = losses.last < FELL_WELL * abs(start_of(event, losses))
    if is_quadratic(event):
        return None if said == "fell" and fell_well else "error"
    if said == "stuck":
        learnable = event.affine is not None and event.affine.r2 >= _LEARNABLE
        return "warning" if learnable or excess > CLEARLY else None
    return "note" if excess > CLEARLY and not fell_well else None
