"""Follows the paths through a function, statement by statement: branches, loops, exceptions, calls of its own file."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace

from pitfallcheck.lint.source import Function, Source
from pitfallcheck.pitfalls.reused_buffer import branches, handover, indexing, loops, origins
from pitfallcheck.pitfalls.reused_buffer.expressions import Evaluator
from pitfallcheck.pitfalls.reused_buffer.outcome import Outcome
from pitfallcheck.pitfalls.reused_buffer.scopes import Frame, Root, Scopes, parameters
from pitfallcheck.pitfalls.reused_buffer.state import Leaf, State
from pitfallcheck.pitfalls.reused_buffer.values import UNKNOWN, Array, Constant, Value

MOST_STEPS = 2500
"""Statements followed in one function, on all paths; beyond it what was seen so far stands."""

MOST_STATES = 32
"""Paths followed side by side; beyond it the rest are left."""


class TooLongError(Exception):
    """The function has more paths than are worth following."""


@dataclass(slots=True)
class Reuse:
    """One leaf of one hand-over whose memory is written again, and by what."""

    leaf: Leaf
    array: Array
    writes: dict[ast.AST, None] = field(default_factory=dict)


class Flow(Evaluator):
    """Follows a generator, a method that hands out by returning, or a script, and collects what is reused."""

    most_steps = MOST_STEPS

    def __init__(self, source: Source, scopes: Scopes, root: Root) -> None:
        super().__init__(source, scopes, root)
        self.frame = Frame(root, "0")
        self.reused: dict[Leaf, Reuse] = {}
        self._steps = 0
        self._pending: set[str] = set()

    def follow_generator(self) -> None:
        """Follow the function from its call to its end."""
        self._follow(lambda state: [state])

    def follow_calls(self) -> None:
        """Follow the method as it is called again and again, on the same object."""

        def again(entry: State) -> list[State]:
            outcome = self.block(self.root.body, [entry], self.frame)
            after = [state for state, _ in outcome.returned] + outcome.ended
            for state in after:
                state.drop_frame(self.frame.key)
                for name in parameters(self.root):
                    if (key := self.scopes.key(name, self.frame)) is not None:
                        state.bind(key, UNKNOWN)
            return after

        self._follow(lambda state: loops.repeat([state], again))

    def _follow(self, start: Callable[[State], list[State]]) -> None:
        try:
            for state in start(State(self.watched)):
                self.block(self.root.body, [state], self.frame)
        except TooLongError:
            return

    # Statements.

    def block(self, statements: Iterable[ast.stmt], states: list[State], frame: Frame) -> Outcome:
        """Follow `statements` from each of `states`."""
        outcome = Outcome(ended=states)
        for statement in statements:
            states, outcome.ended = distinct(outcome.ended)[:MOST_STATES], []
            for state in states:
                self._steps += 1
                if self._steps > self.most_steps:
                    raise TooLongError
                if not frame.context:
                    state.renewed = ()
                done = self._statement(statement, state, frame)
                outcome.ended += done.ended
                outcome.take(done)
        return outcome

    def _statement(self, node: ast.stmt, state: State, frame: Frame) -> Outcome:
        match node:
            case ast.If():
                return branches.branch(self, node, state, frame)
            case ast.While() | ast.For() | ast.AsyncFor():
                return loops.loop(self, node, state, frame)
            case ast.Try() | ast.TryStar():
                return branches.attempt(self, node, state, frame)
            case ast.Match():
                return branches.match(self, node, state, frame)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.value(item.context_expr, state, frame)
                    if item.optional_vars is not None:
                        self.assign(item.optional_vars, UNKNOWN, node, state, frame)
                return self.block(node.body, [state], frame)
            case ast.Return():
                return Outcome(returned=[(state, self._returned(node, state, frame))])
            case ast.Raise():
                self.each(node, state, frame)
                return Outcome(raised=[state])
            case ast.Break():
                return Outcome(broke=[state])
            case ast.Continue():
                return Outcome(continued=[state])
            case ast.Assign() if isinstance(node.value, ast.IfExp):
                return branches.choice(self, node, state, frame)
        self._simple(node, state, frame)
        return Outcome(ended=[state])

    def _returned(self, node: ast.Return, state: State, frame: Frame) -> Value:
        if frame is self.frame and self.root not in self.scopes.generators:
            if node.value is not None:
                self.hand_over(node.value, node, state, frame)
            return UNKNOWN
        return self.value(node.value, state, frame)

    def _simple(self, node: ast.stmt, state: State, frame: Frame) -> None:
        match node:
            case ast.Assign():
                value = self.value(node.value, state, frame)
                for target in node.targets:
                    self.assign(target, value, node, state, frame)
            case ast.AnnAssign() if node.value is not None:
                self.assign(node.target, self.value(node.value, state, frame), node, state, frame)
            case ast.AugAssign():
                self._augmented(node, state, frame)
            case ast.Expr() | ast.Assert():
                self.each(node, state, frame)
            case ast.Delete():
                for target in node.targets:
                    if (key := self.key_of(target, frame)) is not None:
                        state.bind(key, UNKNOWN)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return

    def _augmented(self, node: ast.AugAssign, state: State, frame: Frame) -> None:
        value = self.value(node.value, state, frame)
        if isinstance(node.target, ast.Subscript):
            self.assign(node.target, UNKNOWN, node, state, frame)
            return
        held = self.value(node.target, state, frame)
        if isinstance(held, Array):
            if held.certain and held.kind != "bytes":
                self.write(held, node, state)
                return
            self.assign(node.target, UNKNOWN, node, state, frame)
            return
        self.assign(node.target, self.combined(node, held, value, state, frame), node, state, frame)

    # Writes and hand-overs.

    def write(self, array: Value, node: ast.AST, state: State, *, reorders: bool = False) -> None:
        """Mark every hand-over whose memory this write meets."""
        if not isinstance(array, Array):
            return
        for place, handed in state.handed.items():
            if node in handed.writes or (reorders and not handed.array.whole):
                continue
            doubted = handed.doubt == 2 or (handed.doubt == 1 and handed.leaf.conditional)
            if not doubted and handed.array.meets(array):
                state.handed[place] = replace(handed, writes=handed.writes | {node})

    def yielded(self, node: ast.Yield, state: State, frame: Frame) -> None:
        """Hand over what a `yield` of the function followed gives."""
        if frame is not self.frame:
            self.value(node.value, state, frame)
        elif node.value is not None:
            self.hand_over(node.value, node, state, frame)
        else:
            self._settle(state)

    def hand_over(self, value: ast.expr, node: ast.AST, state: State, frame: Frame) -> None:
        """Hand over each array in `value`; what was written since the last hand-over is now known to be reused."""
        found = list(handover.leaves(self, value, node, state, frame))
        self._settle(state)
        for leaf, array in found:
            state.hand_over(leaf, array)

    def _settle(self, state: State) -> None:
        for place, handed in state.handed.items():
            if not handed.writes:
                continue
            reuse = self.reused.setdefault(handed.leaf, Reuse(handed.leaf, handed.array))
            reuse.writes.update(dict.fromkeys(handed.writes))
            state.handed[place] = replace(handed, writes=frozenset())

    # Open tests that a path has decided once.

    def decision(self, test: ast.expr, state: State, frame: Frame) -> bool | None:
        """How this path decided the same test before, if nothing in it has changed since."""
        key = self._decision_key(test, frame)
        found = state.variables.get(key) if key is not None else None
        return bool(found.value) if isinstance(found, Constant) else None

    def remember(self, test: ast.expr, taken: bool, state: State, frame: Frame) -> None:
        """Note how this path decides a test that stands in the function more than once."""
        if (key := self._decision_key(test, frame)) is not None:
            state.variables[key] = Constant(taken)

    def _decision_key(self, test: ast.expr, frame: Frame) -> str | None:
        text = self.scopes.text(test)
        if self.scopes.tests[text] < 2 or any(isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(test)):
            return None
        return f"?{text}|{'|'.join(sorted(indexing.dependencies(self, test, frame)))}|"

    # Functions of this file, and what was before.

    def run(self, function: Function, call: ast.Call, given: dict[str, Value], state: State, frame: Frame) -> Value:
        """Follow `function`, called with `given`, and go on as any of its paths."""
        if function in self.scopes.generators or _unfit(function):
            return UNKNOWN
        inner = frame.entering(function, call)
        for name in parameters(function):
            if (parameter := self.scopes.key(name, inner)) is not None:
                state.variables[parameter] = given.get(name, UNKNOWN)
        outcome = self.block(function.body, [state.copy()], inner)
        ends = [(done, UNKNOWN) for done in outcome.ended] + outcome.returned
        if not ends:
            return UNKNOWN
        values = {value for _, value in ends}
        for done, _ in ends:
            done.drop_frame(inner.key)
        first = ends[0][0]
        for done, _ in ends[1:]:
            first.merge(done)
        state.variables, state.handed, state.renewed = first.variables, first.handed, first.renewed
        return values.pop() if len(values) == 1 else UNKNOWN

    def origin(self, key: str) -> Value:
        """What a variable holds that no statement followed has bound."""
        if key not in self.origins:
            if key in self._pending:
                return UNKNOWN
            self._pending.add(key)
            self.origins[key] = origins.origin(self, key, self.root)
            self._pending.discard(key)
        return self.origins[key]


def _unfit(function: Function) -> bool:
    """Whether decorators may make something else of a function (compiling it does not)."""
    plain = {"staticmethod", "classmethod", "njit", "jit", "no_grad", "inference_mode", "override", "final"}
    for decorator in function.decorator_list:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        last = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        if last not in plain:
            return True
    return False


def distinct(states: list[State]) -> list[State]:
    """The states without those from which everything goes on as from another."""
    if len(states) < 2:
        return states
    found: dict[Hashable, State] = {}
    for state in states:
        found.setdefault(state.fingerprint(), state)
    return list(found.values())
