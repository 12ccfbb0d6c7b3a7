"""Reports predictions asked for inputs far outside of what training covered, feature by feature."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import Outside, PredictionSeen, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.narrow_training_range import PITFALL

FAR = 0.5
"""How far outside an input must lie, in widths of the trained range.

The largest of n uniform values lies 1/n of the width below the end of the range, and the next set from the same normal
distribution goes beyond the first by a tenth of its width at most (n above 100). A plot with a margin around the data,
or the last fifth of a time series, stays below a half.
"""

SHARE = 0.1
"""The share of the rows asked that must lie that far outside in one feature: single outliers are left alone."""

VERY_FAR = 2.0
"""From here on, in widths, chance is ruled out whatever the number of rows."""

CHANCE, CHANCE_OF_MANY = 0.05, 1e-3
"""How probable so many rows outside may be for rows from the training's own distribution: of a few rows asked, and of
ten or more. Of n values seen, the next one is the largest or the smallest of all with probability 2 / (n + 1)."""

FEWEST = 20
"""Training samples below which the range they show says little about where the data lie."""

AFFINE, EXPLAINED = 1e-4, 0.999
"""Up to this far off at midpoints a model is affine, and from this R² of the affine fit on the targets are."""

SHOWN = 4
"""Features that are told of one by one."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each line that asks for predictions far outside."""
    told: set[Place] = set()
    trained = [event for event in events if isinstance(event, TrainingSeen)]
    for event in events:
        if isinstance(event, PredictionSeen) and event.at not in told and not _of_a_line(event, trained):
            far = [one for one in event.outside if _far(one, event)]
            if far and (event.trained_samples == 0 or event.trained_samples >= FEWEST):
                told.add(event.at)
                yield _finding(event, sorted(far, key=widths, reverse=True))


def _of_a_line(asked: PredictionSeen, trained: Sequence[TrainingSeen]) -> bool:
    """Whether the model asked is affine, and so are its targets: what it learned holds outside of the range as well."""
    own = [event for event in trained if _same_model(asked, event)]
    return bool(own) and all(
        event.midpoint <= AFFINE and event.affine is not None and event.affine.r2 >= EXPLAINED for event in own
    )


def _same_model(asked: PredictionSeen, event: TrainingSeen) -> bool:
    """Whether a training is that of the model asked; its line is that of `backward`, or of a call in the same loop."""
    one, other = asked.trained_at, event.at
    if one is None or other is None:
        return bool(asked.model) and asked.model == event.model
    near = (one.path, one.function) == (other.path, other.function)
    return one == other or (near and (asked.model == event.model or not asked.model or not event.model))


def _far(one: Outside, event: PredictionSeen) -> bool:
    if not FAR <= widths(one) < math.inf or one.samples < max(1.0, SHARE * event.samples):
        return False
    chance = CHANCE if event.samples < 10 else CHANCE_OF_MANY
    return widths(one) >= VERY_FAR or event.trained_samples == 0 or _probability(one.samples, event) < chance


def _probability(rows: int, event: PredictionSeen) -> float:
    """Of at least so many rows outside by chance (Poisson)."""
    mean = 2 * event.samples / (event.trained_samples + 1)
    fewer = sum(math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) for n in range(min(rows, 1000)))
    return 1 - min(fewer, 1.0)


def widths(one: Outside) -> float:
    """How far outside the asked range goes, in widths of the trained one; 0 where that has no width.

    A feature that never varied in training (the border of an image) is no range that an input could leave.
    """
    width = one.trained_high - one.trained_low
    beyond = max(one.trained_low - one.asked_low, one.asked_high - one.trained_high)
    return beyond / width if width > 0 and math.isfinite(width) else 0.0


def _finding(event: PredictionSeen, far: list[Outside]) -> Finding:
    worst = far[0]
    others = f" (and {len(far) - 1} more features)" if len(far) > 2 else " (and another feature)" if far[1:] else ""
    rows = f"{event.outside_samples} of {event.samples} rows" if event.samples > 1 else "the row asked"
    low, high = min(worst.asked_low, worst.trained_low), max(worst.asked_high, worst.trained_high)
    verb = "lie" if event.samples > 1 and event.outside_samples != 1 else "lies"
    return PITFALL.finding(
        "warning",
        location_of(event.at),
        f"training covered feature {worst.feature} from {worst.trained_low:.4g} to {worst.trained_high:.4g}, and "
        f"predictions are asked for {_asked(worst)}{others}: {rows} {verb} outside, by up to {widths(worst):.2g} times "
        "the trained range, where a network knows nothing",
        remedy=f"train on inputs that cover what will be asked, here at least {low:.4g} to {high:.4g}, or ask only "
        "inside of the trained range",
        source="runtime",
        scope=scope_of(event.at),
        evidence=tuple(_evidence(event, far)),
    )


def _asked(one: Outside) -> str:
    if one.asked_low == one.asked_high:
        return f"{one.asked_low:.4g}"
    return f"{one.asked_low:.4g} to {one.asked_high:.4g}"


def _evidence(event: PredictionSeen, far: list[Outside]) -> Iterator[Evidence]:
    if event.trained_at is not None:
        count = f" on {event.trained_samples} samples" if event.trained_samples else ""
        path, line = shown_path(event.trained_at.path), event.trained_at.line
        yield Evidence("trained", f"the model was trained here{count}", path, line)
    for one in far[:SHOWN]:
        yield Evidence(
            "measured",
            f"feature {one.feature}: trained {one.trained_low:.4g} to {one.trained_high:.4g}, asked {_asked(one)}, "
            f"{one.samples} of {event.samples} outside",
        )
