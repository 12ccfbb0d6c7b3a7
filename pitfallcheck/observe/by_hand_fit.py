"""Compares a network by hand with the simplest rivals on the batches seen: a constant, and an affine map."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from pitfallcheck.analysis.moments import Moments
from pitfallcheck.observe.by_hand_calls import TheirsError
from pitfallcheck.observe.by_hand_loss import LossKind, best_constant
from pitfallcheck.observe.by_hand_network import Batch, Network
from pitfallcheck.observe.learning import AffineFit, Conditioning
from pitfallcheck.observe.memory import Array

_BATCHES = 4
"""Batches between whose inputs midpoints are taken."""
_MOVES = 3


class Rivals(NamedTuple):
    """What `TrainingSeen` says under the same names; `why` is why there is no affine fit, in a clause."""

    affine: AffineFit | None
    inputs: Conditioning | None
    error: float
    why: str


def rivals_of(batches: Sequence[Batch], predictions: Sequence[Array]) -> Rivals:
    """The best affine map over all batches, and the network's own mean squared error beside it."""
    moments = Moments()
    squares, count = 0.0, 0
    for batch, prediction in zip(batches, predictions, strict=True):
        x, y = batch.x, batch.y
        if x is None or not x.ndim:
            return Rivals(
                None, None, float("nan"), "the inputs are not one array of numbers with a row for each sample"
            )
        if "c" in (x.dtype.kind, y.dtype.kind if y is not None else ""):
            return Rivals(None, None, float("nan"), "the inputs or targets are complex numbers")
        if y is not None and (not y.ndim or len(y) != len(x)):
            return Rivals(None, None, float("nan"), f"inputs of shape {x.shape} came with targets of shape {y.shape}")
        moments.add(x, y)
        if y is not None and y.size == prediction.size and prediction.dtype.kind != "c":
            off = prediction.astype(np.float64).ravel() - y.astype(np.float64).ravel()
            squares, count = squares + float(off @ off), count + len(off)
    error = squares / count if count else float("nan")
    return Rivals(moments.fit(), moments.conditioning(), error, moments.why)


def baseline(network: Network, kind: LossKind, batches: Sequence[Batch], predictions: Sequence[Array]) -> float:
    """The loss of the best constant prediction over the batches, in the loss's own units; NaN where it is not known."""
    targets = [batch.y for batch in batches]
    shapes = {target.shape[1:] for target in targets if target is not None and target.ndim}
    if any(target is None or not target.ndim for target in targets) or len(shapes) != 1:
        return float("nan")
    constant = best_constant(kind, np.concatenate([target for target in targets if target is not None]))
    if constant is None:
        return float("nan")
    losses = []
    for prediction, target in zip(predictions, targets, strict=True):
        if target is None or target.size != prediction.size:
            return float("nan")
        same = np.broadcast_to(constant, target.shape).reshape(prediction.shape).astype(prediction.dtype)
        losses.append(network.ask(same, target))
    return float(np.mean(losses))


def midpoint(network: Network, batches: Sequence[Batch], predictions: Sequence[Array]) -> float:
    """How far the network is from affine, as `TrainingSeen.midpoint` says it; NaN where the inputs are no floats.

    A ReLU network without biases is linear where all inputs are positive, and any may be over a small range. So inputs
    are paired with their mirror images too, and the parameters are moved at random: the largest deviation counts.
    Leaves the parameters changed.
    """
    if not all(isinstance(batch.inputs, np.ndarray) and batch.inputs.dtype.kind == "f" for batch in batches):
        return float("nan")
    parameters = network.parameters
    found = [_bends(network, batches[:_BATCHES], list(predictions))]
    if parameters is not None:
        point, rng = parameters.vector(), np.random.default_rng(0)
        for _ in range(_MOVES):
            parameters.write(parameters.moved(point, rng))
            try:
                found.append(_bends(network, batches[:_BATCHES], None))
            except TheirsError:
                # Not every network takes every parameter; what was seen at its own counts.
                continue
        parameters.write(point)
    return max((bend for bend in found if np.isfinite(bend)), default=float("nan"))


def _bends(network: Network, batches: Sequence[Batch], known: list[Array] | None) -> float:
    predictions = known or [network.predicted(batch) for batch in batches]
    worst = 0.0
    seen = False
    for number, (batch, prediction) in enumerate(zip(batches, predictions, strict=False)):
        x, follower = batch.inputs, (number + 1) % len(batches)
        pairs = [(np.roll(x, 1, axis=0), np.roll(prediction, 1, axis=0))] if len(prediction) == len(x) else []
        if batches[follower].inputs.shape == x.shape and predictions[follower].shape == prediction.shape:
            pairs.append((batches[follower].inputs, predictions[follower]))
        mirrored = (-3 * x).astype(x.dtype)
        with suppress(TheirsError):
            pairs.append((mirrored, network.predicted(batch._replace(inputs=mirrored))))
        for there, theirs in pairs:
            if np.array_equal(there, x):
                continue
            ends = np.stack([prediction, theirs]).astype(np.float64)
            middle = network.predicted(batch._replace(inputs=((x + there) / 2).astype(x.dtype)))
            spread = float(ends.std())
            if spread > 0 and np.isfinite(ends).all():
                seen = True
                worst = max(worst, float(np.abs(middle - ends.mean(axis=0)).max(initial=0.0)) / spread)
    return worst if seen else float("nan")
