"""Reports a list of arrays that a model of one input was given: Keras raised, or dropped all but the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import DataFed, Event, Place, SourceWatched
from pitfallcheck.observe.learning import CallFailed
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.observe.supply import supply_of
from pitfallcheck.pitfalls.stacked_inputs import PITFALL

Shapes = tuple[tuple[int, ...], ...]
_SHOWN = 4
"""Arrays whose shapes are told."""
_SEVERAL = 16
"""Arrays above which they rather are samples than variables."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each model: its first call that raises, or else its first one that drops arrays."""
    told: set[str] = set()
    failed = (event for event in events if isinstance(event, CallFailed))
    for event in failed:
        if event.expected_inputs == 1 and len(event.inputs) > 1 and event.model not in told:
            told.add(event.model)
            what = f"and `{event.method}` raised {event.error.partition(':')[0]}"
            yield _finding(event.at, event.model, event.inputs, what, supply_of(events, event.at))
    fed = (event for event in events if isinstance(event, DataFed))
    for given in fed:
        if given.expected_inputs == 1 and len(given.inputs) > 1 and given.model not in told:
            told.add(given.model)
            inputs = tuple(leaf.shape for leaf in given.inputs)
            names = " and ".join(f"`{leaf.name}`" for leaf in given.inputs[1:_SHOWN])
            more = f" and {len(inputs) - _SHOWN} more" if len(inputs) > _SHOWN else ""
            what = f"of which Keras took the first and dropped {names}{more} with no more than a warning"
            yield _finding(given.at, given.model, inputs, what, supply_of(events, given.at, given.source))


def _finding(at: Place, model: str, inputs: Shapes, what: str, source: SourceWatched | None) -> Finding:
    shapes = " and ".join(str(shape) for shape in inputs[:_SHOWN]) + (" ..." if len(inputs) > _SHOWN else "")
    place = source.at if source is not None else at
    evidence = [Evidence("measured", f"`{model}` takes one array and was given {len(inputs)}")]
    if source is not None:
        evidence.append(Evidence("fed", "the model is given them here", shown_path(at.path), at.line))
    return PITFALL.finding(
        "error",
        location_of(place),
        f"the model `{model}` takes one input and was handed a list of {len(inputs)} arrays, {shapes}, {what}",
        remedy=_remedy(inputs),
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(evidence),
    )


def _remedy(inputs: Shapes) -> str:
    if len(inputs) > _SEVERAL:
        return "if each of them is one sample, stack them to one array with `np.stack(...)`"
    width = sum(shape[1] if len(shape) > 1 else 1 for shape in inputs)
    function = "np.stack" if all(len(shape) == 1 for shape in inputs) else "np.concatenate"
    return (
        f"join them to one array of shape (N, {width}) with `{function}(..., axis=1)`, or make a `keras.Model` with "
        f"{len(inputs)} `keras.Input`s"
    )
