"""Notes targets whose rank is not the output's where the loss in use aligns them; PF202 says where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event, LayerRan, LossMeasured, Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.flat_target import PITFALL


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One note for each place that hands such targets over; where a layer lost the axis it declares, PF203 says so."""
    told: set[Place | None] = set()
    layers = [event for event in events if isinstance(event, LayerRan)]
    lost = {tuple(layer.returned) for layer in layers if len(layer.returned) < len(layer.declared)}
    for event in events:
        if isinstance(event, LossMeasured) and event.aligns and tuple(event.output) not in lost:
            place = event.handed_over or event.fed
            if place is not None and place not in told:
                told.add(place)
                yield _finding(event, place)


def _finding(loss: LossMeasured, place: Place) -> Finding:
    evidence = []
    if loss.compiled is not None:
        text = f"the loss `{loss.loss}` is set here"
        evidence.append(Evidence("compiled", text, shown_path(loss.compiled.path), loss.compiled.line))
    what = f"`{loss.target_name}`" if loss.target_name else "the targets"
    verb = "has" if loss.target_name else "have"
    flat = len(loss.target) < len(loss.output)
    return PITFALL.finding(
        "note",
        location_of(place, loss.target_name),
        f"{what} {verb} shape {tuple(loss.target)} and the model's output {tuple(loss.output)}; the loss in use aligns "
        f"them (measured: {loss.batch:.4g} with either shape), a loss of your own would compare every pair",
        remedy="keep the axis, for instance with `[:, None]`" if flat else "give both the same rank",
        source="runtime",
        subject=loss.target_name,
        scope=scope_of(place),
        evidence=tuple(evidence),
    )
