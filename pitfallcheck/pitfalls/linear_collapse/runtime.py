"""Reports a trained model that is affine although it has hidden layers, and the error that they cannot take away."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding, Level
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import AffineFit, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.linear_collapse import PITFALL

AFFINE = 1e-4
"""Midpoints of inputs map this close to midpoints of outputs, relative to their spread: float32 rounding, and no bend.

A ReLU or tanh network of usual initial weights is off by 1e-2 to 1.
"""

WORTH_NAMING = 0.05
"""The share of the targets' variance that an affine model must leave before it is told of: less is hard to see in a
plot of predictions against targets, and a line is then a fair model."""

BENT = 0.3
"""With noise estimated below this share of what is left, the targets bend; the estimate is off by chance by a third
where it rests on 30 samples."""

NOISY = 0.7
"""With noise estimated above this share, what is left is as good as all noise, and a line is the right model."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each place that makes a model with hidden layers and nothing between them."""
    told: set[Place] = set()
    for event in events:
        if not isinstance(event, TrainingSeen):
            continue
        place = event.made or event.at
        fit = event.affine
        if place is not None and place not in told and fit is not None and _collapsed(event, fit):
            told.add(place)
            yield _finding(event, fit, place)


def _collapsed(event: TrainingSeen, fit: AffineFit) -> bool:
    """Whether the model is affine and has more parameters than an affine map: somebody meant more than a line."""
    if event.loss_kind in ("crossentropy", "binary_crossentropy") or not fit.constant > 0:
        return False
    return event.midpoint <= AFFINE and event.parameters > (fit.features + 1) * fit.outputs


def _level(fit: AffineFit) -> Level:
    """An error where the targets are known to bend, a warning where they may be noisy, else a note."""
    if fit.error < WORTH_NAMING * fit.constant or fit.noise >= NOISY * fit.error:
        return "note"
    return "error" if fit.noise <= BENT * fit.error else "warning"


def _finding(event: TrainingSeen, fit: AffineFit, place: Place) -> Finding:
    level = _level(fit)
    bound = f"the best affine fit to the {fit.samples} samples seen leaves a mean squared error of {fit.error:.3g}"
    r2 = f"R² {fit.r2:.3f}" if fit.r2 < 0.9995 else "R² 1.000"
    name = f"the model `{event.model}`" if event.model else "the model"
    unknowns = (fit.features + 1) * fit.outputs
    what = (
        f"{name} is an affine map of its input, because nothing non-linear stands between its layers: its "
        f"{event.parameters} parameters say no more than the {unknowns} of one linear layer"
    )
    if level == "note":
        why = "that is enough here" if fit.error < WORTH_NAMING * fit.constant else "the rest looks like noise"
        message = f"{what}, and {why}: {bound} ({r2})"
        remedy = "replace the layers by a single linear one, or leave them if the composition is what you want to show"
    else:
        message = f"{what}, and {bound} ({r2}): no training can go below it"
        remedy = "put an activation (ReLU or tanh) after each hidden layer"
    return PITFALL.finding(
        level,
        location_of(place),
        message,
        remedy=remedy,
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(_evidence(event, fit, place)),
    )


def _evidence(event: TrainingSeen, fit: AffineFit, place: Place) -> Iterator[Evidence]:
    yield Evidence("made", "the model is made here", shown_path(place.path), place.line)
    if event.at is not None and event.at != place:
        yield Evidence("trained", "it is trained here", shown_path(event.at.path), event.at.line)
    yield Evidence(
        "measured",
        f"the model at midpoints of two inputs is off the mean of its two outputs by {event.midpoint:.1e} of their "
        "spread",
    )
    text = f"the best constant leaves {fit.constant:.3g}, the best affine map {fit.error:.3g}"
    if math.isfinite(event.error):
        text += f", this model {event.error:.3g}"
    yield Evidence("measured", text)
    if math.isfinite(fit.noise) and fit.error >= WORTH_NAMING * fit.constant:
        yield Evidence("measured", f"targets of neighbouring inputs differ as by noise of variance {fit.noise:.3g}")
