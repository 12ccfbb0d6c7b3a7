"""How a Keras model is set up to learn: its optimizer's settings, what its loss computes, and what a constant costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.observe.events import Place
from pitfallcheck.observe.learning import Losses, Optimizer

Kind = Literal["mse", "mae", "huber", "crossentropy", "binary_crossentropy", "other"]
Array = NDArray[Any]

_KINDS: dict[str, Kind] = {
    "mse": "mse",
    "meansquarederror": "mse",
    "mae": "mae",
    "meanabsoluteerror": "mae",
    "huber": "huber",
    "huberloss": "huber",
    "categoricalcrossentropy": "crossentropy",
    "sparsecategoricalcrossentropy": "crossentropy",
    "binarycrossentropy": "binary_crossentropy",
    "bce": "binary_crossentropy",
}
"""What Keras's losses compute, by their names without case and underscores."""


class LossUsed(NamedTuple):
    """The compiled loss: its name, what it computes, whether it is summed over the samples, and by which factor it is
    more than its kind says (a mean is 1, half a mean squared error 0.5)."""

    name: str
    kind: Kind
    summed: bool
    factor: float = 1.0


def optimizer_of(model: Any, at: Place | None, scheduled: bool) -> Optimizer | None:
    """The settings of the model's optimizer as they are now; None where it has none with a learning rate."""
    optimizer = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", None) or optimizer
    rate = rate_of(model)
    if optimizer is None or rate is None:
        return None
    name = type(optimizer).__name__
    own = type(optimizer).__module__.startswith("keras.src.")
    # A clipped step is no longer than the clip, and `amsgrad` holds on to the largest second moment: no limit is known.
    bounded = any(getattr(optimizer, name, None) for name in ("clipnorm", "clipvalue", "global_clipnorm"))
    kind: Literal["sgd", "adam", "other"] = "other"
    if own and not bounded and not getattr(optimizer, "gradient_accumulation_steps", None):
        if name == "SGD":
            kind = "sgd"
        elif name in ("Adam", "AdamW") and not getattr(optimizer, "amsgrad", False):
            kind = "adam"
    return Optimizer(
        kind=kind,
        name=name,
        learning_rate=rate,
        momentum=_number(optimizer, "momentum") if kind == "sgd" else 0.0,
        nesterov=bool(getattr(optimizer, "nesterov", False)) and kind == "sgd",
        beta1=_number(optimizer, "beta_1", 0.9),
        beta2=_number(optimizer, "beta_2", 0.999),
        epsilon=_number(optimizer, "epsilon", 1e-7),
        weight_decay=_number(optimizer, "weight_decay"),
        scheduled=scheduled or _has_schedule(optimizer),
        at=at,
    )


def rate_of(model: Any) -> float | None:
    """The learning rate as it is now."""
    optimizer = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", None) or optimizer
    try:
        from keras.src import ops

        return float(ops.convert_to_numpy(optimizer.learning_rate))  # type: ignore[union-attr]
    except Exception:
        # No optimizer, one of another library, or one whose rate is no number.
        return None


def _has_schedule(optimizer: Any) -> bool:
    given = getattr(optimizer, "_learning_rate", None)
    return type(given).__module__.startswith("keras.src.optimizers.schedules") or (
        callable(given) and not hasattr(given, "assign")
    )


def _number(optimizer: Any, name: str, default: float = 0.0) -> float:
    value = getattr(optimizer, name, None)
    return default if value is None else float(value)


