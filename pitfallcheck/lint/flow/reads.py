"""Which samples of an array an expression reads: `x[i]`, `x[i : i + batch]`, `np.take(x, i)` and their like."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.linear import Linear
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.sizes import Sizes

TAKING = frozenset({"numpy.take", "tensorflow.gather", "torch.index_select", "jax.numpy.take", "keras.ops.take"})

TAKING_NAMED = frozenset({"take", "gather", "index_select"})
"""What a call that picks samples is called, whatever its library."""


@dataclass(frozen=True, eq=False, slots=True)
class Selection:
    """The expression `node` picks samples of `array` along its first axis by `index`: a slice, a number or an array."""

    node: ast.expr
    array: ast.expr
    index: ast.expr

    @property
    def is_window(self) -> bool:
        """Whether a contiguous part is taken."""
        return isinstance(self.index, ast.Slice)


def selection(program: Program, node: ast.AST) -> Selection | None:
    """The selection that `node` is, if it is one."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        index = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        base = node.value
        if isinstance(base, ast.Attribute) and base.attr in ("iloc", "loc"):
            base = base.value
        return Selection(node, base, index)
    if not isinstance(node, ast.Call):
        return None
    if (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) not in TAKING_NAMED:
        # `from numpy import take as pick` is not worth resolving every call.
        return None
    called = program.called(node)
    if called in TAKING:
        array, index_or_none = argument(node, 0), argument(node, 2 if called == "torch.index_select" else 1, "indices")
        axis = constant(argument(node, 1 if called == "torch.index_select" else 2, "axis", "dim"))
        if array is not None and index_or_none is not None and axis in (0, None, ...):
            return Selection(node, array, index_or_none)
    if isinstance(node.func, ast.Attribute) and not called and node.args:
        if node.func.attr == "take" and len(node.args) == 1:
            return Selection(node, node.func.value, node.args[0])
        if node.func.attr == "index_select" and len(node.args) == 2 and constant(node.args[0]) == 0:
            return Selection(node, node.func.value, node.args[1])
    return None


@dataclass(frozen=True, eq=False, slots=True)
class Read:
    """A selection that reads the samples `first` to `last`, both included."""

    of: Selection
    first: Linear
    last: Linear


def read(sizes: Sizes, found: Selection) -> Read | None:
    """The samples that a selection reads, where both ends are known numbers or sums."""
    if not isinstance(found.index, ast.Slice):
        place = sizes.integers.of(found.index)
        return Read(found, place, place) if place is not None else None
    if found.index.step is not None or found.index.upper is None:
        return None
    first = Linear() if found.index.lower is None else sizes.integers.of(found.index.lower)
    end = sizes.integers.of(found.index.upper)
    return Read(found, first, end.minus(1)) if first is not None and end is not None else None


def selections(program: Program) -> Iterator[Selection]:
    """Every selection in the file."""
    return (found for node in program.source.nodes if (found := selection(program, node)) is not None)
