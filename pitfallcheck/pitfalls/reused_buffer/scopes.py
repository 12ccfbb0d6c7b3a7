"""Which variable a name means: the scopes of a file, what binds their names, and the attributes of its classes."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pitfallcheck.lint.source import Function, Scope, Source, own_nodes

Root = Function | ast.Module
"""Where following paths begins: a function, or a script."""

Binding = ast.expr | None
"""The expression a name is bound to, or None where it is bound to something else (a loop's item, an import)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One run of a function (or the module, or a class body) in the analysis.

    `key` distinguishes its variables from those of other runs, `context` are the calls that led to it, `outer` the
    frames those calls stand in. In a `settled` frame nothing runs: names have what the whole scope says they have.
    """

    scope: Scope
    key: str
    context: tuple[ast.AST, ...] = ()
    outer: tuple[Frame, ...] = ()
    settled: bool = False

    def entering(self, function: Function | ast.Lambda, call: ast.Call) -> Frame:
        """The frame of `function`, called from this one."""
        context = (*self.context, call)
        key = f"{len(context)}:{call.lineno}:{call.col_offset}"
        return Frame(function, key, context, () if self.settled else (*self.outer, self))


class Scopes:
    """The scopes of one file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._bindings: dict[ast.AST, dict[str, list[Binding]]] = {}
        self._attributes: dict[ast.ClassDef, dict[str, list[tuple[Function | None, Binding]]]] = {}
        self._stores: dict[ast.stmt, list[ast.expr]] = {}
        self._texts: dict[ast.expr, str] = {}
        self.keys: dict[str, tuple[Scope, str]] = {}

    def settled(self, scope: Scope) -> Frame:
        """The frame in which the names of `scope` have what its bindings, taken together, give them."""
        return Frame(scope, f"@{getattr(scope, 'lineno', 0)}:{getattr(scope, 'col_offset', 0)}", settled=True)

    def key(self, name: str, frame: Frame) -> str | None:
        """The variable that `name` is in `frame`, or None where nothing in the file binds it."""
        scope: Scope = frame.scope
        if name in self.bindings(scope) and name not in self._declared(scope):
            found = frame
        else:
            owner = self._enclosing_binder(scope, name)
            if owner is None:
                return None
            active = [outer for outer in frame.outer if outer.scope is owner]
            found = active[-1] if active else self.settled(owner)
        key = f"{found.key}.{name}"
        self.keys[key] = (found.scope, name)
        return key

    def _enclosing_binder(self, scope: Scope, name: str) -> Scope | None:
        while not isinstance(scope, ast.Module):
            scope = self.source.scope_of(scope)
            if not isinstance(scope, ast.ClassDef) and name in self.bindings(scope):
                return scope
        return None

    def _declared(self, scope: Scope) -> set[str]:
        """The names that `scope` declares global or nonlocal."""
        if isinstance(scope, ast.Module):
            return set()
        return self._global_names.get(scope, set())

    @cached_property
    def _global_names(self) -> dict[Scope, set[str]]:
        declared: dict[Scope, set[str]] = defaultdict(set)
        for node in self.source.nodes:
            if isinstance(node, ast.Global | ast.Nonlocal):
                declared[self.source.scope_of(node)].update(node.names)
        return declared

    def bindings(self, scope: Scope) -> dict[str, list[Binding]]:
        """Every name that `scope` binds, with what it binds it to."""
        if scope not in self._bindings:
            found: dict[str, list[Binding]] = defaultdict(list)
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                for name in parameters(scope):
                    found[name].append(None)
            for name, value in _bound_in(scope):
                found[name].append(value)
            self._bindings[scope] = dict(found)
            if isinstance(scope, ast.Module):
                for name in self.bound_elsewhere:
                    self._bindings[scope].setdefault(name, [])
        return self._bindings[scope]

    @cached_property
    def bound_elsewhere(self) -> dict[str, list[tuple[Scope, Binding]]]:
        """What functions bind to names that they declare global."""
        found: dict[str, list[tuple[Scope, Binding]]] = defaultdict(list)
        for scope, names in self._global_names.items():
            for name, value in _bound_in(scope):
                if name in names:
                    found[name].append((scope, value))
        return found

    def stores(self, statement: ast.stmt) -> list[ast.expr]:
        """The names and attributes that `statement`, with all in it, may bind anew."""
        if statement not in self._stores:
            found = [target for target, _ in _assigned(statement)]
            found += [target for node in own_nodes(statement) for target, _ in _assigned(node)]
            self._stores[statement] = [target for target in found if isinstance(target, ast.Name | ast.Attribute)]
        return self._stores[statement]

    def function(self, node: ast.expr, frame: Frame) -> Function | None:
        """The function of this file that `node` (of a call) surely is."""
        if isinstance(node, ast.Name):
            scope: Scope | None = frame.scope
            if node.id not in self.bindings(frame.scope):
                scope = self._enclosing_binder(frame.scope, node.id)
            return self._sole_definition(scope, node.id) if scope is not None else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = self.instance(node.value.id, frame.scope)
            return self.method(owner, node.attr) if owner is not None else None
        return None

    def sole_lambda(self, name: str, frame: Frame) -> ast.Lambda | None:
        """The lambda that `name` surely is."""
        bound = self.bindings(frame.scope).get(name)
        if bound is None and (owner := self._enclosing_binder(frame.scope, name)) is not None:
            bound = self.bindings(owner)[name]
        return bound[0] if bound is not None and len(bound) == 1 and isinstance(bound[0], ast.Lambda) else None

    def _sole_definition(self, scope: Scope, name: str) -> Function | None:
        found = [f for f in self._functions_in.get(scope, []) if f.name == name]
        return found[0] if len(found) == 1 and len(self.bindings(scope)[name]) == 1 else None

    @cached_property
    def _functions_in(self) -> dict[Scope, list[Function]]:
        found: dict[Scope, list[Function]] = defaultdict(list)
        for function in self.source.functions:
            found[self.source.scope_of(function)].append(function)
        return found

    @cached_property
    def generators(self) -> frozenset[Scope]:
        """The functions whose call makes a generator."""
        nodes = (node for node in self.source.nodes if isinstance(node, ast.Yield | ast.YieldFrom))
        return frozenset(self.source.scope_of(node) for node in nodes)

    def text(self, node: ast.expr) -> str:
        """The text of an expression."""
        if node not in self._texts:
            self._texts[node] = ast.unparse(node)
        return self._texts[node]

    @cached_property
    def tests(self) -> Counter[str]:
        """How often each condition, and each part of one, stands in the file."""
        tests = (node.test for node in self.source.nodes if isinstance(node, ast.If | ast.IfExp | ast.While))
        return Counter(ast.unparse(part) for test in tests for part in _conditions(test))

    @cached_property
    def functions_called(self) -> dict[str, list[Function]]:
        """The functions of the file by what they are called."""
        found: dict[str, list[Function]] = defaultdict(list)
        for function in self.source.functions:
            found[function.name].append(function)
        return found

    @cached_property
    def calls(self) -> dict[str, list[ast.Call]]:
        """The calls in the file by the last part of the called name."""
        found: dict[str, list[ast.Call]] = defaultdict(list)
        for node in self.source.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                found[node.func.id if isinstance(node.func, ast.Name) else node.func.attr].append(node)
        return found

    @cached_property
    def mentions(self) -> dict[str, list[ast.Name | ast.Attribute]]:
        """The names, and attributes of anything, in the file by what they are called."""
        found: dict[str, list[ast.Name | ast.Attribute]] = defaultdict(list)
        for node in self.source.nodes:
            if isinstance(node, ast.Name | ast.Attribute):
                found[node.id if isinstance(node, ast.Name) else node.attr].append(node)
        return found

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes of the file by their names; the last one of a name."""
        return {node.name: node for node in self.source.classes}

    def instance(self, name: str, scope: Scope) -> ast.ClassDef | None:
        """The class whose instance (`self`) or self (`cls`, the class's own name) is called `name` in `scope`."""
        at: Scope = scope
        while not isinstance(at, ast.Module):
            outer = self.source.scope_of(at)
            if isinstance(at, ast.FunctionDef | ast.AsyncFunctionDef) and isinstance(outer, ast.ClassDef):
                first = next(iter(parameters(at)), None)
                static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in at.decorator_list)
                return outer if name == outer.name or (name == first and not static) else None
            if isinstance(at, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and name in parameters(at):
                return None
            at = outer
        return None

    def lineage(self, owner: ast.ClassDef) -> Iterator[ast.ClassDef]:
        """`owner` and those of its base classes that stand in this file, nearest first."""
        seen: list[ast.ClassDef] = []
        waiting = [owner]
        while waiting:
            node = waiting.pop(0)
            if node not in seen:
                seen.append(node)
                yield node
                names = [base.id for base in node.bases if isinstance(base, ast.Name)]
                waiting.extend(self.classes[name] for name in names if name in self.classes)

    def method(self, owner: ast.ClassDef, name: str) -> Function | None:
        """The method that `self.name` is."""
        for node in self.lineage(owner):
            for statement in node.body:
                if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
                    return statement
        return None

    def attribute(self, owner: ast.ClassDef, name: str) -> list[tuple[Function | None, Binding]]:
        """What methods (or, with None, the class body) of `owner` and its bases bind the attribute `name` to."""
        return [found for node in self.lineage(owner) for found in self._attributes_of(node).get(name, [])]

    def _attributes_of(self, owner: ast.ClassDef) -> dict[str, list[tuple[Function | None, Binding]]]:
        if owner not in self._attributes:
            found: dict[str, list[tuple[Function | None, Binding]]] = defaultdict(list)
            for name, value in _bound_in(owner):
                found[name].append((None, value))
            for method in owner.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and (names := parameters(method)):
                    for target, value in _targets_in(method):
                        if (
                            isinstance(target, ast.Attribute)
                            and isinstance(target.value, ast.Name)
                            and target.value.id in (names[0], owner.name)
                        ):
                            found[target.attr].append((method, value))
            self._attributes[owner] = dict(found)
        return self._attributes[owner]


def parameters(function: Root | ast.Lambda) -> list[str]:
    """The names of all parameters, in the order in which positions fill them."""
    if isinstance(function, ast.Module):
        return []
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [arg.arg for arg in (*named, *filter(None, (arguments.vararg, arguments.kwarg)))]


def targets(target: ast.expr, value: Binding) -> Iterator[tuple[ast.expr, Binding]]:
    """The single targets in `target`, each with its own part of `value` where a display tells."""
    if isinstance(target, ast.Tuple | ast.List):
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) else None
        if parts is not None and (
            len(parts) != len(target.elts) or any(isinstance(e, ast.Starred) for e in (*parts, *target.elts))
        ):
            parts = None
        for position, element in enumerate(target.elts):
            yield from targets(element, parts[position] if parts is not None else None)
    elif isinstance(target, ast.Starred):
        yield from targets(target.value, None)
    else:
        yield target, value


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, Binding]]:
    """What `node` itself assigns, and to what."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from targets(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield from targets(node.target, node.value)


def _targets_in(scope: Scope) -> Iterator[tuple[ast.expr, Binding]]:
    for node in own_nodes(scope):
        yield from _assigned(node)
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            yield from targets(node.target, None)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield from targets(node.optional_vars, None)


def _bound_in(scope: Scope) -> Iterator[tuple[str, Binding]]:
    for target, value in _targets_in(scope):
        if isinstance(target, ast.Name):
            yield target.id, value
    for node in own_nodes(scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], None
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name, None


def _conditions(test: ast.expr) -> Iterator[ast.expr]:
    """A condition without `not`, or the parts of one that `and` and `or` join."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _conditions(test.operand)
    elif isinstance(test, ast.BoolOp):
        for part in test.values:
            yield from _conditions(part)
    else:
        yield test
