"""Follows an expression back, through names, helpers and loops of the file, to the numbers that it visibly holds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from types import EllipsisType

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.draws import GeneratorKind
from pitfallcheck.lint.flow.evaluation import Evaluation, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.reaching import Bindings
from pitfallcheck.lint.scaling.arithmetic import combined, number
from pitfallcheck.lint.scaling.values import Bunch, Each, Parts, Plain, Span, Value, agreed, item, part
from pitfallcheck.lint.source import Function, own_nodes

DEPTH = 5
"""Functions of the file that are followed into each other."""

LITERALS = 3
"""Numbers that a list must at least have to be taken for data."""


class Ranges(Evaluation[Value]):
    """The numbers that expressions hold; `given` says what the parameters of a function hold in one call of it.

    `held` says of some bindings what they hold, whatever is written there.
    """

    def __init__(
        self,
        program: Program,
        given: Mapping[ast.AST, Value] | None = None,
        depth: int = 0,
        held: Mapping[Binding, Value] | None = None,
    ) -> None:
        super().__init__(program)
        self.given = given or {}
        self.held = held or {}
        self.depth = depth
        self.generators = GeneratorKind(program)

    def call(self, node: ast.Call) -> Value:
        """What a call returns."""
        raise NotImplementedError

    def number(self, node: ast.expr | None) -> float | None:
        """The number that an expression visibly is, also one that the function which it stands in is given."""
        found = number(self.program, node)
        if found is None and isinstance(node, ast.Name):
            value = self.of(node)
            return value.number if isinstance(value, Plain) else None
        return found

    def expression(self, node: ast.expr) -> Value:
        match node:
            case ast.Call():
                return self.call(node)
            case ast.BinOp():
                sides = (node.left, node.right)
                return combined(self.program, node.op, self.of(node.left), self.of(node.right), sides, node)
            case ast.UnaryOp(op=ast.USub()):
                return self.of(node.operand)
            case ast.List() | ast.Tuple():
                return self._listed(node)
            case ast.ListComp() | ast.GeneratorExp():
                found = self.of(node.elt)
                return found if isinstance(found, Span) else Each(found) if found is not None else None
            case ast.Subscript():
                return self._subscript(node)
            case ast.IfExp():
                return agreed((self.of(node.body), self.of(node.orelse)))
            case ast.NamedExpr():
                return self.of(node.value)
        return None

    def _listed(self, node: ast.List | ast.Tuple) -> Value:
        numbers: list[float] = []
        if isinstance(node, ast.List) and _numbers(node, numbers):
            if len(numbers) < LITERALS:
                return None
            low, high = min(numbers), max(numbers)
            return Span("numbers", low, high, node, f"the list holds numbers from {low:g} to {high:g}")
        if any(isinstance(one, ast.Starred) for one in node.elts):
            return None
        return Parts(tuple(self.of(one) for one in node.elts))

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.of(node.value)
        if isinstance(base, Bunch):
            key = constant(node.slice)
            key = key.decode("ascii", "replace") if isinstance(key, bytes) else str(key)
            return {"data": base.data, "target": base.target, "labels": base.target}.get(key)
        index = constant(node.slice)
        if isinstance(base, Parts):
            if isinstance(index, int):
                return part(base, (index,))
            return None
        if isinstance(base, Each):
            return base if isinstance(node.slice, ast.Slice) else base.item
        if isinstance(base, Span) and base.kind == "numbers" and isinstance(index, int):
            # One number, or one row, of many: its own range is narrower than that of all.
            return None
        if isinstance(base, Span) and base.kind == "features" and not _most_columns(node):
            return None
        return base

    # Names.

    def name(self, node: ast.expr) -> Value:
        roots, changes = self.program.roots(node)
        if not roots:
            return self.unbound(node)
        if isinstance(node, ast.Attribute):
            # An attribute is told by all that the class binds it to: `self.x = np.array(self.x)` says nothing new.
            roots = frozenset(root for root in roots if root.value is None or not self.program.inside(node, root.value))
        return agreed(tuple(self._grown(roots, changes)))

    def _grown(self, roots: Bindings, changes: Bindings) -> Iterator[Value]:
        """What a name may hold, a list or a buffer also after things were put into it."""
        empty = False
        for binding in roots:
            if _is_list(self.program, binding.value):
                empty = True
                yield self._filled(binding)
            elif not changes or not _is_empty(self.program, binding.value):
                yield self.bound(binding)
        for change in changes:
            put = self._put(change)
            if put is not ... and not (empty and isinstance(change.node, ast.Call)):
                yield put

    def _filled(self, root: Binding) -> Value:
        """What an empty list holds once everything was appended to it, wherever in the file that is done."""
        found: list[Value] = []
        for mention in self.program.mentions.get(root.name.rpartition(".")[2], []):
            above = self.program.source.parents.get(mention)
            call = self.program.source.parents.get(above) if isinstance(above, ast.Attribute) else None
            if not isinstance(call, ast.Call) or not isinstance(above, ast.Attribute) or call.func is not above:
                continue
            if above.attr in ("append", "extend", "insert") and self._is_of(mention, root):
                found.append(self._appended(call, above.attr))
        return agreed(tuple(found))

    def _is_of(self, mention: ast.expr, root: Binding) -> bool:
        """Whether a name, where it is mentioned, stands for the list that `root` made."""
        roots = self.program.roots(mention)[0]
        if roots or isinstance(mention, ast.Attribute):
            return root in roots
        # A function that only appends to a list of the module binds no such name of its own.
        own = self.program.reaching(self.program.scope(mention)).all.get(root.name, [])
        return isinstance(root.scope, ast.Module) and all(binding.kind == "changed" for binding in own)

    def _appended(self, call: ast.Call, method: str) -> Value:
        if len(call.args) != 1:
            return None
        value = self.of(call.args[0])
        if method == "extend" or isinstance(value, Span):
            return value
        return Each(value) if method == "append" and value is not None else None

    def _put(self, change: Binding) -> Value | EllipsisType:
        """What one change puts into its object; `...` where it only moves what is there."""
        node = change.node
        if isinstance(node, ast.Call):
            method = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if method in ("shuffle", "sort", "reverse", "random_shuffle"):
                return ...
            return self._appended(node, method)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
            value = self.of(node.value)
            return value if isinstance(value, Span) else None
        return None

    def unbound(self, node: ast.expr) -> Value:
        """An attribute of a value: the arrays of a data set, or a view of an array."""
        if not isinstance(node, ast.Attribute):
            return None
        base = self.of(node.value)
        if isinstance(base, Bunch):
            return {"data": base.data, "images": base.data, "target": base.target}.get(node.attr)
        if isinstance(base, Span) and node.attr in ("T", "values", "data", "mT", "iloc", "loc", "array"):
            return base
        return None

    def bound(self, binding: Binding) -> Value:
        return self.held[binding] if binding in self.held else super().bound(binding)

    def part(self, binding: Binding) -> Value:
        return part(self.of(binding.value), binding.place)

    def item(self, binding: Binding) -> Value:
        return part(item(self.of(binding.value)), binding.place)

    def augmented(self, binding: Binding) -> Value:
        node = binding.node
        if not isinstance(node, ast.AugAssign):
            return None
        sides = (node.target, node.value)
        return combined(self.program, node.op, self.of(node.target), self.of(node.value), sides, node)

    def parameter(self, binding: Binding) -> Value:
        if binding.node in self.given:
            return self.given[binding.node]
        return super().parameter(binding)

    def given_by(self, node: ast.expr | None) -> Value:
        """What a parameter holds that is given `node`."""
        value = self.of(node)
        if value is None and (known := self.number(node)) is not None:
            return Plain(known)
        return value

    def joined(self, found: Iterable[Value]) -> Value:
        return agreed(tuple(found))

    # Functions of the file.

    def applied(self, function: Function | ast.Lambda, given: Mapping[ast.AST, Value]) -> Value:
        """What a function of the file returns, or yields again and again, where its parameters hold `given`."""
        if self.depth >= DEPTH:
            return None
        inner = type(self)(self.program, {**self.given, **given}, self.depth + 1, self.held)
        if isinstance(function, ast.Lambda):
            return inner.of(function.body)
        own = list(own_nodes(function))
        yields = [node.value for node in own if isinstance(node, ast.Yield)]
        if yields:
            each = agreed(tuple(inner.of(value) for value in yields))
            return Each(each) if each is not None else None
        returns = [node.value for node in own if isinstance(node, ast.Return)]
        return agreed(tuple(inner.of(value) for value in returns)) if returns else None

    def function_of(self, node: ast.expr) -> Function | ast.Lambda | None:
        """The function or lambda of the file that is handed over by `node`."""
        node = self.program.origin(node)
        if isinstance(node, ast.Lambda):
            return node
        bound = self.program.sole(node)
        made = bound.node if bound is not None else None
        return made if isinstance(made, ast.FunctionDef) else None


def parameters(function: Function | ast.Lambda) -> list[ast.arg]:
    """The parameters of a function that may be given by position."""
    return [*function.args.posonlyargs, *function.args.args]


def _numbers(node: ast.expr, found: list[float]) -> bool:
    """Gathers the numbers of a nested list; False where it holds anything else."""
    if isinstance(node, ast.List | ast.Tuple):
        return all(_numbers(one, found) for one in node.elts)
    value = constant(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    found.append(float(value))
    return True


def _most_columns(node: ast.Subscript) -> bool:
    """Whether a part of a table has its columns from the first or second on: one column alone may be any of them."""
    at = node.slice
    if isinstance(at, ast.Slice):
        return True
    if not isinstance(at, ast.Tuple) or len(at.elts) != 2 or not isinstance(at.elts[1], ast.Slice):
        return not isinstance(at, ast.Constant | ast.List | ast.Tuple)
    part = at.elts[1]
    first = 0 if part.lower is None else constant(part.lower)
    last = None if part.upper is None else constant(part.upper)
    return first in (0, 1) and (last is None or (isinstance(last, int) and (last < 0 or last > 5)))


def _is_list(program: Program, node: ast.expr | None) -> bool:
    """Whether an empty list is made."""
    if isinstance(node, ast.Call):
        return program.called(node) == "list" and not node.args
    return isinstance(node, ast.List) and not node.elts


def _is_empty(program: Program, node: ast.expr | None) -> bool:
    """Whether something is made to be filled: an empty list, zeros, uninitialised memory."""
    if isinstance(node, ast.List):
        return not node.elts
    called = program.called(node) if isinstance(node, ast.Call) else ""
    return called.rpartition(".")[2] in ("zeros", "empty", "list", "zeros_like", "empty_like", "ndarray")
