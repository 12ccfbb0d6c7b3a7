"""Looks at an array's memory: who owns it, where it lies, and a sample of what it holds.

A sample is a copy of at most `FULL` bytes, or of elements spread evenly over a larger array, so that three looks at a
batch cost far less than one copy of it. Samples of two looks are compared; nothing is hashed that can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Slices = tuple[slice, ...]

FULL = 16 * 1024
"""Up to this many bytes an array is compared whole."""
BOUNDARY = 64
"""Bytes; TensorFlow and JAX keep an array's memory without a copy when it starts on such a boundary."""
_SHARE = 8192
_FEWEST, _MOST = 512, 16384
"""Elements in a sample of a larger array: one for each 8192 bytes of it, within these bounds."""


def owner_of(array: Array) -> Any:
    """The object that owns the memory of `array`: the last of its chain of bases."""
    base = array.base
    if base is None:
        return array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return base


def span_of(array: Array) -> tuple[int, int]:
    """First address of `array` and the address after its last byte."""
    start: int = array.__array_interface__["data"][0]
    if array.flags.c_contiguous:
        return start, start + array.nbytes
    low = high = start
    for length, stride in zip(array.shape, array.strides, strict=True):
        if length == 0:
            return start, start
        if stride < 0:
            low += (length - 1) * stride
        else:
            high += (length - 1) * stride
    return low, high + array.itemsize


@lru_cache(maxsize=256)
def sample_plan(shape: tuple[int, ...], itemsize: int, full: int = FULL) -> Slices | None:
    """Which elements of an array of this shape are sampled: a slice for each axis, or None for all of them."""
    size = 1
    for length in shape:
        size *= length
    if size * itemsize <= full:
        return None
    wanted = min(_MOST, max(_FEWEST, size * itemsize // _SHARE))
    steps = [1] * len(shape)
    left = size
    # Thin out the inner axes first: a row that changed is then still told from one that did not.
    for axis in range(len(shape) - 1, -1, -1):
        if left <= wanted:
            break
        keep = max(1, wanted // max(1, left // shape[axis]))
        steps[axis] = -(-shape[axis] // keep)
        left = left // shape[axis] * -(-shape[axis] // steps[axis])
    return tuple(slice(None, None, step) for step in steps)


def sample(array: Array, plan: Slices | None) -> bytes:
    """The bytes of the planned elements, in C order."""
    return array.tobytes() if plan is None else array[plan].tobytes()


def sample_shape(shape: tuple[int, ...], plan: Slices | None) -> tuple[int, ...]:
    """The shape of the planned elements of an array of `shape`."""
    if plan is None:
        return shape
    return tuple(-(-length // part.step) for length, part in zip(shape, plan, strict=True))


def rows_changed(before: bytes, after: bytes, shape: tuple[int, ...]) -> tuple[int, int]:
    """How many rows (along the first axis) of two samples of one `shape` differ, and how many were compared."""
    if not shape or shape[0] == 0:
        return int(before != after), 1
    rows = shape[0]
    old = np.frombuffer(before, np.uint8).reshape(rows, -1)
    new = np.frombuffer(after, np.uint8).reshape(rows, -1)
    return int((old != new).any(axis=1).sum()), rows


def first_change(before: bytes, after: bytes, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[str, str]:
    """The first row that differs, as text, in the one sample and in the other."""
    if dtype.hasobject or not before:
        return "", ""
    rows = shape[0] if shape else 1
    old = np.frombuffer(before, dtype).reshape(rows, -1)
    new = np.frombuffer(after, dtype).reshape(rows, -1)
    differs = (
        np.frombuffer(before, np.uint8).reshape(rows, -1) != np.frombuffer(after, np.uint8).reshape(rows, -1)
    ).any(axis=1)
    row = int(differs.argmax())
    return _values(old[row]), _values(new[row])


def _values(row: Array) -> str:
    shown = np.array2string(row[:6], precision=4, separator=", ", threshold=6, max_line_width=200)
    return shown if len(row) <= 6 else shown[:-1] + ", ...]"


ORDERED_SLICES = 64 * 1024 * 1024
ORDERED_WHOLE = 1024 * 1024
"""Bytes up to which the order of a buffer is remembered: of one handed out in slices, and of one handed out whole."""
_MULTIPLIERS = np.random.default_rng(0x9E3779B9).integers(1, 2**63, 4096, dtype=np.uint64) | np.uint64(1)


def unordered_digest(array: Any, most: int = ORDERED_SLICES) -> int | None:
    """A number that stays the same when the rows of `array` change places, and hardly ever when a row changes.

    None where it cannot be told: not an array, objects in it, or more than `most` bytes.
    """
    if not isinstance(array, np.ndarray) or array.dtype.hasobject or not 0 < array.nbytes <= most:
        return None
    rows = array.shape[0] if array.ndim else 1
    return unordered_bytes(array.tobytes() if not array.flags.c_contiguous else array.data.cast("B"), rows)


def unordered_bytes(data: bytes | memoryview, rows: int) -> int:
    """`unordered_digest` of `rows` equally long rows that lie in `data` one after the other."""
    table = np.frombuffer(data, np.uint8).reshape(rows, -1)
    width = table.shape[1]
    for word in (np.uint64, np.uint32, np.uint16):
        if width % np.dtype(word).itemsize == 0:
            table = table.view(word)
            break
    with np.errstate(over="ignore"):
        mixed = np.zeros(rows, np.uint64)
        for column in range(0, table.shape[1], len(_MULTIPLIERS)):
            part = table[:, column : column + len(_MULTIPLIERS)]
            mixed = mixed * np.uint64(31) + (part * _MULTIPLIERS[: part.shape[1]]).sum(axis=1, dtype=np.uint64)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        return int(mixed.sum(dtype=np.uint64))


def weakly(thing: Any) -> Callable[[], Any] | None:
    """A weak reference to `thing`, or None where its type allows none."""
    try:
        return ref(thing)
    except TypeError:
        return None


class _Raw:
    """Bytes at an address, for NumPy to look at; whoever makes one keeps the owner of the memory alive meanwhile."""

    def __init__(self, address: int, shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> None:
        self.__array_interface__ = {
            "version": 3,
            "data": (address, True),
            "shape": shape,
            "strides": strides,
            "typestr": f"|V{itemsize}",
        }


def view_at(address: int, shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> Array:
    """A read-only view of raw items at `address`; valid only while the owner of that memory is alive."""
    return np.asarray(_Raw(address, shape, strides, itemsize))
