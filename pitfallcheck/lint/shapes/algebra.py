"""What indexing, arithmetic, reductions and reshaping do to the axes of an array, as NumPy defines them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from pitfallcheck.lint.shapes.values import Array, Constant, Dim, Items, Number, Value

SCALAR = Array(())


def as_array(value: Value) -> Array | None:
    """`value` as the array that arithmetic makes of it."""
    if isinstance(value, Number):
        return SCALAR
    return value if isinstance(value, Array) else None


def broadcast(one: Value, other: Value) -> Array | None:
    """The result of an elementwise operation on two values; None where it is unknown or would raise."""
    left, right = as_array(one), as_array(other)
    if left is None or right is None:
        return None
    pairing = left.pairing or right.pairing
    predicted = left.predicted or right.predicted
    if left.open or right.open:
        wide, narrow = (left, right) if left.open else (right, left)
        if narrow.open or narrow.dims:
            return None
        return replace(wide, predicted=predicted, pairing=pairing)
    dims: list[Dim] = []
    for back in range(1, max(len(left.dims), len(right.dims)) + 1):
        a: Dim = left.dims[-back] if back <= len(left.dims) else 1
        b: Dim = right.dims[-back] if back <= len(right.dims) else 1
        if a == 1 or b == 1:
            dims.append(b if a == 1 else a)
        elif a is None or b is None:
            dims.append(b if a is None else a)
        elif a == b:
            dims.append(a)
        else:
            return None
    return Array(tuple(reversed(dims)), predicted=predicted, pairing=pairing)


def matmul(one: Value, other: Value) -> Array | None:
    """The result of `one @ other` for ranks 1 and 2, and a stack of matrices times one matrix or vector."""
    if not (isinstance(one, Array) and isinstance(other, Array)) or one.open or other.open:
        return None
    if not one.dims or not other.dims or len(other.dims) > 2:
        return None
    dims = one.dims[:-1] + (other.dims[1:] if len(other.dims) == 2 else ())
    return Array(dims, pairing=one.pairing or other.pairing)


def normal_axis(axis: int, rank: int) -> int | None:
    """`axis` counted from the front, or None where there is no such axis."""
    return axis % rank if -rank <= axis < rank else None


def reduce(array: Array, axis: Value, keep: bool) -> Array | None:
    """The result of a mean, sum and the like; `axis` is a Number, Items of them, or Constant(None) for all axes."""
    if axis == Constant(None):
        if keep:
            return None if array.open else replace(array, dims=(1,) * len(array.dims))
        return replace(array, dims=(), open=False)
    wanted = axis.values if isinstance(axis, Items) else (axis,)
    axes = set()
    for one in wanted:
        if not isinstance(one, Number) or one.value is None:
            return None
        if array.open and not -len(array.dims) <= one.value < 0:
            return None
        place = normal_axis(one.value, len(array.dims))
        if place is None:
            return None
        axes.add(place)
    if array.open and not keep and len(axes) != 1:
        return None
    dims = tuple(1 if i in axes else dim for i, dim in enumerate(array.dims) if keep or i not in axes)
    return replace(array, dims=dims)


def expand(array: Array, axis: Value) -> Array | None:
    """A new axis of length 1 at `axis`."""
    if not isinstance(axis, Number) or axis.value is None:
        return None
    rank = len(array.dims)
    if array.open:
        return replace(array, dims=(*array.dims, 1)) if axis.value == -1 else None
    place = axis.value if axis.value >= 0 else axis.value + rank + 1
    if not 0 <= place <= rank:
        return None
    return replace(array, dims=(*array.dims[:place], 1, *array.dims[place:]))


def squeeze(array: Array, axis: Value) -> Array | None:
    """Axes of length 1 taken away: one that is named, or all of them.

    Without an axis this is known only where every length is, but for the first: that is the batch's, and taken to be
    longer than 1.
    """
    if axis == Constant(None):
        if array.open or any(dim is None for dim in array.dims[1:]):
            return None
        return replace(array, dims=tuple(dim for dim in array.dims if dim != 1))
    if not isinstance(axis, Number) or axis.value is None:
        return None
    place = normal_axis(axis.value, len(array.dims))
    if place is None or array.dims[place] != 1 or (array.open and axis.value >= 0):
        return None
    return replace(array, dims=array.dims[:place] + array.dims[place + 1 :])


def flatten(array: Array) -> Array:
    """All elements in one axis."""
    return replace(array, dims=(size(array),), open=False)


def reshape(array: Array | None, shape: Sequence[Value]) -> Array | None:
    """The array in another shape; -1 takes what is left, where that can be known."""
    dims: list[Dim] = []
    rest = None
    for i, one in enumerate(shape):
        if isinstance(one, Number):
            dims.append(one.value)
        elif one is None:
            dims.append(None)
        else:
            return None
        if dims[-1] == -1:
            rest, dims[-1] = i, None
    total = size(array) if array else None
    others = [dim for i, dim in enumerate(dims) if i != rest]
    if rest is not None and total is not None and None not in others and all(others):
        dims[rest] = total // prod(dim for dim in others if dim is not None)
    return replace(array, dims=tuple(dims), open=False) if array else Array(tuple(dims))


def size(array: Array) -> Dim:
    """The number of elements."""
    known = [dim for dim in array.dims if dim is not None]
    return None if array.open or len(known) < len(array.dims) else prod(known)


def index(array: Array, subscript: Value) -> Array | None:
    """The result of `array[subscript]`; a tuple arrives as Items, a slice as Constant(slice)."""
    several = isinstance(subscript, Items) and not subscript.listed
    parts: list[Value] = list(subscript.values) if isinstance(subscript, Items) and several else [subscript]
    parts = [_picked(part) for part in parts]
    if any(isinstance(part, Array) for part in parts):
        return _gather(array, parts)
    if not all(_is_index(part) for part in parts):
        return None
    taken = sum(1 for part in parts if isinstance(part, Number) or _is_slice(part))
    dots = [i for i, part in enumerate(parts) if part == Constant(...)]
    if len(dots) > 1 or (not array.open and taken > len(array.dims)):
        return None
    if array.open:
        return _index_from_behind(array, parts, dots)
    gap = len(array.dims) - taken
    at = dots[0] if dots else len(parts)
    parts[at : at + len(dots)] = [Constant(slice(None))] * gap
    return replace(array, dims=_pick(array.dims, parts))


def _picked(part: Value) -> Value:
    """A list of numbers as the array that indexing makes of it."""
    numbers = isinstance(part, Items) and part.listed and all(isinstance(one, Number) for one in part.values)
    return Array((len(part.values),)) if numbers and isinstance(part, Items) else part


def _is_slice(part: Value) -> bool:
    return isinstance(part, Constant) and isinstance(part.value, slice)


def _is_index(part: Value) -> bool:
    return isinstance(part, Number) or _is_slice(part) or part in (Constant(None), Constant(...))


def _pick(dims: Sequence[Dim], parts: Sequence[Value]) -> tuple[Dim, ...]:
    left = list(dims)
    result: list[Dim] = []
    for part in parts:
        if part == Constant(None):
            result.append(1)
            continue
        dim = left.pop(0)
        if isinstance(part, Constant):
            assert isinstance(part.value, slice)
            result.append(_length(dim, part.value))
    return tuple(result)


def _length(dim: Dim, part: slice) -> Dim:
    """The length of a slice of an axis; one that is not known to be shorter is taken to be long enough."""
    if part == slice(None):
        return dim
    bounds = (part.start, part.stop, part.step)
    if not all(bound is None or isinstance(bound, int) for bound in bounds):
        return None
    if dim is not None:
        return len(range(*part.indices(dim)))
    start, stop, step = part.start or 0, part.stop, part.step or 1
    if start == -1 and stop is None and step == 1:
        return 1
    if stop is None or step < 1 or start < 0 or stop < 0:
        return None
    return len(range(start, stop, step))


def _index_from_behind(array: Array, parts: list[Value], dots: list[int]) -> Array | None:
    """`[..., 0]` and `[..., None]` of an array of which only the last axes are known."""
    if dots != [0]:
        return None
    behind = parts[1:]
    taken = sum(1 for part in behind if part != Constant(None))
    if taken > len(array.dims):
        return None
    kept = array.dims[: len(array.dims) - taken]
    return replace(array, dims=kept + _pick(array.dims[len(array.dims) - taken :], behind))


def _gather(array: Array, parts: list[Value]) -> Array | None:
    """Indexing with one array of rank 0 or 1, among slices: it takes the place of the axis it picks from."""
    chosen = [part for part in parts if isinstance(part, Array)]
    if len(chosen) != 1 or array.open or chosen[0].open or len(chosen[0].dims) > 1:
        return None
    others = [part for part in parts if not isinstance(part, Array)]
    if not all(_is_slice(part) or part == Constant(None) for part in others):
        return None
    stand_in: Value = Number() if not chosen[0].dims else Constant(slice(0, None))
    result = index(array, Items(tuple(stand_in if isinstance(part, Array) else part for part in parts)))
    if result is None or not chosen[0].dims:
        return result
    before = parts[: parts.index(chosen[0])]
    place = len(before)
    return replace(result, dims=(*result.dims[:place], None, *result.dims[place + 1 :]))


def concatenate(arrays: Sequence[Value], axis: Value) -> Array | None:
    """Arrays of one rank joined along an axis they have."""
    known = [array for array in arrays if isinstance(array, Array) and not array.open]
    if not known or len(known) != len(arrays) or not isinstance(axis, Number) or axis.value is None:
        return None
    rank = len(known[0].dims)
    place = normal_axis(axis.value, rank)
    if place is None or any(len(array.dims) != rank for array in known):
        return None
    dims: list[Dim] = []
    for i, lengths in enumerate(zip(*(array.dims for array in known), strict=True)):
        if i == place:
            dims.append(None if None in lengths else sum(length for length in lengths if length is not None))
        else:
            dims.append(lengths[0] if len(set(lengths)) == 1 else None)
    return Array(tuple(dims))


def stack(arrays: Sequence[Value], axis: Value) -> Array | None:
    """Arrays of one shape laid along a new axis."""
    known = [array for value in arrays if (array := as_array(value)) is not None and not array.open]
    if not known or len(known) != len(arrays) or not isinstance(axis, Number) or axis.value is None:
        return None
    if len({len(array.dims) for array in known}) != 1:
        return None
    dims = tuple(
        lengths[0] if len(set(lengths)) == 1 else None for lengths in zip(*(a.dims for a in known), strict=True)
    )
    grown = expand(Array(dims), axis)
    if grown is None:
        return None
    place = axis.value if axis.value >= 0 else axis.value + len(dims) + 1
    return replace(grown, dims=(*grown.dims[:place], len(known), *grown.dims[place + 1 :]))
