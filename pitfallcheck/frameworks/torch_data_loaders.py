"""Follows torch's data loaders: where they were made, whether they shuffle, and which one gave the newest batch."""

from __future__ import annotations

import weakref
from contextlib import suppress
from types import ModuleType
from typing import Any

from pitfallcheck.frameworks.torch_frames import NoSourceError, listen
from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.observe.place import Place


class Loader:
    """What is known of one loader. `passes` counts the iterations begun, `batches` what it gave in all of them.

    `made` is the user's line, `shuffled` whether it was asked to, None where that is its sampler's or its data's
    secret. `hands_over` are the functions of its data set that hand samples over, as path and qualified name.
    """

    def __init__(self, loader: Any, made: Place | None) -> None:
        self.made = made
        self.shuffled = _shuffles(loader)
        self.hands_over = _hand_overs(loader)
        self.passes = self.batches = 0


class Loaders:
    """All loaders of this process that were iterated."""

    def __init__(self, torch: ModuleType, origins: Origins) -> None:
        self._origins = origins
        self._loaders: weakref.WeakKeyDictionary[Any, Loader] = weakref.WeakKeyDictionary()
        self._iterators: weakref.WeakKeyDictionary[Any, Loader] = weakref.WeakKeyDictionary()
        self._newest: Loader | None = None
        data = torch.utils.data
        with suppress(NoSourceError):
            listen(data.DataLoader.__init__, before=self._made)
            listen(data.DataLoader.__iter__, after=self._begun)
            listen(data.dataloader._BaseDataLoaderIter.__next__, after=self._gave)

    def take(self) -> Loader | None:
        """The loader that gave a batch since the last call of this; None where none did."""
        newest, self._newest = self._newest, None
        return newest

    # What torch tells; nothing here may raise.

    def _made(self, loader: Any, *_: Any) -> None:
        with suppress(Exception):
            self._origins.remember(loader)

    def _begun(self, loader: Any, iterator: Any) -> None:
        with suppress(Exception):
            known = self._loaders.get(loader)
            if known is None:
                known = self._loaders[loader] = Loader(loader, self._origins.of(loader))
            known.passes += 1
            self._iterators[iterator] = known

    def _gave(self, iterator: Any, batch: Any) -> None:
        if batch is not None:
            self._newest = newest = self._iterators.get(iterator)
            if newest is not None:
                newest.batches += 1


def _shuffles(loader: Any) -> bool | None:
    """Whether the samples come in an order drawn anew; None for a stream, and for samplers of the user's."""
    sampler = getattr(loader, "sampler", None)
    if sampler is None:
        return None
    name = type(sampler).__name__
    if name == "SequentialSampler":
        batches = type(getattr(loader, "batch_sampler", None)).__name__
        return False if batches in {"BatchSampler", "NoneType"} else None
    return True if name in {"RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler"} else None


def _hand_overs(loader: Any) -> frozenset[tuple[str, str]]:
    """The methods of the data set, or of one that it holds, that are written in Python."""
    found = set()
    dataset = getattr(loader, "dataset", None)
    for _ in range(4):
        for method in ("__getitem__", "__getitems__", "__iter__", "__next__"):
            code = getattr(getattr(type(dataset), method, None), "__code__", None)
            if code is not None:
                found.add((code.co_filename, code.co_qualname))
        # As Subset does, and most wrappers of the user's.
        dataset = getattr(dataset, "dataset", None)
        if dataset is None:
            break
    return frozenset(found)
