"""Finds out by asking what a loss of plain numbers computes, and whether it is a mean or a sum over the samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from pitfallcheck.observe.memory import Array

LossKind = Literal["mse", "mae", "huber", "crossentropy", "binary_crossentropy", "other"]
Ask = Callable[[Array, Array], float]
"""The loss of predictions and targets."""

Formula = Callable[[Array, Array], float | None]
"""The mean loss over the samples for predictions and targets; None, ValueError or IndexError where they do not fit."""

ALIKE = 1e-3
"""Relative difference up to which two losses are the same: losses in float32 and clipped logarithms are off by less."""
_PAIRS = 8


class LossForm(NamedTuple):
    """What a loss computes, up to a constant, and whether doubling the batch doubles it."""

    kind: LossKind
    summed: bool


def form_of(ask: Ask, pairs: Sequence[tuple[Array, Array]]) -> LossForm:
    """The form of a loss, told from its values for predictions and targets of the program's own.

    Each prediction is also paired with other targets: two losses that agree up to one constant on all of them are one.
    """
    probes = list(_probes(pairs))
    prediction, target = probes[0]
    values = [ask(*probe) for probe in probes]
    doubled = ask(np.concatenate([prediction, prediction]), np.concatenate([target, target]))
    summed = values[0] != 0 and math.isclose(doubled / values[0], 2.0, rel_tol=ALIKE)
    means = [value / len(one) if summed else value for value, (one, _) in zip(values, probes, strict=True)]
    if len(set(means)) < 2 or not np.isfinite(means).all():
        # One value only: many formulas would fit.
        return LossForm("other", summed)
    fitting = (kind for kind, formula in _FORMULAS if _fits(formula, means, probes))
    return LossForm(next(fitting, "other"), summed)


def _fits(formula: Formula, means: Sequence[float], probes: Sequence[tuple[Array, Array]]) -> bool:
    """Whether the losses are one constant times what the formula gives."""
    ratios = []
    for mean, (prediction, target) in zip(means, probes, strict=True):
        try:
            with np.errstate(all="ignore"):
                expected = formula(prediction.astype(np.float64), target)
        except (ValueError, IndexError):
            return False
        if expected is None or not math.isfinite(expected) or expected <= 0:
            return False
        ratios.append(mean / expected)
    return min(ratios) > 0 and max(ratios) <= min(ratios) * (1 + ALIKE)


def _probes(pairs: Sequence[tuple[Array, Array]]) -> Iterator[tuple[Array, Array]]:
    """The pairs, and the same predictions beside the targets of other samples and of the next batch."""
    for number, (prediction, target) in enumerate(pairs[:_PAIRS]):
        yield prediction, target
        if len(target) > 1:
            yield prediction, np.roll(target, 1, axis=0)
        other = pairs[(number + 1) % len(pairs)][1]
        if len(pairs) > 1 and other.shape == target.shape:
            yield prediction, other


def best_constant(kind: LossKind, targets: Array) -> Array | None:
    """The prediction without an input that has the least loss of this kind, in the shape of one sample's."""
    if kind == "mse":
        return np.asarray(targets.mean(axis=0))
    if kind == "mae":
        return np.asarray(np.median(targets, axis=0))
    return None


def _paired(prediction: Array, target: Array) -> Array:
    """The targets in the predictions' shape. Raises ValueError where they have another size."""
    return target.astype(np.float64).reshape(prediction.shape)


def _mse(prediction: Array, target: Array) -> float:
    return float(np.mean((prediction - _paired(prediction, target)) ** 2))


def _mae(prediction: Array, target: Array) -> float:
    return float(np.mean(np.abs(prediction - _paired(prediction, target))))


def _huber(prediction: Array, target: Array) -> float:
    off = np.abs(prediction - _paired(prediction, target))
    return float(np.mean(np.where(off <= 1, off**2 / 2, off - 0.5)))


def _binary(prediction: Array, target: Array) -> float | None:
    """The binary cross-entropy of probabilities."""
    y = _paired(prediction, target)
    if not (prediction.min() > 0 and prediction.max() < 1 and y.min() >= 0 and y.max() <= 1):
        return None
    return float(-np.mean(y * np.log(prediction) + (1 - y) * np.log(1 - prediction)))


def _binary_logits(prediction: Array, target: Array) -> float | None:
    y = _paired(prediction, target)
    if not (y.min() >= 0 and y.max() <= 1):
        return None
    return float(np.mean(np.logaddexp(0, prediction) - y * prediction))


def _classes(logs: Array, target: Array) -> float | None:
    """The cross-entropy of log probabilities (N, classes) for labels, or rows of probabilities."""
    if logs.ndim != 2 or logs.shape[1] < 2:
        return None
    if target.shape == logs.shape:
        return float(-np.mean(np.sum(np.where(target > 0, target * logs, 0.0), axis=1)))
    if target.dtype.kind not in "iub" or target.size != len(logs):
        return None
    return float(-np.mean(logs[np.arange(len(logs)), target.ravel().astype(int)]))


def _probabilities(prediction: Array, target: Array) -> float | None:
    if prediction.min() < 0 or not np.allclose(prediction.sum(axis=-1), 1, atol=1e-3):
        return None
    return _classes(np.log(prediction), target)


def _logits(prediction: Array, target: Array) -> float | None:
    shifted = prediction - prediction.max(axis=-1, keepdims=True)
    return _classes(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), target)


_FORMULAS: tuple[tuple[LossKind, Formula], ...] = (
    ("mse", _mse),
    ("mae", _mae),
    ("huber", _huber),
    ("binary_crossentropy", _binary),
    ("binary_crossentropy", _binary_logits),
    ("crossentropy", _probabilities),
    ("crossentropy", _logits),
)
