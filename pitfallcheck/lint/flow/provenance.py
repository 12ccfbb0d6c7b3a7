"""Follows a value backwards: every expression that it was computed from, through names, helpers, changes in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.bindings import NAMES, Binding
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import Function, own_nodes
from pitfallcheck.lint.tree import children

MAX_NODES = 600
"""Expressions after which a walk ends; what stands that far behind a value says little about it."""

SIZES = frozenset({"len", "range", "print", "type", "isinstance"})
"""Calls that make nothing of the values they are given but a number or a word."""


class Provenance:
    """The ways back through one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, node: ast.expr, *, stop: frozenset[ast.AST] = frozenset()) -> Iterator[ast.AST]:
        """What `node` was computed from, `node` first and nearest first; what is in `stop` is given and not passed.

        A change in place (`x -= m`, `x[i] = v`, `x.append(v)`) is given as its statement or call. Which samples an
        index picks is no part of their values, and is not followed.
        """
        seen: set[ast.AST | Binding] = set()
        waiting: list[ast.AST] = [node]
        for at in waiting:
            if at in seen or len(seen) > MAX_NODES:
                continue
            seen.add(at)
            yield at
            if at in stop:
                continue
            if isinstance(at, NAMES):
                for binding in self.program.bindings(at):
                    if binding not in seen:
                        seen.add(binding)
                        waiting += self._bound(binding)
                if isinstance(at, ast.Attribute) and at.attr not in ("shape", "size", "ndim"):
                    waiting.append(at.value)
            elif isinstance(at, ast.Subscript):
                waiting.append(at.value)
            elif isinstance(at, ast.Call):
                waiting += self._called(at)
            elif isinstance(at, ast.expr):
                waiting += [child for child in children(at) if not isinstance(child, ast.Lambda)]

    def _bound(self, binding: Binding) -> list[ast.AST]:
        """What a name has its value from."""
        if binding.kind == "parameter":
            given = self.program.arguments(binding)
            return list(given.given) if given is not None and len(given.given) == 1 else []
        if binding.kind == "changed":
            before: list[ast.AST] = [binding.target] if binding.target is not None else []
            return [*before, binding.node, *_stored(binding.node)]
        if binding.kind == "augmented" and isinstance(binding.node, ast.AugAssign):
            return [binding.node, binding.node.target, binding.node.value]
        if binding.kind == "part" and isinstance(binding.value, ast.Call):
            function = self.program.function(binding.value)
            if function is not None and len(binding.place) == 1:
                return self._returned(function, binding.place[0])
        return [binding.value] if binding.value is not None else []

    def _called(self, call: ast.Call) -> list[ast.AST]:
        function = self.program.function(call)
        if function is not None and function.name != "__init__":
            return self._returned(function, None)
        if self.program.called(call) in SIZES:
            return []
        given: list[ast.AST] = [
            argument.value if isinstance(argument, ast.Starred) else argument for argument in call.args
        ]
        given += [keyword.value for keyword in call.keywords]
        return [*([call.func.value] if isinstance(call.func, ast.Attribute) else []), *given]

    def _returned(self, function: Function, place: int | None) -> list[ast.AST]:
        """What a function of the file returns, at one place of a tuple where one is asked for."""
        found: list[ast.AST] = []
        for node in own_nodes(function):
            if isinstance(node, ast.Return) and node.value is not None:
                whole = isinstance(node.value, ast.Tuple) and place is not None and place < len(node.value.elts)
                found.append(node.value.elts[place] if whole else node.value)  # type: ignore[attr-defined]
        return found


def _stored(node: ast.AST) -> list[ast.AST]:
    return [node.value] if isinstance(node, ast.Assign) else []
