"""Decides whether it is the scale of the inputs that leaves no learning rate between unstable and stalled."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pitfallcheck.observe.learning import Conditioning, Optimizer, TrainingSeen
from pitfallcheck.pitfalls.stalled_learning_rate.verdict import STEPS, leaves_much
from pitfallcheck.pitfalls.unstable_learning_rate.verdict import AFFINE, NO_LOWER, is_quadratic, losses_say, unstable

AT_MOST = 0.9
"""The share of its limit that a learning rate can use."""

HALF = 0.5
"""What the slowest direction keeps, at the best stable rate, where the condition number leaves it no chance."""

LEARNED = 0.1
"""What it may keep once the inputs are standardised, for that to be the remedy."""

ANY_RUN = 1000
"""Steps that a run may be given in any case: one that went to pieces may have been ended after a few."""

GAIN = 10.0
"""By how much standardising must lower the condition number to be worth naming."""

WORSE = 2.0
"""A loss so many times that of a constant prediction is no success in any run."""

_LEARNABLE = 0.5
_STEEPEST = {"binary_crossentropy": 0.25, "crossentropy": 0.5}
_ROOM = 0.1


class Collision(NamedTuple):
    """Inputs that no learning rate suits. `limit` is that of the inputs as they are, `standardised_limit` what it would
    be once they are standardised, `steps` how many the slowest direction would need at the best stable rate to lose
    nine tenths of its error, `met` what the run met."""

    optimizer: Optimizer
    inputs: Conditioning
    limit: float
    standardised_limit: float
    steps: float
    met: Literal["unstable", "stalled"]


def collision(event: TrainingSeen) -> Collision | None:
    """Whether standardising the inputs is what would mend this training, where changing its learning rate would not."""
    optimizer, inputs, curvature = event.optimizer, event.inputs, event.curvature
    if optimizer is None or inputs is None or curvature is None or optimizer.kind == "other":
        return None
    if any("norm" in layer.lower() for layer in event.layers):
        return None
    limit = _limit(event, optimizer, inputs, curvature.limit)
    known = inputs.standardised_largest > 0 and inputs.largest > 0 and 1 <= inputs.standardised < math.inf
    if not known or not math.inf > inputs.condition >= GAIN * inputs.standardised or not 0 < limit < math.inf:
        return None
    met = _met(event, optimizer, inputs, limit)
    if met is None:
        return None
    return Collision(
        optimizer,
        inputs,
        limit,
        limit * inputs.largest / inputs.standardised_largest,
        math.log(LEARNED) / math.log1p(-_shrink(inputs.condition, optimizer)),
        met,
    )


def _met(
    event: TrainingSeen, optimizer: Optimizer, inputs: Conditioning, limit: float
) -> Literal["unstable", "stalled"] | None:
    descent = optimizer.kind == "sgd"
    rate = optimizer.learning_rate
    beyond = unstable(event)
    if beyond is not None or (rate > limit and _worse_than_guessing(event)):
        # The eigenvalues of the Hessian go with those of the inputs, in the first layer at least. The rate itself is
        # none of the causes if it would be stable then.
        stable_then = rate <= limit * inputs.largest / inputs.standardised_largest
        tells = descent and stable_then and (beyond is None or beyond.level != "note")
        return "unstable" if tells and _hopeless(inputs, optimizer, max(event.steps, ANY_RUN)) else None
    if event.steps < STEPS or _kept(inputs.standardised, optimizer, event.steps) > LEARNED:
        return None
    foreseen = event.forecast
    if is_quadratic(event) and foreseen is not None:
        tells = leaves_much(event, foreseen, foreseen.best) and leaves_much(event, foreseen, foreseen.left)
        if tells or foreseen.better_rate:
            return None if foreseen.better_rate else "stalled"
    tells = descent and _ROOM * limit <= rate <= limit and _hopeless(inputs, optimizer, event.steps)
    return "stalled" if tells and _in_vain(event) else None


def _limit(event: TrainingSeen, optimizer: Optimizer, inputs: Conditioning, measured: float) -> float:
    """The stability limit, for a classifier that is affine in its inputs that of its steepest place.

    Large inputs saturate it, and where it starts it may hardly curve. Its Hessian is at most 1/4 of the inputs' second
    moments for one sigmoid and 1/2 for a softmax (Boehning, "Multinomial logistic regression algorithm", 1992).
    """
    if optimizer.kind != "sgd" or not event.midpoint <= AFFINE or event.loss_kind not in _STEEPEST:
        return measured
    largest = _STEEPEST[event.loss_kind] * inputs.largest * (max(event.batch, 1) if event.summed else 1)
    return min(measured, 2 * (1 + optimizer.momentum) / largest) if largest > 0 else measured


def _worse_than_guessing(event: TrainingSeen) -> bool:
    """Whether a run that is over ended far above the loss of a constant prediction."""
    losses = event.losses
    return losses is not None and event.finished and losses.last >= WORSE * event.baseline > 0


def _in_vain(event: TrainingSeen) -> bool:
    """Whether a run that is over did no better than a constant prediction, although an affine one would."""
    losses, fit = event.losses, event.affine
    if losses is None or fit is None or not event.finished or event.steps < 2 * STEPS:
        return False
    constant = event.baseline if event.baseline > 0 else math.inf
    return fit.r2 >= _LEARNABLE and losses_say(event) == "stuck" and losses.last >= NO_LOWER * constant


def _hopeless(inputs: Conditioning, optimizer: Optimizer, steps: int) -> bool:
    return _kept(inputs.condition, optimizer, steps) >= HALF


def _kept(condition: float, optimizer: Optimizer, steps: int) -> float:
    """The share of its error that the slowest direction keeps at the best stable rate."""
    return float((1 - _shrink(condition, optimizer)) ** steps)


def _shrink(condition: float, optimizer: Optimizer) -> float:
    """What the slowest direction loses a step at 0.9 of the limit: lr L = 1.8 / condition, times (1 + b) / (1 - b)
    with momentum b, whose limit is 1 + b times higher and whose steps add up to 1 / (1 - b) of one."""
    momentum = min(optimizer.momentum, 0.999) if optimizer.kind == "sgd" else 0.0
    return min(2 * AT_MOST * (1 + momentum) / (1 - momentum) / condition, 0.999)
