"""Decides from the numbers of a training whether its steps are too small to get where it could."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pitfallcheck.observe.learning import Forecast, Losses, Optimizer, Slow, TrainingSeen
from pitfallcheck.pitfalls.unstable_learning_rate.verdict import is_quadratic

STEPS = 50
"""Steps below which nothing is said: a run so short is a trial."""

MUCH = 0.05
"""The share of the loss of a constant prediction that is worth a warning when it is left above the floor: of what the
targets vary by, that much stays unexplained although it could be. (Shares of the first loss would depend on how far off
the model happened to start; and fine-tuning, which starts near the floor, is left alone.)"""

KEPT = 0.1
"""The share of its error that a direction must keep for a note: less than three time constants have passed."""

NEGLIGIBLE = 1e-5
"""The share of the loss of a constant prediction below which what is left is of no interest at all."""

BESIDE_THE_FLOOR = 0.1
"""What is left below this share of the noise that no training removes is not noticed beside it."""

LITTLE = 0.2
"""A network's loss that fell by less than this share of itself has hardly moved."""

_AGREES = 0.5
_SAME_GRADIENT = (0.7, 1.4)
_LEARNABLE = 0.3
_ROOM = 0.1
_CHANCE = 0.01
_GUESSING = 0.5


class Stalled(NamedTuple):
    """`foreseen` is the forecast that says so, for a quadratic loss; `crawl` what a network's own run shows."""

    optimizer: Optimizer
    level: Literal["note", "warning"]
    foreseen: Forecast | None = None
    slow: Slow | None = None
    crawl: Crawl | None = None


class Crawl(NamedTuple):
    """A loss that followed its first gradient downhill, in steps too small to leave it: `expected` is the decrease
    that learning rate, steps and gradient give to first order, `gradient` the norm then and now, `rate` a better one,
    0 where none is known."""

    losses: Losses
    expected: float
    gradient: tuple[float, float]
    rate: float


def stalled(event: TrainingSeen) -> Stalled | None:
    """Whether this training would have needed another learning rate, or more steps, to get where it could."""
    optimizer = event.optimizer
    if optimizer is None or optimizer.kind == "other" or optimizer.scheduled or not optimizer.learning_rate > 0:
        return None
    if event.curvature is not None and optimizer.learning_rate > event.curvature.limit:
        return None
    foreseen = event.forecast
    if foreseen is None or not is_quadratic(event):
        crawl = _crawl(event, optimizer)
        return Stalled(optimizer, "warning", crawl=crawl) if crawl is not None else None
    if foreseen.slow is None or foreseen.steps < STEPS:
        return None
    if leaves_much(event, foreseen, foreseen.left):
        return Stalled(optimizer, "warning", foreseen, foreseen.slow)
    return Stalled(optimizer, "note", foreseen, foreseen.slow) if _leaves_a_little(event, foreseen) else None


