"""Finds what an expression stands for: through names, alternatives, and the arguments of the calls that led to it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, TypeVar

from pitfallcheck.lint.flow.bindings import NAMES, Binding
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.source import Function, Source, own_nodes

T = TypeVar("T")
Calls = tuple[ast.Call, ...]
"""The calls of functions of the file that are being followed, the outermost first."""

MAX_DEPTH = 16
MAX_CALLS = 5
MAX_ALTERNATIVES = 8

_OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}


class Held(NamedTuple):
    """An expression, and the calls in which its parameters have their values."""

    node: ast.expr
    calls: Calls = ()


class Resolver:
    """What the names of one file stand for; nothing is computed before it is needed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.program: Program = program_of(source)

    def alternatives(self, node: ast.expr, calls: Calls = (), depth: int = 0) -> list[Held]:
        """The expressions that `node` may stand for; a name that cannot be followed stands for itself."""
        if depth > MAX_DEPTH:
            return [Held(node, calls)]
        if isinstance(node, ast.IfExp | ast.BoolOp):
            parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
            return [held for part in parts for held in self.alternatives(part, calls, depth + 1)]
        if isinstance(node, ast.NamedExpr):
            return self.alternatives(node.value, calls, depth + 1)
        bindings = self.settled(node) if isinstance(node, NAMES) else []
        if not bindings or len(bindings) > MAX_ALTERNATIVES:
            return [Held(node, calls)]
        return [held for binding in bindings for held in self._behind(binding, node, calls, depth + 1)]

    def _behind(self, binding: Binding, node: ast.expr, calls: Calls, depth: int) -> list[Held]:
        if binding.kind == "value" and binding.value is not None:
            return self.alternatives(binding.value, calls, depth)
        if binding.kind == "parameter":
            given = self.given(binding, calls)
            if given:
                return [held for one in given for held in self.alternatives(one.node, one.calls, depth)]
        return [Held(node, calls)]

    def given(self, parameter: Binding, calls: Calls) -> list[Held]:
        """What a parameter is given: by the call that is followed, else by all calls if the file shows them all."""
        arguments_of = self.source.parents.get(parameter.node)
        owner = self.source.parents.get(arguments_of) if isinstance(arguments_of, ast.arguments) else None
        function = owner if isinstance(owner, ast.Lambda) else parameter.scope
        for place in range(len(calls) - 1, -1, -1):
            if isinstance(function, ast.Lambda) and function_named(self, calls[place].func) is function:
                value = _of_lambda(function, calls[place], parameter.name)
                return [] if value is None else [Held(value, calls[:place])]
            if self.program.function(calls[place]) is function and isinstance(function, ast.FunctionDef):
                value = self.program.argument(function, calls[place], parameter.name)
                return [] if value is None else [Held(value, calls[:place])]
        arguments = self.program.arguments(parameter)
        if arguments is None or not arguments.complete:
            return []
        return [Held(value, calls) for value in arguments.given]

    def settled(self, node: ast.expr) -> list[Binding]:
        """The bindings of a name; where another scope binds it step by step, the last of these steps."""
        found = list(self.program.bindings(node))
        scope = self.program.scope(node)
        if len(found) > 1 and all(binding.scope is not scope for binding in found):
            found = [binding for binding in found if not _is_none(binding.value)]
            if len({binding.scope for binding in found}) == 1:
                last = max(found, key=lambda binding: getattr(binding.node, "lineno", 0))
                if self.source.parents.get(self.program.statement(last.node)) is last.scope:
                    return [last]
        return found

    def qualify(self, node: ast.AST) -> str:
        """The canonical dotted name of what is imported, a builtin's or a star import's bare name, or an empty text."""
        if isinstance(node, NAMES):
            known = self.program.qualify(node)
            if known or not isinstance(node, ast.Name):
                return known
            binding = self.program.sole(node)
            if binding is not None and binding.kind == "value" and isinstance(binding.value, NAMES):
                return self.program.qualify(binding.value)
        return ""

    def called(self, node: ast.AST) -> str:
        """The canonical name of what `node` calls, or an empty text."""
        return self.qualify(node.func) if isinstance(node, ast.Call) else ""

    def returns(self, call: ast.Call, calls: Calls) -> list[Held] | None:
        """What a call of a function of the file returns, to be read in that call; None where it is not followed."""
        if len(calls) >= MAX_CALLS or call in calls:
            return None
        short = function_named(self, call.func)
        if isinstance(short, ast.Lambda):
            again = any(function_named(self, outer.func) is short for outer in calls)
            return None if again else [Held(short.body, (*calls, call))]
        function = self.program.function(call)
        if not isinstance(function, ast.FunctionDef):
            return None
        if any(self.program.function(outer) is function for outer in calls):
            return None
        return [Held(value, (*calls, call)) for value in returned(function)] or None

    def constant(self, node: ast.expr | None, calls: Calls = ()) -> object:
        """The number, string, boolean or None that `node` is on every path; `...` where that does not show."""
        if node is None:
            return ...
        found = {repr(value): value for value in self._constants(node, calls)}
        return next(iter(found.values())) if len(found) == 1 else ...

    def _constants(self, node: ast.expr, calls: Calls) -> Iterator[object]:
        for held in self.alternatives(node, calls):
            value = constant(held.node)
            if value is not ... or isinstance(held.node, NAMES):
                yield value
            elif isinstance(held.node, ast.BinOp) and type(held.node.op) in _OPERATIONS:
                left, right = self.constant(held.node.left, held.calls), self.constant(held.node.right, held.calls)
                whole = isinstance(left, int) and isinstance(right, int)
                yield _OPERATIONS[type(held.node.op)](left, right) if whole else ...  # type: ignore[arg-type]
            elif self.called(held.node) == "len" and isinstance(held.node, ast.Call) and len(held.node.args) == 1:
                listed = self.alternatives(held.node.args[0], held.calls)
                yield from (_length(one.node) for one in listed)
            else:
                yield ...

    def given_to(self, call: ast.Call, position: int | None, *names: str) -> ast.expr | None:
        """The argument at `position` or under one of `names`."""
        return argument(call, position, *names)


