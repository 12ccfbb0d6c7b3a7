"""Tells which expressions make layers or parameters, and which plain containers hold them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Function, Source, own_nodes
from pitfallcheck.pitfalls.unwired_parameters.made_in_call import KERAS, TORCH, framework_of

Container = Literal["list", "tuple", "dict"]

MADE_BY = {
    "list": "list",
    "collections.deque": "list",
    "tuple": "tuple",
    "dict": "dict",
    "collections.OrderedDict": "dict",
    "collections.defaultdict": "dict",
}
"""Calls that make plain containers."""

SAME = words("to cuda cpu double float half apply train deepcopy copy clone_module weight_norm spectral_norm")
"""Methods and functions that give back the module, or a module like it, that they are given."""

GROWING = words("append insert extend add appendleft update")
"""Methods that put something into a plain container."""

PARAMETER = frozenset({"torch.nn.Parameter", "torch.nn.parameter.Parameter"})

_DEPTH = 6
"""Functions that call functions, and names for names, until nothing more is claimed."""


@dataclass(frozen=True, slots=True)
class Made:
    """The expression `node` makes a layer with parameters, or, if `parameter`, a tensor that is to be trained."""

    node: ast.expr
    parameter: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A plain container, what it surely holds that has parameters, and how many entries its literal has.

    What it holds may stand in containers that are `nested` in it.
    """

    kind: Container
    made: Made | None = None
    entries: int = 0
    nested: bool = False


