"""Evaluates expressions to a property of their value: chases names to their bindings, and joins what is found."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Generic, TypeVar

from pitfallcheck.lint.flow.bindings import NAMES, Binding
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import own_nodes

T = TypeVar("T")


class Evaluation(Generic[T]):
    """A property of values, asked for on demand; None is unknown.

    What inherits says what an `expression` has that is no name, and what of a binding that is not a plain value.
    An expression that depends on itself (`x = x[1:]` in a loop) is unknown.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._known: dict[ast.AST, T | None] = {}

    def of(self, node: ast.expr | None) -> T | None:
        """The property of the value of `node`."""
        if node is None:
            return None
        if node not in self._known:
            self._known[node] = None
            self._known[node] = self.name(node) if isinstance(node, NAMES) else self.expression(node)
        return self._known[node]

    def expression(self, node: ast.expr) -> T | None:
        """The property of an expression that is neither a name nor an attribute."""
        raise NotImplementedError

    def name(self, node: ast.expr) -> T | None:
        """The property of a name or an attribute: what all the bindings that it can have agree on."""
        bindings = self.program.bindings(node)
        if not bindings:
            return self.unbound(node)
        return self.joined(self.bound(binding) for binding in bindings)

    def unbound(self, node: ast.expr) -> T | None:
        """The property of a name or attribute that nothing in the file binds."""
        return None

    def bound(self, binding: Binding) -> T | None:
        """The property that a name has from one binding."""
        match binding.kind:
            case "value":
                return self.of(binding.value)
            case "part":
                return self.part(binding)
            case "item":
                return self.item(binding)
            case "parameter":
                return self.parameter(binding)
            case "changed":
                return self.changed(binding)
            case "augmented":
                return self.augmented(binding)
        return None

    def part(self, binding: Binding) -> T | None:
        """The property of what is unpacked from a value."""
        return None

    def item(self, binding: Binding) -> T | None:
        """The property of what a loop meets."""
        return None

    def parameter(self, binding: Binding) -> T | None:
        """The property of a parameter: what all calls in the file agree on, if they are all there is."""
        arguments = self.program.arguments(binding)
        if arguments is None or not arguments.complete:
            return None
        return self.joined(self.of(argument) for argument in arguments.given)

    def changed(self, binding: Binding) -> T | None:
        """The property of an object after it was changed in place."""
        return None

    def augmented(self, binding: Binding) -> T | None:
        """The property of a name after `x += value`."""
        return None

    def joined(self, found: Iterable[T | None]) -> T | None:
        """What is known of a value that is one of several: nothing, unless they agree."""
        alternatives = list(found)
        first = alternatives[0] if alternatives else None
        return first if all(other == first for other in alternatives) else None


def returned_part(program: Program, call: ast.Call, place: tuple[int, ...]) -> ast.expr | None:
    """What a function of the file with one `return` has at `place` of it: `x` of `x, y = load()`, all without one."""
    function = program.function(call)
    if function is None or len(place) > 1 or function.name == "__init__":
        return None
    returns = [node.value for node in own_nodes(function) if isinstance(node, ast.Return)]
    only = returns[0] if len(returns) == 1 else None
    if not place:
        return only
    return only.elts[place[0]] if isinstance(only, ast.Tuple) and place[0] < len(only.elts) else None


def argument(call: ast.Call, position: int | None, *names: str) -> ast.expr | None:
    """The argument at `position` or under one of `names`, if it is written down."""
    for keyword in call.keywords:
        if keyword.arg in names:
            return keyword.value
    if position is not None and position < len(call.args):
        before = call.args[: position + 1]
        return None if any(isinstance(one, ast.Starred) for one in before) else call.args[position]
    return None


def constant(node: ast.AST | None) -> object:
    """The number, string, boolean or None that is written down; `...` where none is."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = constant(node.operand)
        return -value if isinstance(value, int | float) else ...
    return node.value if isinstance(node, ast.Constant) else ...
