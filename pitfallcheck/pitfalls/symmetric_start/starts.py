"""Tells which expressions start weights from one number for all of them."""

from __future__ import annotations

import ast

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source

CONSTANT = words("zeros zero Zeros Zero ones one Ones One constant Constant zeros_initializer ones_initializer "
                 "constant_initializer")  # fmt: skip
FILLING = words("zeros_ ones_ constant_")
"""Functions of `torch.nn.init` that give all weights one number."""

FILLING_METHODS = words("fill_ zero_")
NEW = words("zeros ones full")


def constant_start(source: Source, call: ast.Call) -> str:
    """How a Keras layer's kernel is told to start from one number, as it is written; empty where it is not."""
    for keyword in call.keywords:
        if keyword.arg in ("kernel_initializer", "init"):
            node = keyword.value
            if isinstance(node, ast.Constant):
                return ast.unparse(keyword) if node.value in CONSTANT else ""
            made = node.func if isinstance(node, ast.Call) else node
            name = source.qualify(made) or ""
            known = name.startswith(("keras.initializers.", "tensorflow.")) and name.rpartition(".")[2] in CONSTANT
            return ast.unparse(keyword) if known else ""
    return ""


def filled(source: Source, node: ast.AST) -> ast.expr | None:
    """The tensor that a call of torch sets to one number."""
    if not isinstance(node, ast.Call):
        return None
    name = source.qualify(node.func) or ""
    if name.startswith("torch.nn.init.") and name.rpartition(".")[2] in FILLING and node.args:
        return _tensor(node.args[0])
    if isinstance(node.func, ast.Attribute) and node.func.attr in FILLING_METHODS and not name:
        return _tensor(node.func.value)
    return None


def _tensor(node: ast.expr) -> ast.expr:
    """The parameter behind `.data`."""
    return node.value if isinstance(node, ast.Attribute) and node.attr == "data" else node


def starts_equal(source: Source, node: ast.expr) -> bool:
    """Whether a matrix that is made by hand holds one number: `np.zeros((n, h))`, or that under `nn.Parameter`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add):
        sides = (node.left, node.right)
        plain = any(isinstance(side, ast.Constant) for side in sides)
        return plain and any(starts_equal(source, side) for side in sides)
    if not isinstance(node, ast.Call):
        return False
    name = source.qualify(node.func) or ""
    if name in ("torch.nn.Parameter", "tensorflow.Variable", "torch.nn.parameter.Parameter") and node.args:
        return starts_equal(source, node.args[0])
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("requires_grad_", "to", "double", "float"):
        return starts_equal(source, node.func.value)
    return name.partition(".")[0] in ("numpy", "torch", "tensorflow", "jax") and name.rpartition(".")[2] in NEW
