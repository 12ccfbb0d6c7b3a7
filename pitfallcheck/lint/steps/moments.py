"""Walks a scope in the order in which it runs, through the functions of the file, and lists what trains."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from pitfallcheck.lint.flow.bindings import Loop, dotted
from pitfallcheck.lint.source import Function, Scope
from pitfallcheck.lint.steps.acts import (
    CLIPPING,
    HARMLESS,
    TELLING,
    TELLING_METHOD,
    Condition,
    Kind,
    Moment,
    moved_by_gradient,
    name_of,
    overwrites_gradient,
    written_gradient,
)
from pitfallcheck.lint.steps.things import Frame, Things, receiver
from pitfallcheck.lint.tree import children

DEPTH = 6
"""Calls within calls that are followed."""

MAX_MOMENTS = 400
"""After which a walk ends; a training program has some dozens."""

ENGINE = re.compile(r"accelerator|fabric|engine|trainer|strategy|^self$|model|optim|scaler", re.IGNORECASE)
"""What the objects are called that run a backward pass for the loss they are given."""

QUIET = frozenset({"torch.no_grad", "torch.inference_mode"})


class Walk:
    """One walk through a scope; `moments` is what it found."""

    def __init__(self, things: Things, scope: Scope) -> None:
        self.things = things
        self.program = things.program
        self.moments: list[Moment] = []
        self._frame: Frame | None = None
        self._loops: tuple[ast.AST, ...] = ()
        self._conditions: tuple[Condition, ...] = ()
        self._quiet = False
        self._active: list[Function] = []
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            self._active.append(scope)
            self._quiet = self._is_quiet_function(scope)
            if self._may_repeat(scope):
                self._loops = (scope,)
        if not isinstance(scope, ast.Lambda | ast.ClassDef):
            self._block(scope.body)

    def _may_repeat(self, scope: Function) -> bool:
        """Whether somebody outside the file may call a function again and again: nobody in the file calls it."""
        return scope.name not in ("main", "__init__")

    # Statements.

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        before = self._conditions
        for statement in statements:
            if len(self.moments) > MAX_MOMENTS:
                return
            self._statement(statement)
            if isinstance(statement, ast.If):
                # Behind `if bad: continue` runs only what is not bad.
                for branch, body in enumerate((statement.body, statement.orelse)):
                    if body and jumps(body):
                        self._conditions = (*self._conditions, (statement, 1 - branch))
        self._conditions = before

    def _under(self, condition: Condition, statements: Sequence[ast.stmt]) -> None:
        before = self._conditions
        self._conditions = (*before, condition)
        self._block(statements)
        self._conditions = before

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return
            case ast.If():
                if _is_main(node.test):
                    self._block(node.body)
                    return
                self._expression(node.test)
                self._under((node, 0), node.body)
                self._under((node, 1), node.orelse)
            case ast.For() | ast.AsyncFor():
                self._expression(node.iter)
                self._turns(node, node.body)
                self._block(node.orelse)
            case ast.While():
                self._turns(node, node.body, node.test)
                self._block(node.orelse)
            case ast.With() | ast.AsyncWith():
                before = self._quiet
                for item in node.items:
                    self._expression(item.context_expr)
                    self._quiet = self._quiet or self._is_quiet(item.context_expr)
                self._block(node.body)
                self._quiet = before
            case ast.Try() | ast.TryStar():
                self._block(node.body)
                for number, handler in enumerate(node.handlers):
                    self._under((handler, number), handler.body)
                self._block(node.orelse)
                self._block(node.finalbody)
            case ast.Match():
                self._expression(node.subject)
                for number, case in enumerate(node.cases):
                    self._under((node, number), case.body)
            case _:
                for child in children(node):
                    self._expression(child)
                kind = written_gradient(node)
                if kind is not None:
                    self._add(kind, node, None)
                tensor = moved_by_gradient(node)
                if tensor is not None:
                    self._add("moved", node, tensor)

    def _turns(self, node: Loop, body: Sequence[ast.stmt], test: ast.expr | None = None) -> None:
        before = self._loops
        self._loops = (*before, node)
        if test is not None:
            self._expression(test)
        self._block(body)
        self._loops = before

    # Expressions.

    def _expression(self, node: ast.AST) -> None:
        if isinstance(node, ast.Lambda):
            return
        if isinstance(node, ast.IfExp):
            self._expression(node.test)
            before = self._conditions
            for branch, part in enumerate((node.body, node.orelse)):
                self._conditions = (*before, (node, branch))
                self._expression(part)
            self._conditions = before
            return
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            before_loops = self._loops
            self._loops = (*before_loops, node)
            for child in children(node):
                self._expression(child)
            self._loops = before_loops
            return
        for child in children(node):
            self._expression(child)
        if isinstance(node, ast.Call):
            self._call(node)

    def _call(self, call: ast.Call) -> None:
        kind = overwrites_gradient(call)
        if kind is not None:
            self._add(kind, call, None)
            return
        function = self._function(call)
        if function is not None:
            self._enter(function, call)
            return
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        subject = receiver(call)
        match attribute:
            case "backward":
                self._add("backward", call, self._loss(call, subject))
            case "manual_backward":
                self._add("backward", call, call.args[0] if call.args else None)
            case "zero_grad":
                self._add("clear", call, subject)
            case "step":
                self._step(call, subject)
            case "optimizer_step" if call.args:
                self._add("step", call, call.args[0])
            case "train":
                mode = call.args[0] if call.args else None
                off = isinstance(mode, ast.Constant) and mode.value is False
                self._add("eval" if off else "train", call, subject)
            case "eval":
                self._add("eval", call, subject)
            case _:
                self._other(call)

    def _loss(self, call: ast.Call, subject: ast.expr | None) -> ast.expr | None:
        """The loss of `loss.backward()`, of `scaler.scale(loss).backward()` and of `engine.backward(loss)`."""
        if isinstance(subject, ast.Call) and subject.args and name_of(subject) == "scale":
            return subject.args[0]
        owner = (dotted(subject) or "").rpartition(".")[2] if subject is not None else ""
        return call.args[0] if call.args and ENGINE.search(owner) else subject

    def _step(self, call: ast.Call, subject: ast.expr | None) -> None:
        if subject is None:
            return
        if self.things.is_scheduler(subject, self._frame):
            self._add("schedule", call, subject)
            return
        first = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "closure"), None)
        if first is not None and self.things.may_be_optimizer(first):
            self._add("step", call, first)  # `scaler.step(optimizer)`
            return
        if first is not None:
            bound = self.program.sole(first)
            closure = bound.node if bound is not None else None
            if isinstance(closure, ast.FunctionDef) and closure not in self._active:
                self._enter(closure, call)
            else:
                self._add("unknown", call, subject)
        self._add("step", call, subject)

    def _other(self, call: ast.Call) -> None:
        """A call of what the file does not show; of interest if its name says that it may train."""
        if isinstance(call.func, ast.Name | ast.Attribute) and self._is_network(call.func):
            self._add("forward", call, call.func)
            return
        if isinstance(call.func, ast.Name | ast.Attribute) and self.things.maker_elsewhere(call.func, self._frame):
            self._add("hidden", call, call.func)
            return
        name = name_of(call)
        if name in CLIPPING:
            self._add("clip", call, call.args[0] if call.args else None)
            return
        known = self.program.called(call)
        if known.startswith("torch.") and not known.startswith("torch.autograd"):
            return
        if (
            known in {"setattr", "torch.autograd.backward"}
            or "autograd.grad" in known
            or self._telling(call).search(name)
            or (not HARMLESS.search(name) and self._given_whole(call))
        ):
            self._add("unknown", call, None)

    def _is_network(self, called: ast.expr) -> bool:
        """Whether a call is a forward pass of a network that the file shows."""
        made = self.things.module(called, self._frame)
        if made is None:
            return False
        return isinstance(made, ast.ClassDef) or not name_of(made).endswith("Loss")

    def _telling(self, call: ast.Call) -> re.Pattern[str]:
        """What names are telling: those of methods of other objects than `self` are less so."""
        owner = receiver(call)
        own = (isinstance(owner, ast.Name) and owner.id == "self") or (
            isinstance(owner, ast.Call) and name_of(owner) == "super"
        )
        return TELLING if owner is None or own else TELLING_METHOD

    def _given_whole(self, call: ast.Call) -> bool:
        """Whether a function gets an optimizer or `self`, by which it can reach every gradient."""
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        return any(
            isinstance(value, ast.Name | ast.Attribute)
            and (
                self.things.may_be_optimizer(value)
                or (isinstance(value, ast.Name) and value.id in ("self", "model", "net", "trainer"))
            )
            for value in values
        )

    # Functions of the file.

    def _function(self, call: ast.Call) -> Function | None:
        function = self.program.function(call)
        if function is None and isinstance(call.func, ast.Name | ast.Attribute):
            made = self.things.makers(call.func, self._frame)
            if made is not None and len(made) == 1 and isinstance(made[0].node, ast.Call):
                cls = made[0].node.func
                owner = self.program.classes.get(cls.id) if isinstance(cls, ast.Name) else None
                if owner is not None and not self.things.is_module(owner):
                    function = self.program.method(owner, "__call__")
        return function

    def _enter(self, function: Function, call: ast.Call) -> None:
        if function in self._active or len(self._active) > DEPTH:
            return
        before = self._frame, self._quiet, self._conditions
        self._active.append(function)
        self._frame = Frame(function, call, self._frame)
        self._quiet = self._quiet or self._is_quiet_function(function)
        self._block(function.body)
        self._frame, self._quiet, self._conditions = before
        self._active.pop()

    def _is_quiet_function(self, function: Function) -> bool:
        return any(self._is_quiet(decorator) for decorator in function.decorator_list)

    def _is_quiet(self, node: ast.expr) -> bool:
        called = node.func if isinstance(node, ast.Call) else node
        return self.program.qualify(called) in QUIET and not (isinstance(node, ast.Call) and node.args)

    def _add(self, kind: Kind, node: ast.expr | ast.stmt, subject: ast.expr | None) -> None:
        at = len(self.moments)
        self.moments.append(Moment(kind, node, subject, self._frame, at, self._loops, self._conditions, self._quiet))


def jumps(body: Sequence[ast.stmt]) -> bool:
    """Whether control does not get past the end of `body`."""
    return bool(body) and isinstance(body[-1], ast.Continue | ast.Break | ast.Return | ast.Raise)


def _is_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`."""
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
