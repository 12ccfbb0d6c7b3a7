"""Follows an array back to the random orders that its rows were put into on the way."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.draws import GENERATORS, SEEDING, GeneratorKind, draw_of
from pitfallcheck.lint.flow.evaluation import Evaluation, argument, constant, returned_part
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.tree import walk

KEEPING = words(
    """
    array asarray tensor as_tensor from_numpy FloatTensor LongTensor Tensor constant cast convert_to_tensor expand_dims
    squeeze unsqueeze reshape to_categorical one_hot float32 int64 list tuple copy normalize scale DataFrame Series
    Variable ascontiguousarray
    """
)
KEEPING_METHODS = words(
    """
    astype reshape view float double long int to cuda cpu numpy copy clone unsqueeze squeeze detach to_numpy values
    flatten ravel tolist fit_transform transform drop toarray reset_index type batch prefetch cache requires_grad_
    contiguous fillna
    """
)
SHUFFLES = words("shuffle random_shuffle")
STATES = words("get_state set_state getstate setstate get_rng_state set_rng_state")


@dataclass(frozen=True, slots=True)
class Order:
    """Rows as `base` had them, then put into each of `orders`: the expression that drew it, or the text of its seed.

    `base` is the statement, call or function that made the rows.
    """

    base: ast.AST | None
    orders: tuple[ast.AST | str, ...] = ()
    drawn: tuple[ast.AST, ...] = field(default=(), compare=False)

    def then(self, order: ast.AST | str, drawn: ast.AST) -> Order:
        """The same rows in one more order."""
        return Order(self.base, (*self.orders, order), (*self.drawn, drawn))


class Orders(Evaluation[Order]):
    """The orders that the rows of an expression's value were put into."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.generators = GeneratorKind(program)

    def expression(self, node: ast.expr) -> Order | None:
        match node:
            case ast.Subscript():
                return self._picked(node)
            case ast.BinOp():
                left, right = self.of(node.left), self.of(node.right)
                return left if right is None or left == right else right if left is None else None
            case ast.Call():
                return self._call(node)
        return None

    def _picked(self, node: ast.Subscript) -> Order | None:
        value = node.value
        if isinstance(value, ast.Attribute) and value.attr in ("iloc", "loc"):
            value = value.value
        base = self.of(value)
        index = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        if base is None or isinstance(index, ast.Slice | ast.Constant):
            return base
        if isinstance(index, ast.List) and all(isinstance(one, ast.Constant) for one in index.elts):
            return base
        drawn = self._index(index)
        return None if drawn is None else base.then(*drawn)

    def _index(self, index: ast.expr) -> tuple[ast.AST | str, ast.AST] | None:
        """The order that an array of indices is, and the expression that drew it."""
        made = self.program.origin(index)
        while isinstance(made, ast.Subscript) and isinstance(made.slice, ast.Slice):
            made = self.program.origin(made.value)
        draw = draw_of(self.generators, made)
        if draw is not None and (draw.kind == "order" or draw.size is not None):
            return self.drawn(draw.call), draw.call
        if not isinstance(made, ast.Name | ast.Attribute):
            return None
        return self._shuffled(made)

    def _shuffled(self, node: ast.expr) -> tuple[ast.AST | str, ast.AST] | None:
        """The last shuffle in place of indices that are bound once."""
        roots, changes = self.program.roots(node)
        calls = [change.node for change in changes if isinstance(change.node, ast.Call)]
        if len(roots) != 1 or not calls or len(calls) != len(changes):
            return None
        reaching = [binding for binding in self.program.bindings(node) if binding.node in calls]
        if len(reaching) != 1 or not all(_name(call) in SHUFFLES for call in calls):
            return None
        last = reaching[0].node
        return self.drawn(last), last

    def _call(self, node: ast.Call) -> Order | None:
        called = self.program.called(node)
        last = called.rpartition(".")[2]
        first = node.args[0] if node.args else None
        if called == "sklearn.utils.shuffle" and len(node.args) == 1:
            base = self.of(first)
            return base.then(self._seeded(node, "random_state"), node) if base is not None else None
        draw = draw_of(self.generators, node)
        if draw is not None and draw.kind == "order" and draw.pool is not None and draw.library != "torch":
            base = self.of(draw.pool)
            return base.then(self.drawn(node), node) if base is not None else None
        if called:
            if last in KEEPING and first is not None:
                return self.of(first)
            return Order(node) if last in ("load_data", "read_csv", "load") or "datasets" in called else None
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "sample" and constant(argument(node, None, "frac")) in (1, 1.0):
                base = self.of(node.func.value)
                return base.then(self._seeded(node, "random_state"), node) if base is not None else None
            if node.func.attr in KEEPING_METHODS:
                inner = node.args[0] if node.func.attr in ("fit_transform", "transform") and node.args else None
                return self.of(inner if inner is not None else node.func.value)
        return None

    def _seeded(self, node: ast.Call, name: str) -> ast.AST | str:
        seed = argument(node, None, name)
        return f"{name}={ast.unparse(seed)}" if seed is not None and constant(seed) is not None else node

    def name(self, node: ast.expr) -> Order | None:
        roots, changes = self.program.roots(node)
        if not roots:
            return self.unbound(node)
        found = self.joined(self.bound(binding) for binding in roots)
        if found is None or not changes:
            return found
        for change in sorted(changes, key=lambda change: getattr(change.node, "lineno", 0)):
            if isinstance(change.node, ast.Call) and _name(change.node) in ("append", "extend"):
                # Lists that grow in one block grow alike.
                found = Order(self.program.source.parents.get(self.program.statement(change.node)), found.orders)
                continue
            if not isinstance(change.node, ast.Call) or _name(change.node) not in SHUFFLES:
                return None
            found = found.then(self.drawn(change.node), change.node)
        return found

    def unbound(self, node: ast.expr) -> Order | None:
        if isinstance(node, ast.Attribute) and node.attr in ("values", "data", "target", "T", "targets"):
            return self.of(node.value) if node.attr != "T" else None
        return None

    def part(self, binding: Binding) -> Order | None:
        value = binding.value
        if isinstance(value, ast.Call):
            if self.program.called(value) == "sklearn.utils.shuffle":
                position = binding.place[0]
                base = self.of(value.args[position]) if position < len(value.args) else None
                return base.then(value, value) if base is not None else None
            if "split" in _name(value):
                # Left and right parts of one split belong together, whatever the file does not show of it.
                return Order(binding.node)
            found = self.of(returned_part(self.program, value, binding.place))
            if found is not None and found.orders:
                return found
        return Order(binding.node)

    def bound(self, binding: Binding) -> Order | None:
        found = super().bound(binding)
        if found is None and binding.kind == "value" and isinstance(binding.value, ast.Call | ast.List | ast.ListComp):
            # Made by something that is not followed: rows of its own, which no other name shares.
            return Order(binding.node)
        return found

    def parameter(self, binding: Binding) -> Order | None:
        found = super().parameter(binding)
        return found if found is not None else Order(binding.scope)

    def augmented(self, binding: Binding) -> Order | None:
        return self.of(binding.node.target) if isinstance(binding.node, ast.AugAssign) else None

    # Draws that come out alike.

    def drawn(self, node: ast.AST) -> ast.AST | str:
        """What tells one draw from another: the seed that was set for it, or else the expression itself."""
        if isinstance(node, ast.Call):
            own = node.func.value if isinstance(node.func, ast.Attribute) else None
            if isinstance(own, ast.Call) and self.program.called(own) in GENERATORS and own.args:
                return ast.unparse(own)
            if len(node.args) > 1 and _name(node) in SHUFFLES:
                # random.shuffle(x, lambda: 0.5): a random function of its own.
                return ast.unparse(node.args[1])
        statement = self.program.statement(node)
        block = self._block(statement)
        for before in reversed(block[: block.index(statement)] if statement in block else []):
            seed = self._seed(before)
            if seed is not None:
                return seed
            if any(isinstance(part, ast.Call) and _draws(part) for part in walk(before)):
                break
        return node

    def _block(self, statement: ast.AST) -> list[ast.AST]:
        parent = self.program.source.parents.get(statement)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and statement in block:
                return block
        return []

    def _seed(self, statement: ast.AST) -> str | None:
        """The text of the seed or state that a statement sets or keeps."""
        for part in walk(statement):
            if not isinstance(part, ast.Call):
                continue
            if self.program.called(part) in SEEDING or _name(part) in ("seed", "manual_seed"):
                return ast.unparse(part.args[0]) if part.args else ""
            if _name(part) in STATES:
                if part.args:
                    return ast.unparse(part.args[0])
                target = statement.targets[0] if isinstance(statement, ast.Assign) else part
                return ast.unparse(target)
            if self.program.called(part) in GENERATORS and part.args:
                return ast.unparse(part)
        return None


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _draws(call: ast.Call) -> bool:
    return _name(call) in SHUFFLES or _name(call) in ("permutation", "randperm", "permuted", "sample")
