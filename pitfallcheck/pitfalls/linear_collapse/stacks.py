"""Finds the models of a file that are made of visible layers, each as the affine layers that it applies in a row."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.source import Function, Source, own_nodes
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.linear_collapse.chains import Applied, Chain, Follower, Layers
from pitfallcheck.pitfalls.linear_collapse.layers import Layer, argument, layer_of
from pitfallcheck.pitfalls.linear_collapse.matrices import learned_matrices

SEQUENTIAL = frozenset({"keras.Sequential", "keras.models.Sequential", "torch.nn.Sequential", "flax.linen.Sequential"})
LISTS = frozenset({"torch.nn.ModuleList"})
MODELS = frozenset({"keras.Model", "keras.models.Model"})
MODULES = frozenset(
    {"torch.nn.Module", "lightning.LightningModule", "keras.Model", "keras.models.Model", "flax.linen.Module"}
)
FORWARD = ("forward", "call", "__call__")


class Stacks:
    """The models of one file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.learned = learned_matrices(source)
        self.sequential: dict[ast.expr, Layers] = {}
        self.by_hand: dict[str, Layer] = {}
        self.held: dict[ast.ClassDef, dict[str, Layers]] = {}
        self.whole: list[Layers] = []
        self.follows: list[tuple[Follower, list[Chain]]] = []
        self.functional = any(isinstance(node, ast.Call) and self._name(node) in MODELS for node in source.nodes)
        self.by_hand.update(self._hand_made())

    def found(self) -> Iterator[tuple[Applied, ...]]:
        """The affine layers, two or more, of each model that has nothing else to learn.

        What it comes by is left in `whole` and `follows`, for whoever asks about parts of models.
        """
        for node in reversed(self.source.nodes):
            if isinstance(node, ast.Call) and self._name(node) in SEQUENTIAL | LISTS:
                layers = self._contained(node)
                if layers is not None:
                    self.sequential[node] = layers
        used_inside = {part for call in self.sequential for part in walk(call) if part is not call}
        for node, layers in self.sequential.items():
            if node not in used_inside and not self._in_module(node):
                self.whole.append(layers)
                yield from _whole(layers)
        for node in self.source.nodes:
            if isinstance(node, ast.List) and not isinstance(self.source.parents.get(node), ast.Call):
                yield from _whole(self._listed(node.elts, by_hand=True) or ())
        yield from self._appended()
        yield from self._followed()

    def _name(self, call: ast.Call) -> str:
        return self.source.qualify(call.func) or ""

    def _layer(self, node: ast.expr, *, by_hand: bool) -> Layers | None:
        """The layer or layers that an entry of a container stands for."""
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            node = node.elts[1]
        if isinstance(node, ast.Name):
            node = program_of(self.source).origin(node)
        if not isinstance(node, ast.Call):
            return None if by_hand else (Layer("other", node),)
        if node in self.sequential:
            return self.sequential[node]
        if isinstance(node.func, ast.Name) and node.func.id in self.by_hand:
            return (self._by_hand(node, self.by_hand[node.func.id]),)
        if by_hand:
            return None
        return (layer_of(node, self.source) or Layer("other", node),)

    def _by_hand(self, call: ast.Call, kind: Layer) -> Layer:
        written = [ast.unparse(arg) for arg in [*call.args, *(k.value for k in call.keywords)]][:2]
        if len(written) < 2 or kind.kind != "affine":
            return Layer(kind.kind, call)
        return Layer("affine", call, written[0], written[1])

    def _listed(self, entries: Sequence[ast.expr], *, by_hand: bool = False) -> Layers | None:
        layers: list[Layer] = []
        for entry in entries:
            one = self._layer(entry, by_hand=by_hand)
            if one is None:
                return None
            layers.extend(one)
        return tuple(layers)

    def _contained(self, call: ast.Call) -> Layers | None:
        """The layers that a container is made with; None where one of them is unknown, or may come later."""
        entries: Sequence[ast.expr] = call.args
        if call.args and isinstance(call.args[0], ast.List | ast.Tuple):
            entries = call.args[0].elts
        elif call.args and isinstance(call.args[0], ast.Call) and call.args[0].args and not layer_of(
            call.args[0], self.source
        ):  # fmt: skip
            inner = call.args[0].args[0]
            ordered = isinstance(inner, ast.List) and (self._name(call.args[0]) or "").endswith("OrderedDict")
            entries = inner.elts if ordered and isinstance(inner, ast.List) else call.args
        named = argument(call, None, "layers")
        if isinstance(named, ast.List):
            entries = named.elts
        layers = self._listed(entries)
        if layers is None:
            return None
        name = self._bound_to(call)
        added = self._added(name, call) if name else ()
        return None if added is None else (*layers, *added)

    def _bound_to(self, node: ast.expr) -> str:
        """The name, or the attribute of `self`, that `node` is assigned to."""
        parent = self.source.parents.get(node)
        if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
            return ast.unparse(parent.targets[0])
        return ast.unparse(parent.target) if isinstance(parent, ast.AnnAssign) else ""

    def _added(self, name: str, made: ast.expr, *, by_hand: bool = False) -> Layers | None:
        """What `name.add(...)` or `name.append(...)` puts in behind it; None where that is not known."""
        scope = self.source.scope_of(made)
        layers: list[Layer] = []
        bound = (node for node in own_nodes(scope) if isinstance(node, ast.Assign) and node.lineno > made.lineno)
        again = min((node.lineno for node in bound if name in map(ast.unparse, node.targets)), default=None)
        calls = [
            node for node in own_nodes(scope)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("add", "append", "insert", "extend", "pop", "add_module")
            and node.lineno >= made.lineno and (again is None or node.lineno < again)
            and ast.unparse(node.func.value) == name
        ]  # fmt: skip
        for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            one = self._layer(call.args[0], by_hand=by_hand) if len(call.args) == 1 else None
            if one is None or call.func.attr not in ("add", "append") or self._conditional(call, scope):  # type: ignore[attr-defined]
                return None
            layers.extend(one)
        return tuple(layers)

    def _conditional(self, node: ast.AST, scope: ast.AST) -> bool:
        parent = self.source.parents.get(node)
        while parent is not None and parent is not scope:
            if isinstance(parent, ast.If | ast.Try | ast.Match | ast.While):
                return True
            parent = self.source.parents.get(parent)
        return False

    def _in_module(self, node: ast.AST) -> bool:
        """Whether `node` is part of a layer or a model written as a class: that class's forward pass tells more."""
        scope: ast.AST | None = node
        while scope is not None and not isinstance(scope, ast.ClassDef):
            scope = self.source.parents.get(scope)
        return isinstance(scope, ast.ClassDef) and any(method.name in FORWARD for method in _methods(scope))

    def _hand_made(self) -> Iterator[tuple[str, Layer]]:
        """The classes of the file that are layers written by hand: affine ones, and those that bend."""
        for of in self.source.classes if self.learned else []:
            if any(self.source.qualify(base) in MODULES for base in of.bases):
                continue
            for method in _methods(of):
                returned = self._follow(method).returned if method.name in FORWARD else []
                value = returned[0] if len(returned) == 1 else None
                if isinstance(value, Chain) and not value.open and (value.bent or len(value.steps) == 1):
                    yield of.name, Layer("bent" if value.bent else "affine", ast.Name(of.name))

    def _appended(self) -> Iterator[tuple[Applied, ...]]:
        """Networks by hand: `net = Net()`, then `net.append(Linear(1, 2))` and so on."""
        if not self.by_hand:
            return
        for node in self.source.nodes:
            if isinstance(node, ast.Call | ast.List) and not (isinstance(node, ast.List) and node.elts):
                name = self._bound_to(node)
                if name and node not in self.sequential:
                    yield from _whole(self._added(name, node, by_hand=True) or ())

    def _followed(self) -> Iterator[tuple[Applied, ...]]:
        """Models written as functions, as forward methods, and in Keras' functional style."""
        by_name = self.functional or self.learned
        for function in self.source.functions:
            module = self.source.class_of(function)
            if module is not None and any(self.source.qualify(base) in MODULES for base in module.bases):
                follower = self._follow(function) if function.name in FORWARD else None
                if follower is not None and len(follower.returned) == 1:
                    self._keep(follower, follower.returned[0])
                    yield from self._of(follower, follower.returned[0])
            elif by_name:
                yield from self._ended(self._follow(function), function)
        if by_name:
            follower = Follower(self.source, learned=self.learned, stacks=self.sequential)
            follower.block(self.source.tree.body)
            yield from self._ended(follower, self.source.tree)

    def _ended(self, follower: Follower, scope: ast.AST) -> Iterator[tuple[Applied, ...]]:
        """The longest chains of a scope: those of learned matrices, and those that a Keras model ends in."""
        calls = [node for node in own_nodes(scope) if isinstance(node, ast.Call) and self._name(node) in MODELS]
        for call in calls:
            outputs = argument(call, 1, "outputs") or argument(call, None, "output")
            if outputs is not None:
                value = follower.value(outputs)
                self._keep(follower, value)
                yield from self._of(follower, value)
        learned = [
            chain
            for chain in follower.results
            if not chain.open and all(step.layer in self.learned.values() for step in chain.steps)
        ]
        for chain in learned:
            longer = any(
                len(other.steps) > len(chain.steps) and other.steps[: len(chain.steps)] == chain.steps
                for other in learned
            )
            if not longer:
                yield from self._of(follower, chain)

    def _keep(self, follower: Follower, value: object) -> None:
        self.follows.append((follower, [value] if isinstance(value, Chain) else []))

    def _of(self, follower: Follower, value: object) -> Iterator[tuple[Applied, ...]]:
        steps = value.steps if isinstance(value, Chain) and not value.open else ()
        if len(steps) > 1 and not any(step.layer.node in follower.continued for step in steps):
            yield steps

    def _follow(self, function: Function) -> Follower:
        of = self.source.class_of(function)
        follower = Follower(
            self.source, self._attributes(of) if of is not None else {}, self.learned, stacks=self.sequential
        )
        listed = [*function.args.posonlyargs, *function.args.args]
        if of is not None and listed and listed[0].arg == "self":
            listed = listed[1:]
        if listed and function.name in FORWARD:
            follower.names[listed[0].arg] = Chain()
        follower.block(function.body)
        return follower

    def _attributes(self, of: ast.ClassDef) -> dict[str, Layers]:
        """The layers that methods of a class put on `self`; what is put there twice is unknown."""
        if of in self.held:
            return self.held[of]
        found: dict[str, Layers] = {}
        twice = set()
        for node in walk(of):
            if not isinstance(node, ast.Assign):
                continue
            for target in node.targets:
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == "self"
                ):
                    layers = self._held(node.value)
                    if target.attr in found or layers is None:
                        twice.add(target.attr)
                    else:
                        found[target.attr] = layers
        self.held[of] = {name: layers for name, layers in found.items() if name not in twice}
        return self.held[of]

    def _held(self, node: ast.expr) -> Layers | None:
        if isinstance(node, ast.List):
            listed = self._listed(node.elts)
            return None if not listed or any(layer.kind == "other" for layer in listed) else listed
        if isinstance(node, ast.Call) and (node in self.sequential or layer_of(node, self.source) is not None):
            return self._layer(node, by_hand=False)
        return self._layer(node, by_hand=True) if isinstance(node, ast.Call) else None


def _methods(of: ast.ClassDef) -> list[ast.FunctionDef]:
    return [node for node in of.body if isinstance(node, ast.FunctionDef)]


def _whole(layers: Layers) -> Iterator[tuple[Applied, ...]]:
    """The affine layers of a stack that holds no other layer with something to learn behind an activation."""
    steps: list[Applied] = []
    bent = False
    if any(layer.kind == "other" for layer in layers):
        return
    for layer in layers:
        if layer.kind == "affine":
            if bent:
                return
            steps.append(Applied(layer, layer.node))
        bent = bent or layer.kind == "bent" or layer.activated
    if len(steps) > 1:
        yield tuple(steps)
