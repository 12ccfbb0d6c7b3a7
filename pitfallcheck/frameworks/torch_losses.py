"""Keeps the losses of a training: every one where reading it costs nothing, and without stopping an accelerator."""

from __future__ import annotations

import math
import sys
from collections import deque
from typing import Any

from pitfallcheck.observe.learning import Losses

_KEPT = 1024
_PENDING = 256
"""Losses on an accelerator that are read together: reading one waits for all that was asked of the device."""


class LossTally:
    """The losses of one training, in their order."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._last: deque[float] = deque(maxlen=_KEPT)
        self._pending: list[Any] = []
        self._lowest = math.inf
        self.count = self._nonfinite_at = 0

    def add(self, loss: Any) -> bool:
        """Note the loss of a step, a scalar tensor of real numbers; returns whether it is finite, as far as known."""
        if not loss.is_cpu:
            if not loss.is_meta:
                self._pending.append(loss.detach().clone())
                if len(self._pending) >= _PENDING:
                    self.read()
            return not self._nonfinite_at
        value = loss.item()
        self._note(value)
        return math.isfinite(value)

    def read(self) -> None:
        """Read what an accelerator still holds."""
        if self._pending:
            pending, self._pending = self._pending, []
            for value in sys.modules["torch"].stack(pending).cpu().tolist():
                self._note(value)

    def _note(self, value: float) -> None:
        self.count += 1
        if len(self._first) < _KEPT:
            self._first.append(value)
        self._last.append(value)
        self._lowest = min(self._lowest, value)
        if not self._nonfinite_at and not math.isfinite(value):
            self._nonfinite_at = self.count

    def summary(self) -> Losses | None:
        """The losses so far; None before the first."""
        if not self.count:
            return None
        few = max(1, min(_KEPT, self.count // 10))
        return Losses(
            count=self.count,
            first=_mean(self._first[:few]),
            last=_mean(list(self._last)[-few:]),
            lowest=self._lowest if self._lowest < math.inf else math.nan,
            nonfinite_at=self._nonfinite_at,
        )


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan
