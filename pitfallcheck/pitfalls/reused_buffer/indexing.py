"""What a subscript takes: a view of which part, a copy, one number, or nobody knows what."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from pitfallcheck.pitfalls.reused_buffer.scopes import Frame
from pitfallcheck.pitfalls.reused_buffer.state import State
from pitfallcheck.pitfalls.reused_buffer.values import (
    ALL,
    ANY_SLOT,
    SOME_SLOT,
    UNKNOWN,
    Array,
    Box,
    Constant,
    Index,
    Number,
    Ring,
    SomeArray,
    Step,
    Value,
)

if TYPE_CHECKING:
    from pitfallcheck.pitfalls.reused_buffer.expressions import Evaluator

NEW_AXIS = Index("all", text="newaxis")


def taken(evaluator: Evaluator, base: Array, node: ast.Subscript, state: State, frame: Frame) -> Value:
    """The value of `base[...]`: a view where that is sure, a new array where it is a copy, else unknown."""
    if base.kind == "tensorflow":
        return UNKNOWN
    indices = _indices(evaluator, node.slice, state, frame)
    if any(index == "array" for index in indices):
        return evaluator.allocate(node, base.kind, state, frame)
    known = [index for index in indices if isinstance(index, Index)]
    if len(known) < len(indices):
        return UNKNOWN
    integers = sum(index.integer for index in known)
    added = sum(index is NEW_AXIS for index in known)
    step = Step(tuple(index for index in known if index is not NEW_AXIS))
    rank = None if base.rank is None else base.rank - integers + added
    if base.kind == "bytes" and integers:
        return UNKNOWN
    if base.kind == "numpy" and rank is not None and rank <= 0 and integers:
        return UNKNOWN
    certain = base.kind == "torch" or not integers or rank is not None
    return base.viewed(step, rank, certain)


def region(evaluator: Evaluator, base: Array, target: ast.Subscript, state: State, frame: Frame) -> Array:
    """The part of `base` that a store into `target` writes."""
    indices = _indices(evaluator, target.slice, state, frame)
    text = evaluator.scopes.text(target.slice)
    known = tuple(
        index if isinstance(index, Index) else Index("name", text, deps=frozenset({"?"}), stale=True)
        for index in indices
        if index is not NEW_AXIS
    )
    return base.viewed(Step(known), None)


def row(array: Array, position: int | None) -> Value:
    """The part of an array that unpacking it puts in `position`, or that a loop gives at its first turn (None)."""
    if array.kind not in ("numpy", "torch") or (array.rank == 1 and array.kind == "numpy"):
        return UNKNOWN
    index = Index("sweep", text="row", integer=True)
    if position is not None:
        index = Index("span", low=position, high=position + 1, integer=True)
    rank = None if array.rank is None else array.rank - 1
    return array.viewed(Step((index,)), rank, certain=rank is not None or array.kind == "torch")


def later_row(array: Array) -> Value:
    """The part of an array that a loop over it gives at a later turn."""
    first = row(array, 0)
    if not isinstance(first, Array):
        return UNKNOWN
    some = Index("name", text="row", stale=True, integer=True)
    return array.viewed(Step((some,)), first.rank, first.certain)


def picked(base: Box | Ring, value: Value) -> Value:
    """The item of a container of arrays: a known one, or the one whose turn it is."""
    if isinstance(value, Constant):
        if isinstance(base, Box):
            return base.item(value.value)
        return base.at(value.value) if isinstance(value.value, int) and value.value >= 0 else UNKNOWN
    if isinstance(value, Number) and value.which == "first":
        return base.item(0) if isinstance(base, Box) else base.at(0)
    if value == Number("turn"):
        return base.turning() if isinstance(base, Box) else base.at(ANY_SLOT)
    return base.at(SOME_SLOT) if isinstance(base, Ring) else UNKNOWN


def _indices(evaluator: Evaluator, node: ast.expr, state: State, frame: Frame) -> list[Index | str]:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    found = [_index(evaluator, part, state, frame) for part in parts]
    dots = next((at for at, part in enumerate(parts) if _is_dots(part)), None)
    if dots is None:
        return found
    after: list[Index | str] = [
        Index("name", evaluator.scopes.text(part), stale=True, integer=isinstance(index, Index) and index.integer)
        if isinstance(index, Index) and index.kind != "all"
        else index
        for part, index in zip(parts[dots + 1 :], found[dots + 1 :], strict=True)
    ]
    return [*found[:dots], *after]


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _index(evaluator: Evaluator, node: ast.expr, state: State, frame: Frame) -> Index | str:
    """One index; the words `array` (a copy is taken) and `unknown` stand for what is none."""
    if isinstance(node, ast.Slice):
        return _sliced(evaluator, node, state, frame)
    if _is_dots(node):
        return ALL
    if isinstance(node, ast.Attribute) and node.attr == "newaxis":
        return NEW_AXIS
    text, deps = evaluator.scopes.text(node), dependencies(evaluator, node, frame)
    value = evaluator.value(node, state, frame)
    if isinstance(value, Constant):
        return _literal(value.value, text)
    if isinstance(value, Number):
        if value.which == "turn":
            return Index("turn", high=value.turns, integer=True)
        return Index("sweep" if value.which == "first" else "name", text, deps=deps, integer=True)
    if isinstance(value, Array | SomeArray | Box | Ring) or isinstance(node, ast.ListComp | ast.Compare):
        return "array"
    return "unknown"


def _literal(value: object, text: str) -> Index | str:
    if value is None:
        return NEW_AXIS
    if isinstance(value, bool):
        return "array"
    if isinstance(value, int):
        return (
            Index("span", low=value, high=value + 1, integer=True) if value >= 0 else Index("name", text, integer=True)
        )
    return Index("name", text) if isinstance(value, str) else "unknown"


def _sliced(evaluator: Evaluator, node: ast.Slice, state: State, frame: Frame) -> Index:
    low, high, step = (evaluator.value(part, state, frame) for part in (node.lower, node.upper, node.step))
    text, deps = evaluator.scopes.text(node), dependencies(evaluator, node, frame)
    from_start = node.lower is None or (low == Constant(0) and isinstance(node.lower, ast.Constant))
    if node.step is not None and step not in (Constant(1), Constant(None)):
        backwards = step == Constant(-1) and node.lower is None and node.upper is None
        return ALL if backwards else Index("prefix" if from_start else "name", text, deps=deps)
    if from_start and (node.upper is None or high == Constant(None)):
        return ALL
    if isinstance(node.upper, ast.Constant) and type(node.upper.value) is int and node.upper.value > 0:
        if from_start:
            return Index("span", low=0, high=node.upper.value)
        if isinstance(node.lower, ast.Constant) and type(node.lower.value) is int:
            return Index("span", low=node.lower.value, high=node.upper.value)
    if from_start:
        return Index("prefix", text, deps=deps)
    if node.upper is None:
        if isinstance(node.lower, ast.Constant) and type(node.lower.value) is int:
            return Index("span", low=node.lower.value, high=sys.maxsize)
        return Index("tail", text, deps=deps)
    return Index("name", text, deps=deps)


def dependencies(evaluator: Evaluator, node: ast.expr, frame: Frame) -> frozenset[str]:
    """The variables that `node` reads; what is told by them has to be watched."""
    parts = [part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)]
    found = frozenset(key for part in parts if (key := evaluator.key_of(part, frame)) is not None)
    evaluator.watched.update(found)
    return found


def settled(array: Array) -> Array:
    """The array as it is handed out: a loop's sweep has reached one item, not all."""
    if not any(index.kind == "sweep" for step in array.path for index in step.indices):
        return array
    return replace(
        array,
        path=tuple(
            replace(
                step,
                indices=tuple(
                    replace(index, kind="name") if index.kind == "sweep" else index for index in step.indices
                ),
            )
            for step in array.path
        ),
    )