def loss_used(
    model: Any, compute: Callable[[int], float], targets: Sequence[Array], outputs: Sequence[Array]
) -> LossUsed:
    """What the compiled loss computes; `compute(n)` is its value for the samples n times over.

    By its name where it is Keras's own, else by its numbers: a function that gives a multiple of the mean squared or
    the mean absolute error for the targets and outputs at hand, and again for others, computes that.
    """
    given = _only(model.loss)
    name = given if isinstance(given, str) else getattr(given, "__name__", type(given).__name__)
    if given is None or len(targets) != 1 or len(outputs) != 1:
        return LossUsed(str(name), "other", False)
    once, twice = compute(1), compute(2)
    summed = bool(np.isfinite(once) and abs(twice - 2 * once) < 1e-3 * abs(once) and abs(once) > 0)
    own = isinstance(given, str) or str(getattr(given, "__module__", "")).startswith("keras.src.losses")
    own = own or type(given).__module__.startswith("keras.src.")
    kind = _KINDS.get(re.sub(r"[^a-z]", "", str(name).lower()), "other") if own else "other"
    if getattr(given, "label_smoothing", 0) or getattr(given, "axis", -1) != -1:
        kind = "other"
    factor = 1.0
    target, output = _alike(targets[0], outputs[0])
    if target is None or output is None:
        return LossUsed(str(name), kind, summed)
    found: dict[Kind, float] = {
        "mse": float(np.mean((target - output) ** 2)),
        "mae": float(np.mean(abs(target - output))),
    }
    rows = len(target) if summed else 1
    for one, value in found.items():
        ratio = once / value / rows if value > 0 else 0.0
        if kind == "other" and not own and any(abs(ratio - c) < 1e-4 * c for c in (1.0, 0.5, 2.0, target[0].size)):
            kind, factor = one, ratio
    return LossUsed(str(name), kind, summed, factor)


def baseline(loss: LossUsed, targets: Sequence[Array], batch: int, units: int) -> float:
    """The loss of the best constant prediction for these targets, in units of the loss; NaN where not known.

    For squared errors it is the variance, for absolute ones the mean distance from the median; for classes it is the
    entropy of their frequencies, in nats. `units` is how many the model has at its output.
    """
    if len(targets) != 1 or targets[0].dtype.kind not in "fiub" or not targets[0].size:
        return float("nan")
    target = targets[0].reshape(len(targets[0]), -1).astype(np.float64)
    if not np.isfinite(target).all():
        return float("nan")
    value = float("nan")
    if loss.kind == "mse":
        value = float(target.var(axis=0).mean())
    elif loss.kind == "mae":
        value = float(np.abs(target - np.median(target, axis=0)).mean())
    elif loss.kind == "binary_crossentropy" and target.min() >= 0 and target.max() <= 1:
        value = float(sum(_entropy(np.array([p, 1 - p])) for p in target.mean(axis=0)) / target.shape[1])
    elif loss.kind == "crossentropy":
        if target.shape[1] == units and units > 1 and np.allclose(target.sum(axis=1), 1):
            value = _entropy(target.mean(axis=0))
        elif target.shape[1] == 1 and (target == target.round()).all():
            value = _entropy(np.unique(target, return_counts=True)[1] / len(target))
    return value * loss.factor * (batch if loss.summed else 1)


def summary(values: Sequence[float]) -> Losses | None:
    """The losses of a run; None without any."""
    if not values:
        return None
    few = max(1, len(values) // 10)
    finite = [value for value in values if np.isfinite(value)]
    bad = next((number for number, value in enumerate(values, 1) if not np.isfinite(value)), 0)
    return Losses(
        count=len(values),
        first=float(np.mean(values[:few])),
        last=float(np.mean(values[-few:])),
        lowest=min(finite, default=float("nan")),
        nonfinite_at=bad,
    )


def _alike(target: Array, output: Array) -> tuple[Array | None, Array | None]:
    """Both as float64 of the output's shape; None where they are not of one size or no real numbers."""
    if target.size != output.size or target.dtype.kind not in "fiub" or output.dtype.kind not in "fiub":
        return None, None
    return target.reshape(output.shape).astype(np.float64), output.astype(np.float64)


def _only(loss: Any) -> Any:
    """The loss, or the only one of a list or dictionary of one."""
    while isinstance(loss, list | tuple | dict) and len(loss) == 1:
        loss = next(iter(loss.values())) if isinstance(loss, dict) else loss[0]
    return loss


def _entropy(shares: Array) -> float:
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum())
