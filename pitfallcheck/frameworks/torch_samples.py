"""Gathers what a model of torch was trained on: moments of inputs and targets, and what a constant would score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.analysis.moments import FEATURES, Moments
from pitfallcheck.frameworks.torch_criterion import Criterion
from pitfallcheck.observe.learning import AffineFit, Conditioning

VALUES = 1 << 18
"""Values of one batch that are counted; of a larger one, evenly spaced rows are."""
ROWS, COLUMNS = 8192, 64
"""Targets that are kept for the best constant, and the widest that are."""
WORK = 3e8
"""Products of two features that are summed up at most, over all batches: about a tenth of a second."""

WAITING = 1 << 24
"""Bytes of batches that wait to be counted."""

_Array = NDArray[Any]
_REGRESSION = frozenset({"mse", "mae", "huber"})


class Samples:
    """The batches of one training that were looked at; a batch that comes again is counted once.

    They are copied as they come, and counted when it is asked what they are: many small batches cost as one then.
    """

    def __init__(self) -> None:
        self._fits, self._layer = Moments(), Moments()
        self._waiting: list[tuple[_Array | None, _Array | None, _Array | None]] = []
        self._bytes = 0
        self._layer_is_given = False
        self._work = 0.0
        self._targets: list[_Array] = []
        self._rows = 0
        self._seen: set[int] = set()
        self._criterion: Criterion | None = None
        self._away: Any = None
        self.batch = self.samples = 0

    @property
    def criterion(self) -> Criterion:
        """What the loss computes, as it was in every batch looked at; `other` where that changed."""
        return self._criterion or Criterion()

    @property
    def error(self) -> float:
        """The mean squared error of the newest batch looked at; NaN where it is not known."""
        return float(self._away.double().square().mean()) if self._away is not None else float("nan")

    def add(self, given: Any, layer: Any, criterion: Criterion) -> None:
        """Note a batch: what the model was given, what its first linear layer was, and what the loss compared.

        `given` is the one tensor of real numbers that went in, (N, ...), and `layer` is (N, features), often the very
        same; None where there is none. They are left alone.
        """
        self._follow(criterion)
        if layer is not None:
            self._layer_is_given = layer is given
            layer = None if layer is given else layer
        self._away = criterion.difference
        inputs, first, target = (_array(part) for part in (given, layer, criterion.target))
        shapes = [part.shape for part in (criterion.difference, target, inputs, first) if part is not None]
        self.batch = next((int(shape[0]) for shape in shapes if shape), self.batch)
        inputs, first, target = (_thinned(part) for part in (inputs, first, target))
        # Not with a target that was found from output and difference: rounding makes it another one every time.
        telling = (inputs, first) if inputs is not None or first is not None else (target,)
        digest = hash(tuple(part.tobytes() if part is not None else b"" for part in telling))
        if digest in self._seen:
            return
        self._seen.add(digest)
        self.samples += self.batch
        self._waiting.append((inputs, first, target))
        self._bytes += sum(part.nbytes for part in (inputs, first, target) if part is not None)
        if self._bytes > WAITING:
            self._count()

    def _follow(self, criterion: Criterion) -> None:
        before = self._criterion
        if before is not None and before.kind == criterion.kind and math.isnan(criterion.scale):
            # A loss of zero says nothing about its scale.
            return
        if (
            before is not None
            and not math.isnan(before.scale)
            and (before.kind, before.exact) != (criterion.kind, criterion.exact)
        ):
            criterion = Criterion()
        self._criterion = criterion._replace(target=None, difference=None)

    def _count(self) -> None:
        """Count what was noted."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        targets = [target for _, _, target in waiting if target is not None]
        for rows in targets if self._rows < ROWS else ():
            self._keep(rows)
        pairs = [(inputs, target) for inputs, _, target in waiting if inputs is not None]
        regression = self.criterion.kind in _REGRESSION and all(target is not None for _, target in pairs)
        self._add(self._fits, [inputs for inputs, _ in pairs], [t for _, t in pairs if t is not None and regression])
        layers = [first for _, first, _ in waiting if first is not None]
        self._add(self._layer, layers, [])

    def _add(self, moments: Moments, inputs: list[_Array], targets: list[_Array]) -> None:
        if not inputs:
            return
        alike = all(part.ndim and part.shape[1:] == inputs[0].shape[1:] for part in inputs)
        fitting = not targets or all(
            len(a) == len(b) for a, b in zip(inputs, targets, strict=True) if a.ndim and b.ndim
        )
        if alike and fitting and all(part.shape[1:] == targets[0].shape[1:] for part in targets):
            together = np.concatenate(inputs)
            if self._affordable(together):
                moments.add(together, np.concatenate(targets) if targets else None)

    def _affordable(self, array: _Array) -> bool:
        width = array.size // max(1, len(array))
        self._work += len(array) * float(width) ** 2 if width <= FEATURES else 0.0
        return self._work <= WORK

    def _keep(self, target: _Array) -> None:
        rows = target.reshape(-1) if self.criterion.kind == "crossentropy" else target.reshape(len(target), -1)
        if rows.size <= COLUMNS * len(rows):
            self._targets.append(rows.copy())
            self._rows += len(rows)

    def affine(self) -> AffineFit | None:
        """The best affine map from what went in to the targets of a regression."""
        self._count()
        return self._fits.fit() if self.criterion.kind in _REGRESSION else None

    def conditioning(self) -> Conditioning | None:
        """The condition of what the first layer takes in, where that is a linear one."""
        self._count()
        return (self._fits if self._layer_is_given else self._layer).conditioning()

    def baseline(self) -> float:
        """The loss of the best constant prediction over the targets kept, in units of the loss; NaN where not known."""
        self._count()
        criterion = self.criterion
        if not criterion.exact or not self._targets or len({rows.shape[1:] for rows in self._targets}) > 1:
            return float("nan")
        rows = np.concatenate(self._targets)
        if not np.isfinite(rows).all():
            return float("nan")
        if criterion.kind == "mse":
            alone = float(rows.var(axis=0).mean())
        elif criterion.kind == "mae":
            alone = float(np.abs(rows - np.median(rows, axis=0)).mean())
        elif criterion.kind == "crossentropy":
            shares = np.unique(rows, return_counts=True)[1] / len(rows)
            alone = float(-(shares * np.log(shares)).sum())
        elif criterion.kind == "binary_crossentropy" and rows.min() >= 0 and rows.max() <= 1:
            alone = float(np.mean([_entropy(share) for share in rows.mean(axis=0)]))
        else:
            return float("nan")
        return alone * criterion.scale


def _entropy(share: float) -> float:
    """Of a coin, in nats: the least mean binary cross-entropy of a constant, for hard and for soft targets."""
    return 0.0 if share in (0.0, 1.0) else -(share * math.log(share) + (1 - share) * math.log(1 - share))


def _array(tensor: Any) -> _Array | None:
    """A tensor's values as NumPy has them; None for what it has no word for."""
    if tensor is None:
        return None
    try:
        return np.asarray(tensor.detach().cpu().numpy())
    except (TypeError, RuntimeError):
        return None


def _thinned(array: _Array | None) -> _Array | None:
    """A copy of evenly spaced rows of an array; the same ones of inputs and targets of one length."""
    if array is None or array.size <= VALUES or not array.ndim:
        return array.copy() if array is not None else None
    rows = max(1, VALUES // (array.size // len(array)))
    return array[:: -(-len(array) // rows)].copy()
