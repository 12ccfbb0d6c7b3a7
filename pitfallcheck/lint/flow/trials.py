"""Tells tests, where extreme settings and careless data may be meant, from programs that are to learn something."""

from __future__ import annotations

import ast

from pitfallcheck.lint.source import Function, Source


def on_trial(source: Source, node: ast.AST) -> bool:
    """Whether `node` stands in a test, or where an error is awaited."""
    at: ast.AST | None = node
    while at is not None:
        if isinstance(at, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(source, at):
            return True
        if isinstance(at, ast.ClassDef) and any("Test" in ast.unparse(base) for base in at.bases):
            return True
        if isinstance(at, ast.With) and any("aises" in ast.unparse(item.context_expr) for item in at.items):
            return True
        at = source.parents.get(at)
    return False


def _is_test(source: Source, function: Function) -> bool:
    """Whether a function is a test by its name; one that the file calls itself tests a network, as `test_model` may."""
    return function.name.startswith("test_") and not any(
        isinstance(node, ast.Call) and function.name in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
        for node in source.nodes
    )
