"""Reports a loss that was measured to compare every prediction with every target."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event, LossMeasured, Place
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.pitfalls.broadcast_loss import PITFALL


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each place at which a model was given such a loss, and one for a loss of the user's own."""
    told: set[Place | None] = set()
    for event in events:
        if isinstance(event, LossMeasured) and event.broadcasts:
            place = event.compiled or event.fed
            if place is not None and place not in told and event.loss_defined not in told - {None}:
                told |= {place, event.loss_defined}
                yield _finding(event, place)


def _finding(loss: LossMeasured, place: Place) -> Finding:
    name = f"`{loss.target_name}` " if loss.target_name else ""
    flat = loss.target if len(loss.target) < len(loss.output) else loss.output
    return PITFALL.finding(
        "error",
        location_of(place),
        f"the loss `{loss.loss}` compares every prediction with every target: targets {name}{_shape(loss.target)} "
        f"meet outputs {_shape(loss.output)}, and its value for {loss.samples} samples is {loss.batch:.4g}, where "
        f"{_honest(loss)}",
        remedy="give both the same rank before they are compared, for instance with `y[:, None]` on the flat one"
        if flat is loss.target
        else "let the model keep its last axis, or drop that of the targets with `y[:, 0]`",
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(_evidence(loss)),
    )


def _honest(loss: LossMeasured) -> str:
    """What the loss should be: that of the samples alone, where it is their mean or sum, or that of one rank."""
    if math.isclose(loss.alone, loss.aligned, rel_tol=1e-3, abs_tol=1e-6):
        return f"the {loss.reduction} over the samples alone is {loss.alone:.4g}"
    return f"it is {loss.aligned:.4g} once both have one rank"


def _evidence(loss: LossMeasured) -> Iterator[Evidence]:
    if loss.loss_defined is not None:
        path, line = shown_path(loss.loss_defined.path), loss.loss_defined.line
        yield Evidence("defined", "the loss that is in use", path, line)
    if loss.handed_over is not None:
        path, line = shown_path(loss.handed_over.path), loss.handed_over.line
        yield Evidence("target", f"`{loss.target_name}` of shape {_shape(loss.target)}", path, line)
    text = f"with targets of shape {_shape(loss.output)} the same loss is {loss.aligned:.4g}"
    if len(loss.target) > len(loss.output):
        text = f"with outputs of shape {_shape(loss.target)} the same loss is {loss.aligned:.4g}"
    yield Evidence("measured", text)
    text = (
        f"with the targets in another order it is still {loss.batch_reordered:.4g}: no output has a target of its own"
    )
    yield Evidence("measured", text)


def _shape(shape: tuple[int, ...]) -> str:
    return str(tuple(shape))
