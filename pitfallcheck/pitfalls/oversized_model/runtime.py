"""Reports a network that does worse than an affine least-squares fit which already explains the targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import AffineFit, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.oversized_model import PITFALL

EXPLAINED = 0.999
"""R² of the affine fit from which the targets count as an affine function of the inputs."""

WORSE = 10.0
"""The network's error is told where it is this many times the affine fit's."""

SHARE, SHARE_OF_DEEP = 0.05, 0.01
"""And where it leaves this share of the targets' variance; of a deep network the smaller one, at which predictions are
off by a tenth of their spread: a shallow one may still be on its way there."""

DEEP = 4
"""Layers with weights from which a network is deep for targets that need one."""

OVERSIZED = 16
"""The network has at least this many times the parameters of the affine fit."""

STEPS = 200
"""Steps below which a network was not really trained, and nothing is said of what it could have become."""

BENT = 1e-3
"""Up to this far off the mean at midpoints, relative to the outputs' spread, the network is affine itself."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each place that makes such a network."""
    told: set[Place] = set()
    for event in events:
        if not isinstance(event, TrainingSeen):
            continue
        place = event.made or event.at
        fit = event.affine
        if place is not None and place not in told and fit is not None and _worse(event, fit):
            told.add(place)
            yield _finding(event, fit, place)


def _worse(event: TrainingSeen, fit: AffineFit) -> bool:
    if event.loss_kind in ("crossentropy", "binary_crossentropy") or not event.finished or event.steps < STEPS:
        return False
    if fit.r2 <= EXPLAINED or not fit.constant > 0 or event.parameters < OVERSIZED * (fit.features + 1) * fit.outputs:
        return False
    # A network that is affine itself is one of least squares: what it lacks is steps, and PF402 says so.
    if event.midpoint <= BENT:
        return False
    deep = sum(layer in ("Dense", "Linear") for layer in event.layers) >= DEEP
    least = (SHARE_OF_DEEP if deep else SHARE) * fit.constant
    return least <= event.error < float("inf") and event.error >= WORSE * fit.error


def _finding(event: TrainingSeen, fit: AffineFit, place: Place) -> Finding:
    unknowns = (fit.features + 1) * fit.outputs
    name = f"the model `{event.model}`" if event.model else "the model"
    share = 100 * event.error / fit.constant
    evidence = [
        Evidence(
            "measured",
            f"{fit.samples} samples of {_counted(fit.features, 'feature')}: the best constant leaves "
            f"{fit.constant:.3g}, the affine fit {fit.error:.3g}, this network {event.error:.3g}",
        )
    ]
    if event.at is not None and event.at != place:
        evidence.append(Evidence("trained", "it is trained here", shown_path(event.at.path), event.at.line))
    return PITFALL.finding(
        "warning",
        location_of(place),
        f"an affine fit with {_counted(unknowns, 'number')} already explains the targets (R² {_r2(fit.r2)}, mean "
        f"squared error {fit.error:.3g}), and {name} with {event.parameters} parameters does worse: {event.error:.3g} "
        f"after {event.steps} steps, {share:.2g} % of the targets' variance",
        remedy=f"use one linear layer, {fit.features} to {fit.outputs}, without hidden layers",
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(evidence),
    )


def _r2(value: float) -> str:
    return "1.0000" if value >= 0.99995 else f"{value:.4f}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
