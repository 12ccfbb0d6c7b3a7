"""Shapes and places in the words of a message."""

from __future__ import annotations

import ast

from pitfallcheck.lint.shapes.values import Dim
from pitfallcheck.lint.source import Source


def shape_text(dims: tuple[Dim, ...], unknown: str = "N") -> str:
    """`(N, 1)`: a shape as Python prints it, with a letter where the file does not say the length."""
    inner = ", ".join(unknown if dim is None else str(dim) for dim in dims)
    return f"({inner},)" if len(dims) == 1 else f"({inner})"


def scope_lines(source: Source, node: ast.AST) -> tuple[int, int]:
    """The first and the last line of the function, or of the whole module, that holds `node`."""
    scope = source.scope_of(node)
    while isinstance(scope, ast.Lambda | ast.ClassDef):
        scope = source.scope_of(scope)
    if isinstance(scope, ast.Module):
        return (1, max(1, len(source.lines)))
    return (scope.lineno, scope.end_lineno or scope.lineno)
