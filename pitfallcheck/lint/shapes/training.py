"""Follows the training of Keras models: which loss they are given, which targets they are fed."""

from __future__ import annotations

import ast
from dataclasses import replace

from pitfallcheck.lint.shapes import layers
from pitfallcheck.lint.shapes.call import ABSENT, Call
from pitfallcheck.lint.shapes.facts import Fed, Given, PairedLoss
from pitfallcheck.lint.shapes.library import nested
from pitfallcheck.lint.shapes.models import LOSS, Models
from pitfallcheck.lint.shapes.values import Array, Batches, Function, Instance, Items, Layer, Model, Value
from pitfallcheck.lint.shapes.vocabulary import words

COLUMN = Array((None, 1))
"""The usual output of a regression, assumed where a loss is seen but not its model."""

FEEDING = {"fit": 1, "evaluate": 1, "train_on_batch": 1, "test_on_batch": 1, "fit_generator": None}
"""Keras methods that take targets, and at which position."""

UNMOVED = words("to cuda cpu double float half eval train requires_grad_")
"""Methods of a model or a layer that give it back."""


class Training(Models):
    """The part of the walk that knows `compile` and `fit`."""

    def model_method(self, model: Model, name: str, call: Call) -> Value:
        """A method of a Keras model, or one that torch's containers share with it."""
        if name == "add" and call.args:
            first = not model.layers and isinstance(call.args[0], Layer)
            given = layers.input_shape(call.args[0]) if first and isinstance(call.args[0], Layer) else model.output
            output = self.after(call.args[0], given)
            self.state.replace(model, replace(model, layers=(*model.layers, call.args[0]), output=output))
        elif name == "compile":
            loss = call.get(1, "loss")
            compiled = replace(model, loss=None if loss == ABSENT else loss)
            compiled = replace(compiled, compiled_by=call.node)
            self.state.replace(model, compiled)
            self.loss_called(compiled.loss, model.output, model.output, call.node)
        elif name in ("predict", "predict_on_batch"):
            self.note_inputs(model, call)
            return self.as_prediction(model.output)
        elif name in UNMOVED:
            return model
        elif name in FEEDING:
            self.fed(model, FEEDING[name], call)
        return None

    def object_method(self, receiver: Instance, name: str, call: Call) -> Value:
        """A method that an object of a class of the file has from a framework."""
        if name in UNMOVED:
            return receiver
        if receiver.of.kind != "keras.Model":
            return None
        if name == "compile":
            self.state.attributes[receiver, "@loss"] = call.keywords.get("loss")
        elif name == "predict":
            return self.predicted(receiver, call)
        elif name in FEEDING:
            method = self.method(receiver.of, "call")
            given = call.get(0, "x", default=None)
            if method is not None and isinstance(given, Array):
                output = self.inline(Function(method, {}, receiver), [given], {})
                loss = self.state.attributes.get((receiver, "@loss"))
                self.fed(Model("keras.Model", output=output, loss=loss), FEEDING[name], call)
        return None

    def fed(self, model: Model, place: int | None, call: Call) -> None:
        """Notes the targets that a Keras model is given, as arrays or by a generator."""
        self.note_inputs(model, call)
        first = call.get(0, "x", "generator", default=None)
        if isinstance(first, Instance):
            first = Batches(self.item_of(first), tuple(self.returned))
        if isinstance(first, Batches):
            for node, value in first.produced or (((call.node.args or [call.node])[0], first.each),):
                if isinstance(value, Items) and len(value.values) in (2, 3):
                    inputs = node_at(value, 0) or node
                    self.facts.given.append(Given(call.node, model, inputs, value.values[0], yielded=True))
                    self.note_target(model, call, node_at(value, 1) or node, value.values[1])
            return
        target = call.get(place, "y") if place is not None else None
        if target in (ABSENT, None):
            return
        written = next((keyword.value for keyword in call.node.keywords if keyword.arg == "y"), None)
        if written is None and place is not None:
            written = call.node.args[place]
        if written is not None:
            self.note_target(model, call, written, target)

    def note_inputs(self, model: Model, call: Call) -> None:
        """Notes the arrays that a Keras model is given as its inputs."""
        written = next((keyword.value for keyword in call.node.keywords if keyword.arg == "x"), None)
        if written is None and call.node.args and not call.starred:
            written = call.node.args[0]
        if written is not None:
            self.facts.given.append(Given(call.node, model, written, call.get(0, "x", default=None)))

    def note_target(self, model: Model, call: Call, node: ast.expr, value: Value) -> None:
        """Notes one target that is an array, or the only one of a list or dictionary."""
        while isinstance(value, Items) and len(value.values) == 1:
            node, value = node_at(value, 0) or node, value.values[0]
        if isinstance(value, Batches):
            value = nested(value)
        if isinstance(value, Array):
            self.facts.fed.append(Fed(call.node, model, node, value))
            if isinstance(single(model.loss), Instance) and not self.source.names.imports("tf_keras"):
                self.loss_called(model.loss, value, model.output, model.compiled_by or call.node, fed=node)

    def loss_called(
        self,
        loss: Value,
        target: Value,
        output: Value,
        node: ast.Call | None,
        *,
        fed: ast.expr | None = None,
        assumed: bool = False,
    ) -> None:
        """Follows a loss of the file with the target and the output it gets, and notes where it compares all pairs.

        Keras gives a plain function its target with the output's rank, a `Loss` subclass's `call` the target as it is.
        """
        loss, output = single(loss), single(output)
        if isinstance(loss, Instance) and loss.of.kind == LOSS:
            method = self.method(loss.of, "call")
            loss = Function(method, {}, loss) if method is not None else None
        if not isinstance(loss, Function) or not isinstance(output, Array) or not isinstance(target, Array):
            return
        before, self.facts.paired = self.facts.paired, []
        result = self.inline(loss, [replace(target, predicted=False), replace(output, predicted=True)], {})
        if isinstance(result, Array) and result.pairing is not None:
            self.facts.paired.append(PairedLoss(result.pairing, result.pairing.node))
        found = [replace(pair, compiled=node, fed=fed, assumed=assumed) for pair in self.facts.paired]
        self.facts.paired = before + found


def single(value: Value) -> Value:
    """`value`, or what it holds where it is a list of one."""
    while isinstance(value, Items) and len(value.values) == 1:
        value = value.values[0]
    return value


def node_at(value: Items, place: int) -> ast.expr | None:
    """The expression that gave an item, where it was written down."""
    return value.nodes[place] if place < len(value.nodes) else None
