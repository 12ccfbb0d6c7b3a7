"""Reports gradients that shrink or grow by orders of magnitude over the depth of a model that then did not learn."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import GradientNorm, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.vanishing_or_exploding_gradient import PITFALL

APART = 1e3
"""How far the relative gradients of two layers must be apart.

Glorot and Bengio (2010) ask that gradients keep their size from layer to layer. At usual initial weights the layers of
networks that train lie within a factor of 50; six sigmoid layers lie 1e3 apart, ten 1e6.
"""

STEPS = 20
"""Steps below which it is not held against a model that it has not learned yet."""

UNLEARNED = 0.9
"""The share of the best constant's loss, or of the first loss where that is not known, that is left in vain."""

GROWN = 30.0
"""How far the error signal, as the biases get it, must have grown towards the input to be an explosion.

At the frameworks' initial weights it grows by less than 2, at eight layers of standard normal weights by 8e3.
"""

HUGE = 100.0
"""And the gradient must be this many times the weights it is to change: at usual initial weights it is less than 10."""

_NO_MATRIX = re.compile(r"(^|[./_])(b|bias|beta|gamma|scale|g)_?\d*([/:.]|$)|bias|norm|embed", re.IGNORECASE)
_BIAS = re.compile(r"(^|[./_])(b|bias)_?\d*([/:.]|$)|bias", re.IGNORECASE)


class _Apart(NamedTuple):
    """Two layers and their gradients, relative to what `of` says; `ratio` is that of the first layer to the last."""

    first: GradientNorm
    last: GradientNorm
    of: str
    early: float
    late: float

    @property
    def ratio(self) -> float:
        return self.early / self.late


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each place that makes such a model."""
    told: set[Place] = set()
    for event in events:
        if not isinstance(event, TrainingSeen):
            continue
        place = event.made or event.at
        if place is not None and place not in told and _failed(event):
            apart = _vanishing(event) or _exploding(event)
            if apart is not None:
                told.add(place)
                yield _finding(event, apart, place)


def _failed(event: TrainingSeen) -> bool:
    """Whether the training, which the gradients are to explain, came to nothing."""
    losses = event.losses
    if losses is None or not event.finished:
        return False
    if losses.nonfinite_at or not math.isfinite(losses.last):
        return True
    aim = event.baseline if math.isfinite(event.baseline) and event.baseline > 0 else losses.first
    return event.steps >= STEPS and losses.last >= UNLEARNED * aim


def _vanishing(event: TrainingSeen) -> _Apart | None:
    """The weights of an early layer beside those of the last one, where their gradient is next to nothing.

    Gradients of exactly 0 are those of dead or unused units, of which something else is to be said.
    """
    weights = _relative(event.gradients)
    if len(weights) < 3:
        return None
    early, least = min(weights[: len(weights) // 2 + 1], key=lambda pair: pair[1])
    last, most = max(weights[-2:], key=lambda pair: pair[1])
    if most < least * APART or early is last:
        return None
    return _Apart(early, last, "their weights", least, most)


def _exploding(event: TrainingSeen) -> _Apart | None:
    """The layer whose gradient is far larger than that of the last one, and large enough to throw it far off.

    Going back through layers of huge weights the error signal grows, but what they are multiplied with shrinks as much.
    So beside the weights themselves (a recurrent layer) the biases are asked, whose gradient is the signal itself.
    """
    weights = _relative(event.gradients)
    if len(weights) > 1:
        strongest, most = max(weights, key=lambda pair: pair[1])
        last, late = weights[-1]
        if most < HUGE:
            return None
        if most >= late * APART:
            return _Apart(strongest, last, "their weights", most, late)
    biases = [(norm, norm.first / math.sqrt(norm.size)) for norm in event.gradients if _usable(norm, _BIAS)]
    if len(biases) < 3:
        return None
    strongest, most = max(biases[:-1], key=lambda pair: pair[1])
    last, late = biases[-1]
    return _Apart(strongest, last, "one unit", most, late) if most >= late * GROWN else None


def _relative(norms: Sequence[GradientNorm]) -> list[tuple[GradientNorm, float]]:
    """The weight matrices in the order of the model, with their first gradient relative to their size.

    Biases and scales begin at 0 or 1 by convention, and of an embedding only the rows in use get a gradient: their
    relative gradients say nothing about depth.
    """
    return [
        (norm, norm.first / norm.weights)
        for norm in norms
        if not _NO_MATRIX.search(norm.parameter) and 0 < norm.weights < math.inf and 0 < norm.first < math.inf
    ]


def _usable(norm: GradientNorm, name: re.Pattern[str]) -> bool:
    return bool(name.search(norm.parameter)) and "norm" not in norm.parameter and 0 < norm.first < math.inf


def _finding(event: TrainingSeen, apart: _Apart, place: Place) -> Finding:
    vanishes = apart.ratio < 1
    verb = "vanishes" if vanishes else "explodes"
    factor = 1 / apart.ratio if vanishes else apart.ratio
    what = f"the gradient {verb} on its way back through the model: relative to {apart.of}, that of"
    message = (
        f"{what} `{apart.first.parameter}` is {apart.early:.2g} at the first step, that of `{apart.last.parameter}` "
        f"{apart.late:.2g}, {factor:.1g} times {'more' if vanishes else 'less'}; {_outcome(event)}"
    )
    remedy = (
        "use ReLU-like activations with their initial weights (He), residual connections or normalisation between the "
        "layers, or fewer layers"
        if vanishes
        else "scale the initial weights with the layers' widths (the frameworks' defaults do), normalise between the "
        "layers, and clip the gradient's norm in recurrent models"
    )
    evidence = [Evidence("measured", text) for text in _profile(event)]
    if event.at is not None and event.at != place:
        evidence.append(Evidence("trained", "it is trained here", shown_path(event.at.path), event.at.line))
    return PITFALL.finding(
        "error",
        location_of(place),
        message,
        remedy=remedy,
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(evidence),
    )


def _outcome(event: TrainingSeen) -> str:
    losses = event.losses
    assert losses is not None
    if losses.nonfinite_at:
        return f"the loss was no longer finite at step {losses.nonfinite_at}"
    if not math.isfinite(losses.last):
        return "the loss did not stay finite"
    if math.isfinite(event.baseline) and event.baseline > 0:
        return (
            f"after {event.steps} steps the loss is {losses.last:.3g}, where the best constant has {event.baseline:.3g}"
        )
    return f"after {event.steps} steps the loss is {losses.last:.3g}, and it began at {losses.first:.3g}"


def _profile(event: TrainingSeen) -> Iterator[str]:
    """Relative gradients at the first step, for at most eight layers."""
    weights = _relative(event.gradients)
    step = max(1, -(-len(weights) // 8))
    shown = ", ".join(f"{norm.parameter} {value:.1e}" for norm, value in weights[::step])
    if shown:
        yield f"gradient relative to weights at the first step: {shown}"
