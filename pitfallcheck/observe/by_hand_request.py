"""What a user gives to `check` beside the batches, looked at before anything is asked of it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pitfallcheck.observe.by_hand_calls import described
from pitfallcheck.observe.learning import Optimizer, OptimizerKind

_KINDS: dict[str, OptimizerKind] = {"sgd": "sgd", "adam": "adam"}


@dataclass(frozen=True, slots=True)
class ByHand:
    """The arguments of `check` of the same names; see there. `steps` is 0 where they are not known."""

    forward: Callable[..., Any]
    loss: Callable[..., Any] | None = None
    parameters: Any = None
    gradient: Callable[..., Any] | None = None
    optimizer: Optimizer | None = None
    steps: int = 0


def request_of(
    *,
    forward: Any,
    loss: Any,
    parameters: Any,
    gradient: Any,
    learning_rate: Any,
    steps: Any,
    optimizer: Any,
    momentum: Any,
) -> ByHand | None:
    """The request, or None where batches alone were given. Raises TypeError or ValueError for what cannot be."""
    given = {
        "loss": loss,
        "parameters": parameters,
        "gradient": gradient,
        "learning_rate": learning_rate,
        "steps": steps,
    }
    for name, function in (("forward", forward), ("loss", loss), ("gradient", gradient)):
        if function is not None and not callable(function):
            raise TypeError(f"check(): `{name}` must be a function, not {described(function)}")
    if forward is None:
        if lonely := next((name for name, value in given.items() if value is not None), ""):
            raise TypeError(
                f"check(): `{lonely}` says nothing without `forward`, the function from inputs to prediction"
            )
        return None
    for name in ("loss", "parameters"):
        for needed_by in ("gradient", "learning_rate"):
            if given[needed_by] is not None and given[name] is None:
                raise TypeError(f"check(): `{needed_by}` needs `{name}` beside it")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, numbers.Integral) or steps < 1):
        raise ValueError(f"check(): `steps` must be a whole number of at least 1, not {steps!r}")
    how = None
    if learning_rate is not None:
        how = _optimizer(learning_rate, optimizer, momentum)
    return ByHand(forward, loss, parameters, gradient, how, int(steps or 0))


def _optimizer(learning_rate: Any, optimizer: Any, momentum: Any) -> Optimizer:
    if optimizer not in _KINDS:
        raise ValueError(f"check(): `optimizer` must be one of {', '.join(map(repr, _KINDS))}, not {optimizer!r}")
    scheduled = callable(learning_rate)
    rate = _number("learning_rate", learning_rate(0) if scheduled else learning_rate)
    if not 0 < rate < math.inf:
        raise ValueError(f"check(): `learning_rate` must be above 0, not {rate!r}")
    beta = _number("momentum", momentum)
    if not 0 <= beta < 1:
        raise ValueError(f"check(): `momentum` must be at least 0 and below 1, not {beta!r}")
    kind = _KINDS[optimizer]
    if kind == "adam" and beta:
        raise ValueError("check(): `momentum` is that of 'sgd'; Adam has its own")
    return Optimizer(
        kind=kind, name="Adam" if kind == "adam" else "", learning_rate=rate, momentum=beta, scheduled=scheduled
    )


def _number(name: str, value: Any) -> float:
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"check(): `{name}` must be a number, not {described(value)}") from None
