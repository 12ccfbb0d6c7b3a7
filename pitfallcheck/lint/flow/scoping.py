"""Which bindings a name can have where it stands, through the scopes of a file; and what stands in which loop."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cached_property

from pitfallcheck.lint.flow.bindings import Binding, Loop, dotted
from pitfallcheck.lint.flow.reaching import NONE, Bindings, Reaching
from pitfallcheck.lint.source import Scope, Source


class Scoping:
    """The names of one file, asked on demand; what knows its classes and calls inherits from it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._reaching: dict[Scope, Reaching] = {}
        self._reads: dict[Binding, list[ast.expr]] | None = None

    def instance(self, node: ast.expr) -> ast.ClassDef | None:
        """The class of the file that `node` is an object of."""
        raise NotImplementedError

    def attribute(self, owner: ast.ClassDef, name: str) -> list[Binding]:
        """Everything that the methods and the body of a class bind an attribute to."""
        raise NotImplementedError

    # Scopes and names.

    def scope(self, node: ast.AST) -> Scope:
        """The function, class or module in whose flow `node` stands; a lambda is part of the scope around it."""
        scope = self.source.scope_of(node)
        while isinstance(scope, ast.Lambda):
            scope = self.source.scope_of(scope)
        return scope

    def reaching(self, scope: Scope) -> Reaching:
        """The flow of bindings through `scope`."""
        if scope not in self._reaching:
            self._reaching[scope] = Reaching(scope)
        return self._reaching[scope]

    def bindings(self, node: ast.expr) -> Bindings:
        """The bindings that a Name, or an attribute of a name, can have where it stands; none where nobody knows."""
        name = dotted(node)
        if name is None:
            return NONE
        scope = self.scope(node)
        found = self.reaching(scope).at.get(node, NONE)
        if found:
            return found
        if isinstance(node, ast.Attribute):
            owner = self.instance(node.value)
            return frozenset(self.attribute(owner, node.attr)) if owner is not None else NONE
        return self._outer(name, scope)

    def _outer(self, name: str, scope: Scope) -> Bindings:
        """The bindings that scopes around `scope` give a name; a function may run at any time, so all of them."""
        if name in self.shared:
            return NONE
        while not isinstance(scope, ast.Module):
            scope = self.scope(scope)
            bound = self.reaching(scope).all.get(name) if not isinstance(scope, ast.ClassDef) else None
            if bound:
                return frozenset(bound)
        return NONE

    def roots(self, node: ast.expr) -> tuple[Bindings, Bindings]:
        """The bindings of a name apart from changes in place, and the changes that its object went through since."""
        roots, changes = set[Binding](), set[Binding]()
        waiting = list(self.bindings(node))
        while waiting:
            binding = waiting.pop()
            if binding.kind != "changed":
                roots.add(binding)
            elif binding not in changes:
                changes.add(binding)
                waiting += self.bindings(binding.target) if binding.target is not None else []
        return frozenset(roots), frozenset(changes)

    @cached_property
    def shared(self) -> frozenset[str]:
        """The names that some function declares global or nonlocal: they may change at any call."""
        declared = (node for node in self.source.nodes if isinstance(node, ast.Global | ast.Nonlocal))
        return frozenset(name for node in declared for name in node.names)

    def reads(self, binding: Binding) -> list[ast.expr]:
        """Every place in the file where a name may have its value from `binding`."""
        if self._reads is None:
            self._reads = defaultdict(list)
            for node in self.source.nodes:
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    for bound in self.bindings(node):
                        self._reads[bound].append(node)
        return self._reads.get(binding, [])

    def sole(self, node: ast.expr) -> Binding | None:
        """The only binding a name can have here, if there is but one."""
        found = self.bindings(node)
        return next(iter(found)) if len(found) == 1 else None

    def origin(self, node: ast.expr) -> ast.expr:
        """The expression behind a name, through plain assignments of names; `node` where that is not one."""
        for _ in range(8):
            binding = self.sole(node)
            if binding is None or binding.kind != "value" or binding.value is None:
                break
            node = binding.value
        return node

    def qualify(self, node: ast.AST) -> str:
        """The canonical dotted name of what is imported, a builtin's bare name, or an empty text."""
        known = self.source.qualify(node)
        if known is None and isinstance(node, ast.Name) and not self.bindings(node):
            return node.id
        return known or ""

    def called(self, node: ast.AST) -> str:
        """The canonical name of the function that `node` calls, or an empty text."""
        return self.qualify(node.func) if isinstance(node, ast.Call) else ""

    # Places.

    def loops_around(self, node: ast.AST) -> list[Loop]:
        """The loops of the same function around `node`, innermost first; what a loop runs over is outside it."""
        found: list[Loop] = []
        child, parent = node, self.source.parents.get(node)
        while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if isinstance(parent, ast.While) or (
                isinstance(parent, ast.For | ast.AsyncFor) and child is not parent.iter and child not in parent.orelse
            ):
                found.append(parent)
            child, parent = parent, self.source.parents.get(parent)
        return found

    def inside(self, node: ast.AST, region: ast.AST) -> bool:
        """Whether `node` stands in `region` (a loop or a function), at any depth."""
        at: ast.AST | None = node
        while at is not None and at is not region:
            at = self.source.parents.get(at)
        return at is region

    def statement(self, node: ast.AST) -> ast.AST:
        """The statement that `node` is part of."""
        while not isinstance(node, ast.stmt | ast.Module):
            node = self.source.parents[node]
        return node
