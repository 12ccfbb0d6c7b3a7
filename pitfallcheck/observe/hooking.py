"""Puts the hook for drained loops around what the loops of a file go over.

Loops over what a variable, an attribute or an element holds are hooked, also where `enumerate`, `zip` and the like hand
its items on. A call that makes its generator on the spot cannot give an ended one, and is left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from pitfallcheck.observe.drained import UNHOOKED, Site, number_of
from pitfallcheck.observe.place import Place

LOOP_HOOK, LOOP_LOCAL = ".pitfallcheck_loop", ".loop"
"""The hook's name among the built-ins, and in a function that has loops; no source can spell either."""
_COMPILED = (b"numba", b"torch.compile", b"dynamo")
"""Words of files whose functions are compiled from their byte code, in which our hook would be in the way."""
_HAND_ON = frozenset({"enumerate", "zip", "map", "filter", "islice", "tqdm", "trange", "chain"})
"""Calls that hand the items of their arguments on, so that the loop goes over those."""

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def may_loop(source: bytes) -> bool:
    """Whether the source may hold a loop to watch."""
    return b"for " in source and not any(word in source for word in _COMPILED)


class LoopInstrumenter(ast.NodeTransformer):
    """Puts the hook around what the loops of a file go over; `leaves_alone` says which functions it does not touch."""

    def __init__(self, path: str, leaves_alone: Callable[[ast.AST], bool]) -> None:
        self._path = path
        self._leaves_alone = leaves_alone
        self._scopes: list[tuple[str, str]] = [("<module>", LOOP_HOOK)]
        self._hooked = [0]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._scope(node, node.name, "")

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._around(node.iter, node)
        return node

    def _comprehension(self, node: Comprehension) -> ast.AST:
        """Only the first part of a comprehension is evaluated in the scope it stands in."""
        first = node.generators[0]
        first.iter = self._around(self.visit(first.iter), None)
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return self._comprehension(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        hook = "" if self._leaves_alone(node) else LOOP_LOCAL
        self._hooked.append(0)
        self._scope(node, node.name, hook)
        if self._hooked.pop():
            _bind_hook(node)
        return node

    def _scope(self, node: Any, name: str, hook: str) -> ast.AST:
        outer = self._scopes[-1][0]
        prefix = "" if outer == "<module>" else f"{outer}."
        inside = "" if isinstance(node, ast.ClassDef) else ".<locals>"
        self._scopes.append((f"{prefix}{name}{inside}", hook))
        # Decorators, defaults and bases are evaluated outside, where there may be no hook.
        node.body = [self.visit(statement) for statement in node.body]
        self._scopes.pop()
        return node  # type: ignore[no-any-return]

    def _around(self, iterable: ast.expr, loop: ast.For | None) -> ast.expr:
        """The expression with the hook around it, or around the arguments that it hands on."""
        hook = self._scopes[-1][1]
        if not hook:
            return iterable
        if isinstance(iterable, ast.Call) and _called(iterable) in _HAND_ON:
            iterable.args = [self._hook(argument, hook, loop) for argument in iterable.args]
            return iterable
        return self._hook(iterable, hook, loop)

    def _hook(self, expression: ast.expr, hook: str, loop: ast.For | None) -> ast.expr:
        if not isinstance(expression, ast.Name | ast.Attribute | ast.Subscript):
            return expression
        function = self._scopes[-1][0].removesuffix(".<locals>")
        names = [node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)] if loop is not None else []
        breaks = loop is not None and any(isinstance(node, ast.Break | ast.Return) for node in ast.walk(loop))
        place = Place(self._path, expression.lineno, function)
        self._hooked[-1] += 1
        site = Site(place, ast.unparse(expression), names[-1] if names else "", breaks)
        index = ast.Constant(number_of(site))
        call = ast.Call(ast.Name(hook, ast.Load()), [expression, index], [])
        for part in (call, call.func, index):
            ast.copy_location(part, expression)
        return call


def _bind_hook(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Let a function find its hook, or do without where it is run as in a worker to which it was pickled by value."""
    bare = ast.ImportFrom(UNHOOKED.__module__, [ast.alias("UNHOOKED", LOOP_LOCAL)], 0)
    begin = ast.Try(
        [ast.Assign([ast.Name(LOOP_LOCAL, ast.Store())], ast.Name(LOOP_HOOK, ast.Load()))],
        [ast.ExceptHandler(ast.Name("NameError", ast.Load()), None, [bare])],
        [],
        [],
    )
    anchor = node.body[0]
    for part in ast.walk(begin):
        ast.copy_location(part, anchor)
    docstring = isinstance(anchor, ast.Expr) and isinstance(anchor.value, ast.Constant)
    node.body.insert(1 if docstring and len(node.body) > 1 else 0, begin)


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
