"""Follows a value through straight-line code: which affine layers has it gone through, with nothing between them?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.linear_collapse.layers import ACTIVATIONS, Layer, layer_of

RESHAPING = words(
    """
    reshape view flatten to float double astype squeeze unsqueeze ravel contiguous cuda cpu expand_dims asarray
    """
)
"""Functions and methods after which a value is the same, but for its shape or type."""

PRODUCTS = words("dot matmul mm")


@dataclass(frozen=True, slots=True)
class Applied:
    """A layer, or a matrix that is learned, applied by the expression `at`."""

    layer: Layer
    at: ast.expr


@dataclass(frozen=True, slots=True)
class Chain:
    """A value that went through these affine layers, one after the other; `bent` once an activation came after them."""

    steps: tuple[Applied, ...] = ()
    bent: bool = False


Layers = tuple[Layer, ...]
Value = Chain | Layers | None
"""A value that is followed, a layer or a stack of layers, or anything else."""


@dataclass(slots=True)
class Follower:
    """Follows the values of one scope. `attributes` are the layers that `self.` holds, `learned` the matrices.

    `continued` are the layers after which an activation and then another layer came: they are no affine network.
    """

    source: Source
    attributes: Mapping[str, Layers] = field(default_factory=dict)
    learned: Mapping[str, Layer] = field(default_factory=dict)
    names: dict[str, Value] = field(default_factory=dict)
    results: list[Chain] = field(default_factory=list)
    returned: list[Value] = field(default_factory=list)
    continued: set[ast.expr] = field(default_factory=set)
    stacks: Mapping[ast.expr, Layers] = field(default_factory=dict)

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Follows statements; what a branch or a loop binds is unknown behind it."""
        for statement in statements:
            if isinstance(statement, ast.Assign):
                value = self.value(statement.value)
                for target in statement.targets:
                    self._bind(target, value)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self._bind(statement.target, self.value(statement.value))
            elif isinstance(statement, ast.AugAssign):
                self._add(statement)
            elif isinstance(statement, ast.Return):
                self.returned.append(self.value(statement.value) if statement.value else None)
            elif isinstance(statement, ast.Expr):
                self.value(statement.value)
            elif isinstance(statement, ast.For) and self._through_layers(statement):
                continue
            elif isinstance(statement, ast.With):
                self.block(statement.body)
            elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._nested(statement)

    def value(self, node: ast.expr) -> Value:
        """What an expression is."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            if not _is_self(node):
                return None
            return self.names.get(f"self.{node.attr}", self.attributes.get(node.attr))
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return None

    def _bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Attribute) and _is_self(target):
            self.names[f"self.{target.attr}"] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._bind(part, None)

    def _add(self, statement: ast.AugAssign) -> None:
        kept = isinstance(statement.op, ast.Add | ast.Sub) and not isinstance(self.value(statement.value), Chain)
        if isinstance(statement.target, ast.Name) and not kept:
            self.names[statement.target.id] = None

    def _nested(self, statement: ast.stmt) -> None:
        before = dict(self.names)
        for name in ("body", "orelse", "finalbody"):
            self.names = dict(before)
            self.block(getattr(statement, name, []))
        for handler in getattr(statement, "handlers", []):
            self.names = dict(before)
            self.block(handler.body)
        bound = {part.id for part in walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        self.names = {name: value for name, value in before.items() if name not in bound}

    def _through_layers(self, loop: ast.For) -> bool:
        """`for layer in self.layers: x = layer(x)`."""
        layers = self.value(loop.iter)
        if not isinstance(layers, tuple) or not isinstance(loop.target, ast.Name):
            return False
        for layer in layers:
            self.names[loop.target.id] = (layer,)
            self.block(loop.body)
        return True

    def _operation(self, node: ast.BinOp) -> Value:
        left = self.value(node.left)
        if isinstance(node.op, ast.MatMult):
            return self._product(node, left, node.right)
        right = self.value(node.right)
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            chain, other, written = (left, right, node.right) if isinstance(left, Chain) else (right, left, node.left)
            added = isinstance(node.op, ast.Add | ast.Sub) or isinstance(written, ast.Constant)
            if isinstance(chain, Chain) and other is None and added:
                return chain
        return None

    def _product(self, node: ast.expr, given: Value, matrix: ast.expr) -> Value:
        layer = self.learned.get(ast.unparse(matrix))
        if layer is None:
            return None
        return self._apply((layer,), given if isinstance(given, Chain) else Chain(), node)

    def _call(self, node: ast.Call) -> Value:
        made = layer_of(node, self.source)
        if made is not None:
            return Chain() if _is_input(self.source, node) else (made,)
        if node in self.stacks:
            return self.stacks[node]
        args = [self.value(arg) for arg in node.args]
        for keyword in node.keywords:
            self.value(keyword.value)
        callee = self.value(node.func) if isinstance(node.func, ast.Name | ast.Attribute | ast.Call) else None
        if isinstance(callee, tuple):
            first = args[0] if args else None
            return self._apply(callee, first, node) if isinstance(first, Chain) else None
        name = _last_name(node.func)
        if name in PRODUCTS and len(node.args) == 2:
            return self._product(node, args[0], node.args[1])
        receiver = self.value(node.func.value) if isinstance(node.func, ast.Attribute) else None
        if name in PRODUCTS and len(node.args) == 1 and isinstance(node.func, ast.Attribute):
            return self._product(node, receiver, node.args[0])
        chain = next((one for one in (receiver, *args) if isinstance(one, Chain)), None)
        if chain is None:
            return None
        if name in RESHAPING or name == "dropout":
            return chain
        return Chain(chain.steps, bent=True) if name in ACTIVATIONS else None

    def _apply(self, layers: Layers, given: Value, at: ast.expr) -> Value:
        chain = given
        for layer in layers:
            if not isinstance(chain, Chain):
                return None
            if layer.kind == "bent":
                chain = Chain(chain.steps, bent=True)
            elif layer.kind == "affine":
                if chain.bent:
                    self.continued.update(step.layer.node for step in chain.steps)
                    return None
                chain = Chain((*chain.steps, Applied(layer, at)), bent=layer.activated)
        if isinstance(chain, Chain) and len(chain.steps) > 1:
            self.results.append(chain)
        return chain


def learned_matrices(source: Source) -> dict[str, Layer]:
    """The matrices that a file updates by hand, by how it writes them: `w1 -= rate * grad`, `self.w = self.w - ...`.

    Empty for a file that multiplies no matrices.
    """
    written: dict[str, ast.expr] = {}
    if not any(_multiplies(node) for node in source.nodes):
        return {}
    for node in source.nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub | ast.Add):
            _note(written, node.target)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Sub):
            for target in node.targets:
                if _written(target) and _written(target) == _written(node.value.left):
                    _note(written, target)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _trainable(source, node.value):
            for target in node.targets:
                _note(written, target)
    sizes = dict(_sizes(source)) if written else {}
    return {name: Layer("affine", target, *sizes.get(name, ("", ""))) for name, target in written.items()}


def _note(written: dict[str, ast.expr], target: ast.expr) -> None:
    name = _written(target)
    if name:
        written[name] = target


def _written(target: ast.expr) -> str:
    """A name, an attribute of `self`, or an item of one (`params["w1"]`) as it is written; empty for anything else."""
    if isinstance(target, ast.Attribute) and target.attr == "data":
        target = target.value
    inner = target.value if isinstance(target, ast.Subscript) else target
    if isinstance(inner, ast.Name) or (isinstance(inner, ast.Attribute) and _is_self(inner)):
        return ast.unparse(target)
    return ""


def _multiplies(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    return isinstance(node, ast.Call) and _last_name(node.func) in PRODUCTS


def _trainable(source: Source, call: ast.Call) -> bool:
    name = source.qualify(call.func)
    if name in ("torch.nn.Parameter", "torch.nn.parameter.Parameter", "tensorflow.Variable"):
        return True
    asks = [keyword.value for keyword in call.keywords if keyword.arg == "requires_grad"]
    if isinstance(call.func, ast.Attribute) and call.func.attr == "requires_grad_":
        return True
    return any(isinstance(value, ast.Constant) and value.value is True for value in asks)


def _sizes(source: Source) -> Iterator[tuple[str, tuple[str, str]]]:
    """Rows and columns of matrices, as they are written where these are first made."""
    for node in source.nodes:
        if not isinstance(node, ast.Assign):
            continue
        for part in walk(node.value):
            if not isinstance(part, ast.Call):
                continue
            shape = next((k.value for k in part.keywords if k.arg in ("size", "shape")), None)
            first = part.args[0] if part.args else None
            written = shape if isinstance(shape, ast.Tuple) else first if isinstance(first, ast.Tuple) else None
            dims = written.elts if written is not None else part.args
            if len(dims) == 2:
                for target in node.targets:
                    yield ast.unparse(target), (ast.unparse(dims[0]), ast.unparse(dims[1]))


def _is_input(source: Source, call: ast.Call) -> bool:
    return source.qualify(call.func) in ("keras.Input", "keras.layers.Input")


def _is_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
