"""Names the first NaN or infinity that a batch hands over, where training is not known to have coped with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event, Place, SourceWatched
from pitfallcheck.observe.fed import Fed, fed
from pitfallcheck.observe.learning import TrainingSeen
from pitfallcheck.observe.loops import function_at
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.observe.values import NonFinite
from pitfallcheck.pitfalls.non_finite_batch import PITFALL
from pitfallcheck.pitfalls.non_finite_batch.awareness import minds_missing_values


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each line that hands some over, the first such line on the way to the model."""
    losses = [event.losses for event in events if isinstance(event, TrainingSeen) and event.losses is not None]
    spoilt = [loss.nonfinite_at for loss in losses if loss.nonfinite_at]
    if losses and not spoilt:
        # Whatever the batches held, the losses stayed numbers: it was masked, or filled in by the model.
        return
    bad = [one for one in fed(events) if one.leaf.values is not None and one.leaf.values.nonfinite is not None]
    found: dict[Place, dict[str, Fed]] = {}
    for one in _first_on_their_way(bad):
        if one.trains is not False and (spoilt or not _is_expected(one)):
            found.setdefault(one.at, {}).setdefault(one.leaf.name, one)
    for together in found.values():
        yield _finding(list(together.values()), spoilt[0] if spoilt else 0)


def _first_on_their_way(bad: list[Fed]) -> list[Fed]:
    """Without those that only hand on what another source gave them: calls, and generators that take from others."""
    sources = [one for one in bad if isinstance(one.event, SourceWatched)]
    if not sources:
        return bad
    return [one for one in sources if not any(_takes_from(one, other) for other in sources)]


def _takes_from(one: Fed, other: Fed) -> bool:
    """Whether the function that hands `one` over is where the batches of `other` are taken."""
    assert isinstance(other.event, SourceWatched)
    taken = other.event.consumer.at
    if taken is None or one.event is other.event or taken.path != one.at.path:
        return False
    function = function_at(one.at)
    return function is not None and function.lineno <= taken.line <= (function.end_lineno or function.lineno)


def _is_expected(one: Fed) -> bool:
    """Whether the program that hands it over, or takes it, visibly deals with missing values."""
    places = [one.at]
    if isinstance(one.event, SourceWatched) and one.event.consumer.at is not None:
        places.append(one.event.consumer.at)
    return any(minds_missing_values(place) for place in places)


def _finding(together: list[Fed], loss_at: int) -> Finding:
    one = min(together, key=lambda fed: _seen(fed).first_batch)
    seen, values = _seen(one), one.leaf.values
    several = values is not None and values.handed_over > 1
    unit = "item" if isinstance(one.event, SourceWatched) and one.event.kind == "dataset" else "batch"
    which = f"{unit} {seen.first_batch}: " if several else ""
    evidence = []
    for other in together if several else ():
        plural = f"{unit}es" if unit == "batch" else f"{unit}s"
        text = f"{_seen(other).batches} {plural if _seen(other).batches > 1 else unit} held some in `{other.leaf.name}`"
        evidence.append(Evidence("measured", text, shown_path(other.at.path), other.at.line))
    if loss_at:
        evidence.append(Evidence("measured", f"the training loss was NaN or infinite from step {loss_at} on"))
    return PITFALL.finding(
        "error",
        location_of(one.at, one.leaf.name),
        f"{which}`{one.leaf.name}` holds {_what(seen)}, and passes it to the loss and to the weights",
        remedy="drop or repair such samples where they are read, and guard divisions and logarithms on the way",
        source="runtime",
        subject=one.leaf.name,
        scope=scope_of(one.at),
        evidence=tuple(evidence),
    )


def _seen(one: Fed) -> NonFinite:
    assert one.leaf.values is not None and one.leaf.values.nonfinite is not None
    return one.leaf.values.nonfinite


def _what(seen: NonFinite) -> str:
    index = f"[{', '.join(map(str, seen.index))}]"
    kind = "NaN" if seen.value == "nan" else seen.value
    if seen.count == 1:
        return f"{kind} at {index}"
    return f"{seen.count} values that are NaN or infinite, the first ({kind}) at {index}"
