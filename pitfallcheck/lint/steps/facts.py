"""The training steps of a file, walked once for all rules that ask about them."""

from __future__ import annotations

import ast
from functools import lru_cache

from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.source import Scope, Source
from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.moments import Walk
from pitfallcheck.lint.steps.things import Key, Things

FRAMEWORKS = ("torch", "pytorch_lightning", "lightning", "accelerate", "transformers")
TRAINING = frozenset({"backward", "zero_grad", "step", "manual_backward", "grad", "eval", "train", "optimizer_step"})


class Steps:
    """What trains in one file: `walks` holds, for each scope that nothing in the file calls, its acts in order."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.program: Program = program_of(source)
        self.things = Things(self.program)
        self.walks: list[tuple[Scope, list[Moment]]] = []
        if source.names.imports(*FRAMEWORKS):
            for scope in self._roots():
                moments = Walk(self.things, scope).moments
                if moments:
                    self.walks.append((scope, moments))

    def _roots(self) -> list[Scope]:
        """The module, and the functions that nothing in the file calls."""
        roots: list[Scope] = [self.source.tree]
        for function in self.source.functions:
            calls, _ = self.program.calls(function)
            if not calls and not self._is_closure(function):
                roots.append(function)
        return roots

    def _is_closure(self, function: ast.AST) -> bool:
        """Whether a function is defined in another one, whose walk says more about it."""
        return isinstance(function, ast.FunctionDef) and isinstance(self.source.scope_of(function), ast.FunctionDef)

    # Questions about moments.

    def key(self, moment: Moment) -> Key:
        """The object that an act is done to."""
        return self.things.key(moment.subject, moment.frame) if moment.subject is not None else None

    def is_optimizer(self, moment: Moment) -> bool:
        """Whether the file shows the subject to be an optimizer."""
        return moment.subject is not None and self.things.is_optimizer(moment.subject, moment.frame)

    def held(self, moment: Moment) -> frozenset[Key] | None:
        """What the optimizer that is the subject was made from."""
        return self.things.held(moment.subject, moment.frame) if moment.subject is not None else None

    def concerns(self, clear: Moment, step: Moment) -> bool | None:
        """Whether a clearing surely (True), surely not (False) or perhaps (None) clears what `step` moves."""
        if clear.subject is None:
            return None
        key = self.key(clear)
        if key == self.key(step):
            return True
        held = self.held(step)
        if held is None:
            return None
        if self.is_optimizer(clear):
            other = self.held(clear)
            return None if other is None or other & held else False
        if key in held:
            return True if len(held) == 1 else None
        shown = self.things.module(clear.subject, clear.frame) is not None
        named = isinstance(key, tuple) and key[0] != "self"
        return False if shown and named and not any(_within(key, one) for one in held) else None

    def loop_of(self, step: Moment, backwards: list[Moment]) -> ast.AST | None:
        """The innermost loop in which both the step and a backward run."""
        for loop in reversed(step.loops):
            if any(one.within(loop) for one in backwards):
                return loop
        return None


def _within(key: Key, other: Key) -> bool:
    """Whether an object may be a part of another one, or the other of it."""
    return any(
        isinstance(one, tuple) and any(part == two or (isinstance(part, tuple) and _within(part, two)) for part in one)
        for one, two in ((key, other), (other, key))
    )


@lru_cache(maxsize=1)
def steps_of(source: Source) -> Steps:
    """The training steps of `source`; one walk for all rules that ask, one after the other, about the same file."""
    return Steps(source)


def attribute_statements(source: Source, names: frozenset[str]) -> list[ast.Attribute]:
    """The statements that name a method and do not call it: `optimizer.step`."""
    return [
        node.value
        for node in source.nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Attribute) and node.value.attr in names
    ]
