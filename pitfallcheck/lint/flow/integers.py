"""Which whole numbers expressions stand for, as far as the file says."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, argument, constant
from pitfallcheck.lint.flow.linear import Atom, Linear, divided, multiplied
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words

if TYPE_CHECKING:
    from pitfallcheck.lint.flow.sizes import Sizes

KEEPING = words("int list numpy.array numpy.asarray torch.tensor torch.as_tensor numpy.sort sorted")
"""What gives the numbers back that it is given."""

ROUNDING = frozenset({"int", "math.ceil", "math.floor", "numpy.ceil", "numpy.floor"})


class Integers(Evaluation[Linear]):
    """Which whole number an expression is; the elements of an array of drawn numbers count as one that is drawn."""

    def __init__(self, program: Program, sizes: Sizes) -> None:
        super().__init__(program)
        self.sizes = sizes

    def expression(self, node: ast.expr) -> Linear | None:
        match node:
            case ast.Constant(value=bool()):
                return None
            case ast.Constant(value=int(value)):
                return Linear(value)
            case ast.UnaryOp(op=ast.USub()):
                operand = self.of(node.operand)
                return operand.times(-1) if operand is not None else None
            case ast.BinOp():
                return self._combined(node)
            case ast.Call():
                return self._call(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.ListComp():
                drawn = self.of(node.elt)
                return drawn if drawn is not None and self.sizes.drawn(drawn) else None
        return None

    def _combined(self, node: ast.BinOp) -> Linear | None:
        left, right = self.of(node.left), self.of(node.right)
        if left is None or right is None:
            return None
        match node.op:
            case ast.Add():
                return left.plus(right)
            case ast.Sub():
                return left.minus(right)
            case ast.Mult():
                return multiplied(left, right)
            case ast.FloorDiv():
                return divided(left, right, up=False)
            case ast.Pow() if left.value is not None and right.value is not None and 0 <= right.value < 64:
                return Linear(int(left.value**right.value))
        return None

    def _call(self, node: ast.Call) -> Linear | None:
        draw = self.sizes.draw(node)
        if draw is not None and draw.kind != "values":
            self.sizes.draws[node] = draw
            return Linear.of(Atom(node, ast.unparse(node)))
        called = self.program.called(node)
        if called == "len" and len(node.args) == 1:
            return self.sizes.lengths.of(node.args[0])
        if called in ROUNDING and len(node.args) == 1 and (quotient := self._rounded(node, called)) is not None:
            return quotient
        if called in KEEPING and node.args:
            return self.of(node.args[0])
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "size" and constant(argument(node, 0, "dim")) == 0:
                return self.sizes.lengths.of(node.func.value)
            if node.func.attr in ("item", "tolist", "astype", "long", "int", "numpy") and not called:
                return self.of(node.func.value)
        return None

    def _rounded(self, node: ast.Call, called: str) -> Linear | None:
        """`math.ceil(n / batch)`, also within `int(...)`."""
        inner = node.args[0]
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div):
            left, right = self.of(inner.left), self.of(inner.right)
            if left is not None and right is not None:
                return divided(left, right, up="ceil" in called)
        return None

    def _subscript(self, node: ast.Subscript) -> Linear | None:
        if constant(node.slice) == 0 and _is_shape(self.program, node.value):
            return self.sizes.lengths.of(_shaped(node.value))
        base = self.of(node.value)
        # A part of an array of drawn numbers is drawn between the same bounds.
        return base if base is not None and self.sizes.drawn(base) and not base.constant else None

    def unbound(self, node: ast.expr) -> Linear | None:
        if isinstance(node, ast.Attribute) and node.attr == "size":
            return None
        return super().unbound(node)

    def bound(self, binding: Binding) -> Linear | None:
        found = super().bound(binding)
        if found is not None:
            return found
        if binding.kind in ("value", "part", "parameter") and not _is_array(binding):
            return Linear.of(Atom(binding, binding.name))
        return None

    def part(self, binding: Binding) -> Linear | None:
        if binding.value is not None and binding.place == (0,) and _is_shape(self.program, binding.value):
            return self.sizes.lengths.of(_shaped(binding.value))
        return None

    def item(self, binding: Binding) -> Linear | None:
        over = binding.value
        if over is not None and binding.place == (0,) and self.program.called(over) == "enumerate":
            return Linear.of(Atom(binding, binding.name))
        if isinstance(over, ast.Call) and binding.place == (1,) and self.program.called(over) == "enumerate":
            over = argument(over, 0)
        elif binding.place:
            return None
        if over is None:
            return None
        if self.program.called(over) == "range":
            return Linear.of(Atom(binding, binding.name))
        met = self.of(over)
        return met if met is not None and self.sizes.drawn(met) else None

    def name(self, node: ast.expr) -> Linear | None:
        found = super().name(node)
        bindings = self.program.bindings(node)
        if found is None and len(bindings) > 1 and all(binding.kind in ("value", "augmented") for binding in bindings):
            # A counter: whatever it is, it is the same number wherever the same bindings reach.
            return Linear.of(Atom(bindings, ast.unparse(node)))
        return found


def _is_shape(program: Program, node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "shape"
    if isinstance(node, ast.Call):
        return program.called(node) in ("numpy.shape", "tensorflow.shape", "keras.ops.shape") or (
            isinstance(node.func, ast.Attribute) and node.func.attr == "size" and not node.args
        )
    return False


def _shaped(node: ast.expr) -> ast.expr | None:
    """The array whose shape `node` is."""
    if isinstance(node, ast.Attribute):
        return node.value
    if isinstance(node, ast.Call):
        inside = isinstance(node.func, ast.Attribute) and node.func.attr == "size"
        return node.func.value if inside and isinstance(node.func, ast.Attribute) else argument(node, 0)
    return None


def _is_array(binding: Binding) -> bool:
    """Whether a value is written down as something that is no number."""
    return isinstance(binding.value, ast.List | ast.Tuple | ast.Dict | ast.ListComp | ast.JoinedStr | ast.Lambda)
