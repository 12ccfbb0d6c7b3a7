"""Keeps the calls of functions of a torch program apart: what each is given and returns, which branches it takes."""

from __future__ import annotations

import ast

from pitfallcheck.lint.flow.bindings import NAMES
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.objectives.torch_branches import never_runs
from pitfallcheck.lint.objectives.torch_values import Callable, Class, Const, Frame, Object, Stack, Value, joined
from pitfallcheck.lint.source import Function, own_nodes

MAX_DEPTH = 12
MAX_FRAMES = 400
"""Calls that are followed in one file; a network with its training takes a few dozen."""

OBJECTS = Object | Stack | Output | Callable | Class
"""Values that are true in a test."""


class Frames:
    """The calls of one file's functions, each with its arguments."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.source = program.source
        self._frames: dict[tuple[object, ...], Frame] = {}
        self._depth = 0

    def of(self, node: ast.expr | None, frame: Frame | None) -> Value:
        """The value of an expression."""
        raise NotImplementedError

    # Calls of functions of the file.

    def frame(
        self,
        function: Function | ast.Lambda,
        given: dict[str, Value],
        around: Frame | None = None,
        owner: Object | None = None,
    ) -> Frame:
        """The frame for these arguments; the same for the same."""
        if owner is not None and function.args.args:
            given = {**given, function.args.args[0].arg: owner}
        key = (function, around, *sorted(given.items(), key=lambda item: item[0]))
        if key not in self._frames:
            self._frames[key] = Frame(function, given, around)
        return self._frames[key]

    def arguments(
        self, function: Function | ast.Lambda, call: ast.Call, frame: Frame | None, shift: int = 0
    ) -> dict[str, Value]:
        """The parameters of a function for a call of it that stands in `frame`; unknown ones are left out."""
        listed = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)][shift:]
        given: dict[str, Value] = self._defaults(function)
        for name, node in zip(listed, call.args, strict=False):
            if isinstance(node, ast.Starred):
                return {}
            given[name] = self.of(node, frame)
        for keyword in call.keywords:
            if keyword.arg is None:
                return {}
            given[keyword.arg] = self.of(keyword.value, frame)
        return given

    def _defaults(self, function: Function | ast.Lambda) -> dict[str, Value]:
        listed = [*function.args.posonlyargs, *function.args.args]
        behind = listed[len(listed) - len(function.args.defaults) :]
        pairs = zip(behind, function.args.defaults, strict=True)
        given = {argument.arg: self.of(node, None) for argument, node in pairs}
        for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
            if default is not None:
                given[argument.arg] = self.of(default, None)
        return given

    def run(self, frame: Frame) -> Value:
        """What a function of the file returns in this frame."""
        if self._depth >= MAX_DEPTH or len(self._frames) > MAX_FRAMES:
            return None
        self._depth += 1
        try:
            return self._returned(frame)
        finally:
            self._depth -= 1

    def _returned(self, frame: Frame) -> Value:
        if isinstance(frame.function, ast.Lambda):
            return self.of(frame.function.body, frame)
        returned = []
        for node in own_nodes(frame.function):
            if isinstance(node, ast.Yield | ast.YieldFrom):
                return None
            if isinstance(node, ast.Return) and not self.never(node, frame):
                returned.append(node)
        return joined([self.of(node.value, frame) for node in sorted(returned, key=lambda node: node.lineno)])

    # Branches.

    def never(self, node: ast.AST, frame: Frame | None) -> bool:
        """Whether a training never gets to `node`."""
        return never_runs(self.source, node, lambda test: self.truth(test, frame))

    def truth(self, test: ast.expr, frame: Frame | None) -> bool | None:
        """Whether a test holds while training."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self.truth(test.operand, frame)
            return None if inner is None else not inner
        if isinstance(test, ast.Attribute) and test.attr == "training":
            return True
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._compared(test, frame)
        value = self.of(test, frame) if isinstance(test, ast.Constant | NAMES) else None
        return bool(value.value) if isinstance(value, Const) else True if isinstance(value, OBJECTS) else None

    def _compared(self, test: ast.Compare, frame: Frame | None) -> bool | None:
        one, other = self.of(test.left, frame), self.of(test.comparators[0], frame)
        if isinstance(test.ops[0], ast.Is | ast.IsNot) and other == Const(None) and one is not None:
            return (one == other) is isinstance(test.ops[0], ast.Is)
        if isinstance(test.ops[0], ast.Eq | ast.NotEq) and isinstance(one, Const) and isinstance(other, Const):
            return (one == other) is isinstance(test.ops[0], ast.Eq)
        return None
