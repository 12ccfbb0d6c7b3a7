"""Tells what a function's own block does that decides whether, and how, it may be instrumented."""

from __future__ import annotations

import ast

_NOT_PYTHON = ("jit", "compile", "script", "kernel")
_SEES_LOCALS = {"locals": 0, "vars": 0, "dir": 0, "exec": 1, "eval": 1}
"""Built-ins that, with at most so many arguments, see the local variables; a function that asks them is left alone."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class HandOvers(ast.NodeVisitor):
    """What a function's own block does: whether it yields, and whether it looks at its local variables by name."""

    def __init__(self) -> None:
        self.yields = self.sees_locals = False

    def visit_Yield(self, node: ast.Yield) -> None:
        self.yields = True
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        self.yields = True
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and len(node.args) <= _SEES_LOCALS.get(node.func.id, -1):
            self.sees_locals = True
        self.generic_visit(node)

    def _stop(self, node: ast.AST) -> None:
        """Another scope's block is not this function's."""

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _stop


def leaves_alone(function: ast.AST) -> bool:
    """Whether the loops of a function are not to be touched: it sees its variables, or is not run as Python runs it."""
    assert isinstance(function, Function)
    kinds = HandOvers()
    for statement in function.body:
        kinds.visit(statement)
    return kinds.sees_locals or any(names_one_of(decorator, _NOT_PYTHON) for decorator in function.decorator_list)


def names_one_of(decorator: ast.expr, names: tuple[str, ...]) -> bool:
    """Whether the name of a decorator holds one of `names`."""
    node: ast.AST = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return any(part in name for part in names)
