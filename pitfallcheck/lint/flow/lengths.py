"""How many items arrays, lists and data sets have, as far as the file says."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, argument, constant
from pitfallcheck.lint.flow.linear import Atom, Linear
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words

if TYPE_CHECKING:
    from pitfallcheck.lint.flow.sizes import Sizes

SAME = words("astype copy float double long int half to cuda cpu numpy detach clone contiguous fillna tolist")
"""Methods that keep the length of their object."""

CONVERSIONS = words("""
    numpy.array numpy.asarray numpy.ascontiguousarray numpy.copy numpy.float32 numpy.float64 numpy.sort numpy.abs
    numpy.sin numpy.cos numpy.tan numpy.tanh numpy.exp numpy.log numpy.log1p numpy.sqrt numpy.square numpy.sign
    numpy.zeros_like numpy.ones_like numpy.empty_like numpy.full_like numpy.expand_dims numpy.atleast_1d numpy.clip
    numpy.round numpy.cumsum numpy.random.permutation
    torch.tensor torch.as_tensor torch.from_numpy torch.FloatTensor torch.Tensor torch.LongTensor torch.sin torch.cos
    torch.exp torch.tanh torch.sigmoid torch.abs torch.sqrt torch.log torch.zeros_like torch.ones_like torch.rand_like
    torch.randn_like torch.empty_like
    tensorflow.constant tensorflow.convert_to_tensor tensorflow.cast tensorflow.sin tensorflow.exp tensorflow.Variable
    jax.numpy.array jax.numpy.asarray jax.numpy.sin jax.numpy.cos jax.numpy.exp jax.device_put
    list tuple sorted reversed enumerate torch.utils.data.TensorDataset
    """)
"""What gives back as many items as its first argument has."""

SHAPED = words("""
    numpy.zeros numpy.ones numpy.empty numpy.full torch.zeros torch.ones torch.empty torch.full torch.rand torch.randn
    tensorflow.zeros tensorflow.ones jax.numpy.zeros jax.numpy.ones jax.numpy.full numpy.random.rand numpy.random.randn
    """)
"""What takes the shape, or all its lengths one by one, as its first arguments."""

COUNTED = {
    "sklearn.datasets.make_classification": 100,
    "sklearn.datasets.make_regression": 100,
    "sklearn.datasets.make_moons": 100,
    "sklearn.datasets.make_circles": 100,
    "sklearn.datasets.make_blobs": 100,
}
"""Makers of data sets, with the samples they make unless told otherwise."""


KEEPING_LENGTH = words("sort shuffle reverse fill fill_ copy_ uniform_ normal_ random_ put zero_ add_ mul_")
"""Methods that change items in place, and not how many there are."""


class Lengths(Evaluation[Linear]):
    """How many items an array, a list or a data set has along its first axis."""

    def __init__(self, program: Program, sizes: Sizes) -> None:
        super().__init__(program)
        self.sizes = sizes

    def expression(self, node: ast.expr) -> Linear | None:
        match node:
            case ast.List() | ast.Tuple():
                return None if any(isinstance(one, ast.Starred) for one in node.elts) else Linear(len(node.elts))
            case ast.BinOp(op=ast.MatMult()):
                return self.of(node.left)
            case ast.BinOp():
                return self._elementwise(node)
            case ast.UnaryOp():
                return self.of(node.operand)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Call():
                return self._call(node)
            case ast.ListComp() if len(node.generators) == 1 and not node.generators[0].ifs:
                return self.of(node.generators[0].iter)
        return None

    def _elementwise(self, node: ast.BinOp) -> Linear | None:
        left, right = self.of(node.left), self.of(node.right)
        if _is_list(node):
            return self._listed(node, left, right)
        if left is not None and right is not None:
            return left if left == right else None
        known, other = (left, node.right) if left is not None else (right, node.left)
        return known if constant(other) is not ... or self.sizes.integers.of(other) is not None else None

    def _listed(self, node: ast.BinOp, left: Linear | None, right: Linear | None) -> Linear | None:
        if isinstance(node.op, ast.Add) and left is not None and right is not None:
            return left.plus(right)
        listed, factor = (left, node.right) if left is not None else (right, node.left)
        times = self.sizes.integers.of(factor)
        if isinstance(node.op, ast.Mult) and listed is not None and listed.value is not None and times is not None:
            return times.times(listed.value)
        return None

    def _subscript(self, node: ast.Subscript) -> Linear | None:
        first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        if isinstance(first, ast.Slice):
            return self._sliced(node.value, first)
        if isinstance(first, ast.Constant):
            return Linear(1) if first.value is None else None
        drawn = self.sizes.draw(self.program.origin(first))
        return self.of(first) if drawn is not None else None

    def _sliced(self, base: ast.expr, part: ast.Slice) -> Linear | None:
        if part.lower is None and part.upper is None:
            return self.of(base) if part.step is None else None
        if part.step is not None:
            return None
        lower = Linear() if part.lower is None else self.sizes.integers.of(part.lower)
        upper = self.of(base) if part.upper is None else self.sizes.integers.of(part.upper)
        if lower is None or upper is None:
            return None
        if (lower.value or 0) < 0 or (upper.value or 0) < 0:
            return None
        return upper.minus(lower)

    def _call(self, node: ast.Call) -> Linear | None:
        draw = self.sizes.draw(node)
        if draw is not None and draw.size is not None and draw.kind != "order":
            return self._shape(draw.size)
        if draw is not None and draw.pool is not None and draw.kind == "order":
            return self.sizes.integers.of(draw.pool) if self._is_number(draw.pool) else self.of(draw.pool)
        called = self.program.called(node)
        last = called.rpartition(".")[2]
        if called in SHAPED:
            return self._shape(argument(node, 0, "shape", "size"))
        if called in CONVERSIONS:
            return self.of(argument(node, 0))
        if last in ("linspace", "logspace", "geomspace"):
            count = argument(node, 2, "num", "steps")
            return self.sizes.integers.of(count) if count is not None else Linear(50 if "torch" not in called else 100)
        if last in ("arange", "range") and called:
            return self._ranged(node)
        if last in ("concatenate", "cat", "concat", "vstack", "hstack", "column_stack"):
            return self._joined(node, last)
        if isinstance(node.func, ast.Attribute) and not called:
            return self._method(node, node.func)
        if last == "stack" and constant(argument(node, 1, "axis", "dim")) in (1, -1):
            parts = argument(node, 0)
            return self.of(parts.elts[0]) if isinstance(parts, ast.List | ast.Tuple) and parts.elts else None
        if called == "zip" and node.args:
            return self.of(node.args[0])
        return None

    def _is_number(self, node: ast.expr) -> bool:
        return self.sizes.integers.of(node) is not None and self.of(node) is None

    def _shape(self, node: ast.expr | None) -> Linear | None:
        node = self.program.origin(node) if node is not None else None
        if isinstance(node, ast.Tuple | ast.List):
            return self.sizes.integers.of(node.elts[0]) if node.elts else None
        return self.sizes.integers.of(node)

    def _ranged(self, node: ast.Call) -> Linear | None:
        bounds = [self.sizes.integers.of(one) for one in node.args]
        if any(bound is None for bound in bounds) or any(keyword.arg in ("start", "step") for keyword in node.keywords):
            return None
        start, stop = (bounds[0], bounds[1]) if len(bounds) > 1 else (Linear(), bounds[0]) if bounds else (None, None)
        if start is None or stop is None:
            return None
        if len(bounds) < 3:
            return stop.minus(start)
        step = bounds[2]
        if step is None or step.value is None or start.value is None or stop.value is None or not step.value:
            return None
        return Linear(len(range(start.value, stop.value, step.value)))

    def _joined(self, node: ast.Call, last: str) -> Linear | None:
        parts = argument(node, 0)
        if not isinstance(parts, ast.List | ast.Tuple) or not parts.elts:
            return None
        axis = constant(argument(node, 1, "axis", "dim"))
        if last == "column_stack" or axis in (1, -1):
            return self.of(parts.elts[0])
        if axis not in (0, ...):
            return None
        total = Linear()
        for part in parts.elts:
            length = self.of(part)
            if length is None:
                return None
            total = total.plus(length)
        return total

    def _method(self, node: ast.Call, function: ast.Attribute) -> Linear | None:
        if function.attr in SAME:
            return self.of(function.value)
        if function.attr in ("reshape", "view"):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Tuple | ast.List):
                first = first.elts[0] if first.elts else None
            if constant(first) == -1:
                rest = node.args[1:] or (node.args[0].elts[1:] if isinstance(node.args[0], ast.Tuple) else [])
                column = all(constant(one) == 1 for one in rest)
                return self.of(function.value) if column else None
            return self.sizes.integers.of(first)
        if function.attr in ("sum", "mean", "max", "min", "std", "norm", "prod"):
            return self.of(function.value) if constant(argument(node, 0, "axis", "dim")) in (1, -1) else None
        if function.attr in ("unsqueeze", "expand_dims"):
            return self.of(function.value) if constant(argument(node, 0)) in (1, -1) else None
        return None

    def bound(self, binding: Binding) -> Linear | None:
        found = super().bound(binding)
        if found is None and binding.kind in ("value", "part", "parameter"):
            return Linear.of(Atom(("length", binding), f"len({binding.name})"))
        return found

    def part(self, binding: Binding) -> Linear | None:
        made = binding.value
        if isinstance(made, ast.Call) and binding.place in ((0,), (1,)):
            called = self.program.called(made)
            if called in COUNTED:
                count = argument(made, 0, "n_samples")
                return Linear(COUNTED[called]) if count is None else self.sizes.integers.of(count)
        return None

    def name(self, node: ast.expr) -> Linear | None:
        roots, changes = self.program.roots(node)
        # Storing items, shuffling and sorting keep the length.
        if not all(_keeps_length(change.node) for change in changes):
            return None
        return self.joined(self.bound(binding) for binding in roots) if roots else None


def _is_list(node: ast.expr) -> bool:
    """Whether an expression is visibly a list, of which `+` and `*` make longer ones."""
    if isinstance(node, ast.BinOp):
        return _is_list(node.left) or _is_list(node.right)
    return isinstance(node, ast.List | ast.ListComp)


def _keeps_length(change: ast.AST) -> bool:
    if not isinstance(change, ast.Call):
        return not isinstance(change, ast.Delete)
    return isinstance(change.func, ast.Attribute) and change.func.attr in KEEPING_LENGTH
