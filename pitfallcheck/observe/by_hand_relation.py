"""Says how a hand-written gradient relates to the slopes of the loss: equal, a constant times them, or neither."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SURE = 5.0
"""Doubts of a slope by which a gradient may be off it."""
VAGUE = 0.2
"""A slope with a doubt above this share of the largest slope beside it says nothing."""


class Entry(NamedTuple):
    """One slope of the loss beside the gradient's, along one coordinate (`position`) or a random direction (-1).

    `theta` and `signs` are the parameters and their signs along the same direction.
    """

    position: int
    given: float
    slope: float
    doubt: float
    theta: float
    signs: float


class Relation(NamedTuple):
    """A parameter's gradient is `factor` times the slopes: 1 for a right one, NaN where no constant will do.

    `seen` is false where both are zero wherever looked at, which says nothing.
    """

    factor: float
    seen: bool = True


_Looks = Sequence[list[Entry]]
"""The entries of one parameter, a list for each look."""


def relate(looks: Sequence[list[list[Entry]]], norms: Sequence[float], tolerance: float) -> list[Relation] | None:
    """The relation of each parameter over all looks, from the entries [look][parameter].

    `norms` are those of the whole gradient at each look, `tolerance` is relative to the largest slope of the parameter.
    None where no slope is sure enough to say anything.
    """
    floors = [tolerance**2 * max((abs(e.slope) for entries in look for e in entries), default=0.0) for look in looks]
    factors: list[list[_Factor | None]] = []
    relations: list[Relation] = []
    for block in range(len(looks[0])):
        entries = [_sure(look[block]) for look in looks]
        each = [_factor(some, tolerance, floor) for some, floor in zip(entries, floors, strict=True)]
        factors.append(each)
        seen = sorted((factor for factor in each if factor is not None), key=lambda factor: factor.spread)
        if not seen:
            relations.append(Relation(1.0, seen=False))
        elif all(factor.is_like(seen[0]) for factor in seen):
            relations.append(Relation(1.0 if seen[0].is_like(_Factor(1.0, 0.0)) else seen[0].value))
        elif _penalised(entries, tolerance, floors) or _clipped(entries, tolerance, floors):
            relations.append(Relation(1.0))
        else:
            relations.append(Relation(math.nan))
    if not any(relation.seen for relation in relations):
        return None
    if _norm_clipped(factors, norms):
        return [Relation(1.0, relation.seen) for relation in relations]
    return relations


class _Factor(NamedTuple):
    """A constant that is known up to `spread`; NaN where there is none."""

    value: float
    spread: float

    def is_like(self, other: _Factor) -> bool:
        """Whether both may be the same number."""
        return abs(self.value - other.value) <= self.spread + other.spread


def _sure(entries: list[Entry]) -> list[Entry]:
    largest = max((abs(entry.slope) for entry in entries), default=0.0)
    given = max((abs(entry.given) for entry in entries), default=0.0)
    return [entry for entry in entries if entry.doubt <= VAGUE * max(largest, given)]


def _factor(entries: list[Entry], tolerance: float, floor: float) -> _Factor | None:
    """The constant that makes the slopes of one look the gradient: NaN where none does, None where all are zero."""
    largest = max((abs(entry.slope) for entry in entries), default=0.0)
    given = max((abs(entry.given) for entry in entries), default=0.0)
    if max(largest, given) <= floor:
        return None
    if largest <= floor:
        return _Factor(math.nan, math.inf)
    allowed = [tolerance * largest + SURE * entry.doubt + floor for entry in entries]
    unsure = max(allowed) / largest
    if all(abs(e.given - e.slope) <= a for e, a in zip(entries, allowed, strict=True)):
        return _Factor(1.0, 2 * unsure)
    if given <= tolerance * largest:
        return _Factor(0.0, tolerance)
    value = sum(e.given * e.slope for e in entries) / sum(e.slope**2 for e in entries)
    size = max(abs(value), 1e-3)
    if all(abs(e.given - value * e.slope) <= size * a for e, a in zip(entries, allowed, strict=True)):
        return _Factor(value, 2 * size * unsure)
    return _Factor(math.nan, math.inf)


def _penalised(looks: _Looks, tolerance: float, floors: Sequence[float]) -> bool:
    """Whether the gradient has a penalty of the weights in it, squared or absolute, that the loss has not."""
    entries = [
        (e, tolerance * max(abs(e.slope) for e in some) + floor)
        for some, floor in zip(looks, floors, strict=True)
        for e in some
    ]
    if len(entries) < 3 or len([some for some in looks if some]) < 2:
        return False
    for regress in ([e.theta for e, _ in entries], [e.signs for e, _ in entries]):
        total = sum(r * r for r in regress)
        if not total:
            continue
        strength = sum((e.given - e.slope) * r for (e, _), r in zip(entries, regress, strict=True)) / total
        if strength > 0 and all(
            abs(e.given - e.slope - strength * r) <= allowed + SURE * e.doubt
            for (e, allowed), r in zip(entries, regress, strict=True)
        ):
            return True
    return False


def _clipped(looks: _Looks, tolerance: float, floors: Sequence[float]) -> bool:
    """Whether the gradient is right but for values cut off at one bound."""
    entries = [entry for some in looks for entry in some if entry.position >= 0]
    bound = max((abs(entry.given) for entry in entries), default=0.0)
    cut = 0
    for entry in entries:
        allowed = tolerance * max(abs(entry.slope), bound) + SURE * entry.doubt + max(floors)
        if abs(entry.given - entry.slope) <= allowed:
            continue
        if not math.isclose(abs(entry.given), bound, rel_tol=1e-6) or entry.given * entry.slope < bound * bound * 0.99:
            return False
        cut += 1
    return 0 < cut < len(entries)


def _norm_clipped(factors: Sequence[Sequence[_Factor | None]], norms: Sequence[float]) -> bool:
    """Whether each look has one factor below 1 for all parameters, another at another look, and all have one norm."""
    shared = []
    for look in zip(*factors, strict=True):
        seen = sorted((factor for factor in look if factor is not None), key=lambda factor: factor.spread)
        if not seen or not all(factor.is_like(seen[0]) for factor in seen):
            return False
        shared.append(seen[0])
    whole = [factor.is_like(_Factor(1.0, 0.0)) for factor in shared]
    if all(whole) or not all(factor.value > 0 for factor in shared) or any(f.value > 1 + f.spread for f in shared):
        return False
    cut = [norm for norm, right in zip(norms, whole, strict=True) if not right]
    differ = not all(factor.is_like(shared[0]) for factor in shared)
    return differ and all(math.isclose(norm, cut[0], rel_tol=1e-5) for norm in cut)
