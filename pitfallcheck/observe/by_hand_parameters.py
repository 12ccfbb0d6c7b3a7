"""Holds the parameters of a network by hand as one flat vector, changes them where they lie, and puts them back."""

from __future__ import annotations

import ast
import linecache
import numbers
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from pitfallcheck.analysis.objective import Vector
from pitfallcheck.frameworks import tensors
from pitfallcheck.observe.by_hand_calls import array_or_none, described
from pitfallcheck.observe.handover import Path, path_text
from pitfallcheck.observe.memory import Array
from pitfallcheck.observe.naming import owner_name, tree_of


class Block:
    """One array of parameters. `memory` is the user's own where it can be written to, else None."""

    def __init__(self, path: Path, given: Any, array: Array, memory: Array | None) -> None:
        self.path = path
        self.given = given
        self.name = f"parameters{path_text(path)}"
        self.memory = memory
        self.saved = array.copy()
        self.now = memory if memory is not None else array.copy()

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self.saved.size


class Parameters:
    """All arrays of parameters, in the order in which they stand in what the user gave.

    `passed` says that `forward` takes them as an argument: they may then be arrays that cannot be changed, such as
    JAX's, of which changed copies are made. Raises TypeError or ValueError for what holds no floats.
    """

    def __init__(self, given: Any, *, passed: bool) -> None:
        if not isinstance(given, np.ndarray | Mapping | list | tuple) and hasattr(given, "__iter__"):
            # `net.parameters()` and `weights.values()`; tensors are leaves.
            given = given if _memory(given) is not None else list(given)
        self.given = given
        self.blocks = [_block(path, leaf, passed=passed) for path, leaf in leaves_of_nest(given, ())]
        if not self.blocks:
            raise ValueError("check(): `parameters` holds no arrays")

    @property
    def size(self) -> int:
        """How many numbers there are in all."""
        return sum(block.size for block in self.blocks)

    @property
    def dtypes(self) -> list[np.dtype[Any]]:
        """The type of each block."""
        return [block.saved.dtype for block in self.blocks]

    def vector(self) -> Vector:
        """The parameters as they stand, flat."""
        return np.concatenate([np.asarray(block.now, np.float64).ravel() for block in self.blocks])

    def write(self, vector: Vector) -> None:
        """Set all parameters to `vector`, as far as their types can hold it."""
        start = 0
        for block in self.blocks:
            block.now[...] = vector[start : start + block.size].reshape(block.saved.shape)
            start += block.size

    def moved(self, point: Vector, rng: np.random.Generator) -> Vector:
        """Parameters at random near `point`, by half of the size of each block: none is zero there."""
        there = point.copy()
        for _, span in self.spans():
            size = float(np.sqrt(np.mean(point[span] ** 2))) if span.stop > span.start else 0.0
            there[span] += rng.normal(scale=0.5 * size or 0.1, size=span.stop - span.start)
        return there

    def restore(self) -> None:
        """Put back what was there at first, bit for bit."""
        for block in self.blocks:
            block.now[...] = block.saved

    def unchanged(self) -> bool:
        """Whether every bit is as at first."""
        return all(block.now.tobytes() == block.saved.tobytes() for block in self.blocks)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Put everything back after the block, whatever happens in it."""
        try:
            yield
        finally:
            self.restore()

    def to_pass(self) -> Any:
        """What to call `forward` with where it takes the parameters: the user's own nest, changed copies in it."""
        return _rebuilt(self.given, iter(self.blocks))

    def spans(self) -> list[tuple[str, slice]]:
        """Name and place in the flat vector of each block."""
        ends = np.cumsum([block.size for block in self.blocks])
        return [(b.name, slice(int(end) - b.size, int(end))) for b, end in zip(self.blocks, ends, strict=True)]

    def flat(self, gradient: Any) -> Vector:
        """A gradient of the user's as a flat vector. Raises TypeError or ValueError where it does not fit."""
        found = dict(leaves_of_nest(gradient, ()))
        given = list(found.values())
        if all(block.path in found for block in self.blocks):
            given = [found[block.path] for block in self.blocks]
        elif isinstance(gradient, Mapping) and isinstance(self.given, Mapping):
            given = self._by_alike_keys(gradient)
        if len(given) != len(self.blocks):
            raise ValueError(f"check(): `gradient` returned {len(given)} arrays for {len(self.blocks)} of `parameters`")
        return np.concatenate([_fitted(block, leaf) for block, leaf in zip(self.blocks, given, strict=True)])

    def _by_alike_keys(self, gradient: Mapping[Any, Any]) -> list[Any]:
        """The gradients of a dict with keys such as `dW1` or `W1_grad` where the parameters have `W1`."""
        alike = {_bare(key): leaf for key, leaf in gradient.items()}
        missing = [block.path[0] for block in self.blocks if _bare(block.path[0]) not in alike]
        if missing:
            keys = ", ".join(repr(key) for key in gradient)
            raise ValueError(f"check(): `gradient` returned a dict without {missing[0]!r}; its keys are {keys}")
        return [alike[_bare(block.path[0])] for block in self.blocks]

    def name_after(self, frame: FrameType | None) -> None:
        """Name the blocks as the user does: as written in the call that `frame` is at, or after a variable there."""
        written = _written(frame) if frame is not None else []
        for position, block in enumerate(self.blocks):
            if len(written) == len(self.blocks):
                block.name = written[position]
            elif len(block.path) == 1 and isinstance(block.path[0], str):
                block.name = block.path[0]
            elif frame is not None and (name := owner_name(frame, block.given)):
                block.name = name


