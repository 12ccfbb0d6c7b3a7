"""Reads a list of modules off the statements that build it: a list, `append`, `extend`, `+=`, one after the other."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import own_nodes


@dataclass(frozen=True, slots=True)
class Part:
    """What is put into a list at a time: one module, or `several`; `node` is None where it may be left out."""

    node: ast.expr | None
    several: bool


def gathered(program: Program, node: ast.expr) -> list[Part] | None:
    """All that is put into the list `node` names, in order; None where it is not built statement by statement."""
    name = dotted(node)
    if name is None or not isinstance(node, ast.Name):
        return None
    changes = [
        statement
        for statement in own_nodes(program.scope(node))
        if isinstance(statement, ast.stmt) and statement.lineno <= node.lineno and _target(statement) == name
    ]
    changes.sort(key=lambda statement: statement.lineno)
    if len(changes) < 2 or not isinstance(changes[0], ast.Assign) or not isinstance(changes[0].value, ast.List):
        return None
    if any(isinstance(statement, ast.Assign) for statement in changes[1:]):
        return None
    return [part for statement in changes for part in _put(program, statement)]


def _target(statement: ast.stmt) -> str | None:
    """The list that a statement makes or adds to."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return dotted(statement.targets[0])
    if isinstance(statement, ast.AugAssign):
        return dotted(statement.target)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        return dotted(function.value) if isinstance(function, ast.Attribute) else None
    return None


def _put(program: Program, statement: ast.stmt) -> list[Part]:
    certain = not isinstance(program.source.parents.get(statement), ast.If | ast.Try)
    match statement:
        case ast.Assign(value=ast.List(elts=parts)):
            return [Part(part, False) for part in parts]
        case ast.AugAssign(value=value):
            return [Part(value if certain else None, True)]
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"), args=[one])):
            return [Part(one if certain else None, False)]
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="extend"), args=[some])):
            return [Part(some if certain else None, True)]
    return [Part(None, False)]
