"""Reports a hand-written gradient that central differences of the loss contradict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import Event
from pitfallcheck.observe.learning import GradientChecked
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import location_of, scope_of
from pitfallcheck.pitfalls.wrong_gradient import PITFALL

_SAME = 2e-3
"""Relative difference up to which a measured constant is the one that it is called."""

_LARGEST = 1e6
"""Below this, a constant is written out as a whole number."""


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each gradient function: an error for a wrong direction, a note for a constant factor."""
    told: set[tuple[Place, bool]] = set()
    for event in events:
        if not isinstance(event, GradientChecked) or event.at is None or not event.wrong:
            continue
        scaled = 0 < event.factor < math.inf
        if (event.at, scaled) not in told:
            told.add((event.at, scaled))
            yield _scaled(event, event.at) if scaled else _wrong(event, event.at)


def _scaled(event: GradientChecked, place: Place) -> Finding:
    factor = _number(event.factor)
    return PITFALL.finding(
        "note",
        location_of(place),
        f"`{event.function}` is {factor} times the gradient of `{event.loss}`{_meaning(event.factor, event)}: the "
        f"direction is right, and a step is as long as one of {factor} times the learning rate",
        remedy=f"leave it and choose the learning rate for it, or {_rescaled(event.factor)}",
        source="runtime",
        scope=scope_of(place),
        evidence=(_compared(event), _at(event)),
    )


def _wrong(event: GradientChecked, place: Place) -> Finding:
    if event.factor < 0:
        what = f"points uphill: it is {_number(event.factor)} times the gradient of `{event.loss}`"
        remedy = "turn its sign, or add it to the parameters instead of subtracting it"
    elif event.factors and all(0 < factor < math.inf for factor in event.factors):
        what = f"scales the parts of the gradient of `{event.loss}` differently: {_scales(event)}"
        remedy = "sum all parts over the samples of a batch, or average all of them"
    else:
        what = f"is not the gradient of `{event.loss}`: {_parts(event)}"
        remedy = _remedy(event)
    return PITFALL.finding(
        "error",
        location_of(place),
        f"`{event.function}` {what}",
        remedy=remedy,
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(_evidence(event)),
    )


def _scales(event: GradientChecked) -> str:
    """Each part's factor, and what the largest is to the smallest."""
    factors = [*([1.0] if event.right else []), *event.factors]
    scales = [f"{_named(event.right)} by 1"] if event.right else []
    scales += [f"`{name}` by {_number(factor)}" for name, factor in zip(event.wrong, event.factors, strict=False)]
    ratio = max(factors) / min(factors)
    return f"{_listed(scales)}, apart by {_number(ratio)}{_meaning(ratio, event)}"


def _parts(event: GradientChecked) -> str:
    """What is wrong with which parameter."""
    moved = ", with the parameters moved a little at random" if event.moved else ""
    where = f"`{event.worst}{_index(event.index)}`"
    text = f"for {where} it gives {event.given:.4g} where central differences give {event.expected:.4g}{moved}"
    zeros = [name for name, factor in zip(event.wrong, event.factors, strict=False) if factor == 0]
    if zeros and len(zeros) == len(event.wrong):
        text = (
            f"it is zero for {_named(tuple(zeros))}, where central differences give up to {event.expected:.4g}{moved}"
        )
    return text


def _remedy(event: GradientChecked) -> str:
    if event.transposed:
        return f"transpose the gradient of {_named(event.transposed)}: both shapes fit, as the matrix is square"
    if turned := _turned(event):
        return f"turn the sign of the gradient of {_named(turned)}"
    if event.right:
        return (
            f"look at the lines that make the gradient of {_named(event.wrong)}: the one of {_named(event.right)} is "
            "right"
        )
    return "compare it with the derivative of the loss term by term: a transpose, a sign, a factor left out"


def _turned(event: GradientChecked) -> tuple[str, ...]:
    """The parameters whose gradient is a negative constant times the right one."""
    return tuple(name for name, factor in zip(event.wrong, event.factors, strict=False) if factor < 0)


def _evidence(event: GradientChecked) -> Iterator[Evidence]:
    yield _compared(event)
    yield _at(event)
    if len(event.wrong) > 1 or event.right:
        right = f", right for {_named(event.right)}" if event.right else ""
        yield Evidence("measured", f"wrong for {_named(event.wrong)}{right}")


def _compared(event: GradientChecked) -> Evidence:
    samples = f"{event.samples} sample{'s' if event.samples != 1 else ''}"
    return Evidence(
        "measured",
        f"{event.compared} slopes of the loss were compared, at batches of {samples}; a right gradient is within "
        f"{event.tolerance:.1g} of the largest, this one is {event.error:.2g} of it off",
    )


def _at(event: GradientChecked) -> Evidence:
    moved = " (with the parameters moved a little at random)" if event.moved else ""
    text = (
        f"`{event.worst}{_index(event.index)}`: {event.given:.6g} by hand, {event.expected:.6g} by differences{moved}"
    )
    return Evidence("measured", text)


def _meaning(factor: float, event: GradientChecked) -> str:
    """What a constant is, where it is the number of samples or of outputs, or a half or twice that, or one over it."""
    for name, count in (("samples in the batch", event.samples), ("outputs", event.outputs)):
        for scale, times in ((1.0, ""), (0.5, "half "), (2.0, "twice ")):
            if count > 2 and math.isclose(factor, scale * count, rel_tol=_SAME):
                return f" ({times}the {count} {name})"
            if count > 2 and math.isclose(factor, 1 / (scale * count), rel_tol=_SAME):
                return f" (one over {times}the {count} {name})"
    return ""


def _number(factor: float) -> str:
    """A constant as one would write it: a whole number, one over a whole number, or four digits."""
    sign, size = ("-" if factor < 0 else ""), abs(factor)
    if 0.5 < size < _LARGEST and math.isclose(size, round(size), rel_tol=_SAME):
        return f"{sign}{round(size)}"
    if size * _LARGEST > 0.5 and size < 1 and math.isclose(1 / size, round(1 / size), rel_tol=_SAME):
        return f"{sign}1/{round(1 / size)}"
    return f"{factor:.4g}"


def _rescaled(factor: float) -> str:
    return f"multiply it by {_number(1 / factor)}" if factor < 1 else f"divide it by {_number(factor)}"


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _named(names: tuple[str, ...]) -> str:
    shown = [f"`{name}`" for name in names[:6]]
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown)} more")
    return _listed(shown)


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
