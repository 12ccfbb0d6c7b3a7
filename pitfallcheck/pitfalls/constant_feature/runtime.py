"""Reports a target, or a feature of a table of inputs, that held one value in all samples seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event, SourceWatched
from pitfallcheck.observe.fed import Fed, fed
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.observe.values import Values
from pitfallcheck.pitfalls.constant_feature import PITFALL

ENOUGH = 64
"""Different samples below which a feature may stay the same by chance or by the smallness of an example."""
MOST_FEATURES = 32
"""Features of a table: rows of more are images, texts or sparse codes, where features that never vary are common."""
MOST_INTEGERS = 4
"""The same for integers, of which longer rows are token or category codes."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each array with such features, at the line that hands it over."""
    seen = [one for one in fed(events) if one.trains is not False]
    # Two sources of one label each, as the real and the made-up images of an adversarial network, vary together.
    labels = {value for one in seen if one.role == "target" for value in _single_value(one)}
    told: set[tuple[str, int, str]] = set()
    for one in seen:
        key = (one.at.path, one.at.line, one.leaf.name)
        if key in told or not _enough(one):
            continue
        if one.role == "target" and len(labels) == 1 and _single_value(one):
            told.add(key)
            yield _finding(one, (0,), whole=True)
        elif one.role == "input" and (features := _never_varying(one)):
            told.add(key)
            yield _finding(one, features, whole=False)


def _enough(one: Fed) -> bool:
    values = one.leaf.values
    return values is not None and _samples(one, values) >= ENOUGH and values.nonfinite is None


def _samples(one: Fed, values: Values) -> int:
    """How many different samples were looked at, at most: batches that come again show no new ones."""
    rows = one.leaf.shape[0] if one.leaf.shape else 1
    beside = one.event.leaves if isinstance(one.event, SourceWatched) else (*one.event.inputs, *one.event.targets)
    distinct = max((leaf.values.distinct for leaf in beside if leaf.values is not None), default=0)
    return min(values.samples, max(1, distinct) * rows)


def _single_value(one: Fed) -> list[float]:
    """The one value that the whole array held in every batch; empty where there is none."""
    values = one.leaf.values
    if values is None or not values.minima or len(values.constant) != values.features:
        return []
    only = set(values.minima)
    return sorted(only) if len(only) == 1 else []


def _never_varying(one: Fed) -> tuple[int, ...]:
    """The features of a table that held one value while others varied.

    A column of ones is the intercept of a linear model, a table of nothing but 0 and 1 is a code of categories.
    """
    values, shape = one.leaf.values, one.leaf.shape
    if values is None or len(shape) != 2 or not values.minima or len(values.constant) == values.features:
        return ()
    integers = not one.leaf.dtype.startswith(("float", "bfloat"))
    if not 2 <= values.features <= (MOST_INTEGERS if integers else MOST_FEATURES):
        return ()
    if {*values.minima, *values.maxima} <= {0.0, 1.0}:
        return ()
    return tuple(feature for feature in values.constant if values.minima[feature] != 1.0)


def _finding(one: Fed, features: tuple[int, ...], *, whole: bool) -> Finding:
    values, leaf = one.leaf.values, one.leaf
    assert values is not None
    value = f"{values.minima[features[0]]:.6g}"
    samples = f"all {values.samples} samples looked at"
    if whole:
        message = f"the target `{leaf.name}` is {value} in {samples}: there is nothing to learn from it"
        remedy = "check where the targets are computed: a buffer that is never filled, an integer type, a wrong column"
    else:
        which = f"feature {features[0]}" if len(features) == 1 else f"features {', '.join(map(str, features))}"
        held = f"is {value}" if len(features) == 1 else f"never vary (feature {features[0]} is {value})"
        message = f"{which} of `{leaf.name}` {held} in {samples}, while the others vary"
        remedy = "fill it where the samples are made, or leave it out: the model learns nothing from it"
    return PITFALL.finding(
        "warning",
        location_of(one.at, leaf.name),
        message,
        remedy=remedy,
        source="runtime",
        subject=leaf.name,
        scope=scope_of(one.at),
        evidence=(Evidence("fed", f"`{leaf.name}` is handed over here", shown_path(one.at.path), one.at.line),),
    )
