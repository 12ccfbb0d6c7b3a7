"""Compares a hand-written gradient with central differences of the loss, at the program's parameters and near them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from pitfallcheck.analysis.objective import Vector
from pitfallcheck.observe.by_hand_calls import TheirsError
from pitfallcheck.observe.by_hand_differences import Slope, precision_of, slope
from pitfallcheck.observe.by_hand_network import Batch, Network
from pitfallcheck.observe.by_hand_relation import Entry, Relation, relate
from pitfallcheck.observe.learning import GradientChecked
from pitfallcheck.observe.memory import Array
from pitfallcheck.observe.place import Place

COORDINATES = (64, 32, 16)
"""Coordinates that are compared at the first batch, at moved parameters, and at the second batch; at least four of
each parameter, half of them where the gradient is largest. One random direction of each parameter is compared too."""
SECONDS = 10.0
"""After which no more coordinates are compared: a loss may take long."""
SEED = 0
TOLERANCE = 1e-3
"""How far a gradient may be off, relative to the largest slope of the parameter. float64 explains a hundredth of it;
losses have an epsilon in their logarithm, too, that gradients leave out. (Stanford's CS231n notes on gradient checks
call 1e-4 to 1e-2 uncomfortable, and more than that wrong.)"""
SATURATED = 1e-3
"""Probability of the right class below which a sample is left out: there, clipping decides what the loss's slope is."""


class Look(NamedTuple):
    """One comparison: of a batch, at one point. `entries` are those of each parameter, `norm` the gradient's."""

    moved: bool
    entries: list[list[Entry]]
    given: Vector
    norm: float


def compare(network: Network, batches: Sequence[Batch], place: Place | None, key: str) -> GradientChecked | str:
    """The comparison as an event, or the reason why there is none, in a clause. Leaves the parameters changed."""
    parameters = network.parameters
    assert parameters is not None and network.gradient is not None and network.loss is not None
    point = parameters.vector()
    prediction = network.predicted(batches[0])
    eps = precision_of(prediction.dtype, *parameters.dtypes)
    rng = np.random.default_rng(SEED)
    end = time.monotonic() + SECONDS
    looks = []
    plan = [(batches[0], point, False), (batches[0], parameters.moved(point, rng), True)]
    plan += [(batch, point, False) for batch in batches[1:2] if batch.size == batches[0].size]
    for (batch, at, moved), count in zip(plan, COORDINATES, strict=False):
        try:
            look = _look(network, batch, at, moved, count, eps, rng, end)
        except TheirsError:
            if not moved:
                raise
            continue
        if look is not None:
            looks.append(look)
    parameters.write(point)
    spans = parameters.spans()
    if not looks or looks[0].moved:
        return "the loss or its gradient is not finite at the first batch"
    if not any(entry.slope for look in looks for entries in look.entries for entry in entries):
        return (
            "the loss stays the same whatever `parameters` are: give the very arrays that `forward` reads, and not "
            "copies of them"
        )
    tolerance = max(TOLERANCE, eps ** (1 / 3))
    relations = relate([look.entries for look in looks], [look.norm for look in looks], tolerance)
    if relations is None:
        return f"central differences of the loss are too uncertain here (its numbers have a precision of {eps:.1g})"
    names = [name for name, _ in spans]
    wrong = [i for i, relation in enumerate(relations) if relation.factor != 1.0]
    told = [relation.factor for relation in relations if relation.seen]
    common = (
        told[0] if told and all(math.isclose(factor, told[0], rel_tol=4 * tolerance) for factor in told) else math.nan
    )
    look, block, entry = _worst(looks, relations, wrong, tolerance)
    scale = max((abs(e.slope) for e in look.entries[block]), default=0.0) or abs(entry.given) or 1.0
    shapes = [b.saved.shape for b in parameters.blocks]
    return GradientChecked(
        key=key,
        at=place,
        function=network.gradient.name,
        error=abs(entry.given - entry.slope) / scale,
        tolerance=tolerance,
        factor=common,
        worst=names[block],
        index=tuple(int(i) for i in np.unravel_index(max(entry.position, 0), shapes[block] or (1,)))[
            : len(shapes[block])
        ],
        given=entry.given,
        expected=entry.slope,
        wrong=tuple(names[i] for i in wrong),
        factors=tuple(relations[i].factor for i in wrong),
        samples=batches[0].size,
        right=tuple(name for name, r in zip(names, relations, strict=True) if r.seen and r.factor == 1.0),
        transposed=tuple(names[i] for i in wrong if _transposed(looks, i, spans[i][1], shapes[i], tolerance)),
        outputs=int(np.prod(prediction.shape[1:])) if prediction.ndim else 1,
        compared=sum(len(entries) for look in looks for entries in look.entries),
        moved=look.moved,
        loss=network.loss.name,
    )