class Making:
    """What the expressions of one file make."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._classes = {of.name: of for of in source.classes}

    def made(self, node: ast.expr, scope: ast.AST, depth: int = 0) -> Made | None:
        """What `node` makes, if it surely is a module with parameters or a parameter that nothing else registers."""
        if depth > _DEPTH:
            return None
        if isinstance(node, ast.IfExp):
            return self.made(node.body, scope, depth + 1) and self.made(node.orelse, scope, depth + 1)
        if isinstance(node, ast.Name):
            value = self._sole(node.id, scope)
            kept = value is not None and not self._goes_elsewhere(node.id, scope)
            return self.made(value, scope, depth + 1) if kept and value is not None else None
        return self._call(node, scope, depth) if isinstance(node, ast.Call) else None

    def _call(self, node: ast.Call, scope: ast.AST, depth: int) -> Made | None:
        name = self.source.qualify(node.func) or ""
        short = name.rpartition(".")[2]
        if name in PARAMETER:
            return None if _off(node) else Made(node, parameter=True)
        if name.startswith("torch.nn.") and short in TORCH and short != "PReLU":
            return Made(node)
        if name.startswith("keras.layers.") and short in KERAS and short != "PReLU":
            return Made(node)
        if name == "torch.nn.Sequential":
            inner = (self._inside(arg, scope, depth) for arg in node.args)
            return Made(node) if any(inner) else None
        if name.startswith("torch.") and not name.startswith("torch.nn.") and _asks_gradient(node):
            return Made(node, parameter=True)
        if isinstance(node.func, ast.Name) and node.func.id in self._classes:
            return Made(node) if self.has_parameters(self._classes[node.func.id]) else None
        return self._through(node, scope, depth)

    def _through(self, node: ast.Call, scope: ast.AST, depth: int) -> Made | None:
        """What a method gives back of its module, a wrapper of its argument, or a function of the file."""
        func = node.func
        last = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        if last in SAME:
            known = self.source.qualify(func) is not None or isinstance(func, ast.Name)
            inner = (node.args[0] if node.args else None) if known else func.value  # type: ignore[attr-defined]
            return self.made(inner, scope, depth + 1) if isinstance(inner, ast.Call | ast.Name) else None
        function = self.function(func, scope)
        if function is None:
            return None
        returned = [self.made(value, function, depth + 1) for value in _returned(function)]
        return Made(node, returned[0].parameter) if returned and all(returned) and returned[0] else None

    def _inside(self, node: ast.expr, scope: ast.AST, depth: int) -> Made | None:
        """What `node` makes or, where it is a container, holds."""
        if isinstance(node, ast.Starred):
            node = node.value
        if found := self.made(node, scope, depth + 1):
            return found
        held = self.held(node, scope, depth + 1)
        return held.made if held is not None else None

    def has_parameters(self, of: ast.ClassDef) -> bool:
        """Whether a class of the file is a module that makes layers with parameters in its methods."""
        framework = framework_of(self.source, of)
        return bool(framework) and any(
            isinstance(node, ast.Call) and self._is_layer(node) for node in ast.walk(of)
        )  # fmt: skip

    def _is_layer(self, node: ast.Call) -> bool:
        name = self.source.qualify(node.func) or ""
        return name.rpartition(".")[2] in TORCH | KERAS and name.startswith(("torch.nn.", "keras.layers."))

    def function(self, func: ast.expr, scope: ast.AST) -> Function | None:
        """The function of the file, or the method of the same class, that a call of `func` runs."""
        name = func.id if isinstance(func, ast.Name) else ""
        owner: ast.AST | None = None
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "self":
            name, owner = func.attr, self.source.parents.get(scope)
        found = [one for one in self.source.functions if one.name == name]
        if owner is not None:
            found = [one for one in found if self.source.parents.get(one) is owner]
        return found[0] if len(found) == 1 else None

    def held(self, node: ast.expr, scope: ast.AST, depth: int = 0) -> Held | None:
        """The plain container that `node` makes or names; None where it is none, or nobody knows."""
        if depth > _DEPTH:
            return None
        if isinstance(node, ast.List | ast.Tuple):
            kind: Container = "list" if isinstance(node, ast.List) else "tuple"
            return self._filled(kind, list(node.elts), scope, depth, len(node.elts))
        if isinstance(node, ast.Dict):
            return self._filled("dict", list(node.values), scope, depth, len(node.values))
        if isinstance(node, ast.ListComp | ast.DictComp):
            element = node.elt if isinstance(node, ast.ListComp) else node.value
            return self._filled("list" if isinstance(node, ast.ListComp) else "dict", [element], scope, depth, 2)
        if isinstance(node, ast.BinOp):
            return self._combined(node, scope, depth)
        if isinstance(node, ast.Name):
            return self._named(node.id, scope, depth)
        return self._container_call(node, scope, depth) if isinstance(node, ast.Call) else None

    def _filled(self, kind: Container, parts: list[ast.expr], scope: ast.AST, depth: int, entries: int) -> Held:
        made = next((found for part in parts if (found := self._inside(part, scope, depth))), None)
        inner = any(self.held(part, scope, depth + 1) for part in parts if not isinstance(part, ast.Starred))
        return Held(kind, made, entries, inner)

    def _combined(self, node: ast.BinOp, scope: ast.AST, depth: int) -> Held | None:
        left = self.held(node.left, scope, depth + 1)
        if isinstance(node.op, ast.Mult):
            return Held(left.kind, left.made, 2, left.nested) if left is not None else None
        right = self.held(node.right, scope, depth + 1) if isinstance(node.op, ast.Add) else None
        if left is None or right is None:
            return None
        nested = left.nested or right.nested
        return Held(left.kind, left.made or right.made, left.entries + right.entries, nested)

    def _container_call(self, node: ast.Call, scope: ast.AST, depth: int) -> Held | None:
        name = self.source.qualify(node.func) or (node.func.id if isinstance(node.func, ast.Name) else "")
        if name in MADE_BY:
            kind: Container = MADE_BY[name]  # type: ignore[assignment]
            parts = [*(keyword.value for keyword in node.keywords), *node.args]
            parts = [part.elt if isinstance(part, ast.GeneratorExp) else part for part in parts]
            only = self.held(parts[0], scope, depth + 1) if len(parts) == 1 else None
            if only is not None:
                return Held(kind, only.made, only.entries, only.nested)
            return self._filled(kind, parts, scope, depth, 2 * len(parts))
        function = self.function(node.func, scope)
        if function is None:
            return None
        returned = [self.held(value, function, depth + 1) for value in _returned(function)]
        first = returned[0] if len(returned) == 1 else None
        return Held(first.kind, first.made and Made(node, first.made.parameter), 2) if first is not None else None

    def _named(self, name: str, scope: ast.AST, depth: int) -> Held | None:
        """A local container and what the function puts into it, unless it also goes somewhere else."""
        value = self._sole(name, scope)
        held = self.held(value, scope, depth + 1) if value is not None and not isinstance(value, ast.Name) else None
        if held is None or self._goes_elsewhere(name, scope):
            return None
        for part in put_into(scope, name):
            if held.made is None and (made := self._inside(part, scope, depth)):
                held = Held(held.kind, made, 2)
        return held

    def _sole(self, name: str, scope: ast.AST) -> ast.expr | None:
        """The only expression that a function binds a name to, where all that it binds it to make the same."""
        found: list[ast.expr] = []
        for node in own_nodes(scope):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
                parent = self.source.parents.get(node)
                value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign) else None
                if value is None:
                    if not isinstance(parent, ast.AugAssign):
                        return None
                    continue
                found.append(value)
        texts = {ast.unparse(value.func) if isinstance(value, ast.Call) else "" for value in found}
        return found[0] if found and len(texts) == 1 and (len(found) == 1 or "" not in texts) else None

    def _goes_elsewhere(self, name: str, scope: ast.AST) -> bool:
        """Whether a local is also given to something that may register it: an attribute, a container, a call."""
        kept = 0
        for node in own_nodes(scope):
            if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
                continue
            parent = self.source.parents.get(node)
            while isinstance(parent, ast.Tuple | ast.List | ast.Starred | ast.Dict):
                parent = self.source.parents.get(parent)
            keeps = isinstance(parent, ast.Call) and not self._only_looks(parent)
            if keeps or isinstance(parent, ast.Assign | ast.AnnAssign | ast.Return):
                kept += 1
            elif not isinstance(parent, ast.Call | ast.Attribute | ast.Subscript | ast.AugAssign | ast.Expr | ast.For):
                kept += 2
        return kept > 1

    def _only_looks(self, call: ast.Call) -> bool:
        """Whether a call keeps none of what it is given: `len`, `nn.init.*`, functions of the file."""
        if (self.source.qualify(call.func) or "").startswith("torch.nn.init."):
            return True
        if not isinstance(call.func, ast.Name):
            return False
        own = call.func.id not in self._classes and any(one.name == call.func.id for one in self.source.functions)
        return own or call.func.id in ("len", "range", "enumerate", "zip", "print", "isinstance", "reversed", "next")


def put_into(scope: ast.AST, written: str) -> Iterator[ast.expr]:
    """What a function puts into the container that it writes as `written`, or into the containers in that one."""
    for node in own_nodes(scope):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in GROWING:
            if _container(node.func.value) == written and node.args:
                yield node.args[-1]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and _container(target) == written:
                    yield node.value
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and _container(node.target) == written:
            yield node.value


def _container(node: ast.expr) -> str:
    """The name of the container that `x`, `x[i]` and `x.setdefault(k, [])` are, or are a part of."""
    while True:
        if isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault":
            node = node.func.value
        else:
            return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _returned(function: Function) -> list[ast.expr]:
    nodes = own_nodes(function)
    return [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]


def _asks_gradient(node: ast.Call) -> bool:
    return any(
        keyword.arg == "requires_grad" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in node.keywords
    )


def _off(node: ast.Call) -> bool:
    """Whether a parameter is made with `requires_grad=False`."""
    return any(keyword.arg == "requires_grad" and not _asks_gradient(node) for keyword in node.keywords)
