"""Evaluates expressions to what they visibly are."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import replace

from pitfallcheck.lint.names import CANONICAL
from pitfallcheck.lint.shapes import algebra
from pitfallcheck.lint.shapes.facts import Facts
from pitfallcheck.lint.shapes.pairing import pairing_of
from pitfallcheck.lint.shapes.state import State
from pitfallcheck.lint.shapes.values import (
    Array,
    Batches,
    Class,
    Constant,
    Function,
    Instance,
    Items,
    Library,
    Number,
    Value,
    join,
)
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import children

COUNT = re.compile(r"^(n|N|bs|num|batch_?size|count|length|epochs?)$|^(n|num|nb)_|_(size|count|samples|len|steps|dim)$")
"""Names that hold a number rather than a shape, wherever they come from."""

UNKNOWN_BOUND = "?"


class Expressions:
    """The part of the walk that looks at expressions; calls are followed by the part that inherits from it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.facts = Facts()
        self.state = State()
        self.closure: dict[str, Value] = {}
        self.module: dict[str, Value] = {}
        self.entered: list[ast.AST] = []
        self.returned: list[tuple[ast.expr, Value]] = []
        self.shared = {
            name for node in source.nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names
        }

    def call(self, node: ast.Call) -> Value:
        """What a call returns."""
        raise NotImplementedError

    def value(self, node: ast.expr | None) -> Value:
        """What `node` visibly is; also notes what happens inside it."""
        if node is None:
            return None
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            return method(node)  # type: ignore[no-any-return]
        for child in children(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return None

    def lookup(self, name: str) -> Value:
        """The value a name has here."""
        if name in self.shared:
            return None
        for names in (self.state.names, self.closure, self.module):
            if name in names:
                found = names[name]
                return Number() if found is None and COUNT.search(name) else found
        known = self.source.names.qualify(ast.Name(name, ast.Load()))
        if known is not None:
            return Library(known)
        if hasattr(builtins, name):
            return Library(f"builtins.{name}")
        return Number() if COUNT.search(name) else None

    def items_of(self, value: Value) -> Value:
        """What a loop over `value` meets."""
        if isinstance(value, Array) and value.dims and not value.open:
            return replace(value, dims=value.dims[1:])
        if isinstance(value, Batches):
            return value.each
        if isinstance(value, Items) and value.values:
            met = value.values[0]
            for other in value.values[1:]:
                met = join(met, other)
            return met
        return None

    def attribute(self, base: Value, name: str) -> Value:
        """The attribute `name` of a value that is known."""
        if isinstance(base, Library):
            known = canonical(f"{base.name}.{name}")
            return Constant(None) if known.endswith(".newaxis") else Library(known)
        if isinstance(base, Instance):
            if (base, name) in self.state.attributes:
                return self.state.attributes[base, name]
            method = self.method(base.of, name)
            return Function(method, {}, base) if method is not None else None
        if isinstance(base, Array):
            if name == "shape" and not base.open:
                return Items(tuple(Number(dim) for dim in base.dims))
            if name in ("T", "mT") and not base.open:
                return replace(base, dims=base.dims[::-1])
            if name in ("data", "real", "grad", "imag"):
                return base
            return Number() if name in ("ndim", "size", "itemsize") else None
        return None

    def method(self, of: Class, name: str) -> ast.FunctionDef | None:
        """The method `name` of a class, or of a class of the file that it descends from."""
        for statement in of.node.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == name:
                return statement
        for base in of.node.bases:
            above = self.lookup(base.id) if isinstance(base, ast.Name) else None
            if isinstance(above, Class) and above.node is not of.node:
                return self.method(above, name)
        return None

    def compared(self, node: ast.expr, left: ast.expr, right: ast.expr, one: Value, other: Value) -> Value:
        """The result of an elementwise operation, marked where it compares all pairs by accident."""
        result = algebra.broadcast(one, other)
        pairing = pairing_of(node, left, right, one, other)
        if pairing is None:
            return result
        return replace(result or Array((None, None)), pairing=pairing)

    def bind(self, target: ast.expr, value: Value, node: ast.expr | None = None) -> None:
        """`target = value`."""
        if isinstance(target, ast.Name):
            self.state.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            parts: list[Value] = [None] * len(target.elts)
            if isinstance(value, Items) and len(value.values) == len(parts):
                parts = list(value.values)
            elif isinstance(value, Array):
                parts = [self.items_of(value)] * len(parts)
            starred = any(isinstance(part, ast.Starred) for part in target.elts)
            for part, one in zip(target.elts, parts, strict=True):
                self.bind(part, None if starred else one)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, None)
        elif isinstance(target, ast.Attribute):
            base = self.value(target.value)
            if isinstance(base, Instance):
                self.state.attributes[base, target.attr] = value
            elif target.attr == "shape":
                self.state.replace(base, None)
        elif isinstance(target, ast.Subscript):
            base = self.value(target.value)
            self.value(target.slice)
            if isinstance(base, Items):
                self.state.replace(base, None)

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            return Constant(node.value)
        return Number(node.value if isinstance(node.value, int) else None)

    def _name(self, node: ast.Name) -> Value:
        return self.lookup(node.id)

    def _attribute(self, node: ast.Attribute) -> Value:
        return self.attribute(self.value(node.value), node.attr)

    def _call(self, node: ast.Call) -> Value:
        return self.call(node)

    def _namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.bind(node.target, value)
        return value

    def _ifexp(self, node: ast.IfExp) -> Value:
        self.value(node.test)
        return join(self.value(node.body), self.value(node.orelse))

    def _lambda(self, node: ast.Lambda) -> Value:
        return Function(node, self.visible())

    def visible(self) -> dict[str, Value]:
        """The names that a function made here can see, the module's own aside."""
        return {**self.closure, **self.state.names} if self.entered else {}

    def _tuple(self, node: ast.Tuple | ast.List) -> Value:
        values = [self.value(item) for item in node.elts]
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return None
        return Items(tuple(values), tuple(node.elts))

    def _list(self, node: ast.List) -> Value:
        items = self._tuple(node) if node.elts else None
        return replace(items, listed=True) if isinstance(items, Items) else None

    def _dict(self, node: ast.Dict) -> Value:
        values = tuple(self.value(value) for value in node.values)
        keys = tuple(key.value for key in node.keys if isinstance(key, ast.Constant))
        return Items(values, tuple(node.values), keys) if values and len(keys) == len(values) else None

    def _listcomp(self, node: ast.ListComp) -> Value:
        before = dict(self.state.names)
        for clause in node.generators:
            self.bind(clause.target, self.items_of(self.value(clause.iter)))
        each = self.value(node.elt)
        self.state.names = before
        return Batches(each)

    def _generatorexp(self, node: ast.GeneratorExp) -> Value:
        before = dict(self.state.names)
        for clause in node.generators:
            self.bind(clause.target, self.items_of(self.value(clause.iter)))
        self.value(node.elt)
        self.state.names = before
        return None

    def _slice(self, node: ast.Slice) -> Value:
        return Constant(slice(*(self._bound(bound) for bound in (node.lower, node.upper, node.step))))

    def _bound(self, node: ast.expr | None) -> int | str | None:
        if node is None:
            return None
        value = self.value(node)
        return value.value if isinstance(value, Number) and value.value is not None else UNKNOWN_BOUND

    def _subscript(self, node: ast.Subscript) -> Value:
        base, index = self.value(node.value), self.value(node.slice)
        if isinstance(base, Array):
            return algebra.index(base, index)
        return _item(base, index) if isinstance(base, Items) else None

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(value, Number):
            negated = isinstance(node.op, ast.USub) and value.value is not None
            return Number(-value.value) if negated and value.value is not None else Number()
        return value if isinstance(value, Array) and not isinstance(node.op, ast.Not) else None

    def _compare(self, node: ast.Compare) -> Value:
        values = [self.value(part) for part in (node.left, *node.comparators)]
        return algebra.broadcast(values[0], values[1]) if len(values) == 2 else None

    def _binop(self, node: ast.BinOp) -> Value:
        one, other = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.MatMult):
            return algebra.matmul(one, other)
        if isinstance(one, Number) and isinstance(other, Number):
            return Number(_whole(node.op, one.value, other.value))
        if isinstance(one, Items) or isinstance(other, Items):
            if isinstance(one, Items) and isinstance(other, Items) and isinstance(node.op, ast.Add):
                return replace(one, values=one.values + other.values, nodes=())
            return None
        if isinstance(node.op, ast.Sub) or (isinstance(node.op, ast.Mult) and _takes_log(node)):
            return self.compared(node, node.left, node.right, one, other)
        return algebra.broadcast(one, other)


