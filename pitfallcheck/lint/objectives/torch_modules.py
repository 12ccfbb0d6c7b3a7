"""Makes and applies the modules of a torch program: layers, stacks of them, and networks of other libraries."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.objectives import torch_layers as layers
from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.objectives.torch_follow import Follow
from pitfallcheck.lint.objectives.torch_lists import gathered
from pitfallcheck.lint.objectives.torch_losses import OLDER
from pitfallcheck.lint.objectives.torch_values import (
    Backbone,
    Callable,
    Const,
    Frame,
    Items,
    Layer,
    Library,
    Object,
    Stack,
    Table,
    Value,
    joined,
)
from pitfallcheck.lint.source import own_nodes

HEADS = frozenset({"fc", "classifier", "head", "heads"})
"""Where the networks of torchvision and timm have their last layer."""

CLASSES = 1000
"""What they tell apart unless they are told otherwise."""


class Modules(Follow):
    """The part of the walk that knows modules."""

    def called(self, callee: Value, node: ast.Call, frame: Frame | None) -> Value:
        """What calling `callee` by `node` returns."""
        raise NotImplementedError

    def made(self, name: str, node: ast.Call, frame: Frame | None) -> Value:
        """The module of `torch.nn` that a call makes."""
        if name in ("Sequential", "ModuleList"):
            return Stack((*self._parts(node, frame), *self._added(node)), name == "ModuleList")
        return Layer(OLDER.get(name, name), node, frame)

    def _parts(self, node: ast.Call, frame: Frame | None) -> tuple[Value, ...]:
        """The modules that a Sequential is made of; the last is None where something unknown may stand there."""
        found: list[Value] = []
        for given in node.args:
            values = self._several(given.value if isinstance(given, ast.Starred) else given, frame)
            if not isinstance(given, ast.Starred) and values is None:
                values = [self.of(given, frame)]
            found.extend([None] if values is None else values)
        return tuple(found)

    def _several(self, node: ast.expr, frame: Frame | None) -> list[Value] | None:
        """The modules in a list, as written or as a function goes on adding to it."""
        listed = gathered(self.program, node)
        if listed is not None:
            result: list[Value] = []
            for part in listed:
                value = self.of(part.node, frame) if part.node is not None else None
                if not part.several:
                    result.append(value)
                else:
                    result.extend(value.values if isinstance(value, Items) else [None])
            return result
        value = self.of(node, frame)
        if isinstance(value, Items):
            return list(value.values)
        if isinstance(value, Table):
            return [item for _, item in value.items]
        return None

    def _added(self, node: ast.Call) -> Iterator[Value]:
        """What `add_module` or `append` puts behind the modules that a Sequential is made with."""
        above = self.source.parents.get(node)
        if not (isinstance(above, ast.Assign) and len(above.targets) == 1):
            return
        name = ast.unparse(above.targets[0])
        scope = self.program.scope(node)
        calls = [one for one in own_nodes(scope) if isinstance(one, ast.Call) and _adds_to(one, name)]
        for call in sorted(calls, key=lambda call: call.lineno):
            certain = self.source.parents.get(self.source.parents[call]) is self.source.parents.get(above)
            yield self.of(call.args[-1], None) if certain else None

    # What modules make of a tensor.

    def applied(self, module: Value, given: Value, at: ast.Call | None, frame: Frame | None) -> Value:
        """What a module returns for `given`; `at` is the call, None where the module is one of a stack."""
        if isinstance(module, Layer):
            return self._through_layer(module, given, at)
        if isinstance(module, Stack):
            if module.listed and at is None:
                return None
            for part in module.parts:
                given = self.applied(part, given, None, frame)
            return given if module.parts else None
        if isinstance(module, Object):
            method = self.program.method(module.of, "forward")
            if method is None or len(method.args.args) < 2:
                return None
            return self.run(self.frame(method, {method.args.args[1].arg: given}, None, module))
        if isinstance(module, Backbone):
            return self._through_backbone(module)
        if isinstance(module, Library | Callable) and at is not None:
            return self.called(module, at, frame)
        return None

    def _through_layer(self, layer: Layer, given: Value, at: ast.Call | None) -> Value:
        if layer.name in layers.ACTIVATION_LAYERS:
            axis = self.of(argument(layer.node, 0, "dim"), layer.frame) if "oftmax" in layer.name else None
            number = axis.value if isinstance(axis, Const) and isinstance(axis.value, int) else None
            name = layers.ACTIVATION_LAYERS[layer.name]
            node = at if at is not None else layer.node
            if name in layers.ALONG_AN_AXIS and layer.name != "Softmax2d":
                self.shared_out(node, given, number, implicit=argument(layer.node, 0, "dim") is None)
            return layers.activated(name, given, node, number)
        if layer.name in layers.UNITS_AT:
            place, word = layers.UNITS_AT[layer.name]
            units = self.of(argument(layer.node, place, word), layer.frame)
            number = units.value if isinstance(units, Const) and isinstance(units.value, int) else None
            rank = layers.CONV_RANK.get(layer.name[-2:])
            if rank is None and isinstance(given, Output):
                rank = given.rank
            return Output(layer.node, "linear", number, rank=rank)
        rank = 2 if layer.name == "Flatten" and not layer.node.args and not layer.node.keywords else None
        return layers.of_layer(layer.name, given, layer.node, rank)

    def _through_backbone(self, network: Backbone) -> Value:
        """The last layer of a library's network: the one that the file puts in its place, or else a linear one."""
        scope = self.program.scope(network.node)
        heads: list[ast.expr] = []
        for node in own_nodes(scope):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                base = _head_of(node.targets[0])
                if base is not None and self._is(base, network):
                    heads.append(node.value)
        if heads:
            known = [self.of(head, network.frame) for head in heads]
            return joined([self.applied(head, None, None, network.frame) for head in known])
        if any(isinstance(node, ast.Attribute) and node.attr in HEADS for node in self.source.nodes):
            return None
        units = argument(network.node, None, "num_classes")
        number = constant(units) if units is not None else CLASSES
        if not isinstance(number, int):
            number = None
        return Output(network.node, "linear", number, rank=2) if _classifies(network.name) else None

    def _is(self, node: ast.expr, network: Backbone) -> bool:
        """Whether a name, as it stands in a target, is that of `network`."""
        if isinstance(node, ast.Name):
            bindings = self.program.reaching(self.program.scope(node)).all.get(node.id, [])
            return any(self.bound(bound, network.frame) == network for bound in bindings if bound.kind == "value")
        return self.of(node, network.frame) == network


def _adds_to(call: ast.Call, name: str) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("add_module", "append")
        and bool(call.args)
        and ast.unparse(call.func.value) == name
    )


def _head_of(target: ast.expr) -> ast.expr | None:
    """`model` of `model.fc`, `model.classifier[6]` and `model.heads.head`, as targets."""
    if isinstance(target, ast.Subscript):
        target = target.value
    if isinstance(target, ast.Attribute) and target.attr in HEADS:
        base = target.value
        return base.value if isinstance(base, ast.Attribute) and base.attr in HEADS else base
    return None


def _classifies(name: str) -> bool:
    """Whether a network of this name ends in one linear layer; those for detection and segmentation do not."""
    known = ("resnet", "resnext", "vgg", "alexnet", "densenet", "mobilenet", "efficientnet", "shufflenet", "convnext")
    return name.startswith((*known, "wide_resnet", "regnet", "mnasnet", "squeezenet", "vit_", "swin_"))
