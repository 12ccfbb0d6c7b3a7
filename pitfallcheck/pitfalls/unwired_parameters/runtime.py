"""Reports trainable parameters that got no gradient, or that the optimizer in use does not hold."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import TrainingSeen, Unwired
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.unwired_parameters import PITFALL

SHOWN = 3
"""Parameters that a message names; the evidence names up to four times as many."""

_COPIES = re.compile(
    r"(^|[._/])(ema|target|teacher|momentum|shadow|key_encoder|encoder_k|slow|avg|swa)([._/\d]|$)", re.I
)
"""Names of copies that follow another network by averaging, and are meant to get no gradient."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each place and reason: the optimizer's construction, or the layer's."""
    told: set[tuple[Place, str]] = set()
    for event in events:
        if not isinstance(event, TrainingSeen):
            continue
        groups: dict[tuple[Place, str], list[Unwired]] = defaultdict(list)
        for one in event.unwired:
            place = _place(event, one)
            if place is not None and not _COPIES.search(one.parameter):
                groups[place, one.why].append(one)
        for (place, why), unwired in groups.items():
            if (place, why) not in told:
                told.add((place, why))
                yield _finding(event, unwired, place)


def _place(event: TrainingSeen, one: Unwired) -> Place | None:
    made = event.optimizer.at if event.optimizer is not None else None
    if one.why == "not in the optimizer":
        return made or event.compiled or event.at
    return one.at or event.made or event.at


def _finding(event: TrainingSeen, unwired: list[Unwired], place: Place) -> Finding:
    names = [one.parameter for one in unwired]
    shown = ", ".join(f"`{name}`" for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    one = len(names) == 1
    total = len(event.gradients)
    of = f" ({len(names)} of the model's {total} parameters)" if total > len(names) else ""
    if unwired[0].why == "no gradient":
        message = (
            f"{shown}{more}{of} {'gets' if one else 'get'} no gradient: the loss does not depend on "
            f"{'it' if one else 'them'}, and training leaves {'it' if one else 'them'} as initialised"
        )
        remedy = "use the layer in the forward pass, or take it out, or say `requires_grad_(False)` if that is meant"
        if event.framework == "keras":
            remedy = "use the layer in the forward pass, or take it out, or set `trainable = False` if that is meant"
    else:
        message = (
            f"the optimizer does not hold {shown}{more}{of}: {'it gets' if one else 'they get'} gradients, and no step "
            f"ever moves {'it' if one else 'them'}"
        )
        remedy = (
            "make the optimizer from all parameters (`model.parameters()`) once the model is complete, or freeze what "
            "is not to be trained with `requires_grad_(False)`"
        )
    return PITFALL.finding(
        "error" if total and len(names) >= total else "warning",
        location_of(place),
        message,
        remedy=remedy,
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(_evidence(event, unwired, place)),
    )


def _evidence(event: TrainingSeen, unwired: list[Unwired], place: Place) -> Iterator[Evidence]:
    seen = {place}
    for one in unwired:
        if one.at is not None and one.at not in seen:
            seen.add(one.at)
            yield Evidence("layer", f"`{one.parameter}` is made here", shown_path(one.at.path), one.at.line)
    if event.at is not None and event.at not in seen:
        yield Evidence("trained", "the model is trained here", shown_path(event.at.path), event.at.line)
    if len(unwired) > SHOWN:
        names = [one.parameter for one in unwired[: 4 * SHOWN]]
        yield Evidence("measured", f"among them {', '.join(names)}")
