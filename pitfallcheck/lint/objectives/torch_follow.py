"""Follows the names of a torch program backwards, through its functions, objects and attributes, to what they are."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.objectives.torch_frames import Frames
from pitfallcheck.lint.objectives.torch_values import (
    Callable,
    Class,
    Const,
    Frame,
    Items,
    Library,
    Object,
    Stack,
    Table,
    Value,
    joined,
)
from pitfallcheck.lint.source import Function


@dataclass(frozen=True, slots=True)
class SharedOut:
    """A softmax that was met on the way: applied by `node` to `given`, along `axis` or an `implicit` one."""

    node: ast.expr
    axis: int | None
    implicit: bool
    given: Output | None


class Follow(Frames):
    """The values of one file's expressions, each in the call of the function that it stands in."""

    def __init__(self, program: Program, *, strict: bool = False) -> None:
        """With `strict`, probabilities that something keeps away from 0 and 1 are no longer known as such."""
        super().__init__(program)
        self.strict = strict
        self.softmaxes: list[SharedOut] = []
        self._known: dict[tuple[ast.AST, Frame | None], Value] = {}

    def call(self, node: ast.Call, frame: Frame | None) -> Value:
        """What a call returns."""
        raise NotImplementedError

    def subscript(self, node: ast.Subscript, frame: Frame | None) -> Value:
        """What an index gives."""
        raise NotImplementedError

    def operation(self, node: ast.BinOp, frame: Frame | None) -> Value:
        """What an operator gives."""
        raise NotImplementedError

    def shared_out(self, node: ast.expr, given: Value, axis: int | None, *, implicit: bool) -> None:
        """Notes a softmax that `node` applies along `axis`, which torch chooses where it is `implicit`."""
        tensor = given if isinstance(given, Output) else None
        self.softmaxes.append(SharedOut(node, axis, implicit, tensor))

    def met(self, binding: Binding, frame: Frame | None) -> Value:
        """What a loop over `binding.value` meets, where all that it meets is the same."""
        return None

    def of(self, node: ast.expr | None, frame: Frame | None) -> Value:
        """The value of an expression."""
        if node is None:
            return None
        key = (node, frame)
        if key not in self._known:
            self._known[key] = None
            self._known[key] = self._evaluated(node, frame)
        return self._known[key]

    def _evaluated(self, node: ast.expr, frame: Frame | None) -> Value:
        match node:
            case ast.Constant():
                return Const(node.value)
            case ast.Name() | ast.Attribute():
                return self._name(node, frame)
            case ast.Call():
                return self.call(node, frame)
            case ast.Tuple() | ast.List():
                return self._items(node.elts, frame)
            case ast.ListComp():
                return Items((self.of(node.elt, frame),))
            case ast.Dict():
                keys = [constant(key) for key in node.keys]
                return None if ... in keys else Table(
                    tuple((key, self.of(value, frame)) for key, value in zip(keys, node.values, strict=True))
                )  # fmt: skip
            case ast.Subscript():
                return self.subscript(node, frame)
            case ast.BinOp():
                return self.operation(node, frame)
            case ast.UnaryOp():
                value = constant(node)
                return Const(value) if value is not ... else None
            case ast.IfExp():
                sides = (node.body, node.orelse)
                return joined([self.of(side, frame) for side in sides if not self.never(side, frame)])
            case ast.Lambda():
                return Callable(node, frame)
            case ast.NamedExpr() | ast.Await():
                return self.of(node.value, frame)
        return None

    def _items(self, nodes: Iterable[ast.expr], frame: Frame | None) -> Value:
        found: list[Value] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                inner = self.of(node.value, frame)
                if not isinstance(inner, Items):
                    return None
                found.extend(inner.values)
            else:
                found.append(self.of(node, frame))
        return Items(tuple(found))

    # Names.

    def _name(self, node: ast.Name | ast.Attribute, frame: Frame | None) -> Value:
        bindings = self.program.reaching(self.program.scope(node)).at.get(node) or frozenset[Binding]()
        if isinstance(node, ast.Attribute):
            if bindings:
                return self._joined(bindings, frame)
            imported = self.source.qualify(node)
            if imported is not None:
                return Library(imported)
            return self.attribute(self.of(node.value, frame), node.attr)
        bindings = self.program.bindings(node)
        if not bindings or all(isinstance(bound.node, ast.Import | ast.ImportFrom) for bound in bindings):
            imported = self.source.qualify(node)
            return Library(imported) if imported is not None else None
        return self._joined(bindings, frame)

    def _joined(self, bindings: Iterable[Binding], frame: Frame | None) -> Value:
        alive = [bound for bound in bindings if not self.never(bound.node, frame)]
        alive = self._overruled(self._without_placeholders(alive), frame)
        return joined([self.bound(bound, frame) for bound in sorted(alive, key=_line)])

    def _overruled(self, bindings: list[Binding], frame: Frame | None) -> list[Binding]:
        """The bindings without those that a branch surely taken, or a loop over known modules, makes anew."""
        for bound in bindings if len(bindings) > 1 else ():
            block = self.source.parents.get(bound.node)
            if isinstance(block, ast.For):
                runs = isinstance(self.of(block.iter, frame), Stack)
            else:
                runs = isinstance(block, ast.If) and self.truth(block.test, frame) is (bound.node in block.body)
            if runs and block is not None:
                return [other for other in bindings if self.program.inside(other.node, block)]
        return bindings

    def _without_placeholders(self, bindings: list[Binding]) -> list[Binding]:
        """The bindings without `self.model = None`, unless there is nothing else."""
        kept = [bound for bound in bindings if not (bound.kind == "value" and constant(bound.value) is None)]
        return kept or bindings

    def bound(self, binding: Binding, frame: Frame | None) -> Value:
        """The value that a name has from one binding, seen from `frame`."""
        inside = self._frame_of(binding, frame)
        match binding.kind:
            case "value":
                return self.of(binding.value, inside)
            case "part":
                return self.part(self.of(binding.value, inside), binding.place)
            case "parameter":
                return inside.given.get(binding.name) if inside is not None else None
            case "item":
                return self.met(binding, inside)
            case "changed":
                return None
            case "opaque":
                if isinstance(binding.node, ast.ClassDef):
                    return Class(binding.node)
                if isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef):
                    return Callable(binding.node, inside)
        return None

    def part(self, value: Value, place: tuple[int, ...]) -> Value:
        """The item of a value at the positions `place`."""
        for position in place:
            if not isinstance(value, Items) or position >= len(value.values):
                return None
            value = value.values[position]
        return value

    def _frame_of(self, binding: Binding, frame: Frame | None) -> Frame | None:
        """The frame, from `frame` outwards, in which a binding was made; None for the module's."""
        if isinstance(binding.scope, ast.Module | ast.ClassDef):
            return None
        arguments = self.source.parents.get(binding.node)
        while frame is not None:
            if frame.function is binding.scope and not self._of_lambda(arguments):
                return frame
            if frame.function.args is arguments:
                return frame
            frame = frame.around
        return self.frame(binding.scope, {})

    def _of_lambda(self, arguments: ast.AST | None) -> bool:
        return isinstance(arguments, ast.arguments) and isinstance(self.source.parents[arguments], ast.Lambda)

    # Attributes.

    @cached_property
    def set_outside(self) -> frozenset[str]:
        """The attributes that are set on something else than `self`: what `__init__` says of them may not hold."""
        return frozenset(
            node.attr
            for node in self.source.nodes
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and not (isinstance(node.value, ast.Name) and node.value.id == "self")
        )

    def attribute(self, owner: Value, name: str) -> Value:
        """The attribute of an object of the file."""
        if isinstance(owner, Stack) and name.isdigit():
            return owner.parts[int(name)] if int(name) < len(owner.parts) else None
        if isinstance(owner, Table):
            return next((value for key, value in owner.items if key == name), None)
        if not isinstance(owner, Object):
            return None
        method = self.program.method(owner.of, name)
        if method is not None:
            return Callable(method, None, owner)
        if name in self.set_outside:
            return None
        found = []
        for binding in self._without_placeholders(self.program.attribute(owner.of, name)):
            scope = binding.scope
            frame = self.method_frame(scope, owner) if isinstance(scope, ast.FunctionDef) else None
            if not self.never(binding.node, frame):
                found.append(self.bound(binding, frame))
        return joined(found)

    def method_frame(self, method: Function, owner: Object) -> Frame:
        """The frame of a method of `owner`; that of its `__init__` has what the object is made with."""
        if method.name == "__init__" and owner.node is not None and method is self.program.method(owner.of, "__init__"):
            given = self.arguments(method, owner.node, owner.frame, shift=1)
        else:
            given = {}
        return self.frame(method, given, None, owner)


def _line(binding: Binding) -> int:
    """Where a binding stands; a clause of a comprehension has no line."""
    return getattr(binding.node, "lineno", 0)
