"""Which functions hand out batches or items at all, told cheaply, before any path is followed."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from pitfallcheck.lint.source import Function, Scope, own_nodes
from pitfallcheck.pitfalls.reused_buffer import libraries
from pitfallcheck.pitfalls.reused_buffer.libraries import named
from pitfallcheck.pitfalls.reused_buffer.scopes import Root, Scopes

HANDING_OUT = frozenset({"__getitem__", "__getitems__", "__next__"})

TEARDOWN_DECORATORS = named(
    "contextmanager asynccontextmanager fixture yield_fixture hookimpl hookwrapper inlineCallbacks coroutine "
    "custom_gradient"
)
"""Decorators that turn a generator into something else than a source of batches."""

_SHARING_METHODS = frozenset().union(*libraries.SHARING_METHODS.values(), {"numpy", "get"})


MAKING = (
    libraries.NUMPY_NEW
    | libraries.NUMPY_RANDOM
    | libraries.TORCH_NEW
    | libraries.TENSORFLOW_NEW
    | libraries.SHARING.keys()
)
"""Calls that make arrays, or share the memory of one."""


class Reach:
    """From which functions an allocation can be reached: in themselves, their class, their callers and callees."""

    def __init__(self, scopes: Scopes) -> None:
        self.scopes = scopes
        self._allocating: set[Scope] = set()
        self._called: dict[Scope, set[str]] = defaultdict(set)
        for name, calls in scopes.calls.items():
            for call in calls:
                around = list(self._around(call))
                for scope in around:
                    self._called[scope].add(name)
                if scopes.source.qualify(call.func) in MAKING:
                    self._allocating.update(around or [scopes.source.tree])

    def _around(self, node: ast.AST) -> Iterator[Scope]:
        """The scopes around `node` up to the module, which is left out."""
        scope = self.scopes.source.scope_of(node)
        while not isinstance(scope, ast.Module):
            yield scope
            scope = self.scopes.source.scope_of(scope)

    def has_arrays(self, function: Root) -> bool:
        """Whether an array may come to `function` that something in the file allocates."""
        if not self._allocating or self.scopes.source.tree in self._allocating:
            return bool(self._allocating)
        waiting: list[Scope] = [function, *self._around(function)]
        name = getattr(function, "name", "")
        waiting += [scope for call in self.scopes.calls.get(name, []) for scope in self._around(call)]
        seen: set[Scope] = set()
        while waiting:
            scope = waiting.pop()
            if scope in self._allocating:
                return True
            if scope in seen:
                continue
            seen.add(scope)
            if isinstance(scope, ast.ClassDef):
                waiting.extend(self.scopes.lineage(scope))
            for name in self._called[scope]:
                waiting.extend(self.scopes.functions_called.get(name, []))
        return False


def hands_out_by_yield(scopes: Scopes, function: Function) -> bool:
    """Whether `function` is a generator that may yield one array more than once."""
    if function not in scopes.generators or any(
        _last_name(decorator) in TEARDOWN_DECORATORS for decorator in function.decorator_list
    ):
        return False
    yields = [node for node in own_nodes(function) if isinstance(node, ast.Yield) and node.value is not None]
    if len(yields) == 1 and not _in_loop(scopes, yields[0]):
        return False
    return any(_may_be_array(scopes, node.value) for node in yields)


def hands_out_by_return(scopes: Scopes, function: Function) -> bool:
    """Whether `function` gives a dataset's items; beside `__setitem__` it would be a container's access."""
    owner = scopes.source.class_of(function)
    if owner is None or function.name not in HANDING_OUT or function in scopes.generators:
        return False
    if any(isinstance(part, ast.FunctionDef) and part.name == "__setitem__" for part in owner.body):
        return False
    returns = [node for node in own_nodes(function) if isinstance(node, ast.Return)]
    return any(_may_be_array(scopes, node.value) for node in returns)


def _may_be_array(scopes: Scopes, node: ast.expr | None) -> bool:
    """Whether an expression may be, or hold, an array that something else still holds."""
    match node:
        case ast.Name() | ast.Attribute() | ast.Subscript() | ast.NamedExpr():
            return True
        case ast.Tuple() | ast.List() | ast.Set():
            return any(_may_be_array(scopes, element) for element in node.elts)
        case ast.Dict():
            return any(_may_be_array(scopes, element) for element in node.values)
        case ast.IfExp():
            return _may_be_array(scopes, node.body) or _may_be_array(scopes, node.orelse)
        case ast.Starred() | ast.Await():
            return _may_be_array(scopes, node.value)
        case ast.ListComp():
            return _may_be_array(scopes, node.elt)
        case ast.Call():
            return _call_may_share(scopes, node)
    return False


def _call_may_share(scopes: Scopes, node: ast.Call) -> bool:
    name = _last_name(node.func)
    if name in _SHARING_METHODS or name.endswith("_") or name in scopes.functions_called:
        return True
    if scopes.source.qualify(node.func) in libraries.SHARING or any(kw.arg in ("out", "dst") for kw in node.keywords):
        return True
    packs = name in ("tuple", "list", "dict", "next") or name in scopes.classes or isinstance(node.func, ast.Name)
    given = (*node.args, *(keyword.value for keyword in node.keywords))
    return packs and any(_may_be_array(scopes, argument) for argument in given)


def _in_loop(scopes: Scopes, node: ast.AST) -> bool:
    parent = scopes.source.parents.get(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
            return True
        parent = scopes.source.parents.get(parent)
    return False


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
