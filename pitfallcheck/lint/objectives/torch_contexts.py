"""The calls in which a function of a torch program runs: who calls it with what, and on which objects."""

from __future__ import annotations

import ast
from collections.abc import Callable as Make
from collections.abc import Iterator
from typing import TypeVar

from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.objectives.torch_calls import Calls
from pitfallcheck.lint.objectives.torch_values import Callable, Frame, Object, Partial
from pitfallcheck.lint.source import Function, Scope

T = TypeVar("T")
Key = TypeVar("Key", bound=ast.AST)

MAX_CONTEXTS = 8
"""Calls of one function that are told apart."""

MAX_MENTIONS = 40
"""Uses of a name after which it is too common to look for calls of a function among them."""

MAX_WALKS = 600
"""Searches for the calls of a function, after which even what an open circle cut short is kept."""


class Contexts(Calls):
    """The values of a file's expressions, and the frames to ask for them in."""

    def __init__(self, program: Program, *, strict: bool = False) -> None:
        super().__init__(program, strict=strict)
        self._contexts: dict[Scope, list[Frame | None]] = {}
        self._objects: dict[ast.ClassDef, list[Object]] = {}
        self._open: set[ast.AST] = set()
        self._cut: set[ast.AST] = set()
        self._walks = 0

    def contexts(self, scope: Scope) -> list[Frame | None]:
        """The frames of a scope: one for each call that the file shows, one without arguments where it shows none."""
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            return [None]
        return self._once(scope, self._contexts, lambda: self._called_from(scope) or self._uncalled(scope))

    def _once(self, key: Key, known: dict[Key, list[T]], make: Make[[], list[T]]) -> list[T]:
        """What `make` finds for `key`, which is nothing while that is being made.

        A function that calls itself, at whatever distance, has no more frames than its other calls give it. What was
        found for others meanwhile lacks something, and is kept only when there is too much of it to find again.
        """
        if key in known:
            return known[key]
        if key in self._open:
            self._cut.add(key)
            return []
        self._open.add(key)
        self._walks += 1
        found = make()
        self._open.discard(key)
        self._cut.discard(key)
        if not self._cut or self._walks > MAX_WALKS:
            known[key] = found
        return found

    def _called_from(self, function: Function) -> list[Frame | None]:
        found: list[Frame | None] = []
        for call in self._calls(function):
            for outer in self.contexts(self.program.scope(call)):
                frame = self._entered(function, call, outer)
                if frame is not None and frame not in found:
                    found.append(frame)
                if len(found) >= MAX_CONTEXTS:
                    return found
        return found

    def _calls(self, function: Function) -> Iterator[ast.Call]:
        # A method is called by an attribute, and a plain function of the same name by its bare name.
        written = ast.Name if self.source.class_of(function) is None else ast.Attribute
        mentions = [one for one in self.program.mentions.get(function.name, []) if isinstance(one, written)]
        if function.name == "__init__" or len(mentions) > MAX_MENTIONS:
            return
        for mention in mentions:
            call = self.source.parents.get(mention)
            if isinstance(call, ast.Call) and call.func is mention:
                yield call

    def _entered(self, function: Function, call: ast.Call, outer: Frame | None) -> Frame | None:
        """The frame of `function` in a call that stands in `outer`, if it is this function that is called."""
        callee = self.of(call.func, outer)
        if isinstance(callee, Partial):
            callee = callee.of
        if not isinstance(callee, Callable) or callee.node is not function:
            return None
        shift = 0 if callee.owner is None or self._static(function) else 1
        given = self.arguments(function, call, outer, shift)
        return self.frame(function, given, callee.frame, callee.owner if shift else None)

    def _uncalled(self, function: Function) -> list[Frame | None]:
        """The frames of a function of which no call is seen, such as a `training_step`."""
        owner = self.source.class_of(function)
        if owner is None:
            return [self.frame(function, {}, around) for around in self.contexts(self.program.scope(function))]
        if self._static(function):
            return [self.frame(function, {})]
        return [self.method_frame(function, one) for one in self.objects(owner)]

    def objects(self, owner: ast.ClassDef) -> list[Object]:
        """The objects of a class, and of those that descend from it, that the file makes; else one made unseen."""
        return self._once(owner, self._objects, lambda: self._made(owner)[:MAX_CONTEXTS] or [Object(owner)])

    def _made(self, owner: ast.ClassDef) -> list[Object]:
        found: list[Object] = []
        for of in self.source.classes:
            mentions = self.program.mentions.get(of.name, [])
            if len(mentions) > MAX_MENTIONS or owner not in self.program.lineage(of):
                continue
            for mention in mentions:
                call = self.source.parents.get(mention)
                if isinstance(call, ast.Call) and call.func is mention:
                    frames = self.contexts(self.program.scope(call))
                    found += [made for frame in frames if (made := Object(of, call, frame)) not in found]
        return found
