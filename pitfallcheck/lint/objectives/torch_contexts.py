"""The calls in which a function of a torch program runs: who calls it with what, and on which objects."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.objectives.torch_calls import Calls
from pitfallcheck.lint.objectives.torch_values import Callable, Frame, Object, Partial
from pitfallcheck.lint.source import Function, Scope

MAX_CONTEXTS = 8
"""Calls of one function that are told apart."""


class Contexts(Calls):
    """The values of a file's expressions, and the frames to ask for them in."""

    def contexts(self, scope: Scope, within: frozenset[ast.AST] = frozenset()) -> list[Frame | None]:
        """The frames of a scope: one for each call that the file shows, one without arguments where it shows none."""
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            return [None]
        if scope in within:
            return []
        found: list[Frame | None] = []
        for frame in self._called_from(scope, within | {scope}):
            if frame not in found:
                found.append(frame)
            if len(found) >= MAX_CONTEXTS:
                break
        return found or self._uncalled(scope, within | {scope})

    def _called_from(self, function: Function, within: frozenset[ast.AST]) -> Iterator[Frame]:
        if function.name == "__init__":
            return
        for mention in self.program.mentions.get(function.name, []):
            call = self.source.parents.get(mention)
            if not isinstance(call, ast.Call) or call.func is not mention:
                continue
            for frame in self.contexts(self.program.scope(call), within):
                callee = self.of(mention, frame)
                if isinstance(callee, Partial):
                    callee = callee.of
                if isinstance(callee, Callable) and callee.node is function:
                    shift = 0 if callee.owner is None or self._static(function) else 1
                    given = self.arguments(function, call, frame, shift)
                    yield self.frame(function, given, callee.frame, callee.owner if shift else None)

    def _uncalled(self, function: Function, within: frozenset[ast.AST]) -> list[Frame | None]:
        """The frames of a function of which no call is seen, such as a `training_step`."""
        owner = self.source.class_of(function)
        if owner is None:
            return [self.frame(function, {}, around) for around in self.contexts(self.program.scope(function), within)]
        if self._static(function):
            return [self.frame(function, {})]
        return [self.method_frame(function, one) for one in self.objects(owner, within)]

    def objects(self, owner: ast.ClassDef, within: frozenset[ast.AST] = frozenset()) -> list[Object]:
        """The objects of a class, and of those that descend from it, that the file makes; else one made unseen."""
        found: list[Object] = []
        for of in self.source.classes:
            if owner not in self.program.lineage(of):
                continue
            for mention in self.program.mentions.get(of.name, []):
                call = self.source.parents.get(mention)
                if isinstance(call, ast.Call) and call.func is mention:
                    frames = self.contexts(self.program.scope(call), within)
                    found += [made for frame in frames if (made := Object(of, call, frame)) not in found]
        return found[:MAX_CONTEXTS] or [Object(owner)]
