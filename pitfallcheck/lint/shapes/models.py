"""Follows values through the layers, models and losses of a file, and notes the shapes that layers declare."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from pitfallcheck.lint.shapes import layers
from pitfallcheck.lint.shapes.call import ABSENT, Call
from pitfallcheck.lint.shapes.expressions import Expressions
from pitfallcheck.lint.shapes.facts import LayerRan, PairedLoss
from pitfallcheck.lint.shapes.values import (
    Array,
    Class,
    Constant,
    Function,
    Instance,
    Items,
    Layer,
    Model,
    Number,
    Value,
)
from pitfallcheck.lint.shapes.vocabulary import words

LOSS = "keras.losses.Loss"
FORWARD = ("call", "forward", "__call__")
TORCH_LOSSES = words("MSELoss L1Loss SmoothL1Loss HuberLoss PoissonNLLLoss GaussianNLLLoss")


class Models(Expressions):
    """The part of the walk that knows layers, models and losses."""

    def inline(
        self, function: Function, args: Sequence[Value], keywords: dict[str, Value], starred: bool = False
    ) -> Value:
        """What a function of the file returns for these arguments."""
        raise NotImplementedError

    def noted(self, result: Value, node: ast.Call, given: Sequence[Value]) -> Value:
        """`result`, once a loss over all pairs that has become one number is noted."""
        if isinstance(result, Array) and result.pairing is not None and not result.dims and not result.open:
            if any(isinstance(one, Array) and one.pairing is result.pairing and one.dims for one in given):
                self.facts.paired.append(PairedLoss(result.pairing, node))
            return replace(result, pairing=None)
        return result

    def item_of(self, of: Instance) -> Value:
        """What indexing an object of the file with a number gives: one item or batch of its own data set."""
        method = self.method(of.of, "__getitem__")
        self.returned = []
        return self.inline(Function(method, {}, of), [Number()], {}) if method is not None else None

    def as_prediction(self, value: Value) -> Value:
        """`value` as something a model computed."""
        return replace(value, predicted=True) if isinstance(value, Array) else value

    def instance(self, of: Class, node: ast.AST) -> Instance:
        """The object that stands for all that `node` makes."""
        raise NotImplementedError

    def made(self, of: Class, call: Call) -> Value:
        """A new object of a class of the file, once its `__init__` was followed."""
        made = self.instance(of, call.node)
        init = self.method(of, "__init__")
        if init is not None:
            self.inline(Function(init, {}, made), call.args, dict(call.keywords), call.starred)
        return made

    def predicted(self, of: Instance, call: Call) -> Value:
        """What calling an object of a class of the file returns; a module or a model predicts."""
        for name in FORWARD:
            method = self.method(of.of, name)
            if method is not None:
                forward = Function(method, {}, of)
                result = self.inline(forward, call.args, dict(call.keywords), call.starred)
                if of.of.kind == "keras.layers.Layer":
                    self.declared_by(of, forward, of.node or call.node, call.get(0, default=None), result)
                return self.as_prediction(result) if of.of.kind not in ("", LOSS) else result
        return None

    def declared_by(self, of: Instance, forward: Function, node: ast.AST, given: Value, returned: Value) -> None:
        """Notes what a layer's `compute_output_shape` announces for the input it got."""
        announce = self.method(of.of, "compute_output_shape")
        if announce is None or not isinstance(given, Array) or given.open:
            return
        shape = Items(tuple(Number(dim) for dim in given.dims))
        declared = layers.as_shape(self.inline(Function(announce, {}, of), [shape], {}))
        self.facts.layers.append(LayerRan(node, forward, given, declared, returned, announce=announce))

    def stacked(self, kind: str, of: Sequence[Value]) -> Model:
        """A sequential model of these layers, and the output that they give it."""
        first = of[0] if of else None
        output: Value = layers.input_shape(first) if isinstance(first, Layer) else first
        for layer in of[1:] if isinstance(first, Array) else of:
            output = self.after(layer, output)
        return Model(kind, tuple(of), output)

    def after(self, layer: Value, given: Value) -> Value:
        """What a layer of a sequential model returns."""
        if isinstance(layer, Layer):
            return given if layer.kind in layers.INPUT else self.layer_output(layer, given)
        if isinstance(layer, Instance) and (
            method := self.method(layer.of, "call") or self.method(layer.of, "forward")
        ):
            forward = Function(method, {}, layer)
            result = self.inline(forward, [given], {})
            if layer.of.kind == "keras.layers.Layer":
                self.declared_by(layer, forward, layer.node or method, given, result)
            return result
        return self.through(layer, given) if isinstance(layer, Model) else None

    def through(self, model: Model, given: Value) -> Value:
        """What a model returns for an input."""
        if not model.layers or not isinstance(given, Array):
            return model.output
        value: Value = given
        for layer in model.layers:
            value = self.after(layer, value)
        return value

    def layer_output(self, layer: Layer, given: Value) -> Value:
        """What a layer returns, a Lambda among them: that one returns what it declares, so far as Keras knows."""
        function = layer.given(0, "function")
        if layer.kind != "keras.layers.Lambda" or not isinstance(function, Function):
            return layers.applied(layer, given)
        returned = self.inline(function, [given], {}, starred=any(name == "arguments" for name, _ in layer.keywords))
        stated = layer.given(1, "output_shape")
        if isinstance(stated, Function):
            shape = layers.shapes_of(given)
            declared = None if shape is None else layers.as_shape(self.inline(stated, [shape], {}))
        else:
            declared = layers.declared(stated, given)
        self.facts.layers.append(LayerRan(layer.node, function, given, declared, returned, layer))
        return returned

    def applied(self, layer: Layer, call: Call) -> Value:
        """What calling a layer or a loss object returns."""
        if layers.short(layer.kind) in TORCH_LOSSES:
            return self.torch_loss(call, dict(layer.keywords).get("reduction", ABSENT))
        return self.as_prediction(self.layer_output(layer, call.get(0, "inputs", "input", default=None)))

    def torch_loss(self, call: Call, reduction: Value) -> Value:
        """A torch loss, which broadcasts its two arguments."""
        if len(call.args) < 2 or call.starred or len(call.node.args) < 2:
            return None
        result = self.compared(call.node, call.node.args[0], call.node.args[1], call.args[0], call.args[1])
        if reduction == Constant("none") or not isinstance(result, Array):
            return result if reduction == Constant("none") else None
        if result.pairing is not None and reduction in (ABSENT, Constant("mean"), Constant("sum")):
            self.facts.paired.append(PairedLoss(result.pairing, call.node))
        return Array(())
