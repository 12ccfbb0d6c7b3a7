"""Finds the matrices that a file learns by hand, and their sizes as they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.linear_collapse.layers import Layer, is_self, last_name

PRODUCTS = words("dot matmul mm")


def learned_matrices(source: Source) -> dict[str, Layer]:
    """The matrices that a file updates by hand, by how it writes them: `w1 -= rate * grad`, `self.w = self.w - ...`.

    Empty for a file that multiplies no matrices.
    """
    written: dict[str, ast.expr] = {}
    if not any(_multiplies(node) for node in source.nodes):
        return {}
    for node in source.nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub | ast.Add):
            _note(written, node.target)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Sub):
            for target in node.targets:
                if _written(target) and _written(target) == _written(node.value.left):
                    _note(written, target)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _trainable(source, node.value):
            for target in node.targets:
                _note(written, target)
    sizes = dict(_sizes(source)) if written else {}
    return {name: Layer("affine", target, *sizes.get(name, ("", ""))) for name, target in written.items()}


def _note(written: dict[str, ast.expr], target: ast.expr) -> None:
    name = _written(target)
    if name:
        written[name] = target


def _written(target: ast.expr) -> str:
    """A name, an attribute of `self`, or an item of one (`params["w1"]`) as it is written; empty for anything else."""
    if isinstance(target, ast.Attribute) and target.attr == "data":
        target = target.value
    inner = target.value if isinstance(target, ast.Subscript) else target
    if isinstance(inner, ast.Name) or (isinstance(inner, ast.Attribute) and is_self(inner)):
        return ast.unparse(target)
    return ""


def _multiplies(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    return isinstance(node, ast.Call) and last_name(node.func) in PRODUCTS


def _trainable(source: Source, call: ast.Call) -> bool:
    name = source.qualify(call.func)
    if name in ("torch.nn.Parameter", "torch.nn.parameter.Parameter", "tensorflow.Variable"):
        return True
    asks = [keyword.value for keyword in call.keywords if keyword.arg == "requires_grad"]
    if isinstance(call.func, ast.Attribute) and call.func.attr == "requires_grad_":
        return True
    return any(isinstance(value, ast.Constant) and value.value is True for value in asks)


def _sizes(source: Source) -> Iterator[tuple[str, tuple[str, str]]]:
    """Rows and columns of matrices, as they are written where these are first made."""
    for node in source.nodes:
        if not isinstance(node, ast.Assign):
            continue
        for part in walk(node.value):
            if not isinstance(part, ast.Call):
                continue
            shape = next((k.value for k in part.keywords if k.arg in ("size", "shape")), None)
            first = part.args[0] if part.args else None
            written = shape if isinstance(shape, ast.Tuple) else first if isinstance(first, ast.Tuple) else None
            dims = written.elts if written is not None else part.args
            if len(dims) == 2:
                for target in node.targets:
                    yield ast.unparse(target), (ast.unparse(dims[0]), ast.unparse(dims[1]))
