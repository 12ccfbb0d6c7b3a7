"""Finds, along the branches and loops of one scope, which bindings can reach each place where a name is read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from pitfallcheck.lint.flow.bindings import Binding, Kind, Loop, changed_by, dotted, unpacked
from pitfallcheck.lint.source import Scope
from pitfallcheck.lint.tree import children

Bindings = frozenset[Binding]
Env = dict[str, Bindings]

NONE: Bindings = frozenset()
MAX_PASSES = 4
"""Bindings only gather from pass to pass; a fourth pass through one loop finds no more in any sensible program."""


class Reaching:
    """The flow of bindings through one scope; nested functions and classes have theirs.

    `at` holds, for each Name and each attribute of a name that is read, the bindings that can reach it; none where the
    scope does not bind it before. `all` holds every binding of a name, `by` those of a statement or clause.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.at: dict[ast.AST, Bindings] = {}
        self.all: dict[str, list[Binding]] = {}
        self.by: dict[ast.AST, list[Binding]] = {}
        self._made: dict[tuple[ast.AST, str], Binding] = {}
        self._loops: list[tuple[list[Env], list[Env]]] = []
        self._env: Env = {}
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self._parameters(scope.args)
        if isinstance(scope, ast.Lambda):
            self._read(scope.body)
        else:
            self._block(scope.body)

    # Bindings.

    def _bind(
        self,
        target: ast.expr | str,
        kind: Kind,
        node: ast.AST,
        value: ast.expr | None = None,
        place: tuple[int, ...] = (),
    ) -> None:
        name = target if isinstance(target, str) else dotted(target)
        if name is None:
            return
        key = (node, f"{name}{place}")
        binding = self._made.get(key)
        if binding is None:
            expression = None if isinstance(target, str) else target
            binding = Binding(name, kind, node, self.scope, value, place, expression)
            self._made[key] = binding
            self.all.setdefault(name, []).append(binding)
            self.by.setdefault(node, []).append(binding)
        self._env[name] = frozenset((binding,))
        for held in [held for held in self._env if held.startswith(f"{name}.")]:
            del self._env[held]

    def _assign(self, target: ast.expr, value: ast.expr | None, node: ast.AST, *, item: bool = False) -> None:
        for single, source, place in unpacked(target, value) if not item else _items(target, value):
            if isinstance(single, ast.Subscript):
                self._read(single)
                if dotted(single.value) is not None:
                    self._bind(single.value, "changed", node)
            elif place is None or source is None:
                self._bind(single, "opaque", node)
            elif item:
                self._bind(single, "item", node, source, place)
            else:
                self._bind(single, "part" if place else "value", node, source, place)

    def _parameters(self, arguments: ast.arguments) -> None:
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for argument in named:
            self._bind(argument.arg, "parameter", argument)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                self._bind(extra.arg, "opaque", extra)

    # Expressions.

    def _read(self, node: ast.AST | None) -> None:
        if node is None:
            return
        if isinstance(node, ast.Name):
            self.at[node] = self._env.get(node.id, NONE)
        elif isinstance(node, ast.Attribute):
            self._read(node.value)
            name = dotted(node)
            if name is not None:
                self.at[node] = self._env.get(name, NONE)
        elif isinstance(node, ast.NamedExpr):
            self._read(node.value)
            self._assign(node.target, node.value, node)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            before = dict(self._env)
            for clause in node.generators:
                self._read(clause.iter)
                self._assign(clause.target, clause.iter, clause, item=True)
                for test in clause.ifs:
                    self._read(test)
            for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self._read(part)
            self._env = before
        elif isinstance(node, ast.Lambda):
            before = dict(self._env)
            for default in (*node.args.defaults, *node.args.kw_defaults):
                self._read(default)
            self._parameters(node.args)
            self._read(node.body)
            self._env = before
        else:
            for child in children(node):
                self._read(child)

    # Statements.

    def _block(self, statements: Sequence[ast.stmt]) -> bool:
        """Follow statements; False where control does not get past them."""
        return all(self._statement(statement) for statement in statements)

    def _statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Assign():
                self._read(node.value)
                for target in node.targets:
                    self._assign(target, node.value, node)
            case ast.AnnAssign():
                self._read(node.value)
                if node.value is not None:
                    self._assign(node.target, node.value, node)
            case ast.AugAssign():
                self._augmented(node)
            case ast.If():
                self._read(node.test)
                return self._branches([node.body, node.orelse])
            case ast.Match():
                self._read(node.subject)
                return self._branches([*(case.body for case in node.cases), []])
            case ast.For() | ast.AsyncFor() | ast.While():
                return self._loop(node)
            case ast.Try() | ast.TryStar():
                return self._try(node)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._read(item.context_expr)
                    if item.optional_vars is not None:
                        self._assign(item.optional_vars, None, node)
                return self._block(node.body)
            case ast.Return() | ast.Raise():
                for child in children(node):
                    self._read(child)
                return False
            case ast.Break() | ast.Continue():
                if self._loops:
                    self._loops[-1][isinstance(node, ast.Continue)].append(dict(self._env))
                return False
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._bind(node.name, "opaque", node)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    self._bind(alias.asname or alias.name.partition(".")[0], "opaque", node)
            case ast.Global() | ast.Nonlocal():
                for name in node.names:
                    self._bind(name, "opaque", node)
            case ast.Delete():
                for target in node.targets:
                    self._assign(target, None, node)
            case _:
                for child in children(node):
                    self._read(child)
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                    for changed in changed_by(node.value):
                        self._bind(changed, "changed", node.value)
        return True

    def _augmented(self, node: ast.AugAssign) -> None:
        self._read(node.value)
        self._read(node.target)
        if isinstance(node.target, ast.Subscript):
            if dotted(node.target.value) is not None:
                self._bind(node.target.value, "changed", node)
        else:
            self._bind(node.target, "augmented", node, node.value)

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]]) -> bool:
        before, ends = self._env, []
        for body in bodies:
            self._env = dict(before)
            if self._block(body):
                ends.append(self._env)
        return self._arrive(ends)

    def _arrive(self, ends: Sequence[Env]) -> bool:
        if ends:
            self._env = _merged(ends)
        return bool(ends)

    def _try(self, node: ast.Try | ast.TryStar) -> bool:
        before = dict(self._env)
        passed = self._block([*node.body, *node.orelse])
        after = self._env
        ends = [after] if passed else []
        for handler in node.handlers:
            self._env = _merged([before, after])
            if handler.name:
                self._bind(handler.name, "opaque", handler)
            if self._block(handler.body):
                ends.append(self._env)
        alive = self._arrive(ends)
        return self._block(node.finalbody) and alive

    def _loop(self, node: Loop) -> bool:
        forever = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
        if not isinstance(node, ast.While):
            self._read(node.iter)
        entry, breaks = dict(self._env), list[Env]()
        for _ in range(MAX_PASSES):
            breaks, continues = [], list[Env]()
            self._loops.append((breaks, continues))
            self._env = dict(entry)
            if isinstance(node, ast.While):
                self._read(node.test)
            else:
                self._assign(node.target, node.iter, node, item=True)
            ended = self._block(node.body)
            self._loops.pop()
            again = _merged([entry, *([self._env] if ended else []), *continues])
            if again == entry:
                break
            entry = again
        self._env = dict(entry)
        ends = list(breaks)
        if not forever and self._block(node.orelse):
            ends.append(self._env)
        return self._arrive(ends)


def _items(
    target: ast.expr, value: ast.expr | None
) -> Iterable[tuple[ast.expr, ast.expr | None, tuple[int, ...] | None]]:
    """The targets of a loop: positions are those in each item, however the iterable is written."""
    return ((single, value, place) for single, _, place in unpacked(target, None))


def _merged(envs: Sequence[Env]) -> Env:
    """What can reach a place that several paths lead to.

    An attribute that one path does not bind may hold what another method put there, and so is left out.
    """
    result = dict(envs[0])
    for env in envs[1:]:
        for name, bindings in env.items():
            if name in result or "." not in name:
                result[name] = result.get(name, NONE) | bindings
        for name in [name for name in result if "." in name and name not in env]:
            del result[name]
    return result
