"""Reports a training whose loss ends no better than that of the best constant prediction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import AffineFit, Losses, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.not_learning import PITFALL

STEPS = 50
"""Steps below which nothing is said: a trial run of a few batches is not meant to learn."""

SAMPLES = 200
"""Samples behind the last losses, counted with repetition, below which their mean is a matter of chance."""

NO_BETTER = 0.02
"""A loss within this share of the best constant's is no better: a model that explains 2 % of the targets passes."""

NO_BETTER_WHERE_LEARNABLE = 0.05
"""The same where the targets are known to depend on the inputs by more than `LEARNABLE` of their variance."""

LEARNABLE = 0.3

NOISE = 0.85
"""With noise estimated above this share of the targets' variance there is nothing to learn from these inputs."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each line that trains in vain."""
    told: set[Place] = set()
    for event in events:
        if isinstance(event, TrainingSeen) and event.at is not None and event.at not in told:
            losses = event.losses
            if losses is not None and event.finished and _in_vain(event, losses):
                told.add(event.at)
                yield _finding(event, losses, event.at)


def _in_vain(event: TrainingSeen, losses: Losses) -> bool:
    if not (math.isfinite(event.baseline) and event.baseline > 0) or losses.nonfinite_at:
        return False
    last = max(1, losses.count // 10)
    if event.steps < STEPS or max(event.steps // 10, last) * max(event.batch, 1) < SAMPLES:
        return False
    fit = event.affine
    learnable = fit is not None and _learnable(fit)
    margin = NO_BETTER_WHERE_LEARNABLE if learnable else NO_BETTER
    return math.isfinite(losses.last) and losses.last >= (1 - margin) * event.baseline


def _learnable(fit: AffineFit) -> bool:
    """Whether a part of the targets' variance is known to follow from the inputs."""
    return fit.constant > 0 and (fit.r2 >= LEARNABLE or fit.noise <= (1 - LEARNABLE) * fit.constant)


def _finding(event: TrainingSeen, losses: Losses, place: Place) -> Finding:
    fit = event.affine
    noise = fit is not None and fit.constant > 0 and fit.noise >= NOISE * fit.constant
    message = (
        f"after {event.steps} steps the loss is {losses.last:.4g}, and the best constant prediction has "
        f"{event.baseline:.4g}: the model has learned nothing about the targets from the inputs"
    )
    if noise:
        message += ", and the targets look like noise to them: neighbouring inputs have unrelated targets"
        remedy = "check that each target still stands beside its own input"
    else:
        remedy = (
            "look for targets that are not those of their inputs, a step that is never taken or changes nothing, or "
            "units that are saturated from the start; train on one batch alone first, its loss must go to 0"
        )
    return PITFALL.finding(
        "note" if noise else "error",
        location_of(place),
        message,
        remedy=remedy,
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(_evidence(event, losses, place)),
    )


def _evidence(event: TrainingSeen, losses: Losses, place: Place) -> Iterator[Evidence]:
    yield Evidence(
        "measured",
        f"the loss began at {losses.first:.4g}, ended at {losses.last:.4g} and was never below {losses.lowest:.4g}",
    )
    fit = event.affine
    if fit is not None and fit.constant > 0 and fit.r2 >= LEARNABLE:
        yield Evidence(
            "measured", f"an affine least-squares fit explains {100 * fit.r2:.3g} % of the targets' variance"
        )
    if event.made is not None and event.made != place:
        yield Evidence("made", "the model is made here", shown_path(event.made.path), event.made.line)
