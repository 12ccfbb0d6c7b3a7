"""Follows branches: tests that a path can decide, tests nobody can, exceptions, and the doubt that skipping leaves."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pitfallcheck.pitfalls.reused_buffer.outcome import Outcome
from pitfallcheck.pitfalls.reused_buffer.scopes import Frame
from pitfallcheck.pitfalls.reused_buffer.state import State
from pitfallcheck.pitfalls.reused_buffer.values import UNKNOWN, Array, Box, Constant, Number, Ring, Value

if TYPE_CHECKING:
    from pitfallcheck.pitfalls.reused_buffer.flow import Flow


def branch(flow: Flow, node: ast.If, state: State, frame: Frame) -> Outcome:
    """Follow an `if`: the arm its test decides for, or both."""
    decided = truth(flow, node.test, state, frame)
    outcome = Outcome()
    for taken, arm, other in ((True, node.body, node.orelse), (False, node.orelse, node.body)):
        if decided is (not taken):
            continue
        path = state.copy() if decided is None else state
        if decided is None:
            assume(flow, node.test, taken, path, frame)
            skip(flow, other, path, frame, 2 if is_option(node.test) else 1)
        if taken and (finished := _last_turn(flow, node)) is not None:
            path.variables[last_turn_key(finished)] = Constant(True)
        done = flow.block(arm, [path], frame)
        outcome.ended += done.ended
        outcome.take(done)
    return outcome


def last_turn_key(loop: ast.For) -> str:
    """The variable that says, while it is set, that the turn of `loop` at hand is its last."""
    return f"!last {loop.lineno}:{loop.col_offset}"


def _last_turn(flow: Flow, node: ast.If) -> ast.For | None:
    """The loop `for i in range(n)` around `node` whose last turn it tests for (`i == n - 1`), if it is one."""
    test = node.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return None
    sides = {ast.unparse(test.left), ast.unparse(test.comparators[0])}
    parent = flow.source.parents.get(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
        if isinstance(parent, ast.For) and isinstance(parent.iter, ast.Call) and parent.iter.args:
            counter = parent.target.elts[0] if isinstance(parent.target, ast.Tuple) else parent.target
            name, called = ast.unparse(counter), ast.unparse(parent.iter.func)
            bound = parent.iter.args[0]
            end = f"len({ast.unparse(bound)})" if called == "enumerate" else ast.unparse(bound)
            if len(parent.iter.args) == 1 and sides in ({name, f"{end} - 1"}, {f"{name} + 1", end}):
                return parent
        parent = flow.source.parents.get(parent)
    return None


def choice(flow: Flow, node: ast.Assign, state: State, frame: Frame) -> Outcome:
    """Follow `x = a if test else b` as the branch it is."""
    assert isinstance(node.value, ast.IfExp)
    arms = [ast.copy_location(ast.Assign(node.targets, value), node) for value in (node.value.body, node.value.orelse)]
    return branch(flow, ast.copy_location(ast.If(node.value.test, [arms[0]], [arms[1]]), node), state, frame)


def attempt(flow: Flow, node: ast.Try | ast.TryStar, state: State, frame: Frame) -> Outcome:
    """Follow a `try`: an exception may come before and after each of its statements."""
    outcome, failing = Outcome(), [state.copy()]
    states = [state]
    for statement in node.body:
        done = flow.block([statement], states, frame)
        outcome.take(done)
        states = done.ended
        failing += [path.copy() for path in states]
    failing += outcome.raised
    if node.handlers:
        outcome.raised = []
    finished = flow.block(node.orelse, states, frame)
    outcome.take(finished)
    outcome.ended = finished.ended
    for handler in node.handlers:
        paths = [path.copy() for path in failing]
        for path in paths:
            skip(flow, node.body, path, frame, 2)
            if handler.name and (key := flow.scopes.key(handler.name, frame)) is not None:
                path.bind(key, UNKNOWN)
        done = flow.block(handler.body, paths, frame)
        outcome.ended += done.ended
        outcome.take(done)
    return _finally(flow, node.finalbody, outcome, frame) if node.finalbody else outcome


def _finally(flow: Flow, body: list[ast.stmt], before: Outcome, frame: Frame) -> Outcome:
    done = flow.block(body, before.ended, frame)
    outcome = Outcome(ended=done.ended)
    outcome.take(done)
    outcome.broke += flow.block(body, before.broke, frame).ended
    outcome.continued += flow.block(body, before.continued, frame).ended
    outcome.raised += flow.block(body, before.raised, frame).ended
    for state, value in before.returned:
        outcome.returned += [(after, value) for after in flow.block(body, [state], frame).ended]
    return outcome


def match(flow: Flow, node: ast.Match, state: State, frame: Frame) -> Outcome:
    """Follow a `match`: any case, or none."""
    flow.value(node.subject, state, frame)
    outcome = Outcome()
    everything = [statement for case in node.cases for statement in case.body]
    for case in node.cases:
        path = state.copy()
        skip(flow, [other for other in everything if other not in case.body], path, frame, 1)
        done = flow.block(case.body, [path], frame)
        outcome.ended += done.ended
        outcome.take(done)
    last = node.cases[-1]
    if not (isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None):
        skip(flow, everything, state, frame, 1)
        outcome.ended.append(state)
    return outcome


def skip(flow: Flow, statements: Iterable[ast.stmt], state: State, frame: Frame, degree: int) -> None:
    """Leave `statements` out, and doubt what was handed out of the variables that they may bind anew."""
    if state.handed:
        stored = (target for statement in statements for target in flow.scopes.stores(statement))
        keys = {key for target in stored if (key := flow.key_of(target, frame)) is not None}
        state.doubt([flow.lookup(key, state) for key in keys], degree)


def is_option(test: ast.expr) -> bool:
    """Whether a test only asks for a setting (`if self.copy`), which its author knows the meaning of."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return is_option(test.operand)
    return isinstance(test, ast.Name | ast.Attribute)


