"""What a Keras model returns in inference mode for samples, and how far that is from an affine map of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.frameworks.keras_sample import NoSampleError, Sample, takes_training

_PAIRS = 256
"""Pairs of inputs whose midpoints are looked at."""


@contextmanager
def with_weights(model: Any, weights: Sequence[NDArray[Any]]) -> Iterator[None]:
    """Let the trainable variables have these values in the block; those of the model stay as they are."""
    from keras.src import backend, ops

    values = [ops.convert_to_tensor(weight) for weight in weights]
    with backend.StatelessScope(state_mapping=list(zip(model.trainable_variables, values, strict=True))):
        yield


def outputs_of(model: Any, sample: Sample) -> list[NDArray[Any]]:
    """What the model returns, as arrays. Raises NoSampleError where that is none."""
    from keras.src import ops, tree

    x, _, _ = sample.tensors()
    returned = model(x, training=False) if takes_training(model) else model(x)
    leaves = [leaf for leaf in tree.flatten(returned) if leaf is not None]
    if not leaves:
        raise NoSampleError("it returns nothing")
    return [np.asarray(ops.convert_to_numpy(leaf)) for leaf in leaves]


def bend(model: Any, sample: Sample, outputs: list[NDArray[Any]]) -> float:
    """How far outputs at midpoints of two inputs lie from the mean of theirs, relative to their spread.

    NaN where that cannot be asked. The pairs are of two samples, and of a sample and another's negative: a network
    whose units all are on one side for the data is no affine map for that.
    """
    if sample.rows < 2 or any(array.dtype.kind != "f" for array in sample.inputs):
        return float("nan")
    rows = min(_PAIRS, sample.rows)
    # Samples far apart in the order that they came in: neighbours may be alike.
    other = (np.arange(rows) + rows // 2) % rows
    few = [array[:rows] for array in sample.inputs]
    far = [array[other] for array in few]
    worst = _apart(model, sample, few, far, [ends[:rows] for ends in outputs], [ends[:rows][other] for ends in outputs])
    if not np.isfinite(worst):
        return worst
    negative = [-array for array in far]
    mirrored = _apart(
        model, sample, few, negative, [ends[:rows] for ends in outputs], outputs_of(model, _like(sample, negative))
    )
    # A layer that takes no negative values tells nothing there.
    return float(np.fmax(worst, mirrored))


def _apart(
    model: Any,
    sample: Sample,
    one: list[NDArray[Any]],
    other: list[NDArray[Any]],
    outputs_of_one: list[NDArray[Any]],
    outputs_of_other: list[NDArray[Any]],
) -> float:
    """The largest distance at midpoints, over all outputs; NaN where one is no float or does not vary."""
    halfway = [((a + b) / 2).astype(a.dtype) for a, b in zip(one, other, strict=True)]
    worst = 0.0
    between = outputs_of(model, _like(sample, halfway))
    for at, left, right in zip(between, outputs_of_one, outputs_of_other, strict=True):
        if at.dtype.kind != "f" or not len(at) == len(left) == len(right):
            return float("nan")
        ends = np.stack([left, right]).astype(np.float64)
        spread = float(ends.std())
        if not spread > 0:
            return float("nan")
        worst = max(worst, float(np.abs(at - ends.mean(axis=0)).max()) / spread)
    return worst


def _like(sample: Sample, inputs: list[NDArray[Any]]) -> Sample:
    """Samples of these inputs, in the structure of others."""
    from keras.src import tree

    x = tree.pack_sequence_as(sample.x, inputs) if tree.is_nested(sample.x) else inputs[0]
    return Sample(x, None, None, len(inputs[0]))