def leaves_of_nest(node: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The leaves of nested dicts, lists and tuples: each with its position."""
    if isinstance(node, Mapping):
        for key, child in node.items():
            yield from leaves_of_nest(child, (*path, key))
    elif isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from leaves_of_nest(child, (*path, index))
    else:
        yield path, node


def _block(path: Path, given: Any, *, passed: bool) -> Block:
    what = f"`parameters{path_text(path)}`"
    array = _memory(given)
    if array is None and isinstance(given, numbers.Number):
        array = np.asarray(given)
    if array is None:
        raise TypeError(f"check(): {what} must be an array of floats, not {described(given)}")
    if array.dtype.kind != "f":
        raise TypeError(f"check(): {what} must hold floats, and holds {array.dtype}")
    writable = array.flags.writeable and not isinstance(given, numbers.Number)
    if not writable and not passed:
        raise TypeError(
            f"check(): {what} is {described(given)} that cannot be changed in place: make it a NumPy array, or let "
            "`forward` take the parameters as its second argument"
        )
    return Block(path, given, array, array if writable else None)


def _memory(given: Any) -> Array | None:
    """The array over the memory of a parameter: an array, a tensor, or an object that has one as `data` or `value`."""
    if isinstance(given, np.ndarray):
        return given
    if (view := tensors.view(given)) is not None:
        return view
    for name in ("data", "value"):
        held = getattr(given, name, None)
        if isinstance(held, np.ndarray):
            return held
    return None


def _rebuilt(node: Any, blocks: Iterator[Block]) -> Any:
    if isinstance(node, Mapping):
        pairs = [(key, _rebuilt(child, blocks)) for key, child in node.items()]
        return type(node)(pairs) if type(node) is not dict else dict(pairs)  # type: ignore[call-arg]
    if isinstance(node, list | tuple):
        children = [_rebuilt(child, blocks) for child in node]
        return type(node)(*children) if hasattr(node, "_fields") else type(node)(children)
    block = next(blocks)
    if block.memory is not None:
        return node
    if isinstance(node, numbers.Number):
        return type(node)(block.now[()])  # type: ignore[call-arg]
    # A JAX array: `at[...].set` is its way to make a changed copy, and needs no import.
    return node.at[...].set(block.now) if hasattr(node, "at") else block.now.copy()


def _fitted(block: Block, leaf: Any) -> Vector:
    """One array of a gradient, in the shape of its parameter, flat."""
    array = array_or_none(leaf)
    if array is None or array.dtype.kind == "c":
        raise TypeError(f"check(): `gradient` must return numbers for `{block.name}`, and returned {described(leaf)}")
    shape = block.saved.shape
    if array.size == block.size and _without_ones(array.shape) == _without_ones(shape):
        return array.astype(np.float64).ravel()
    try:
        # What the update would do with it.
        return np.broadcast_to(array, shape).astype(np.float64).ravel()
    except ValueError:
        raise ValueError(
            f"check(): `gradient` returned an array of shape {array.shape} for `{block.name}`, which has shape {shape}"
        ) from None


def _without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _bare(key: Any) -> str:
    """A key without what marks it as a gradient's."""
    text = str(key).lower().replace("grad", "").strip("_")
    return text.removeprefix("d").strip("_") if text.startswith("d") and len(text) > 1 else text


def _written(frame: FrameType) -> list[str]:
    """The expressions of the list that is given as `parameters` in the call that `frame` is at."""
    tree = tree_of(frame.f_code.co_filename) if linecache.getline(frame.f_code.co_filename, 1) else None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and node.lineno <= frame.f_lineno <= (node.end_lineno or node.lineno):
            for keyword in node.keywords:
                if keyword.arg == "parameters":
                    if isinstance(keyword.value, ast.List | ast.Tuple):
                        return [ast.unparse(element) for element in keyword.value.elts]
                    if isinstance(keyword.value, ast.Name | ast.Attribute):
                        return [ast.unparse(keyword.value)]
    return []
