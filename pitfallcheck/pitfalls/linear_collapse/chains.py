"""Follows a value through straight-line code: which affine layers has it gone through, with nothing between them?"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.linear_collapse.layers import ACTIVATIONS, Layer, is_self, last_name, layer_of
from pitfallcheck.pitfalls.linear_collapse.matrices import PRODUCTS

RESHAPING = words(
    """
    reshape view flatten to float double astype squeeze unsqueeze ravel contiguous cuda cpu expand_dims asarray
    """
)
"""Functions and methods after which a value is the same, but for its shape or type."""

SAME_AXES = words("to float double astype contiguous cuda cpu asarray dropout")
"""Those of them that leave its axes as they are."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A layer, or a matrix that is learned, applied by the expression `at`."""

    layer: Layer
    at: ast.expr


@dataclass(frozen=True, slots=True)
class Chain:
    """A value that went through these affine layers, one after the other; `bent` once an activation came after them.

    A chain that does not begin at the input is `open`: something else, which nobody knows or which bends, came before.
    `spatial` is the convolution behind which the axes of the image are still there, `joined` that convolution and the
    first dense layer that was applied to them.
    """

    steps: tuple[Applied, ...] = ()
    bent: bool = False
    open: bool = False
    spatial: Layer | None = None
    joined: tuple[Layer, Layer] | None = None


Layers = tuple[Layer, ...]
Value = Chain | Layers | None
"""A value that is followed, a layer or a stack of layers, or anything else."""


@dataclass(slots=True)
class Follower:
    """Follows the values of one scope. `attributes` are the layers that `self.` holds, `learned` the matrices.

    `continued` are the layers after which an activation and then another layer came: they are no affine network.
    `shared` are the layers whose result is read more than once.
    """

    source: Source
    attributes: Mapping[str, Layers] = field(default_factory=dict)
    learned: Mapping[str, Layer] = field(default_factory=dict)
    names: dict[str, Value] = field(default_factory=dict)
    results: list[Chain] = field(default_factory=list)
    returned: list[Value] = field(default_factory=list)
    continued: set[ast.expr] = field(default_factory=set)
    stacks: Mapping[ast.expr, Layers] = field(default_factory=dict)
    shared: set[ast.expr] = field(default_factory=set)
    _read: set[str] = field(default_factory=set)

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
            return self._named(node.id)
        if isinstance(node, ast.Attribute):
            if not is_self(node):
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

    def _named(self, name: str) -> Value:
        value = self.names.get(name)
        if name in self._read and isinstance(value, Chain) and value.steps:
            self.shared.add(value.steps[-1].at)
        self._read.add(name)
        return value

    def _bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            self._read.discard(target.id)
        elif isinstance(target, ast.Attribute) and is_self(target):
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
            return Chain() if self.source.qualify(node.func) in ("keras.Input", "keras.layers.Input") else (made,)
        if node in self.stacks:
            return self.stacks[node]
        args = [self.value(arg) for arg in node.args]
        for keyword in node.keywords:
            self.value(keyword.value)
        callee = self.value(node.func) if isinstance(node.func, ast.Name | ast.Attribute | ast.Call) else None
        if isinstance(callee, tuple):
            first = args[0] if args else None
            return self._apply(callee, first if isinstance(first, Chain) else Chain(open=True), node) if args else None
        name = last_name(node.func)
        if name in PRODUCTS and len(node.args) == 2:
            return self._product(node, args[0], node.args[1])
        receiver = self.value(node.func.value) if isinstance(node.func, ast.Attribute) else None
        if name in PRODUCTS and len(node.args) == 1 and isinstance(node.func, ast.Attribute):
            return self._product(node, receiver, node.args[0])
        chain = next((one for one in (receiver, *args) if isinstance(one, Chain)), None)
        if chain is None:
            return None
        if name in RESHAPING or name == "dropout":
            return chain if name in SAME_AXES else replace(chain, spatial=None, joined=None)
        if "pool" in name:
            return self._other(chain, keeps_axes="adaptive" not in name and "global" not in name)
        return replace(chain, bent=True) if name in ACTIVATIONS else None

    def _apply(self, layers: Layers, given: Value, at: ast.expr) -> Value:
        chain = given
        for layer in layers:
            if not isinstance(chain, Chain):
                return None
            if layer.kind == "bent":
                chain = replace(chain, bent=True)
            elif layer.kind == "other":
                chain = self._other(chain, keeps_axes=layer.axes == "kept")
            elif layer.kind == "affine":
                chain = self._affine(layer, chain, at)
            if layer.axes == "made":
                chain = replace(chain, spatial=layer, joined=None)
            elif layer.axes == "gone":
                chain = replace(chain, spatial=None, joined=None)
        if isinstance(chain, Chain) and len(chain.steps) > 1:
            self.results.append(chain)
        return chain

    def _affine(self, layer: Layer, chain: Chain, at: ast.expr) -> Chain:
        joined = chain.joined
        if chain.spatial is not None and joined is None and not layer.axes:
            joined = (chain.spatial, layer)
        if not chain.bent:
            return replace(chain, steps=(*chain.steps, Applied(layer, at)), bent=layer.activated, joined=joined)
        self.continued.update(step.layer.node for step in chain.steps)
        return replace(chain, steps=(Applied(layer, at),), bent=layer.activated, open=True, joined=joined)

    def _other(self, chain: Chain, *, keeps_axes: bool) -> Chain:
        """Behind something that is not affine, or not known: whatever comes next begins anew."""
        self.continued.update(step.layer.node for step in chain.steps)
        return Chain(open=True, spatial=chain.spatial if keeps_axes else None)
