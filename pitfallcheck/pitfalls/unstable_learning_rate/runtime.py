"""Reports a learning rate beyond the limit at which the steps begin to amplify the error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import Optimizer, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of
from pitfallcheck.pitfalls.unscaled_inputs.collision import collision
from pitfallcheck.pitfalls.unstable_learning_rate import PITFALL
from pitfallcheck.pitfalls.unstable_learning_rate.verdict import Unstable, is_quadratic, start_of, unstable

_SAFE = 0.5


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each place that sets such a rate; a place that tries several, of which one does, is a search."""
    told: set[Place] = set()
    trainings = [event for event in events if isinstance(event, TrainingSeen)]
    for event in trainings:
        seen, place = unstable(event), rate_given_at(event)
        if seen is None or place is None or place in told or collision(event) is not None:
            continue
        if not any(unstable(other) is None for other in tried_beside(event, trainings)):
            told.add(place)
            yield _finding(event, seen, place)


def rate_given_at(event: TrainingSeen) -> Place | None:
    """The line that a user changes to change the learning rate."""
    made = event.optimizer.at if event.optimizer is not None else None
    return made or event.compiled or event.at


def tried_beside(event: TrainingSeen, trainings: Sequence[TrainingSeen]) -> list[TrainingSeen]:
    """The trainings whose optimizer stands at the same place with another learning rate."""
    place, rate = rate_given_at(event), event.optimizer.learning_rate if event.optimizer is not None else math.nan
    return [
        other
        for other in trainings
        if other.optimizer is not None and rate_given_at(other) == place and other.optimizer.learning_rate != rate
    ]


def rate_of(optimizer: Optimizer) -> str:
    """`the learning rate 0.01 of SGD with momentum 0.9`, with the class as code."""
    text = f"the learning rate {optimizer.learning_rate:.4g}"
    if optimizer.name:
        text += f" of `{optimizer.name}`"
    if optimizer.kind == "sgd" and optimizer.momentum:
        text += f" with {'Nesterov ' if optimizer.nesterov else ''}momentum {optimizer.momentum:.4g}"
    return text


def _finding(event: TrainingSeen, seen: Unstable, place: Place) -> Finding:
    return PITFALL.finding(
        seen.level,
        location_of(place),
        f"{rate_of(seen.optimizer)} is above {seen.limit:.3g}, beyond which it is unstable on this loss"
        f"{_outcome(event, seen)}{_factor(event)}",
        remedy=_remedy(event, seen),
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(_evidence(event, seen)),
    )


def _outcome(event: TrainingSeen, seen: Unstable) -> str:
    losses = event.losses
    if seen.said == "non-finite":
        return ", and the loss became infinite or not a number"
    if losses is None or seen.said == "nothing":
        return ""
    first, last = start_of(event, losses), losses.last
    if seen.said == "risen":
        return f", and the loss rose from {first:.3g} to {last:.3g}"
    if seen.level == "note":
        return f", although the loss came down from {first:.3g} to {last:.3g}"
    return f", and the loss, {first:.3g} at first, ended at {last:.3g}"


def _factor(event: TrainingSeen) -> str:
    if not event.summed or event.batch < 2:
        return ""
    return (
        f"; the gradient is summed over the {event.batch} samples of a batch, "
        f"so that each step is {event.batch} times that of their mean"
    )


def _remedy(event: TrainingSeen, seen: Unstable) -> str:
    foreseen = event.forecast.better_rate if event.forecast is not None else 0.0
    if 0 < foreseen < seen.limit:
        text = f"use a learning rate below {seen.limit:.3g}; {foreseen:.3g} is foreseen to converge in these steps"
    else:
        text = f"use a learning rate below {seen.limit:.3g}, for instance {_SAFE * seen.limit:.2g}"
    if event.summed and event.batch > 1 and seen.optimizer.learning_rate < seen.limit * event.batch:
        return f"take the mean over the batch, with which this rate is stable, or {text}"
    return text


def _evidence(event: TrainingSeen, seen: Unstable) -> Iterator[Evidence]:
    optimizer, momentum = seen.optimizer, seen.optimizer.momentum
    matrix, limit = "Hessian of the loss", "2 / L"
    if optimizer.kind == "adam":
        matrix = "Hessian of the loss, preconditioned as in the first step,"
        limit = f"{(2 + 2 * optimizer.beta1) / max(1 - optimizer.beta1, math.ulp(1.0)):.3g} / L"
    elif momentum:
        limit = "2 (1 + b) / ((1 + 2 b) L)" if optimizer.nesterov else "2 (1 + b) / L"
        limit += f" with the momentum b = {momentum:.4g}"
    largest = f"the largest eigenvalue L of the {matrix} is {seen.eigenvalue:.4g} before the first step"
    yield Evidence("measured", f"{largest}; the limit is {limit}")
    if optimizer.kind == "sgd" and not momentum and is_quadratic(event):
        growth = abs(1 - optimizer.learning_rate * seen.eigenvalue)
        yield Evidence(
            "foreseen",
            f"each step multiplies the error along its direction by 1 - learning rate x L: {growth:.3g} times",
        )
