"""Reports inputs of such different scales that no learning rate is both stable and fast enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import DataFed, Event
from pitfallcheck.observe.learning import Conditioning, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.unscaled_inputs import PITFALL
from pitfallcheck.pitfalls.unscaled_inputs.collision import Collision, collision
from pitfallcheck.pitfalls.unstable_learning_rate.runtime import rate_given_at, rate_of
from pitfallcheck.pitfalls.unstable_learning_rate.verdict import is_quadratic, losses_say

_SHOWN = 4


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each line that feeds such inputs to a model in training."""
    told: set[Place] = set()
    for event in events:
        seen = collision(event) if isinstance(event, TrainingSeen) else None
        if isinstance(event, TrainingSeen) and seen is not None:
            place = _fed_at(event, events)
            if place is not None and place not in told:
                told.add(place)
                yield _finding(event, seen, place)


def _fed_at(event: TrainingSeen, events: Sequence[Event]) -> Place | None:
    """The line that hands the inputs to the model: in a loop of the program's own the last one before it learns."""
    if event.at is None:
        return None
    fed = [
        seen.at
        for seen in events
        if isinstance(seen, DataFed)
        and seen.training
        and (seen.method, seen.model, seen.at.path) == ("loop", event.model, event.at.path)
    ]
    before = [place for place in fed if place.line <= event.at.line]
    return max(before or fed, key=lambda place: place.line, default=event.at)


def _finding(event: TrainingSeen, seen: Collision, place: Place) -> Finding:
    return PITFALL.finding(
        "error" if seen.met == "unstable" and losses_say(event) != "nothing" else "warning",
        location_of(place),
        f"the inputs are not scaled, and no learning rate suits them: their condition number is "
        f"{seen.inputs.condition:.3g}, and {seen.inputs.standardised:.3g} once they are standardised. "
        f"{_met(event, seen)}",
        remedy="standardise each feature with the mean and the deviation of the training data: "
        "`(x - x.mean(axis=0)) / x.std(axis=0)`",
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(_evidence(event, seen)),
    )


def _met(event: TrainingSeen, seen: Collision) -> str:
    rate = rate_of(seen.optimizer)
    rate = rate[0].upper() + rate[1:]
    losses = event.losses
    if seen.met == "unstable":
        outcome = {
            "non-finite": ", and the loss became infinite or not a number",
            "risen": f", and the loss rose to {losses.last:.3g}" if losses is not None else "",
            "stuck": f", and the loss ended at {losses.last:.3g}" if losses is not None else "",
        }.get(losses_say(event), "")
        return (
            f"{rate} is above the limit of {seen.limit:.3g}{outcome}; below the limit, "
            f"the slowest direction needs {_about(seen.steps)} steps"
        )
    ended = f" ended at {losses.last:.3g} and" if losses is not None else ""
    return (
        f"{rate} is within the limit of {seen.limit:.3g}, but the loss{ended} cannot come down in {event.steps} steps"
    )


def _evidence(event: TrainingSeen, seen: Collision) -> Iterator[Evidence]:
    yield Evidence("measured", _features(seen.inputs))
    yield Evidence(
        "foreseen", f"standardised, the same inputs allow a learning rate of up to about {seen.standardised_limit:.2g}"
    )
    foreseen = event.forecast
    if foreseen is not None and is_quadratic(event) and foreseen.best >= foreseen.floor >= 0:
        yield Evidence(
            "foreseen",
            f"the best stable learning rate leaves a loss of {foreseen.best:.3g} after {foreseen.steps} steps, "
            f"where {foreseen.floor:.3g} can be reached",
        )
    place = rate_given_at(event)
    if place is not None and place != event.at:
        yield Evidence("set", "the learning rate is set here", shown_path(place.path), place.line)


def _features(inputs: Conditioning) -> str:
    """`mean and deviation of the features: 140 ± 57, 4 ± 2`, and no more of them than are worth reading."""
    both = zip(inputs.means[:_SHOWN], inputs.deviations[:_SHOWN], strict=False)
    shown = [f"{mean:.3g} ± {deviation:.3g}" for mean, deviation in both]
    more = f" and {inputs.features - len(shown)} more" if inputs.features > len(shown) else ""
    if not shown:
        return f"the inputs have {inputs.features} features"
    return f"mean and deviation of the features: {', '.join(shown)}{more}"


def _about(steps: float) -> str:
    return f"about {float(f'{steps:.1g}'):,.0f}" if steps < 1e7 else f"some {steps:.0e}"
