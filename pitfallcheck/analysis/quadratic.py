"""Foresees the loss that is left after some steps, on the quadratic model of the loss at the first one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.analysis.limits import stability_limit
from pitfallcheck.analysis.objective import Vector
from pitfallcheck.analysis.rules import errors_after_adam, kept_by_descent
from pitfallcheck.analysis.spectrum import NOISE, Matrix, Spectrum
from pitfallcheck.observe.learning import Forecast, Optimizer, Slow

MATTERS = 1e-4
"""The share of the removable loss from which on a direction matters."""

DONE = 0.05
"""The share of its error that a direction may keep to count as learned: three time constants."""

LITTLE = 1e-3
"""The share of the removable loss that may be left where everything is learned."""

_UNBOUNDED = 1e-2
"""The share of the gradient, squared, in directions that do not curve upwards, above which the model has no floor."""

_CANDIDATES = 24
_ADAM_CANDIDATES = 9

_OUT_OF_REACH = 1e9
"""Steps that nobody takes."""


class LocalQuadratic(NamedTuple):
    """The loss near the first step: f(w + d) = now + g'd + d'Hd / 2, in the eigendirections that curve upwards.

    `eigenvalues` (m,) and `directions` (n, m) are those, `along` (m,) is the gradient in them. `hessian` (n, n) is
    there only where it is known whole; `largest` is the eigenvalue that limits the learning rate (for Adam, of the
    preconditioned Hessian).
    """

    now: float
    eigenvalues: Vector
    directions: Matrix
    along: Vector
    largest: float
    blocks: tuple[tuple[str, int], ...]
    hessian: Matrix | None

    @property
    def removable(self) -> Vector:
        """The loss in each direction, now and above the floor: (v'g)^2 / (2 L)."""
        return np.asarray(self.along**2 / (2 * self.eigenvalues))


def local_quadratic(
    now: float, gradient: Vector, spectrum: Spectrum, largest: float, blocks: Sequence[tuple[str, int]]
) -> LocalQuadratic | None:
    """The quadratic model; None where it has no floor.

    That is where a part of the gradient lies in directions that curve downwards or not at all, or where its minimum
    is below zero although the loss is not.
    """
    along = spectrum.vectors.T @ gradient
    rounding = 10 * NOISE * (np.abs(spectrum.vectors).T @ np.abs(gradient))
    upwards = spectrum.values > spectrum.noise
    lost = along[~upwards & (np.abs(along) > rounding)]
    if not math.isfinite(now) or lost @ lost > _UNBOUNDED * (gradient @ gradient):
        return None
    model = LocalQuadratic(
        now,
        spectrum.values[upwards],
        spectrum.vectors[:, upwards],
        np.where(np.abs(along) > rounding, along, 0.0)[upwards],
        largest,
        tuple(blocks),
        spectrum.hessian,
    )
    if now >= 0 and model.removable.sum() > now * (1 + _UNBOUNDED) + 1e-12:
        return None
    return model


@np.errstate(all="ignore")  # what overflows is infinite, and the program need not hear of it
def foresee(model: LocalQuadratic, optimizer: Optimizer, steps: int) -> Forecast | None:
    """What `steps` steps of this optimizer leave of the loss; None where its rule is not followed here.

    Weight decay is left out: its pull depends on where the weights are, and is small beside any curvature that counts.
    """
    rate, removable = optimizer.learning_rate, model.removable
    if steps < 1 or not rate > 0 or optimizer.kind == "other":
        return None
    floor = model.now - float(removable.sum())
    if abs(floor) <= NOISE * model.now or 0 > floor >= -_UNBOUNDED * model.now:
        floor = 0.0  # what is left of two equal numbers in float32
    limit = stability_limit(optimizer, model.largest)
    rates = _candidates(rate, limit, optimizer)
    kept = _kept(model, optimizer, rates, steps)
    if kept is None:
        return None
    above = np.nan_to_num(kept**2 * removable, nan=0.0, posinf=math.inf).sum(axis=1)
    matter = removable > MATTERS * removable.sum()
    learned = above <= LITTLE * removable.sum()
    if matter.any():
        learned &= (np.abs(kept[:, matter]) <= DONE).all(axis=1)
    better_rate, better_steps = 0.0, 0
    if matter.any() and not learned[0]:
        better_rate = _better_rate(rate, limit, rates, learned, above)
        if rate < limit:
            better_steps = _better_steps(optimizer, steps, model.eigenvalues[matter], kept[0, matter], better_rate)
    stable = rates < limit
    return Forecast(
        steps=steps,
        now=model.now,
        floor=floor,
        left=floor + float(above[0]),
        slow=_slowest(model, np.abs(kept[0]), matter),
        better_rate=better_rate,
        better_steps=better_steps,
        exact=model.hessian is not None,
        best=floor + float(above[stable].min()) if stable.any() else math.nan,
    )


def _candidates(rate: float, limit: float, optimizer: Optimizer) -> Vector:
    """The rate in use, then rates below the limit that might do better, in ascending order."""
    if not math.isfinite(limit):
        return np.array([rate])
    count = _ADAM_CANDIDATES if optimizer.kind == "adam" else _CANDIDATES
    highest = 0.9 * limit
    lowest = min(rate, highest / 1e3) if optimizer.kind == "adam" else min(1.1 * rate, highest / 1e2)
    return np.append(rate, np.geomspace(lowest, highest, count))


def _kept(model: LocalQuadratic, optimizer: Optimizer, rates: Vector, steps: int) -> Matrix | None:
    """The factor on the error in each direction after the steps, of shape (rates, directions)."""
    if optimizer.kind == "sgd":
        return kept_by_descent(optimizer, rates, model.eigenvalues, steps)
    if model.hessian is None:
        return None
    start = model.along / model.eigenvalues
    errors = errors_after_adam(optimizer, rates, model.hessian, model.directions @ start, steps)
    kept = np.where(start != 0, (errors @ model.directions) / start, 0.0)
    return np.where(np.isnan(kept), np.inf, kept)


def _better_rate(rate: float, limit: float, rates: Vector, learned: NDArray[np.bool_], above: Vector) -> float:
    """The next higher rate that learns everything; for a rate above the limit, the one that leaves least."""
    good = np.flatnonzero(learned & (rates < 0.95 * limit) & (rates > (rate if rate < limit else 0.0)))
    if not len(good):
        return 0.0
    chosen = good[np.argmin(rates[good])] if rate < limit else good[np.argmin(above[good])]
    return _two_digits(float(rates[chosen]))


def _better_steps(optimizer: Optimizer, steps: int, eigenvalues: Vector, kept: Vector, better_rate: float) -> int:
    """Steps after which every direction that matters has kept no more than `DONE` of its error at this rate.

    An error shrinks by the spectral radius of the update rule a step. Adam covers ground in proportion to rate times
    steps, so what a higher rate does in these steps this one does in as many more. 0 where it is out of all reach.
    """
    rate, momentum = optimizer.learning_rate, optimizer.momentum
    if optimizer.kind == "adam":
        return _two_digits_up(steps * better_rate / rate) if better_rate else 0
    needed = float(steps)
    for eigenvalue, share in zip(eigenvalues, np.abs(kept), strict=True):
        moved = rate * eigenvalue
        trace, product = 1 + momentum - moved, momentum
        if optimizer.nesterov:
            trace, product = (1 + momentum) * (1 - moved), momentum * (1 - moved)
        radius = float(np.abs(np.roots([1.0, -trace, product])).max())
        if share > DONE:
            needed = max(needed, steps + math.log(DONE / share) / math.log(radius) if 0 < radius < 1 else math.inf)
    return _two_digits_up(needed) if needed < _OUT_OF_REACH else 0


def _slowest(model: LocalQuadratic, kept: Vector, matter: NDArray[np.bool_]) -> Slow | None:
    """Of the directions that matter the one that leaves most of the loss."""
    if not matter.any():
        return None
    removable = model.removable
    worst = int(np.argmax(np.where(matter, kept * np.sqrt(removable), -1.0)))
    return Slow(
        eigenvalue=float(model.eigenvalues[worst]),
        parameter=_block(model, worst),
        kept=float(kept[worst]),
        share=float(removable[worst] / removable.sum()),
    )


def _block(model: LocalQuadratic, index: int) -> str:
    """The parameter in which a direction mostly lies."""
    mass = model.directions[:, index] ** 2
    best, most, start = "", -1.0, 0
    for name, size in model.blocks:
        share = float(mass[start : start + size].sum())
        start += size
        if share > most:
            best, most = name, share
    return best


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _two_digits_up(value: float) -> int:
    scale = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(math.ceil(value / scale - 1e-9) * scale - 1e-9)
