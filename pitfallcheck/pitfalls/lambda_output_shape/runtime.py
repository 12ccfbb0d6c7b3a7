"""Reports layers whose output, on the first batch, had another shape than they declare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event, LayerRan, Place
from pitfallcheck.observe.places import location_of, scope_of
from pitfallcheck.pitfalls.lambda_output_shape import PITFALL


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each place at which such a layer was made."""
    told: set[Place] = set()
    for event in events:
        if isinstance(event, LayerRan) and _differs(event) and event.place not in told:
            told.add(event.place)
            yield _finding(event)


def _differs(layer: LayerRan) -> bool:
    """Whether ranks differ, or lengths behind the batch axis that both are known."""
    if len(layer.declared) != len(layer.returned):
        return True
    pairs = zip(layer.declared[1:], layer.returned[1:], strict=True)
    return any(declared is not None and declared != returned for declared, returned in pairs)


def _finding(layer: LayerRan) -> Finding:
    declared = str(tuple(layer.declared))
    real = f"({', '.join(['None', *map(str, layer.returned[1:])])}{',' if len(layer.returned) == 1 else ''})"
    made = layer.kind == "Lambda"
    what = f"Lambda `{layer.layer}`" if made else f"layer `{layer.kind}`"
    shorter = len(layer.returned) < len(layer.declared)
    return PITFALL.finding(
        "error",
        location_of(layer.place),
        f"the {what} declares the output shape {declared} and returns {real}; Keras believes the "
        "declaration and does not check it",
        remedy="keep the axis in the function, for instance with `x[:, 0:1]` or `keras.ops.expand_dims(result, -1)`"
        if shorter
        else "declare what it returns, without the batch axis",
        source="runtime",
        subject="" if made else layer.kind,
        scope=scope_of(layer.place) if made else None,
        evidence=(Evidence("measured", f"the first batch came out of it with shape {tuple(layer.returned)}"),),
    )
