"""Samples that a Keras model was given, as NumPy arrays in the structure in which it takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ROWS = 4096
"""Samples that a training is foreseen with."""
_WORK = 1 << 24
"""Samples times parameters that one pass may cost: about what the calls alone cost for a small model."""
_BYTES = 64 << 20
"""Bytes of samples that are kept for it."""


Shapes = tuple[tuple[int, ...], ...]


class NoSampleError(Exception):
    """What a model was given cannot be looked at; the message says why in a clause."""


class Sample(NamedTuple):
    """`rows` samples: the inputs, the targets (None without) and the sample weights (None without)."""

    x: Any
    y: Any
    weights: Any
    rows: int

    def tensors(self) -> tuple[Any, Any, Any]:
        """The three as tensors of the backend."""
        from keras.src import ops

        x, y, weights = (mapped(ops.convert_to_tensor, part) for part in self[:3])
        return x, y, weights

    def first(self, rows: int) -> Sample:
        """The first `rows` of them."""
        x, y, weights = (mapped(lambda array: array[:rows], part) for part in self[:3])
        return Sample(x, y, weights, min(rows, self.rows))

    @property
    def inputs(self) -> list[NDArray[Any]]:
        """The input arrays, in Keras's order."""
        return flat(self.x)

    @property
    def targets(self) -> list[NDArray[Any]]:
        """The target arrays, in Keras's order."""
        return flat(self.y)


def of_arrays(data: Any, most: int = ROWS) -> Sample:
    """Evenly spaced samples of whole arrays. Raises NoSampleError."""
    x, y, weights = unpacked(data)
    length = rows_of(x)
    if not length:
        raise NoSampleError("it was given no samples")
    step = max(1, -(-length // most), -(-_size(data) // _BYTES))
    x, y, weights = (mapped(lambda array: plain(array, cast=True)[::step], part) for part in (x, y, weights))
    return Sample(x, y, weights, rows_of(x))


def of_batches(batches: Sequence[Any]) -> Sample:
    """Several batches as one; the first alone where they do not fit together. Raises NoSampleError."""
    from keras.src import tree

    sizes = {rows_of(part) for part in unpacked(batches[0]) if flat(part)}
    if len(sizes) > 1:
        # What fits only by broadcasting does so in one batch, and not in several put together.
        batches = batches[:1]
    parts = []
    for role in zip(*(unpacked(batch) for batch in batches), strict=True):
        try:
            parts.append(tree.map_structure(_joined, *role))
        except ValueError:
            parts = [mapped(plain, part) for part in unpacked(batches[0])]
            break
    x, y, weights = parts
    return Sample(x, y, weights, rows_of(x))


def rows_for(parameters: int, batch: int) -> int:
    """How many samples a model of so many parameters is looked at with: a batch at least."""
    return max(batch, min(ROWS, _WORK // max(1, parameters)))


def kept(batches: Sequence[Any]) -> bool:
    """Whether enough batches are at hand: so many samples, or bytes, that more would cost too much."""
    return sum(rows_of(unpacked(batch)[0]) for batch in batches) >= ROWS or sum(map(_size, batches)) >= _BYTES


def unpacked(data: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and sample weights of what Keras was given."""
    from keras.src.trainers.data_adapters import data_adapter_utils

    x, y, weights = data_adapter_utils.unpack_x_y_sample_weight(data)
    return x, y, weights


def plain(array: Any, *, cast: bool = False) -> NDArray[Any]:
    """An array or a tensor of any library as a NumPy array; `cast` brings floats to Keras's own type, as `fit` does.

    Raises NoSampleError.
    """
    from keras.src import backend

    try:
        if hasattr(array, "detach"):
            array = array.detach().cpu()
        found = np.asarray(array)
    except Exception as error:
        raise NoSampleError(f"its {type(array).__name__} is no array") from error
    if found.dtype.hasobject or found.dtype.kind in "SUMm" or not found.ndim:
        raise NoSampleError(f"it was given arrays of {found.dtype}" if found.ndim else "it was given no arrays")
    return found.astype(backend.floatx()) if cast and found.dtype.kind == "f" else found


def mapped(change: Callable[[Any], Any], nest: Any) -> Any:
    """A nest with every array changed, and every None as it is."""
    from keras.src import tree

    return tree.map_structure(lambda leaf: None if leaf is None else change(leaf), nest)


def flat(nest: Any) -> list[Any]:
    """The arrays of a nest, in Keras's order."""
    from keras.src import tree

    return [] if nest is None else [leaf for leaf in tree.flatten(nest) if leaf is not None]


def rows_of(nest: Any) -> int:
    """How many samples the first array of a nest holds."""
    return next((int(leaf.shape[0]) for leaf in flat(nest) if getattr(leaf, "shape", ())), 0)


def takes_training(model: Any) -> bool:
    """Whether calling the model takes `training`."""
    return bool(getattr(model, "_call_has_training_arg", True))


def _joined(*arrays: Any) -> Any:
    if arrays[0] is None:
        return None
    return np.concatenate([plain(array) for array in arrays])


def _size(nest: Any) -> int:
    """Bytes, as far as the arrays tell."""
    return sum(int(getattr(leaf, "nbytes", 0) or 0) for leaf in flat(nest))


def shapes_of(nest: Any) -> Shapes:
    """The shapes of the arrays of a nest; none of what is no nest of arrays."""
    if nest is None:
        return ()
    try:
        shapes = [getattr(leaf, "shape", None) for leaf in flat(nest)]
        return tuple(tuple(int(axis) for axis in shape) for shape in shapes if shape is not None)
    except (TypeError, ValueError):
        return ()
