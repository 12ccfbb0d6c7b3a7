"""Tells an accidental comparison, of all pairs or of all that a sample has with one number, from one that is meant."""

from __future__ import annotations

import ast
import re

from pitfallcheck.lint.shapes.values import Array, Pairing, Value

PREDICTION = re.compile(
    r"^(self_)?(y_?)?(pred|preds|predicted|prediction|predictions|hat|output|outputs|out|logits|yhat|y_?p|forecast)s?\d?$"
    r"|_(pred|hat|prediction|output|predictions|preds)$|^(pred|prediction|predicted|output)_",
    re.IGNORECASE,
)
TARGET = re.compile(
    r"^(y|t|yb|y_?b|y_?true|y_?train|y_?batch|y_?t|by|target|targets|label|labels|truth|ground_truth|y_?\d?|y_?real|y_?obs"
    r"|y_?actual|batch_?y|expected|actual)s?$|_(target|targets|label|labels|true)$|^(target|true|label|y)_",
    re.IGNORECASE,
)


def pairing_of(node: ast.expr, left: ast.expr, right: ast.expr, one: Value, other: Value) -> Pairing | None:
    """The pairing that an elementwise operation of `left` and `right` makes by accident, if it does.

    One operand has rank 1 and the other a last axis of length 1 behind at least one more; exactly one of the two is a
    prediction, by where it comes from or by its name; and neither operand was given its axis on the spot. Or both have
    rank 2, the last axis of one has length 1 and that of the other more, and exactly one was computed by a model.
    """
    if not (isinstance(one, Array) and isinstance(other, Array)):
        return None
    if one.predicted != other.predicted and (_spreads(one, other) or _spreads(other, one)):
        return None if expanded(left) or expanded(right) else Pairing(node, left, right, one.dims, other.dims)
    if not (_meets(one, other) or _meets(other, one)):
        return None
    if expanded(left) or expanded(right):
        return None
    if _predicted(left, one) == _predicted(right, other) and (
        one.predicted or other.predicted or _target(left) == _target(right)
    ):
        return None
    return Pairing(node, left, right, one.dims, other.dims)


def _meets(flat: Array, column: Array) -> bool:
    if flat.rank != 1 or flat.dims[0] == 1 or not column.dims or column.dims[-1] != 1:
        return False
    return len(column.dims) >= 2 and (column.open or (len(column.dims) == 2 and column.dims[0] != 1))


def _spreads(column: Array, table: Array) -> bool:
    """Whether the one number that a sample has in `column` meets several in `table`."""
    if column.open or table.open or len(column.dims) != 2 or len(table.dims) != 2:
        return False
    width = table.dims[1]
    return column.dims[1] == 1 and column.dims[0] != 1 and table.dims[0] != 1 and width is not None and width > 1


def _predicted(node: ast.expr, value: Array) -> bool:
    return value.predicted or bool(PREDICTION.search(_name(node)))


def _target(node: ast.expr) -> bool:
    return bool(TARGET.search(_name(node)))


def _name(node: ast.expr) -> str:
    """The name that an operand is about: `y` of `y[:, 0]`, of `self.y` and of `y.float()`."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute):
            return node.attr
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
            node = node.func.value
        elif isinstance(node, ast.Call) and node.args:
            node = node.args[0]
        else:
            return ""


def expanded(node: ast.expr) -> bool:
    """Whether an axis of length 1 is put in on the spot, which says that all pairs are meant."""
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript):
            indices = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
            if any(_is_new_axis(index) for index in indices):
                return True
        if isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
            if name in ("expand_dims", "unsqueeze", "newaxis", "outer"):
                return True
    return False


def _is_new_axis(index: ast.expr) -> bool:
    if isinstance(index, ast.Constant):
        return index.value is None
    return isinstance(index, ast.Attribute | ast.Name) and getattr(index, "attr", getattr(index, "id", "")) == "newaxis"
