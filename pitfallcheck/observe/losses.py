"""Measures a loss on samples whose target and output differ in rank: together, alone, and once aligned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pitfallcheck.observe.events import LossMeasured

MOST = 256
"""Samples that a loss is asked for one by one."""

Arrays = Sequence[Any]
Loss = Callable[[Arrays, Arrays], float]
"""The loss of a list of targets and a list of outputs, as a number."""


def measure(key: str, loss: Loss, targets: Arrays, outputs: Arrays) -> LossMeasured | None:
    """Ask `loss` for the samples together, alone, and with targets and outputs of one rank.

    None where no target differs from its output by a last axis of length 1, or where the two do not pair up.
    """
    if len(targets) != len(outputs) or any(array.dtype.kind not in "fiub" for array in (*targets, *outputs)):
        return None
    pairs = list(zip(targets, outputs, strict=True))
    apart = [differ_by_one_axis(target.shape, output.shape) for target, output in pairs]
    if True not in apart:
        return None
    samples = min(MOST, *(len(array) for array in (*targets, *outputs)))
    each = [loss([t[i : i + 1] for t in targets], [o[i : i + 1] for o in outputs]) for i in range(samples)]
    given = [[target[:samples], output[:samples]] for target, output in pairs]
    alike = [[_like(target, output), _like(output, target)] for target, output in given]
    together, aligned = (loss(*map(list, zip(*both, strict=True))) for both in (given, alike))
    # A rotation leaves no target in its place; those that fit their output stay where they are.
    for both in (given, alike):
        for pair, moved in zip(both, apart, strict=True):
            pair[0] = np.roll(pair[0], 1, axis=0) if moved else pair[0]
    reordered, aligned_reordered = (loss(*map(list, zip(*both, strict=True))) for both in (given, alike))
    total, mean = float(np.sum(each)), float(np.mean(each))
    summed = abs(aligned - total) < abs(aligned - mean)
    target, output = pairs[apart.index(True)]
    return LossMeasured(
        key=key,
        loss="",
        target=target.shape,
        output=output.shape,
        samples=samples,
        batch=together,
        alone=total if summed else mean,
        aligned=aligned,
        batch_reordered=reordered,
        aligned_reordered=aligned_reordered,
        reduction="sum" if summed else "mean",
    )


def differ_by_one_axis(target: tuple[int, ...], output: tuple[int, ...]) -> bool:
    """Whether one shape is `(N,)` and the other `(N, 1)`, or the like with more axes between."""
    short, long = sorted((target, output), key=len)
    return len(long) == len(short) + 1 and len(short) > 0 and long == (*short, 1)


def _like(array: Any, other: Any) -> Any:
    """`array` with the last axis of length 1 that `other` has and it lacks."""
    return array[..., None] if array.ndim + 1 == other.ndim else array
