"""Reads an autograd graph: its leaves, which operations it holds, and whether a model is affine in its input."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

MOST_NODES = 100_000
"""Nodes after which a graph is not walked further; a walk of so many takes about a tenth of a second."""

_AFFINE = frozenset(
    {
        *("Addmm", "Mm", "Bmm", "Baddbmm", "Addbmm", "Mv", "Addmv", "Dot", "Linear", "Convolution"),
        *("Add", "Sub", "Rsub", "Neg", "Mul", "Div", "Sum", "Mean", "AvgPool2D", "NativeBatchNorm", "NativeDropout"),
        *("T", "Transpose", "Permute", "View", "ReshapeAlias", "UnsafeView", "AsStrided", "Alias", "Clone", "ToCopy"),
        *("Cat", "Stack", "Select", "Slice", "Squeeze", "Unsqueeze", "Expand", "Repeat", "Unbind", "Split"),
        *("AccumulateGrad", "AdaptiveAvgPool2D", "MeanDim", "SumDim"),
    }
)
"""Operations that are affine in each of their inputs, with batch normalisation and dropout as they are once trained."""
_BESIDE_SUM = frozenset({"Addmm", "Baddbmm", "Addbmm", "Addmv"})
_PRODUCTS = _BESIDE_SUM | {"Mm", "Bmm", "Mv", "Dot", "Linear", "Convolution"}
_RESHAPES = frozenset({"View", "ReshapeAlias", "UnsafeView", "Squeeze", "Unsqueeze", "Alias", "Clone"})


class Graph(NamedTuple):
    """The graph behind a loss: its leaf tensors, the numbers of its nodes, and why no second derivative is taken."""

    leaves: tuple[Any, ...]
    numbers: frozenset[int]
    why_not: str


def operation(node: Any) -> str:
    """The operation of a node: `Addmm` for AddmmBackward0."""
    return re.sub(r"Backward\d*$", "", str(node.name()).rpartition("::")[2])


def children(node: Any) -> Iterator[Any]:
    """The nodes that a node passes its gradient on to."""
    return (child for child, _ in node.next_functions if child is not None)


def walk(root: Any, most: int = MOST_NODES) -> Graph:
    """Walk the graph of a loss from its node `root`."""
    leaves: list[Any] = []
    numbers: set[int] = set()
    why_not = ""
    seen, pending = {root}, [root]
    while pending:
        node = pending.pop()
        name = operation(node)
        numbers.add(node._sequence_nr())
        if name == "AccumulateGrad":
            leaves.append(node.variable)
        why_not = why_not or _why_not(node, name)
        if len(seen) > most:
            return Graph(tuple(leaves), frozenset(numbers), f"its graph has more than {most} nodes")
        for child in children(node):
            if child not in seen:
                seen.add(child)
                pending.append(child)
    return Graph(tuple(leaves), frozenset(numbers), why_not)


def _why_not(node: Any, name: str) -> str:
    """Why a node stands against looking at the second derivative; empty where it does not."""
    if "BackwardHook" in name:
        return "the program has hooks on the gradients of a module"
    if "CompiledFunction" in name:
        return "the model is compiled"
    if "Checkpoint" in name:
        return "a part of the model is recomputed in the backward pass"
    if hasattr(type(node), "saved_tensors"):
        return f"its graph holds the program's own function `{name}`"
    for kind in getattr(node, "_input_metadata", ()):
        dtype = str(kind.dtype).rpartition(".")[2]
        if dtype not in {"float32", "float64"}:
            return f"a part of it is computed in {dtype}"
    return ""


def is_affine(output: Any, dropout: bool = False) -> bool:
    """Whether everything between the parameters and the node `output` is affine in the data.

    Then the model is an affine map of what its first layers took in. Products of two things that both depend on data
    are none; that is taken for true of everything that is not made from parameters alone. `dropout` says that there are
    dropout layers, whose masks are no data.
    """
    holds_data: dict[Any, bool] = {}
    for node in _after_children(output):
        name = operation(node)
        if name not in _AFFINE:
            return False
        from_data = [child is None or holds_data[child] for child, _ in node.next_functions]
        if name in ("Mul", "Div") and not _scales(node, name, from_data, dropout):
            return False
        if name in _PRODUCTS and sum(from_data[1:3] if name in _BESIDE_SUM else from_data[:2]) > 1:
            return False
        # Views and sums of parameters stay parameters; a constant beside them counts as data.
        holds_data[node] = name != "AccumulateGrad" and any(from_data)
    return holds_data.get(output, False)


def _scales(node: Any, name: str, from_data: list[bool], dropout: bool) -> bool:
    """Whether a product or quotient has one factor that may be data, beside parameters, a number or a dropout mask."""
    children_of = [child for child, _ in node.next_functions]
    if None not in children_of:
        return sum(from_data) < 2 and not (name == "Div" and from_data[1])
    if name == "Div":
        return children_of[0] is not None and _is_number(node._saved_other)
    other = node._saved_self if children_of[0] is None else node._saved_other
    # Dropout zeroes, and scales the rest up; a mask that the data gave has ones.
    return _is_number(other) or (dropout and bool(((other == 0) | ((other == other.max()) & (other > 1))).all()))


def _is_number(value: Any) -> bool:
    return not hasattr(value, "dim") or bool(value.dim() == 0)


def _after_children(root: Any) -> Iterator[Any]:
    """The nodes of a graph, each after those it leads to; nothing where there are too many."""
    done: dict[Any, None] = {}
    pending = [(root, False)]
    while pending:
        node, ready = pending.pop()
        if ready:
            done.setdefault(node)
        elif node not in done:
            pending.append((node, True))
            pending.extend((child, False) for child in children(node))
        if len(pending) > MOST_NODES:
            return iter(())
    return iter(done)


def reshaped(node: Any) -> Iterator[Any]:
    """The node, and those before it as long as only the shape changes between them."""
    while node is not None:
        yield node
        node = next(children(node), None) if operation(node) in _RESHAPES else None