def leaves_much(event: TrainingSeen, foreseen: Forecast, left: float) -> bool:
    """Whether a loss of `left` is far above the floor, and the run's own losses do not say otherwise.

    The floor of one small batch is lower than that of all of them, so a run that is over is held against the best fit
    to all samples, too, as far as the mean of its last losses can tell: a mean of n squared errors has a relative
    standard deviation of sqrt(2 / n).
    """
    above, much = left - foreseen.floor, MUCH * _constant(event, foreseen)
    if not above >= much > 0:
        return False
    losses, last = event.losses, _last(event)
    if losses is None or last is None:
        return True
    if last < foreseen.floor + _AGREES * min(above, foreseen.left - foreseen.floor):
        return False
    seen = max(1, losses.count // 10) * max(1, event.batch)
    chance = 0.0 if _whole(event) else 2 * math.sqrt(2 / seen) * last
    known = event.affine is not None and event.baseline > 0
    return not known or last - _reachable(event, last) >= much + chance


def _leaves_a_little(event: TrainingSeen, foreseen: Forecast) -> bool:
    above, constant = foreseen.left - foreseen.floor, _constant(event, foreseen)
    if foreseen.slow is None or not foreseen.exact or not _whole(event) or not foreseen.slow.kept >= KEPT:
        return False
    if not foreseen.now - foreseen.floor >= MUCH * constant:
        return False
    if not above >= max(NEGLIGIBLE * constant, BESIDE_THE_FLOOR * foreseen.floor):
        return False
    last = _last(event)
    return last is None or _AGREES * foreseen.left <= last <= foreseen.left / _AGREES


def _whole(event: TrainingSeen) -> bool:
    """Whether every step sees all samples, so that the first batch tells all."""
    return event.affine is None or event.batch >= event.affine.samples


def _constant(event: TrainingSeen, foreseen: Forecast) -> float:
    """The loss of the best constant prediction, or the first loss where that is not known."""
    return event.baseline if math.isfinite(event.baseline) and event.baseline > 0 else foreseen.now


def _last(event: TrainingSeen) -> float | None:
    """The last loss of a run that is over."""
    losses = event.losses
    if losses is None or losses.count < 2 or not event.finished or not math.isfinite(losses.last):
        return None
    return losses.last


def _crawl(event: TrainingSeen, optimizer: Optimizer) -> Crawl | None:
    """For a loss that is not quadratic: only what the run itself confirms.

    To first order gradient descent takes lr |g|^2 a step from the loss, 1 / (1 - b) times that with momentum b, and
    Adam, whose steps have the size of the learning rate in every coordinate, lr |g|_1. A run that did that and no more,
    with the gradient unchanged, has not left the neighbourhood of its start; and that there was more to gain has to be
    known from a fit or from what a constant prediction reaches.
    """
    losses, rate = event.losses, optimizer.learning_rate
    if losses is None or not event.finished or losses.nonfinite_at or losses.count < 2 or event.steps < 2 * STEPS:
        return None
    start, end = (math.hypot(*values) for values in _norms(event))
    if not (losses.first > 0 and start > 0 and _SAME_GRADIENT[0] <= end / start <= _SAME_GRADIENT[1]):
        return None
    if optimizer.kind == "adam":
        each = sum(norm.first * math.sqrt(norm.size) for norm in event.gradients) * math.sqrt(2 / math.pi)
    else:
        each = start**2 / (1 - optimizer.momentum) if optimizer.momentum < 1 else math.inf
    expected, fell = rate * event.steps * each, losses.first - losses.last
    removable = losses.last - _reachable(event, losses.last)
    if not (max(expected, fell) <= LITTLE * losses.first and removable >= _LEARNABLE * losses.last):
        return None
    if abs(fell - expected) > _AGREES * expected + _CHANCE * losses.first:
        return None
    limit = event.curvature.limit if event.curvature is not None else math.inf
    if rate > _ROOM * limit:
        return None
    better = rate * removable / expected
    if not math.isfinite(limit):
        return Crawl(losses, expected, (start, end), better if optimizer.kind == "adam" else 0.0)
    return Crawl(losses, expected, (start, end), min(better, 0.5 * limit))


def _norms(event: TrainingSeen) -> tuple[list[float], list[float]]:
    return [norm.first for norm in event.gradients], [norm.last for norm in event.gradients]


def _reachable(event: TrainingSeen, last: float) -> float:
    """A loss that is known to be within reach: of the best constant prediction, or of an affine one.

    Of a classifier that is still close to guessing it is taken for granted that it is not meant to.
    """
    if not (math.isfinite(event.baseline) and event.baseline > 0):
        return math.inf
    if event.loss_kind in ("crossentropy", "binary_crossentropy") and last >= _GUESSING * event.baseline:
        return 0.0
    fit = event.affine
    if fit is not None and event.loss_kind == "mse" and fit.constant > 0:
        return event.baseline * fit.error / fit.constant
    return event.baseline
