"""Reports a learning rate that leaves too much of what the steps could have removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import Forecast, Slow, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of
from pitfallcheck.pitfalls.stalled_learning_rate import PITFALL
from pitfallcheck.pitfalls.stalled_learning_rate.verdict import Crawl, Stalled, stalled
from pitfallcheck.pitfalls.unscaled_inputs.collision import collision
from pitfallcheck.pitfalls.unstable_learning_rate.runtime import rate_given_at, rate_of, tried_beside
from pitfallcheck.pitfalls.unstable_learning_rate.verdict import unstable


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each place that sets such a rate; a place that tries several, of which one does, is a search."""
    told: set[Place] = set()
    trainings = [event for event in events if isinstance(event, TrainingSeen)]
    for event in trainings:
        seen, place = stalled(event), rate_given_at(event)
        if (
            seen is None
            or place is None
            or place in told
            or unstable(event) is not None
            or collision(event) is not None
        ):
            continue
        if not any(stalled(other) is None for other in tried_beside(event, trainings)):
            told.add(place)
            yield _finding(event, seen, place)


def _finding(event: TrainingSeen, seen: Stalled, place: Place) -> Finding:
    if seen.crawl is not None:
        message, remedy = _of_crawl(event, seen, seen.crawl), _after_crawl(event, seen, seen.crawl)
        evidence = tuple(_facts_of_crawl(seen.crawl))
    else:
        assert seen.foreseen is not None and seen.slow is not None
        message, remedy = _of_forecast(seen, seen.foreseen, seen.slow), _after_forecast(event, seen.foreseen)
        evidence = tuple(_facts_of_forecast(event, seen, seen.foreseen, seen.slow))
    return PITFALL.finding(
        seen.level,
        location_of(place),
        message,
        remedy=remedy,
        source="runtime",
        scope=scope_of(place),
        evidence=evidence,
    )


def _of_forecast(seen: Stalled, foreseen: Forecast, slow: Slow) -> str:
    of = f" of `{slow.parameter}`" if slow.parameter else ""
    if seen.level == "note":
        return (
            f"with {rate_of(seen.optimizer)}, {foreseen.steps} steps leave {100 * slow.kept:.3g} % of the error{of}, "
            f"and with it a loss of {foreseen.left:.3g}"
        )
    return (
        f"{rate_of(seen.optimizer)} is too small for {foreseen.steps} steps: they bring the loss from "
        f"{foreseen.now:.3g} to {foreseen.left:.3g}, where {foreseen.floor:.3g} can be reached, and leave "
        f"{100 * slow.kept:.3g} % of the error{of}"
    )


def _after_forecast(event: TrainingSeen, foreseen: Forecast) -> str:
    ways = []
    if foreseen.better_rate > 0:
        ways.append(f"use a learning rate of {foreseen.better_rate:.3g}")
    if foreseen.better_steps > foreseen.steps:
        ways.append(f"train for about {foreseen.better_steps} steps at this one")
    if ways:
        return ", or ".join(ways)
    if event.curvature is not None and event.curvature.limit < 1e9:
        return f"raise the learning rate towards its limit, {event.curvature.limit:.3g}, and train longer"
    return "raise the learning rate, and train longer"


def _facts_of_forecast(event: TrainingSeen, seen: Stalled, foreseen: Forecast, slow: Slow) -> Iterator[Evidence]:
    optimizer = seen.optimizer
    text = f"the direction that leaves most of the loss has the Hessian's eigenvalue L = {slow.eigenvalue:.3g}"
    if optimizer.kind == "sgd" and not optimizer.momentum:
        text += f", and keeps (1 - learning rate x L)^{foreseen.steps} = {slow.kept:.3g} of its error"
    else:
        text += f", and keeps {slow.kept:.3g} of its error"
    yield Evidence("foreseen", f"{text}; it holds {100 * slow.share:.3g} % of the loss that can be removed")
    if event.losses is not None and event.finished:
        yield Evidence("measured", f"this run's loss ended at {event.losses.last:.3g}")


def _of_crawl(event: TrainingSeen, seen: Stalled, crawl: Crawl) -> str:
    return (
        f"{rate_of(seen.optimizer)} is too small for {event.steps} steps: the loss went from "
        f"{crawl.losses.first:.4g} to {crawl.losses.last:.4g}, no further than the first gradient alone would carry it"
    )


def _after_crawl(event: TrainingSeen, seen: Stalled, crawl: Crawl) -> str:
    if crawl.rate > seen.optimizer.learning_rate:
        return f"use a larger learning rate, for instance {crawl.rate:.2g}"
    return "use a learning rate ten times as large, and go on until the loss moves"


def _facts_of_crawl(crawl: Crawl) -> Iterator[Evidence]:
    first, last = crawl.gradient
    yield Evidence(
        "measured",
        f"to first order these steps take {crawl.expected:.3g} from the loss, and the run took "
        f"{crawl.losses.first - crawl.losses.last:.3g}",
    )
    yield Evidence("measured", f"the gradient's norm was {first:.3g} at first and {last:.3g} in the end")
