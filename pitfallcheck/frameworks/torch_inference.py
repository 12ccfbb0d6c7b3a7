"""Follows what torch models are asked after training, and where that is outside of what they were trained on."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.frameworks.torch_calls import ModuleCalls
from pitfallcheck.frameworks.torch_data import Feeds, feeds_of
from pitfallcheck.frameworks.torch_data_sites import Site
from pitfallcheck.frameworks.torch_data_values import FEATURES
from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.observe.learning import Outside, PredictionSeen
from pitfallcheck.observe.session import Session

_FEWEST_STEPS = 2
"""Backward passes before which a model is not taken for trained."""
_MOST_VALUES = 1 << 17
"""Values asked for on one line that are kept until the end, when all of the training is known."""
_TOLD = 16
"""Features told of, the furthest outside first."""

Array = NDArray[Any]


class Asked:
    """The rows that a model was asked about on one line, (rows, features)."""

    def __init__(self, site: Site, features: int, *, surely: bool) -> None:
        self.site = site
        self.features = features
        self.surely = surely
        self.rows: list[Array] = []
        self.count = self.values = 0

    def add(self, rows: Array) -> None:
        """Keep a copy of the rows of one call, as long as there is room."""
        if self.values < _MOST_VALUES:
            rows = rows[: max(1, (_MOST_VALUES - self.values) // self.features)]
            self.rows.append(rows.copy())
            self.values += rows.size


class Predictions:
    """The calls of trained models that no backward pass follows."""

    def __init__(self, session: Session, feeds: Feeds) -> None:
        self._session = session
        self._feeds = feeds
        self._asked: dict[tuple[int, bool], Asked] = {}
        feeds.asked = self.look
        session.at_finish.append(self.emit)

    def look(self, site: Site, given: list[Any], surely: bool) -> None:
        """A model is called with `given`; `surely` says that no backward pass can follow."""
        trained = self._feeds.trained(site.owner)
        if len(given) != 1 or sum(known.backwards for known in trained) < _FEWEST_STEPS:
            return
        rows = _rows(given[0], trained)
        if rows is None:
            return
        asked = self._asked.get((site.number, surely))
        if asked is None:
            asked = self._asked[site.number, surely] = Asked(site, rows.shape[1], surely=surely)
        if asked.features == rows.shape[1]:
            asked.add(rows)

    def emit(self) -> None:
        """Give an event for each line that only asks."""
        for asked in self._asked.values():
            if asked.surely or not asked.site.trained:
                try:
                    self._emit(asked)
                except Exception as error:
                    self._session.failed("comparing what a torch model is asked with what it was trained on", error)

    def _emit(self, asked: Asked) -> None:
        trained = self._feeds.trained(asked.site.owner)
        ranges = [known.inputs[0].ranges() for known in trained if len(known.inputs) == 1]
        lows = [low for low, _ in ranges if low is not None and len(low) == asked.features]
        highs = [high for _, high in ranges if high is not None and len(high) == asked.features]
        if not lows or len(lows) != len(ranges):
            return
        low, high = np.fmin.reduce(lows), np.fmax.reduce(highs)
        rows = np.concatenate(asked.rows)
        rows = rows[np.isfinite(rows).all(axis=1)]
        if not len(rows):
            return
        beyond = (rows < low) | (rows > high)
        far = np.fmax(low - rows.min(axis=0), rows.max(axis=0) - high) / np.fmax(high - low, np.finfo(rows.dtype).tiny)
        features = [int(i) for i in np.argsort(-far, kind="stable") if beyond[:, i].any()][:_TOLD]
        self._session.emit(
            PredictionSeen(
                key=f"prediction:{asked.site.place.path}:{asked.site.place.line}:{asked.site.number}",
                at=asked.site.place,
                model=asked.site.model,
                method="call",
                samples=len(rows),
                outside_samples=int(beyond.any(axis=1).sum()),
                outside=tuple(
                    Outside(
                        feature=i,
                        trained_low=float(low[i]),
                        trained_high=float(high[i]),
                        asked_low=float(rows[:, i].min()),
                        asked_high=float(rows[:, i].max()),
                        samples=int(beyond[:, i].sum()),
                    )
                    for i in features
                ),
                trained_at=trained[0].place,
                trained_samples=sum(known.inputs[0].samples for known in trained),
            )
        )


def attach(torch: ModuleType, session: Session, calls: ModuleCalls, origins: Origins) -> None:
    """Follow what the models of this process are asked; `torch_data` is attached before."""
    Predictions(session, feeds_of(session))


def _rows(tensor: Any, trained: list[Site]) -> Array | None:
    """The rows of what a model is asked, (rows, features), read as what it was trained on; None where they differ."""
    if tensor.device.type != "cpu" or not tensor.is_floating_point() or not tensor.numel():
        return None
    for site in trained:
        shape = site.inputs[0].shape if len(site.inputs) == 1 else None
        asked = tuple(tensor.shape)
        if shape is None or (features := math.prod(shape[1:])) > FEATURES or not features:
            continue
        alike = len(asked) == len(shape) and asked[1:] == shape[1:]
        one = asked == shape[1:]
        grid = len(shape) == 2 and asked[-1:] == shape[1:]
        if alike or one or grid:
            try:
                array: Array = tensor.detach().float().numpy() if tensor.element_size() < 4 else tensor.detach().numpy()
            except (TypeError, RuntimeError):
                return None
            return array.reshape(-1, features)
    return None
