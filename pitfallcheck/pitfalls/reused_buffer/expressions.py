"""What an expression is worth on one path: which memory it names, and what evaluating it writes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from pitfallcheck.lint.source import Function, Source
from pitfallcheck.pitfalls.reused_buffer import calls, indexing
from pitfallcheck.pitfalls.reused_buffer.scopes import Frame, Root, Scopes
from pitfallcheck.pitfalls.reused_buffer.state import State, aged
from pitfallcheck.pitfalls.reused_buffer.values import (
    SOME_ARRAY,
    UNKNOWN,
    Array,
    Box,
    Constant,
    Kind,
    Memory,
    Number,
    Ring,
    Step,
    Value,
)

LONGEST_DISPLAY = 32
"""A display of more items than this is data, not a batch."""

VIEWING_ATTRIBUTES = frozenset({"T", "mT", "H", "real", "imag", "data", "flat"})


class Evaluator:
    """Evaluates expressions over a State, which it changes as the program would."""

    def __init__(self, source: Source, scopes: Scopes, root: Root) -> None:
        self.source = source
        self.scopes = scopes
        self.origins: dict[str, Value] = {}
        self.labels: dict[Memory, str] = {}
        self.root = root
        self.watched: set[str] = set()

    # What the flow adds: running a function of the file, and handing over.

    def run(self, function: Function, call: ast.Call, given: dict[str, Value], state: State, frame: Frame) -> Value:
        """Run a function of this file and give what it returns."""
        raise NotImplementedError

    def yielded(self, node: ast.Yield, state: State, frame: Frame) -> None:
        """Hand over what `node` yields."""
        raise NotImplementedError

    def write(self, array: Value, node: ast.AST, state: State, *, reorders: bool = False) -> None:
        """Note that evaluating `node` writes into `array`."""
        raise NotImplementedError

    def origin(self, key: str) -> Value:
        """What a variable holds that nothing on the path has bound."""
        raise NotImplementedError

    # Names.

    def key_of(self, node: ast.expr, frame: Frame) -> str | None:
        """The variable that a name, or an attribute of one (`self.x`, `state.x`), is."""
        if isinstance(node, ast.Name):
            return self.scopes.key(node.id, frame)
        if not isinstance(node, ast.Attribute):
            return None
        if isinstance(node.value, ast.Name) and self.scopes.instance(node.value.id, frame.scope) is not None:
            return f"self.{node.attr}"
        base = self.key_of(node.value, frame)
        return None if base is None else f"{base}->{node.attr}"

    def lookup(self, key: str | None, state: State) -> Value:
        """What the variable `key` holds."""
        if key is None:
            return UNKNOWN
        found = state.variables.get(key)
        return self.origin(key) if found is None else found

    def allocate(
        self, node: ast.AST, kind: Kind, state: State, frame: Frame, rank: int | None = None, certain: bool = True
    ) -> Array:
        """A new array, made by `node`."""
        memory = Memory(node, frame.context, frame.settled)
        if not frame.settled:
            state.age(memory)
        return Array((memory,), kind, rank=rank, certain=certain)

    # Expressions.

    def value(self, node: ast.expr | None, state: State, frame: Frame) -> Value:
        """Evaluate `node`."""
        if node is None:
            return UNKNOWN
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            return method(node, state, frame)  # type: ignore[no-any-return]
        self.each(node, state, frame)
        return UNKNOWN

    def each(self, node: ast.AST, state: State, frame: Frame) -> list[Value]:
        """Evaluate the expressions in `node`, for what they do."""
        return self.several(
            [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)], state, frame
        )

    def several(self, nodes: Sequence[ast.expr | None], state: State, frame: Frame) -> list[Value]:
        """Evaluate `nodes` one after the other; an array of one may grow older while a later one is evaluated."""
        values: list[Value] = []
        for node in nodes:
            before = len(state.renewed)
            value = self.value(node, state, frame)
            if renewed := state.renewed[before:]:
                values = [aged(earlier, renewed) for earlier in values]
            values.append(value)
        return values

    def _constant(self, node: ast.Constant, state: State, frame: Frame) -> Value:
        return Constant(node.value)

    def _name(self, node: ast.Name, state: State, frame: Frame) -> Value:
        return self.lookup(self.scopes.key(node.id, frame), state)

    def _lambda(self, node: ast.Lambda, state: State, frame: Frame) -> Value:
        return UNKNOWN

    def _attribute(self, node: ast.Attribute, state: State, frame: Frame) -> Value:
        key = self.key_of(node, frame)
        if key is not None and (key in state.variables or key.startswith("self.")) and "->" not in key:
            return self.lookup(key, state)
        base = self.value(node.value, state, frame)
        if isinstance(base, Array) and node.attr in VIEWING_ATTRIBUTES:
            certain = replace(base, certain=True)
            return certain if node.attr == "data" else certain.viewed(Step(reshaped=node.attr), base.rank)
        if isinstance(base, Box) and node.attr in base.keys:
            return base.item(node.attr)
        if node.attr in ("size", "ndim", "nbytes"):
            return Number()
        return state.variables.get(key, UNKNOWN) if key is not None else UNKNOWN

    def _subscript(self, node: ast.Subscript, state: State, frame: Frame) -> Value:
        base = self.value(node.value, state, frame)
        index = self.value(node.slice, state, frame)
        if isinstance(base, Array):
            return indexing.taken(self, base, node, state, frame)
        if isinstance(base, Box | Ring):
            return indexing.picked(base, index)
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return Number()
        return UNKNOWN

    def _slice(self, node: ast.Slice, state: State, frame: Frame) -> Value:
        self.each(node, state, frame)
        return UNKNOWN

    def _call(self, node: ast.Call, state: State, frame: Frame) -> Value:
        return calls.call(self, node, state, frame)

    def _namedexpr(self, node: ast.NamedExpr, state: State, frame: Frame) -> Value:
        value = self.value(node.value, state, frame)
        self.assign(node.target, value, node, state, frame)
        return value

    def _await(self, node: ast.Await, state: State, frame: Frame) -> Value:
        return self.value(node.value, state, frame)

    def _starred(self, node: ast.Starred, state: State, frame: Frame) -> Value:
        return self.value(node.value, state, frame)

    def _yield(self, node: ast.Yield, state: State, frame: Frame) -> Value:
        self.yielded(node, state, frame)
        return UNKNOWN

    def _ifexp(self, node: ast.IfExp, state: State, frame: Frame) -> Value:
        self.value(node.test, state, frame)
        one, other = self.value(node.body, state, frame), self.value(node.orelse, state, frame)
        return one if one == other else UNKNOWN

    def _binop(self, node: ast.BinOp, state: State, frame: Frame) -> Value:
        left, right = self.several([node.left, node.right], state, frame)
        return self.combined(node, left, right, state, frame)

    def combined(self, node: ast.BinOp | ast.AugAssign, left: Value, right: Value, state: State, frame: Frame) -> Value:
        """What an arithmetic operator makes of two values."""
        for operand in (left, right):
            if isinstance(operand, Array) and operand.kind != "bytes":
                return self.allocate(node, operand.kind, state, frame, operand.rank, certain=bool(operand.rank))
        if isinstance(left, SomeArrayType) or isinstance(right, SomeArrayType):
            return SOME_ARRAY
        if (
            isinstance(node.op, ast.Mult)
            and isinstance(left, Box)
            and isinstance(right, Constant | Number | type(UNKNOWN))
        ):
            return left if len(left.items) == 1 and len(set(left.items)) == 1 else UNKNOWN
        if turns := _turns(node.op, left, right):
            return Number("turn", turns)
        return _counted(node.op, left, right)

    def _unaryop(self, node: ast.UnaryOp, state: State, frame: Frame) -> Value:
        operand = self.value(node.operand, state, frame)
        if isinstance(operand, Array):
            return self.allocate(node, operand.kind, state, frame, operand.rank, certain=bool(operand.rank))
        if isinstance(operand, Constant) and isinstance(node.op, ast.USub) and isinstance(operand.value, int | float):
            return Constant(-operand.value)
        if isinstance(operand, Constant) and isinstance(node.op, ast.Not):
            return Constant(not operand.value)
        return Number() if isinstance(operand, Number) and isinstance(node.op, ast.USub) else UNKNOWN

    def _compare(self, node: ast.Compare, state: State, frame: Frame) -> Value:
        values = self.each(node, state, frame)
        return SOME_ARRAY if any(isinstance(value, Array | SomeArrayType) for value in values) else UNKNOWN

    def _tuple(self, node: ast.Tuple | ast.List, state: State, frame: Frame) -> Value:
        items = self.several(node.elts, state, frame)
        if len(items) > LONGEST_DISPLAY or any(isinstance(element, ast.Starred) for element in node.elts):
            return UNKNOWN
        return Box(tuple(range(len(items))), tuple(items), tuple(node.elts))

    _list = _tuple

    def _dict(self, node: ast.Dict, state: State, frame: Frame) -> Value:
        keys = [self.value(key, state, frame) for key in node.keys]
        items = self.several(node.values, state, frame)
        if len(items) > LONGEST_DISPLAY or not all(isinstance(key, Constant) for key in keys):
            return UNKNOWN
        return Box(tuple(key.value for key in keys if isinstance(key, Constant)), tuple(items), tuple(node.values))

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp, state: State, frame: Frame) -> Value:
        return self._ring(self.comprehended(node.generators, node.elt, state, frame), node.elt, frame)

    _generatorexp = _listcomp

    def _dictcomp(self, node: ast.DictComp, state: State, frame: Frame) -> Value:
        return self._ring(self.comprehended(node.generators, node.value, state, frame), node.value, frame)

    def _ring(self, element: Value, made_by: ast.expr, frame: Frame) -> Value:
        """What a comprehension gives: a ring, if each of its turns makes an array."""
        if not isinstance(element, Array) or element.kind == "bytes":
            return UNKNOWN
        memory = element.memories[0]
        here = any(part is memory.site for part in ast.walk(made_by))
        return Ring(element) if here or len(memory.context) > len(frame.context) else UNKNOWN

    def comprehended(
        self, generators: Sequence[ast.comprehension], element: ast.expr, state: State, frame: Frame
    ) -> Value:
        """Evaluate a comprehension once."""
        for generator in generators:
            self.value(generator.iter, state, frame)
            self.assign(generator.target, UNKNOWN, generator.target, state, frame)
        return self.value(element, state, frame)

    # Targets.

    def assign(self, target: ast.expr, value: Value, node: ast.AST, state: State, frame: Frame) -> None:
        """Store `value` in `target`."""
        if isinstance(target, ast.Tuple | ast.List):
            parts: list[Value] = [UNKNOWN] * len(target.elts)
            if isinstance(value, Box) and len(value.items) == len(parts):
                parts = list(value.items)
            elif isinstance(value, Array) and not any(isinstance(e, ast.Starred) for e in target.elts):
                parts = [indexing.row(value, position) for position in range(len(parts))]
            for element, part in zip(target.elts, parts, strict=True):
                self.assign(element, part, node, state, frame)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, UNKNOWN, node, state, frame)
        elif isinstance(target, ast.Subscript):
            self._store(target, value, node, state, frame)
        else:
            if isinstance(target, ast.Attribute) and target.attr in ("data", "real", "imag", "flat"):
                base = self.value(target.value, state, frame)
                if isinstance(base, Array):
                    self.write(base, node, state)
                    return
            key = self.key_of(target, frame)
            if key is not None:
                self.label(value, self.scopes.text(target), frame)
                state.bind(key, value)

    def _store(self, target: ast.Subscript, value: Value, node: ast.AST, state: State, frame: Frame) -> None:
        base = self.value(target.value, state, frame)
        index = self.value(target.slice, state, frame)
        if isinstance(base, Array):
            self.write(indexing.region(self, base, target, state, frame), node, state)
        elif isinstance(base, Box) and (key := self.key_of(target.value, frame)) is not None:
            if isinstance(index, Constant) and index.value in base.keys:
                items = [value if k == index.value else item for k, item in zip(base.keys, base.items, strict=True)]
                state.bind(key, replace(base, items=tuple(items)))
            elif isinstance(index, Constant) and isinstance(index.value, str):
                nodes = (*base.nodes, target)
                state.bind(key, Box((*base.keys, index.value), (*base.items, value), nodes))
            else:
                state.bind(key, UNKNOWN)
        elif isinstance(base, Ring) and (key := self.key_of(target.value, frame)) is not None:
            state.bind(key, UNKNOWN)

    def label(self, value: Value, name: str, frame: Frame) -> None:
        """Remember what the user calls the memory of `value`: its first name, but none inside a helper."""
        if isinstance(value, Array) and not frame.context:
            for memory in value.memories:
                self.labels.setdefault(replace(memory, slot=None, age=0), name)
        elif isinstance(value, Ring):
            self.label(value.element, name, frame)
        elif isinstance(value, Box):
            for item in value.items:
                self.label(item, name, frame)

    def label_of(self, memory: Memory) -> str | None:
        """What the user calls `memory`, if it has a name."""
        return self.labels.get(replace(memory, slot=None, age=0))


SomeArrayType = type(SOME_ARRAY)


def _whole_number(value: Value) -> bool:
    return isinstance(value, Number) or (isinstance(value, Constant) and type(value.value) is int)


def _counted(operator: ast.operator, left: Value, right: Value) -> Value:
    """The sum of two whole numbers: near 0 the number itself, above that one that is surely not 0."""
    if not (_whole_number(left) and _whole_number(right)) or isinstance(operator, ast.Div):
        return UNKNOWN
    step = right.value if isinstance(right, Constant) else None
    if isinstance(operator, ast.Add) and isinstance(step, int) and step > 0:
        if isinstance(left, Constant) and isinstance(left.value, int):
            total = left.value + step
            return Constant(total) if total <= 1 else Number("later")
        if isinstance(left, Number) and left.which in ("first", "later"):
            return Number("later")
    return Number()


MOST_TURNS = 16
"""A ring of more elements than this is taken for a store in which every element has its place."""


def _turns(operator: ast.operator, left: Value, right: Value) -> int:
    """How many values an index goes round, 0 for one that does not: `k % 2`, `k & 1`, `1 - k`, `k ^ 1`."""
    if isinstance(operator, ast.Mod):
        if isinstance(right, Constant) and type(right.value) is int and right.value <= MOST_TURNS:
            return max(right.value, 1)
        return 0
    if isinstance(operator, ast.BitAnd | ast.BitXor):
        return 2 if right == Constant(1) else 0
    flips = isinstance(operator, ast.Sub) and left == Constant(1)
    return 2 if flips and right in (Constant(0), Constant(1), Number("turn")) else 0