def _item(items: Items, index: Value) -> Value:
    """What indexing a tuple, a list or a dictionary gives."""
    if items.keys:
        known = isinstance(index, Constant) and isinstance(index.value, str) and index.value in items.keys
        return items.values[items.keys.index(index.value)] if known and isinstance(index, Constant) else None
    if isinstance(index, Number) and index.value is not None:
        return items.values[index.value] if -len(items.values) <= index.value < len(items.values) else None
    if isinstance(index, Constant) and isinstance(index.value, slice):
        bounds = (index.value.start, index.value.stop, index.value.step)
        return None if UNKNOWN_BOUND in bounds else Items(items.values[index.value])
    return None


def _whole(operation: ast.operator, one: int | None, other: int | None) -> int | None:
    """Integer arithmetic on numbers that the file states."""
    if one is None or other is None:
        return None
    if isinstance(operation, ast.Add):
        return one + other
    if isinstance(operation, ast.Sub):
        return one - other
    if isinstance(operation, ast.Mult):
        return one * other
    return one // other if isinstance(operation, ast.FloorDiv) and other else None


def _takes_log(node: ast.BinOp) -> bool:
    """Whether a product is a term of a cross-entropy written by hand."""
    for side in (node.left, node.right):
        if isinstance(side, ast.Call):
            name = side.func.attr if isinstance(side.func, ast.Attribute) else getattr(side.func, "id", "")
            if name == "log":
                return True
    return False


def canonical(dotted: str) -> str:
    """The one name of a thing that can be imported from several places."""
    for prefix, short in CANONICAL:
        if dotted.startswith(prefix):
            return short + dotted[len(prefix) :]
    return dotted
