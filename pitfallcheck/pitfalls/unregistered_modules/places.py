"""Finds the places of a module class where the framework does not see the layers that it keeps there."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import Source, own_nodes
from pitfallcheck.pitfalls.unregistered_modules.kept import PARAMETER, Held, Made, Making, put_into
from pitfallcheck.pitfalls.unregistered_modules.registered import (
    Uses,
    frozen_by,
    is_kept_apart,
    looks_after_itself,
    methods,
)
from pitfallcheck.pitfalls.unwired_parameters.made_in_call import framework_of

Why = Literal["container", "class", "plain", "computed", "item", "alias"]


@dataclass(frozen=True, slots=True)
class Unseen:
    """The attribute of the class `of` is set by `at` and holds what `made` makes, which is not registered for `why`."""

    of: ast.ClassDef
    attribute: str
    at: ast.expr
    made: Made
    why: Why
    framework: str
    kind: str = "list"
    nested: bool = False


class Places:
    """The classes of one file that are modules, and what they keep."""

    def __init__(self, source: Source, program: Program) -> None:
        self.source = source
        self.program = program
        self.making = Making(source)
        self._sets: dict[ast.ClassDef, dict[str, list[tuple[ast.FunctionDef, ast.expr]]]] = {}

    def unseen(self) -> Iterator[Unseen]:
        """Everything with parameters that a class uses and the framework does not see."""
        for of in self.source.classes:
            framework = framework_of(self.source, of)
            found = list(self._of(of, list(self.program.lineage(of)), framework)) if framework else []
            lineage = list(self.program.lineage(of)) if found else []
            if not found or looks_after_itself(lineage) or frozen_by(self.source, of):
                continue
            for unseen in found:
                uses = Uses(self.program, [*lineage, *self._heirs(of)], unseen.attribute)
                if not is_kept_apart(unseen.attribute) and uses.in_forward_pass() and not uses.registered():
                    yield unseen

    def _heirs(self, of: ast.ClassDef) -> list[ast.ClassDef]:
        return [other for other in self.source.classes if other is not of and of in self.program.lineage(other)]

    def _of(self, of: ast.ClassDef, lineage: list[ast.ClassDef], framework: str) -> Iterator[Unseen]:
        yield from self._in_body(of, framework)
        for attribute, places in self._set(of).items():
            single = len(places) == 1 and not any(attribute in self._set(base) for base in lineage[1:])
            method, value = places[0]
            if single and method.name not in ("forward", "call"):
                found = self._kept(of, method, attribute, value, framework)
                if found is not None:
                    yield found

    def _set(self, of: ast.ClassDef) -> dict[str, list[tuple[ast.FunctionDef, ast.expr]]]:
        """The attributes that the methods of a class set on `self`, each with every value and the method of it."""
        if of not in self._sets:
            found: dict[str, list[tuple[ast.FunctionDef, ast.expr]]] = defaultdict(list)
            for method in methods([of]):
                for node in own_nodes(method):
                    for attribute, value in _set_on_self(node):
                        found[attribute].append((method, value))
            self._sets[of] = found
        return self._sets[of]

    def _in_body(self, of: ast.ClassDef, framework: str) -> Iterator[Unseen]:
        """Layers that are attributes of the class."""
        for node in of.body:
            target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
            if not isinstance(node, ast.Assign) or not isinstance(target, ast.Name):
                continue
            held = self.making.held(node.value, of)
            made = self.making.made(node.value, of) if held is None else held.made
            if made is not None and isinstance(node.value, ast.Call | ast.List | ast.Tuple | ast.Dict | ast.ListComp):
                yield Unseen(of, target.id, node.value, made, "class", framework)

    def _kept(
        self, of: ast.ClassDef, method: ast.FunctionDef, attribute: str, value: ast.expr, framework: str
    ) -> Unseen | None:
        held = self.making.held(value, method)
        if held is not None:
            return self._contained(of, attribute, value, held, framework, method)
        if framework == "torch" and (made := self._computed(value, method)):
            return Unseen(of, attribute, value, made, "computed", framework)
        if framework == "torch" and (made := self._plain_object(value)):
            return Unseen(of, attribute, value, made, "plain", framework)
        return None

    def _contained(
        self, of: ast.ClassDef, attribute: str, value: ast.expr, held: Held, framework: str, method: ast.FunctionDef
    ) -> Unseen | None:
        written = f"self.{attribute}"
        entries = held.entries
        if framework == "keras":
            return self._missed_by_keras(of, attribute, value, method)
        made, nested = held.made, held.nested
        for other in methods([of]):
            for part in put_into(other, written):
                if other.name not in ("forward", "call"):
                    entries += 2
                    inner = self.making.held(part, other)
                    made = made or self.making.made(part, other) or (inner.made if inner is not None else None)
                    nested = nested or (inner is not None and self._is_one_entry(part))
        if made is None or entries < 2:
            return None
        return Unseen(of, attribute, value, made, "container", framework, held.kind, nested)

    def _is_one_entry(self, part: ast.expr) -> bool:
        """Whether what is put into a container becomes one entry of it, and is not taken apart."""
        call = self.source.parents.get(part)
        func = call.func if isinstance(call, ast.Call) else None
        return isinstance(func, ast.Attribute) and func.attr in ("append", "insert", "appendleft", "add")

    def _missed_by_keras(
        self, of: ast.ClassDef, attribute: str, value: ast.expr, method: ast.FunctionDef
    ) -> Unseen | None:
        """An item that is replaced by a layer, or a layer put into the list by its other name, once it was tracked."""
        for node in own_nodes(method):
            for target in node.targets if isinstance(node, ast.Assign) else ():
                inner = target.value if isinstance(target, ast.Subscript) else None
                replaced = isinstance(value, ast.BinOp | ast.ListComp | ast.List)
                if isinstance(node, ast.Assign) and inner is not None and replaced:
                    made = self.making.made(node.value, method) if ast.unparse(inner) == f"self.{attribute}" else None
                    if made is not None:
                        return Unseen(of, attribute, target, made, "item", "keras")
        if not isinstance(value, ast.Name):
            return None
        for part in put_into(method, value.id):
            made = self.making.made(part, method)
            if made is not None and part.lineno > value.lineno:
                return Unseen(of, attribute, value, made, "alias", "keras")
        return None

    def _computed(self, node: ast.expr, method: ast.FunctionDef) -> Made | None:
        """A tensor computed from a parameter on the spot: `nn.Parameter(...) * 0.1`, `nn.Parameter(...).cuda()`."""
        inner: ast.expr | None = None
        if isinstance(node, ast.BinOp):
            inner = node.left if isinstance(node.left, ast.Call) else node.right
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            chained = node.func.attr in ("cuda", "view", "reshape", "unsqueeze", "expand", "repeat", "t", "clone")
            inner = node.func.value if chained else None
            if node.func.attr == "requires_grad_" and self._is_new_tensor(node.func.value):
                return Made(node, parameter=True)
        if not isinstance(inner, ast.Call) or self.source.qualify(inner.func) not in PARAMETER:
            return None
        return self.making.made(inner, method)

    def _is_new_tensor(self, node: ast.expr) -> bool:
        name = self.source.qualify(node.func) if isinstance(node, ast.Call) else None
        return name is not None and name.startswith("torch.") and name.count(".") == 1

    def _plain_object(self, node: ast.expr) -> Made | None:
        """An object of a class of the file that keeps layers and is no module itself."""
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        of = next((one for one in self.source.classes if one.name == name), None)
        if of is None or any(not (isinstance(base, ast.Name) and base.id == "object") for base in of.bases):
            return None
        gathers = any(isinstance(node, ast.Attribute) and node.attr == "parameters" for node in ast.walk(of))
        if of.decorator_list or of.keywords or gathers or looks_after_itself([of]):
            return None
        for method in methods([of]):
            for part in own_nodes(method):
                for attribute, value in _set_on_self(part) if method.name == "__init__" else ():
                    made = self.making.made(value, method)
                    if made is not None and not is_kept_apart(attribute):
                        return made
        return None


def _set_on_self(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The attributes of `self` that a statement sets, each with its value."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    for target in targets:
        own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
        if own and isinstance(target, ast.Attribute) and value is not None:
            yield target.attr, value
