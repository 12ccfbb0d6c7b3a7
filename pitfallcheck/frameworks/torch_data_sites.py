"""The lines of the user's that call a model, and what stands in their calls."""

from __future__ import annotations

import ast
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NamedTuple

from pitfallcheck.frameworks.torch_data_loaders import Loader
from pitfallcheck.frameworks.torch_data_targets import Variable
from pitfallcheck.frameworks.torch_data_values import Position
from pitfallcheck.observe.consumer import place_of
from pitfallcheck.observe.naming import tree_of

MOST_INPUTS = 8
_NODES = 2048
"""Nodes of a graph in which the output of a model is searched for."""


class Site:
    """A line of the user's that calls a model, and what it was given there.

    `trained` says that a backward pass went through a call of this line. `owner` stands for the model, also once it is
    gone.
    """

    def __init__(self, number: int, module: Any, owner: object, frame: FrameType, model: str) -> None:
        self.number = number
        self.module = weakref.ref(module)
        self.owner = owner
        self.code = frame.f_code
        self.instruction = frame.f_lasti
        self.place = place_of(frame)
        self.model = model
        self.calls = 0
        self.backwards = 0
        self.told = 1
        self.trained = False
        self.inputs: list[Position] = []
        self.target: Position | None = None
        self.variable: Variable | None = None
        self.searched = 0
        self.loader: Loader | None = None
        self.passes = 0


class Call(NamedTuple):
    """One call of a model: weak references to the tensors it was given, and the number of the node behind its output.

    No tensor of the program's is kept: who keeps a batch tells a buffer that is used again from one that is not.
    `values` are a copy of the output where the target it is compared with is still to be found.
    """

    site: Site
    node: int
    given: tuple[Callable[[], Any], ...]
    values: Any = None


def has_parameters(module: Any) -> bool:
    """Whether a module is a model rather than a loss: whether it, or a module in it, holds parameters."""
    return bool(module._parameters) or any(
        has_parameters(part) for part in module._modules.values() if part is not None
    )


def tensors_of(torch: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The tensors that a module is given, those in lists and dictionaries too; the first ones of many.

    Those of a class of their own may stand for values that are nowhere, and are left alone.
    """
    found: list[Any] = []
    for part in _flat((*args, *kwargs.values())):
        if type(part) in (torch.Tensor, torch.nn.Parameter) and len(found) < MOST_INPUTS:
            found.append(part)
    return found


def _flat(parts: Any, depth: int = 3) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, list | tuple) and depth:
            yield from _flat(part, depth - 1)
        elif isinstance(part, dict) and depth:
            yield from _flat(part.values(), depth - 1)
        else:
            yield part


def first_tensor(torch: Any, value: Any) -> Any:
    """The first tensor of what a module returned; None where it returned none."""
    return next((part for part in _flat((value,)) if isinstance(part, torch.Tensor)), None)


def leads_to(loss: Any, number: int) -> bool:
    """Whether the backward pass of `loss` goes through the node with this number.

    Numbers grow as nodes are made, so what leads to a node has larger ones; those of leaves are larger than any.
    """
    root = loss.grad_fn
    pending, seen = [root] if root is not None else [], {root}
    for node in pending:
        if node._sequence_nr() == number:
            return True
        for child, _ in node.next_functions:
            if child is not None and child not in seen and child._sequence_nr() >= number and len(pending) < _NODES:
                seen.add(child)
                pending.append(child)
    return False


def argument_texts(frame: FrameType) -> list[str]:
    """The positional arguments of the call that a frame is at, as the user wrote them."""
    lines = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    tree = tree_of(frame.f_code.co_filename)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and _span(node) == lines:
            return [ast.unparse(argument) for argument in node.args]
    return []


def _span(node: ast.expr) -> tuple[int | None, ...]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset
