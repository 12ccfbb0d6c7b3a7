"""Reads off the graph of a loss whether a column and a flat tensor may have met in it."""

from __future__ import annotations

from typing import Any

_NODES = 64
"""Nodes looked at, from the loss on: a loss is a few operations, the model before it is not looked into."""
_MEETING = ("Sub", "Rsub", "Mul", "Div")
"""Operations in which the two can meet; torch's own losses, which tell of each call, begin with an expansion."""


def may_compare_all_pairs(loss: Any) -> bool:
    """Whether an operation near `loss` makes a table out of something of shape (N, 1) or (N,), N at least 2.

    Whether its other operand has the other shape, the graph does not tell.
    """
    root = getattr(loss, "grad_fn", None)
    pending, seen = [root] if root is not None else [], {root}
    for node in pending:
        if node.name().startswith(_MEETING):
            made = _shape(node)
            for child, _ in node.next_functions:
                if child is not None and made is not None and _is_table(made, _shape(child)):
                    return True
        for child, _ in node.next_functions:
            if child is not None and child not in seen and len(pending) < _NODES:
                seen.add(child)
                pending.append(child)
    return False


def _shape(node: Any) -> tuple[int, ...] | None:
    """The shape of what a node made, where it made one tensor."""
    metadata = getattr(node, "_input_metadata", ())
    shapes = [tuple(made.shape) for made in metadata]
    return shapes[0] if len(shapes) == 1 else None


def _is_table(made: tuple[int, ...], operand: tuple[int, ...] | None) -> bool:
    """Whether `made` is `operand` broadcast with what has one last axis of length 1 more, or less."""
    if operand is None or not operand or made == operand:
        return False
    others = [(*operand, 1)]
    if len(operand) > 1 and operand[-1] == 1:
        others.append(operand[:-1])
    return any(made == broadcast(operand, other) for other in others)


def broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of two operands together; None where they do not fit."""
    rank = max(len(one), len(other))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (one, other)]
    if any(a not in (1, b) and b != 1 for a, b in zip(*padded, strict=True)):
        return None
    return tuple(b if a == 1 else a for a, b in zip(*padded, strict=True))
