"""Which arrays are visibly sorted, or laid out one class after the other, along their first axis."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, argument, constant, returned_part
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.shapes.vocabulary import words

How = Literal["sorted", "class", "along"]

LIBRARIES = ("numpy", "torch", "tensorflow", "jax.numpy", "keras.ops")
RISING = frozenset({"linspace", "logspace", "geomspace", "arange", "range"})
KEEPING = words("""
    array asarray tensor as_tensor from_numpy constant convert_to_tensor cast expand_dims float32 float64 copy
    FloatTensor Tensor atleast_2d ascontiguousarray list tuple device_put unsqueeze
    """)
"""Functions that give the same samples back in the same order."""

KEEPING_METHODS = words("""
    astype reshape view float double half to cuda cpu numpy copy clone unsqueeze detach to_numpy requires_grad_ long int
    map prefetch cache repeat batch tolist
    """)
RAISING = words("exp log log1p sqrt tanh sigmoid")
"""Rising functions: what was sorted stays so."""

BY_CLASS = frozenset({"sklearn.datasets.load_iris", "sklearn.datasets.load_wine"})
"""Data sets that come one class after the other."""

SCALARS = frozenset({"mean", "std", "max", "min", "sum", "norm", "abs", "ptp"})


@dataclass(frozen=True, eq=False, slots=True)
class Ordered:
    """The samples stand in an order, which `node` gives them: `sorted`, or one `class` after the other.

    `along` is what was computed from sorted numbers one by one: it varies slowly, and is not sorted itself.
    """

    how: How
    node: ast.expr


class OrderOf(Evaluation[Ordered]):
    """The visible order of the samples of an array, a list or a data set."""

    def __init__(self, program: Program, sizes: Sizes) -> None:
        super().__init__(program)
        self.sizes = sizes

    def expression(self, node: ast.expr) -> Ordered | None:
        match node:
            case ast.Call():
                return self._call(node)
            case ast.BinOp():
                return self._combined(node)
            case ast.UnaryOp(op=ast.USub()):
                return self.of(node.operand)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Tuple() | ast.List():
                return self._any(node.elts)
            case ast.ListComp() if len(node.generators) == 1:
                return self._along(self.of(node.generators[0].iter))
        return None

    def _any(self, nodes: Sequence[ast.expr]) -> Ordered | None:
        """The order of arrays that go together as the columns of a data set: that of the first that has one."""
        found = [order for node in nodes if (order := self.of(node)) is not None]
        return next((order for order in found if order.how != "along"), found[0] if found else None)

    def _along(self, order: Ordered | None) -> Ordered | None:
        return Ordered("along", order.node) if order is not None and order.how == "sorted" else order

    def _call(self, node: ast.Call) -> Ordered | None:
        called = self.program.called(node)
        library, _, last = called.rpartition(".")
        if (library in LIBRARIES or not library) and last in RISING:
            return Ordered("sorted", node)
        if called in ("sorted", "numpy.unique") or (last == "sort" and library in LIBRARIES and self._rows(node)):
            return Ordered("sorted", node)
        if called in BY_CLASS:
            return Ordered("class", node)
        if library in LIBRARIES or called in ("list", "tuple", "jax.device_put"):
            return self._library(node, last)
        if called == "zip":
            return self._any(node.args)
        if called in ("torch.utils.data.TensorDataset", "tensorflow.data.Dataset.from_tensor_slices"):
            return self._any(node.args)
        if isinstance(node.func, ast.Attribute) and not called:
            return self._method(node, node.func)
        if not called or called == "numpy.vectorize":
            returned = returned_part(self.program, node, ())
            return self._of_data_set(node) or (self.of(returned) if returned is not None else self._computed(node))
        return None

    def _rows(self, node: ast.Call) -> bool:
        """Whether a sort is one of samples: along the first axis, or of an array that visibly has no other."""
        if constant(argument(node, 1, "axis", "dim")) == 0:
            return True
        made = self.program.origin(node.args[0]) if node.args else None
        draw = self.sizes.draw(made)
        if draw is None or len(node.args) > 1 or node.keywords:
            return False
        if draw.library == "numpy" and getattr(draw.call.func, "attr", "") in ("rand", "randn"):
            return len(draw.call.args) == 1
        return draw.size is not None and not isinstance(self.program.origin(draw.size), ast.Tuple | ast.List)

    def _library(self, node: ast.Call, last: str) -> Ordered | None:
        first = argument(node, 0)
        if last in KEEPING or last in RAISING:
            return self.of(first)
        if last in ("concatenate", "hstack", "cat", "concat", "vstack", "stack", "column_stack"):
            parts = first.elts if isinstance(first, ast.List | ast.Tuple) else []
            columns = last == "column_stack" or constant(argument(node, 1, "axis", "dim")) in (1, -1)
            if columns:
                found = [self.of(part) for part in parts]
                return self._any(parts) if found and all(order is not None for order in found) else None
            return self._blocks(node, parts) if last not in ("stack",) else None
        if last in ("repeat", "repeat_interleave") and first is not None and len(node.args) > 1:
            several = isinstance(first, ast.List | ast.Tuple) or self.of(first) is not None
            return Ordered("class", node) if several and constant(argument(node, 2, "axis", "dim")) is ... else None
        return self._computed(node)

    def _blocks(self, node: ast.Call, parts: Sequence[ast.expr]) -> Ordered | None:
        """Labels laid end to end: blocks of zeros, of ones, and so on."""
        values = [self._block(part) for part in parts]
        return Ordered("class", node) if None not in values and len(set(values)) > 1 else None

    def _block(self, node: ast.expr) -> object | None:
        """The one number that an array visibly holds all over."""
        made = self.program.origin(node)
        if isinstance(made, ast.Call):
            library, _, last = self.program.called(made).rpartition(".")
            if library in LIBRARIES and last in ("zeros", "ones"):
                return 0.0 if last == "zeros" else 1.0
            if library in LIBRARIES and last == "full":
                value = constant(argument(made, 1, "fill_value"))
                return float(value) if isinstance(value, int | float) else None
        if isinstance(made, ast.BinOp) and isinstance(made.op, ast.Mult):
            for listed, factor in ((made.left, made.right), (made.right, made.left)):
                if isinstance(listed, ast.List) and len(listed.elts) == 1:
                    value = constant(listed.elts[0])
                    return value if isinstance(value, int | float) else None
                if (one := self._block(listed)) is not None and isinstance(value := constant(factor), int | float):
                    return float(value) * one if isinstance(one, float) else None
        return None

    def _method(self, node: ast.Call, function: ast.Attribute) -> Ordered | None:
        if function.attr == "sort_values":
            return Ordered("sorted", node)
        return self.of(function.value) if function.attr in KEEPING_METHODS else None

    def _of_data_set(self, node: ast.Call) -> Ordered | None:
        """A data set of a class of the file, whose samples are the rows of an attribute that has an order."""
        owner = self.program.classes.get(node.func.id) if isinstance(node.func, ast.Name) else None
        gives = self.program.method(owner, "__getitem__") if owner is not None else None
        if gives is None or len(gives.args.args) != 2:
            return None
        index = gives.args.args[1].arg
        for part in ast.walk(gives):
            if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Name) and part.slice.id == index:
                order = self.of(part.value)
                if order is not None and order.how != "along":
                    return order
        return None

    def _computed(self, node: ast.Call) -> Ordered | None:
        """A function of one array: what comes out belongs to what went in, sample by sample."""
        return self._along(self.of(node.args[0])) if len(node.args) == 1 else None

    def _combined(self, node: ast.BinOp) -> Ordered | None:
        listed = isinstance(node.op, ast.Add) and self._block(node.left), self._block(node.right)
        if isinstance(node.op, ast.Add) and None not in listed and listed[0] != listed[1]:
            return Ordered("class", node)
        left, right = self.of(node.left), self.of(node.right)
        if left is None and right is None:
            return None
        if left is not None and right is not None:
            return self._along(left)
        order, other = (left, node.right) if left is not None else (right, node.left)
        if not self._is_scalar(other):
            return None
        return order if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div) else self._along(order)

    def _is_scalar(self, node: ast.expr) -> bool:
        made = self.program.origin(node)
        if isinstance(constant(made), int | float) or self.program.qualify(made).rpartition(".")[2] in ("pi", "e"):
            return True
        if isinstance(made, ast.Call):
            name = made.func.attr if isinstance(made.func, ast.Attribute) else getattr(made.func, "id", "")
            return name in SCALARS or name == "len"
        return isinstance(made, ast.BinOp) and self._is_scalar(made.left) and self._is_scalar(made.right)

    def _subscript(self, node: ast.Subscript) -> Ordered | None:
        first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        if isinstance(first, ast.Slice):
            return self.of(node.value)
        if isinstance(first, ast.Constant) and (first.value is None or isinstance(first.value, str)):
            return self.of(node.value)
        if isinstance(first, ast.List) and all(isinstance(constant(one), str) for one in first.elts):
            return self.of(node.value)
        base = self.program.origin(node.value)
        if isinstance(base, ast.Call) and self.program.called(base) == "torch.sort" and constant(first) == 0:
            return Ordered("sorted", base)
        index = self.program.origin(first)
        if isinstance(index, ast.Call):
            called = self.program.called(index)
            method = index.func.attr if isinstance(index.func, ast.Attribute) and not called else ""
            if called.endswith(".argsort") or method == "argsort":
                return Ordered("sorted", index)
        return None

    def name(self, node: ast.expr) -> Ordered | None:
        roots, changes = self.program.roots(node)
        if not roots:
            return self.unbound(node)
        if changes:
            return None
        return self.joined(self.bound(binding) for binding in roots)

    def unbound(self, node: ast.expr) -> Ordered | None:
        if not isinstance(node, ast.Attribute) or self.program.source.qualify(node) is not None:
            return None
        return self.of(node.value) if node.attr in ("values", "data", "target") else None

    def part(self, binding: Binding) -> Ordered | None:
        made = binding.value
        if isinstance(made, ast.Call):
            called = self.program.called(made)
            if called in BY_CLASS:
                return Ordered("class", made)
            if called == "torch.sort" and binding.place == (0,):
                return Ordered("sorted", made)
            return self.of(returned_part(self.program, made, binding.place))
        return None
