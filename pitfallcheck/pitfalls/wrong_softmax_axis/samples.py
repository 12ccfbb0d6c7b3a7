"""Which NumPy expressions are visibly a matrix with several samples."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, constant
from pitfallcheck.lint.shapes.vocabulary import words

KEEPING = words("maximum tanh relu sigmoid exp sin cos log abs sqrt array asarray float32 astype copy clip where")
DRAWN = words("numpy.random.randn numpy.random.rand numpy.random.standard_normal numpy.random.normal "
              "numpy.random.random numpy.random.uniform")  # fmt: skip
LOADED = words("load_iris load_digits load_wine load_breast_cancer make_classification make_blobs make_moons")
SCALING = words("fit_transform transform")


@dataclass(frozen=True, slots=True)
class Rows:
    """A matrix of several samples, `count` of them if the file says how many."""

    count: int | None = None


class Samples(Evaluation[Rows]):
    """The matrices of one file that hold several samples."""

    def expression(self, node: ast.expr) -> Rows | None:
        """The rows of an expression, if it is a matrix of several samples."""
        match node:
            case ast.BinOp(op=ast.MatMult()):
                return self._product(node.left, node.right)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                return self.of(node.left) or self.of(node.right)
            case ast.Call():
                return self._call(node)
            case ast.List() if len(node.elts) > 1 and all(isinstance(row, ast.List) for row in node.elts):
                wide = all(isinstance(row, ast.List) and len(row.elts) > 1 for row in node.elts)
                return Rows(len(node.elts)) if wide else None
        return None

    def _product(self, left: ast.expr, right: ast.expr) -> Rows | None:
        rows = self.of(left)
        return rows if rows is not None and self.of(right) is not None else None

    def _call(self, node: ast.Call) -> Rows | None:
        called = self.program.called(node)
        base = called.rpartition(".")[2]
        if called in DRAWN:
            return self._drawn(node, called)
        if called in ("numpy.dot", "numpy.matmul") and len(node.args) == 2:
            return self._product(node.args[0], node.args[1])
        if base in LOADED and called.startswith("sklearn."):
            return None
        if isinstance(node.func, ast.Attribute) and not called:
            if any(keyword.arg == "size" for keyword in node.keywords):
                return self._drawn(node, called)
            if node.func.attr == "dot" and len(node.args) == 1:
                return self._product(node.func.value, node.args[0])
            if node.func.attr in SCALING and node.args:
                return self.of(node.args[0])
        if base in KEEPING and called.startswith("numpy.") and node.args:
            return next((rows for one in node.args if (rows := self.of(one)) is not None), None)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("astype", "copy"):
            return self.of(node.func.value)
        return None

    def _drawn(self, node: ast.Call, called: str) -> Rows | None:
        shape = list(node.args)
        for keyword in node.keywords:
            if keyword.arg == "size":
                shape = [keyword.value]
        if len(shape) == 1 and isinstance(shape[0], ast.Tuple):
            shape = shape[0].elts
        elif called.rpartition(".")[2] not in ("randn", "rand"):
            return None
        lengths = [constant(self.program.origin(one)) for one in shape]
        if len(lengths) != 2 or 1 in lengths:
            return None
        return Rows(lengths[0] if isinstance(lengths[0], int) else None)

    def part(self, binding: Binding) -> Rows | None:
        """The table of inputs that a data set of scikit-learn, or a split of one, gives."""
        value = binding.value
        if not isinstance(value, ast.Call):
            return None
        base = self.program.called(value).rpartition(".")[2]
        if base in LOADED and binding.place == (0,):
            return Rows()
        if base == "train_test_split" and len(binding.place) == 1 and binding.place[0] < 2 * len(value.args):
            return self.of(value.args[binding.place[0] // 2])
        return None

    def unbound(self, node: ast.expr) -> Rows | None:
        """`data` of what a loader of scikit-learn returns."""
        if isinstance(node, ast.Attribute) and node.attr == "data":
            made = self.program.origin(node.value)
            base = self.program.called(made).rpartition(".")[2]
            return Rows() if base in LOADED else None
        return None

    def augmented(self, binding: Binding) -> Rows | None:
        """A matrix stays one after `W -= rate * gradient`."""
        target = getattr(binding.node, "target", None)
        found = [bound for bound in self.program.bindings(target) if bound is not binding] if target is not None else []
        return self.joined(self.bound(bound) for bound in found) if found else None

    def joined(self, found: Iterable[Rows | None]) -> Rows | None:
        """A matrix on every path; how many rows only where all agree."""
        alternatives = list(found)
        if not alternatives or None in alternatives:
            return None
        first = alternatives[0]
        return first if all(other == first for other in alternatives) else Rows()
