"""Remembers one handed-over array without keeping it alive, and tells later whether its memory has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pitfallcheck.frameworks import tensors
from pitfallcheck.observe.memory import Array, Slices, owner_of, sample, span_of, unordered_bytes, view_at, weakly

if TYPE_CHECKING:
    from pitfallcheck.observe.tally import Slot


class Record:
    """A leaf of batch `number` as it was when it was handed over: where it lies, and a sample of it in `held`."""

    __slots__ = (
        "array",
        "dtype",
        "gone",
        "held",
        "high",
        "low",
        "number",
        "owner",
        "owner_id",
        "plan",
        "returned",
        "shape",
        "slot",
        "strides",
        "thing",
        "touched",
    )

    def __init__(self, slot: Slot, number: int, thing: Any, array: Array, plan: Slices | None, keep: bool) -> None:
        self.slot = slot
        self.number = number
        self.shape = array.shape
        self.strides = array.strides
        self.dtype = array.dtype
        self.plan = plan
        self.low, self.high = span_of(array)
        self.thing: Callable[[], Any] | None = weakly(thing)
        if thing is array:
            owner = owner_of(array)
            self.owner = self.thing if owner is array else weakly(owner)
            self.owner_id = id(owner)
        else:
            # A tensor's NumPy view is made anew at every look, so the tensor itself stands for the owner of its memory.
            self.owner = self.thing
            self.owner_id = self.low
        self.array = array if keep else None
        self.gone = self.touched = self.returned = False
        self.held = sample(array, plan)

    def look(self) -> bytes | None:
        """A sample of the memory as it is now, or None when nobody holds that memory any more."""
        if self.array is not None:
            return sample(self.array, self.plan)
        thing = self.thing() if self.thing is not None else None
        if thing is not None:
            view = thing if isinstance(thing, np.ndarray) else tensors.view(thing)
            return None if view is None or view.shape != self.shape else sample(view, self.plan)
        owner = self.owner() if self.owner is not None else None
        if owner is None:
            return None
        return sample(view_at(self.low, self.shape, self.strides, self.dtype.itemsize), self.plan)

    def only_reordered(self, now: bytes) -> bool:
        """Whether `now` holds the very same rows in another order; False where that cannot be told."""
        if self.plan is not None or not self.shape or self.shape[0] < 2 or self.dtype.hasobject:
            return False
        return unordered_bytes(self.held, self.shape[0]) == unordered_bytes(now, self.shape[0])

    def owner_now(self) -> Any:
        """The owner of the memory, if it is still alive."""
        return self.owner() if self.owner is not None else None