def _look(
    network: Network,
    batch: Batch,
    at: Vector,
    moved: bool,
    count: int,
    eps: float,
    rng: np.random.Generator,
    end: float,
) -> Look | None:
    assert network.parameters is not None
    network.parameters.write(at)
    batch = _unsaturated(batch, network.predicted(batch))
    if batch.x is not None and not batch.size:
        return None
    loss_at = network.loss_at(batch)
    at = network.parameters.vector()
    given, here = network.gradient_of(batch), network.loss_of(batch)
    if not (np.isfinite(given).all() and math.isfinite(here)):
        return None
    spans = [span for _, span in network.parameters.spans()]
    each = max(4, count // len(spans))
    entries: list[list[Entry]] = []
    for span in spans:
        direction = np.zeros(len(at))
        direction[span] = rng.choice([-1.0, 1.0], size=span.stop - span.start)
        found = [_entry(-1, direction, given, at, slope(loss_at, at, direction, here, eps))]
        for index in _chosen(given[span], each, rng):
            if time.monotonic() > end:
                break
            direction = np.zeros(len(at))
            direction[span.start + index] = 1.0
            found.append(_entry(index, direction, given, at, slope(loss_at, at, direction, here, eps)))
        entries.append([entry for entry in found if entry is not None])
    return Look(moved, entries, given, float(np.linalg.norm(given)))


def _unsaturated(batch: Batch, prediction: Array) -> Batch:
    """The samples whose right class is not next to impossible, where predictions are probabilities of classes."""
    y = batch.y
    parts = [part for part in batch if part is not None]
    if y is None or not prediction.ndim or not all(isinstance(part, np.ndarray) and part.ndim for part in parts):
        return batch
    if len(prediction) != len(y) or not (prediction.size and prediction.min() >= 0 and prediction.max() <= 1):
        return batch
    rows = prediction.reshape(len(prediction), -1)
    if y.size == prediction.size and y.min() >= 0 and y.max() <= 1:
        wanted = y.reshape(rows.shape)
        right = (rows * wanted).sum(axis=1) if rows.shape[1] > 1 else (1 - np.abs(rows - wanted))[:, 0]
    elif y.size == len(rows) and y.dtype.kind in "iu" and y.min() >= 0 and y.max() < rows.shape[1]:
        right = rows[np.arange(len(rows)), y.ravel()]
    else:
        return batch
    kept = right > SATURATED
    return batch if kept.all() else Batch(*(part[kept] for part in parts))


def _chosen(given: Vector, count: int, rng: np.random.Generator) -> Iterable[int]:
    """Indices of `count` entries: those where the gradient is largest, and random ones."""
    if len(given) <= count:
        return range(len(given))
    largest = np.argsort(-np.abs(given))[: count // 2]
    others = rng.choice(len(given), size=count - len(largest), replace=False)
    return sorted({int(i) for i in (*largest, *others)})


def _entry(index: int, direction: Vector, given: Vector, at: Vector, found: Slope) -> Entry | None:
    """What is compared; None where the loss has a kink, at which either side's slope is as right."""
    if found.kinked:
        return None
    theta, signs = float(direction @ at), float(direction @ np.sign(at))
    return Entry(index, float(direction @ given), found.value, found.doubt, theta, signs)


def _worst(looks: list[Look], relations: list[Relation], wrong: list[int], tolerance: float) -> tuple[Look, int, Entry]:
    """Where gradient and differences are furthest apart: at the program's own parameters if they are there, too."""
    blocks = wrong or [i for i, relation in enumerate(relations) if relation.seen]
    best: tuple[float, Look, int, Entry] = (-1.0, looks[0], 0, Entry(0, 0.0, 0.0, 0.0, 0.0, 0.0))
    for look in sorted(looks, key=lambda look: look.moved):
        for block in blocks:
            entries = look.entries[block]
            scale = max((max(abs(e.slope), abs(e.given)) for e in entries), default=0.0) or 1.0
            for entry in entries:
                apart = abs(entry.given - entry.slope) / scale
                if entry.position >= 0 and apart > best[0]:
                    best = (apart, look, block, entry)
        if best[0] > tolerance:
            break
    return best[1:]


def _transposed(looks: list[Look], block: int, span: slice, shape: tuple[int, ...], tolerance: float) -> bool:
    """Whether the gradient of a square matrix is the transpose of what it should be."""
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 1:
        return False
    for look in looks:
        turned = look.given[span].reshape(shape).T.ravel()
        entries = [entry for entry in look.entries[block] if entry.position >= 0]
        scale = max((abs(entry.slope) for entry in entries), default=0.0)
        if any(abs(turned[e.position] - e.slope) > tolerance * scale + 5 * e.doubt for e in entries):
            return False
    return True
