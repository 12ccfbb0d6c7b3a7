"""Which values are probabilities straight from a softmax or a sigmoid: nothing keeps them away from 0 and 1."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from pitfallcheck.lint.flow.evaluation import Evaluation, argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import own_nodes

Kind = Literal["softmax", "sigmoid"]

MAKING: dict[str, Kind] = {
    **{
        f"{home}.softmax": "softmax"
        for home in (
            "torch", "torch.nn.functional", "torch.special", "tensorflow.nn", "tensorflow.keras.backend", "keras.ops",
            "keras.backend", "keras.activations", "jax.nn", "scipy.special", "keras.ops.nn",
        )
    },
    **{
        f"{home}.sigmoid": "sigmoid"
        for home in (
            "torch", "torch.nn.functional", "torch.special", "tensorflow", "tensorflow.nn", "tensorflow.math",
            "keras.ops", "keras.backend", "keras.activations", "jax.nn",
        )
    },
    "scipy.special.expit": "sigmoid",
    "torch.special.expit": "sigmoid",
    "jax.scipy.special.expit": "sigmoid",
}  # fmt: skip
"""The functions of libraries that make probabilities."""

MAKING_METHODS = frozenset({"softmax", "sigmoid"})

EXPONENTIALS = words("numpy.exp jax.numpy.exp torch.exp tensorflow.exp tensorflow.math.exp math.exp")
SUMS = frozenset({"numpy.sum", "jax.numpy.sum", "torch.sum", "tensorflow.reduce_sum"})

MOVING = words(
    """
    reshape view squeeze unsqueeze flatten ravel transpose permute gather take gather_nd index_select contiguous to
    float double cpu cuda clone detach expand_dims numpy astype copy item
    """
)
"""Functions and methods that pick or move values and change none of them."""


@dataclass(frozen=True, slots=True)
class Probability:
    """A value in [0, 1], ends included, that the expression `made` computes; `complement` says it is 1 minus that."""

    kind: Kind
    made: ast.expr
    complement: bool = False


class Probabilities(Evaluation[Probability]):
    """The probabilities of one file."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._entered: set[ast.AST] = set()

    def expression(self, node: ast.expr) -> Probability | None:
        """The probability that an expression is, if it is one."""
        match node:
            case ast.Call():
                return self._call(node)
            case ast.Subscript():
                return self.of(node.value)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.of(node.operand)
            case ast.BinOp(op=ast.Sub()) if constant(node.left) == 1:
                inner = self.of(node.right)
                return replace(inner, complement=not inner.complement) if inner is not None else None
            case ast.BinOp(op=ast.Div()):
                return self._written_out(node)
        return None

    def _call(self, node: ast.Call) -> Probability | None:
        called = self.program.called(node)
        if called in MAKING:
            return Probability(MAKING[called], node)
        base = called.rpartition(".")[2]
        if called and base in MOVING:
            return self.of(node.args[0]) if node.args else None
        if isinstance(node.func, ast.Attribute) and not called:
            return self._method(node, node.func)
        return self._of_function(node)

    def _method(self, node: ast.Call, function: ast.Attribute) -> Probability | None:
        if self.program.function(node) is not None:
            return self._of_function(node)
        if function.attr in MAKING_METHODS and self.program.source.names.imports("torch"):
            named = {keyword.arg for keyword in node.keywords}
            axis = argument(node, 0, "dim")
            if function.attr == "sigmoid" and not node.args and not named:
                return Probability("sigmoid", node)
            if function.attr == "softmax" and isinstance(constant(axis), int):
                return Probability("softmax", node)
        return self.of(function.value) if function.attr in MOVING else None

    def _of_function(self, node: ast.Call) -> Probability | None:
        """What a function of the file returns, such as a `sigmoid` that is written out."""
        function = self.program.function(node)
        if not isinstance(function, ast.FunctionDef) or function in self._entered:
            return None
        self._entered.add(function)
        found = self.joined(self.of(one.value) for one in own_nodes(function) if isinstance(one, ast.Return))
        self._entered.discard(function)
        return replace(found, made=node) if found is not None and not found.complement else None

    def _written_out(self, node: ast.BinOp) -> Probability | None:
        """`1 / (1 + exp(-z))`, and `e / sum(e)` where `e` is an exponential."""
        if constant(node.left) == 1:
            below = self.program.origin(node.right)
            if isinstance(below, ast.BinOp) and isinstance(below.op, ast.Add):
                one, other = below.left, below.right
                if (constant(one) == 1 and self._exponential(other)) or (
                    constant(other) == 1 and self._exponential(one)
                ):
                    return Probability("sigmoid", node)
            return None
        if self._exponential(node.left) and self._sum_of_exponentials(node.right):
            return Probability("softmax", node)
        return None

    def _exponential(self, node: ast.expr) -> bool:
        made = self.program.origin(node)
        if not isinstance(made, ast.Call):
            return False
        if self.program.called(made) in EXPONENTIALS:
            return True
        return isinstance(made.func, ast.Attribute) and made.func.attr == "exp" and not made.args

    def _sum_of_exponentials(self, node: ast.expr) -> bool:
        made = self.program.origin(node)
        if not isinstance(made, ast.Call):
            return False
        if self.program.called(made) in SUMS:
            return bool(made.args) and self._exponential(made.args[0])
        if isinstance(made.func, ast.Attribute) and made.func.attr == "sum" and not self.program.called(made):
            return self._exponential(made.func.value)
        return False

    def joined(self, found: Iterable[Probability | None]) -> Probability | None:
        """What all alternatives agree on, wherever each was computed."""
        alternatives = list(found)
        known = [one for one in alternatives if one is not None]
        if not known or len(known) < len(alternatives):
            return None
        return known[0] if len({(one.kind, one.complement) for one in known}) == 1 else None