def _of_lambda(function: ast.Lambda, call: ast.Call, name: str) -> ast.expr | None:
    """What `call` gives the parameter `name` of a lambda."""
    listed = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    return argument(call, listed.index(name) if name in listed else None, name)


def returned(function: ast.FunctionDef) -> list[ast.expr]:
    """What the `return` statements of a function return."""
    return [node.value for node in own_nodes(function) if isinstance(node, ast.Return) and node.value is not None]


def starred(call: ast.Call) -> bool:
    """Whether some arguments of a call are behind a `*` or `**` and cannot be seen."""
    return any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords)


def agreed(found: Iterable[T | None]) -> T | None:
    """What all alternatives agree on; None where one is unknown or two differ."""
    alternatives = list(found)
    first = alternatives[0] if alternatives else None
    return first if all(other == first for other in alternatives) else None


def function_named(resolver: Resolver, node: ast.expr) -> Function | ast.Lambda | None:
    """The function of the file, or the lambda, that an expression names or is."""
    if isinstance(node, ast.Lambda):
        return node
    binding = resolver.program.sole(node) if isinstance(node, NAMES) else None
    if binding is None:
        return None
    if binding.kind == "value" and isinstance(binding.value, ast.Lambda):
        return binding.value
    return binding.node if isinstance(binding.node, ast.FunctionDef) else None


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _length(node: ast.expr) -> object:
    listed = isinstance(node, ast.List | ast.Tuple | ast.Set) and not any(
        isinstance(item, ast.Starred) for item in node.elts
    )
    return len(node.elts) if listed and isinstance(node, ast.List | ast.Tuple | ast.Set) else ...


@lru_cache(maxsize=1)
def resolver_of(source: Source) -> Resolver:
    """The resolver of `source`; one for all that ask, one after the other, about the same file."""
    return Resolver(source)