def truth(flow: Flow, test: ast.expr, state: State, frame: Frame) -> bool | None:
    """Whether `test` holds on this path; None where that is open."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = truth(flow, test.operand, state, frame)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        parts = [truth(flow, part, state, frame) for part in test.values]
        decisive = isinstance(test.op, ast.Or)
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left = flow.value(test.left, state, frame)
        right = flow.value(test.comparators[0], state, frame)
        known = _compared(test.ops[0], left, right)
    else:
        known = _truthy(flow.value(test, state, frame))
    return flow.decision(test, state, frame) if known is None else known


def _truthy(value: Value) -> bool | None:
    if isinstance(value, Constant):
        return bool(value.value)
    if isinstance(value, Number) and value.which in ("first", "later"):
        return value.which == "later"
    return bool(value.items) if isinstance(value, Box) else None


def _compared(operator: ast.cmpop, left: Value, right: Value) -> bool | None:
    if isinstance(operator, ast.NotEq | ast.IsNot):
        same = _same(left, right)
        return None if same is None else not same
    if isinstance(operator, ast.Eq | ast.Is):
        return _same(left, right)
    zero = Constant(0)
    left = zero if left == Number("first") else left
    if left == Number("later") and right == zero:
        return {ast.Gt: True, ast.GtE: True, ast.Lt: False, ast.LtE: False}.get(type(operator))
    if isinstance(left, Constant) and isinstance(right, Constant):
        one, other = left.value, right.value
        if type(one) is int and type(other) is int:
            if isinstance(operator, ast.Lt | ast.LtE):
                return one < other if isinstance(operator, ast.Lt) else one <= other
            if isinstance(operator, ast.Gt | ast.GtE):
                return one > other if isinstance(operator, ast.Gt) else one >= other
    return None


def _same(left: Value, right: Value) -> bool | None:
    known = (Array, Box, Ring, Number, Constant)
    if isinstance(left, Constant) and isinstance(right, Constant):
        return left.value == right.value and type(left.value) is type(right.value)
    none = Constant(None)
    if (left == none and isinstance(right, known)) or (right == none and isinstance(left, known)):
        return False
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Number) and isinstance(other, Constant) and other.value == 0:
            return {"first": True, "later": False}.get(one.which)
    return None


def assume(flow: Flow, test: ast.expr, taken: bool, state: State, frame: Frame) -> None:
    """Remember on a path which way an open test went, so that the same test goes the same way."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        assume(flow, test.operand, not taken, state, frame)
    elif isinstance(test, ast.BoolOp):
        if taken is isinstance(test.op, ast.And):
            for part in test.values:
                assume(flow, part, taken, state, frame)
    elif isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Is):
        key = flow.key_of(test.left, frame)
        if key is not None and taken and isinstance(test.comparators[0], ast.Constant):
            state.bind(key, Constant(test.comparators[0].value))
            return
        flow.remember(test, taken, state, frame)
    else:
        flow.remember(test, taken, state, frame)
