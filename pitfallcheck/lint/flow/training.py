"""Follows a value forwards, through names, calls, loops and generators of the file, to where it is learned from."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from pitfallcheck.lint.flow.bindings import NAMES, Binding, dotted, unpacked
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import Function, own_nodes
from pitfallcheck.lint.tree import walk

FITTING = frozenset({"fit", "partial_fit", "train_on_batch", "fit_generator", "minimize"})
"""Methods that learn from what they are given."""

STEPPING = re.compile(r"^(optimi[sz]e|backward|train_\w+|\w*train_step|\w*training_step|sgd\w*|gradient_descent\w*)$")
"""Methods that, by their name, learn from what they are given; taken at their word where their code is not followed."""

RATE = re.compile(r"(^|_)(lr|rate|alpha|eta|epsilon|step|step_?size|learning_?rate|learn_?rate)(_|$)", re.IGNORECASE)
"""What learning rates are called."""

GRADIENTS = frozenset({"jax.grad", "jax.value_and_grad"})
ASIDE = frozenset({"validation_data", "validation_steps", "callbacks", "sample_weight", "class_weight"})
MAX_NODES = 1500
"""Places after which a walk ends; a batch that anything learns from gets there in a few dozen."""


@dataclass(slots=True)
class Uses:
    """Where a value goes: what learns from it, where it is yielded, and which functions of the file it went through."""

    learns: list[ast.AST] = field(default_factory=list)
    yields: list[ast.AST] = field(default_factory=list)


class Forward:
    """One walk forwards from an expression."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.uses = Uses()
        self._read_on_the_way: dict[ast.AST, frozenset[str]] = {}
        self._waiting: list[ast.AST] = []

    def follow(self, node: ast.AST) -> Uses:
        """Every use of the value of `node` that learns, as far as the file shows."""
        self._reach(node, frozenset())
        for _ in range(MAX_NODES):
            if not self._waiting:
                break
            self._step(self._waiting.pop())
        return self.uses

    def _reach(self, node: ast.AST, read: frozenset[str]) -> None:
        known = self._read_on_the_way.get(node)
        if known is None or not read <= known:
            self._read_on_the_way[node] = read | (known or frozenset())
            self._waiting.append(node)

    def _step(self, node: ast.AST) -> None:
        parents = self.program.source.parents
        read = self._read_on_the_way[node]
        at, above = node, parents.get(node)
        while above is not None and not isinstance(above, ast.stmt):
            if isinstance(above, ast.Call):
                if self._called(above, at, read):
                    return
            elif isinstance(above, ast.Yield | ast.YieldFrom):
                self.uses.yields.append(above)
                self._produced(above, read)
                return
            elif isinstance(above, ast.NamedExpr):
                self._bound(above, read | _names(above.value))
            elif isinstance(above, ast.comprehension):
                if at is above.iter:
                    self._bound(above, read | _names(above.iter))
            elif _only_decides(above, at):
                return
            at, above = above, parents.get(above)
        if isinstance(above, ast.stmt):
            self._stated(above, at, read)

    def _stated(self, node: ast.stmt, at: ast.AST, read: frozenset[str]) -> None:
        match node:
            case ast.Assign() | ast.AnnAssign() if at is node.value and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for single, value, _ in unpacked(targets[0], node.value):
                    if isinstance(value, ast.BinOp):
                        self._updated(node, single, value.op, value.right, read, _names(value.left))
                self._bound(node, read | _names(node.value))
            case ast.AugAssign() if at is node.value:
                self._updated(node, node.target, node.op, node.value, read, _stored(node.target))
                self._bound(node, read | _names(node.value))
            case ast.For() | ast.AsyncFor() if at is node.iter:
                self._bound(node, read | _names(node.iter))
            case ast.Return():
                self._produced(node, read)
            case ast.With() | ast.AsyncWith():
                self._bound(node, read)

    def _updated(
        self,
        node: ast.stmt,
        target: ast.expr,
        op: ast.operator,
        step: ast.expr,
        read: frozenset[str],
        old: frozenset[str],
    ) -> None:
        """`w -= rate * gradient`, or `w = w - rate * gradient`, where the gradient was computed with `w`."""
        if isinstance(op, ast.Sub | ast.Add) and _stored(target) & read & old and self._is_step(step):
            self.uses.learns.append(node)

    def _is_step(self, node: ast.expr) -> bool:
        """Whether an expression is a product with a learning rate: a number below 1, or a name that says so."""
        waiting = [self.program.origin(node)]
        while waiting:
            factor = waiting.pop()
            if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Mult | ast.Div | ast.MatMult):
                waiting += [factor.left, factor.right]
            elif isinstance(factor, ast.Call) and isinstance(factor.func, ast.Attribute):
                # `(rate * error * x).mean()`
                waiting.append(factor.func.value)
            elif isinstance(factor, ast.Constant):
                if isinstance(factor.value, float) and 0 < factor.value < 1:
                    return True
            elif isinstance(factor, ast.UnaryOp):
                waiting.append(factor.operand)
            elif isinstance(factor, NAMES) and RATE.search((dotted(factor) or "").rpartition(".")[2]):
                return True
        return False

    def _bound(self, node: ast.AST, read: frozenset[str]) -> None:
        """Go on from every place that reads what `node` binds."""
        for binding in self.program.reaching(self.program.scope(node)).by.get(node, []):
            if binding.kind != "opaque":
                self._read_from(binding, read)

    def _read_from(self, binding: Binding, read: frozenset[str]) -> None:
        for place in self.program.reads(binding):
            self._reach(place, read)
        if "." in binding.name:
            self._attribute(binding, read)

    def _attribute(self, binding: Binding, read: frozenset[str]) -> None:
        """An attribute of an object of the file is read by its other methods."""
        function = binding.scope
        owner = self.program.source.class_of(function) if isinstance(function, ast.FunctionDef) else None
        if owner is None:
            return
        for place in self.program.mentions.get(binding.name.partition(".")[2], []):
            if isinstance(place, ast.Attribute) and binding in self.program.bindings(place):
                self._reach(place, read)

    def _called(self, call: ast.Call, at: ast.AST, read: frozenset[str]) -> bool:
        """What a call does with a value that is its argument or its object; True where the way ends here."""
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if at is call.func:
            if attribute == "backward":
                self.uses.learns.append(call)
            return False
        if isinstance(at, ast.keyword) and at.arg in ASIDE:
            return True
        function = self.program.function(call)
        if function is not None:
            self._entered(function, call, at, read)
            if STEPPING.match(attribute) and not _goes_through_steps(function):
                self.uses.learns.append(call)
        elif attribute and not self.program.called(call):
            if attribute in FITTING or attribute == "gradient" or STEPPING.match(attribute):
                self.uses.learns.append(call)
        elif isinstance(call.func, ast.Name | ast.Call) and self._is_gradient(call.func):
            self.uses.learns.append(call)
        return False

    def _is_gradient(self, node: ast.expr) -> bool:
        made = self.program.origin(node)
        while isinstance(made, ast.Call) and self.program.called(made) not in GRADIENTS and made.args:
            made = self.program.origin(made.args[0])
        return isinstance(made, ast.Call) and self.program.called(made) in GRADIENTS

    def _entered(self, function: Function, call: ast.Call, at: ast.AST, read: frozenset[str]) -> None:
        """Go on in a function of the file, from the parameters that are given the value."""
        for parameter in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
            given = self.program.argument(function, call, parameter.arg)
            if given is at or (isinstance(at, ast.keyword) and given is at.value):
                for binding in self.program.reaching(function).all.get(parameter.arg, []):
                    if binding.node is parameter:
                        self._read_from(binding, read)

    def _produced(self, node: ast.AST, read: frozenset[str]) -> None:
        """What a function returns or yields goes on from its calls; a data set's, from where the set is made."""
        function = self.program.scope(node)
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        owner = self.program.source.class_of(function)
        if owner is not None and function.name in ("__getitem__", "__next__", "__iter__", "__call__"):
            made = self.program.mentions.get(owner.name, [])
            calls = [self.program.source.parents.get(mention) for mention in made]
            for call in calls:
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == owner.name:
                    self._reach(call, read)
            return
        for mention in self.program.mentions.get(function.name, []):
            call = self.program.source.parents.get(mention)
            if isinstance(call, ast.Call) and call.func is mention:
                if self.program.function(call) is function:
                    self._reach(call, read)
            elif isinstance(mention, NAMES) and isinstance(call, ast.Call | ast.keyword):
                # Handed over by name, as to `from_generator`.
                self._reach(mention, read)


def _only_decides(above: ast.AST, at: ast.AST) -> bool:
    """Whether `above` makes no more of `at` than a decision: an index says which samples are learned from."""
    if isinstance(above, ast.Subscript):
        return at is above.slice
    return isinstance(above, ast.Compare | ast.FormattedValue | ast.Lambda) or (
        isinstance(above, ast.IfExp) and at is above.test
    )


def _goes_through_steps(function: Function) -> bool:
    """Whether a function has a loop of its own over a number of steps: then it is a whole training."""
    for node in own_nodes(function):
        over = node.iter if isinstance(node, ast.For) else None
        if isinstance(node, ast.While) or (isinstance(over, ast.Call) and getattr(over.func, "id", "") == "range"):
            return True
    return False


def _names(node: ast.AST) -> frozenset[str]:
    """The variables that an expression reads."""
    return frozenset(name for part in walk(node) if isinstance(part, NAMES) and (name := dotted(part)) is not None)


def _stored(target: ast.expr) -> frozenset[str]:
    """The variables that a target changes."""
    if isinstance(target, ast.Subscript | ast.Starred):
        return _stored(target.value)
    name = dotted(target)
    return frozenset({name}) if name is not None else frozenset()
