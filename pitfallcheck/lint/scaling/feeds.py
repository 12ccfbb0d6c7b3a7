"""Where a file hands inputs to a network: `fit`, `evaluate` and `predict` of Keras, the call of a module of torch."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.scaling.calls import Values
from pitfallcheck.lint.scaling.layers import Layers
from pitfallcheck.lint.scaling.lightning import LOADERS, step_of
from pitfallcheck.lint.scaling.networks import Networks
from pitfallcheck.lint.scaling.values import Each, Parts, Value
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source

FITTING = frozenset({"fit", "fit_generator", "train_on_batch", "partial_fit"})
ASKING = words(
    """
    evaluate predict predict_classes evaluate_generator predict_generator predict_on_batch predict_proba test_on_batch
    score
    """
)
BY_HAND = ("backward", "GradientTape")
VALIDATING = ("cross_val_score", "cross_validate")

Use = Literal["train", "validate", "ask"]


@dataclass(frozen=True, eq=False, slots=True)
class Feed:
    """`call` hands `inputs`, whose numbers are `value`, to a network, which is None where the file does not show it.

    `receiver` is the network as it is written, `targets` and `labels` what is handed over beside the inputs.
    """

    call: ast.Call
    use: Use
    receiver: ast.expr
    network: Layers | None
    inputs: ast.expr
    value: Value
    targets: ast.expr | None = None
    labels: Value = None
    by_hand: bool = False
    """Whether the network is called, and something else learns from what it returns."""


class Scaling:
    """One file: the values in it, the networks in it, and what is handed to them."""

    def __init__(self, program: Program, held: Mapping[Binding, Value] | None = None) -> None:
        self.program = program
        self.values = Values(program, held=held)
        self.networks = Networks(program)

    def feeds(self) -> Iterator[Feed]:
        """Every place where something visible is handed to what may be a network."""
        by_hand = not self.program.functions.keys().isdisjoint(LOADERS) or any(
            isinstance(node, ast.Attribute) and node.attr in BY_HAND for node in self.program.source.nodes
        )
        for node in self.program.source.nodes:
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Attribute) and node.func.attr in FITTING | ASKING:
                yield from self._method(node, node.func)
            elif _name(node) in VALIDATING and len(node.args) >= 2:
                network = self.networks.of(node.args[0])
                yield from self._fed(node, "train", node.args[0], network, node.args[1], argument(node, 2, "y"))
            elif isinstance(fed := argument(node, None, "feed_dict"), ast.Dict) and node.args:
                yield from self._run(node, fed)
            elif by_hand and len(node.args) == 1 and isinstance(node.func, ast.Name | ast.Attribute):
                yield from self._called(node)

    def _method(self, node: ast.Call, function: ast.Attribute) -> Iterator[Feed]:
        if self.program.called(node):
            return
        network = self.networks.of(function.value)
        fitting = function.attr in FITTING
        inputs = argument(node, 0, "x", "generator", "X")
        if inputs is not None:
            yield from self._fed(
                node, "train" if fitting else "ask", function.value, network, inputs, argument(node, 1, "y")
            )
        held = argument(node, None, "validation_data")
        if held is not None and fitting:
            pair = self.program.origin(held)
            if isinstance(pair, ast.Tuple | ast.List) and len(pair.elts) >= 2:
                yield from self._fed(node, "validate", function.value, network, pair.elts[0], pair.elts[1])
            else:
                yield from self._fed(node, "validate", function.value, network, held, None)

    def _fed(
        self,
        node: ast.Call,
        use: Use,
        receiver: ast.expr,
        network: Layers | None,
        inputs: ast.expr,
        targets: ast.expr | None,
    ) -> Iterator[Feed]:
        value = self.values.of(inputs)
        labels = self.values.of(targets) if targets is not None else None
        if isinstance(value, Each) and isinstance(value.item, Parts) and len(value.item.items) in (2, 3):
            value, labels = value.item.items[:2]
        elif isinstance(value, Each | Parts):
            return
        yield Feed(node, use, receiver, network, inputs, value, targets, labels)

    def _called(self, node: ast.Call) -> Iterator[Feed]:
        """The call of a module of torch."""
        if self.program.source.qualify(node.func) is not None:
            return
        network = self.networks.of(node.func)
        if network is not None and network.framework != "sklearn":
            value = self.values.of(node.args[0])
            step = step_of(self.program, node)
            use: Use = "ask" if step and step != "training_step" else "train"
            yield Feed(node, use, node.func, network, node.args[0], value, by_hand=not step)

    def _run(self, node: ast.Call, fed: ast.Dict) -> Iterator[Feed]:
        """`session.run(step, feed_dict={x: images})`, where the step is that of an optimizer."""
        steps = node.args[0].elts if isinstance(node.args[0], ast.List | ast.Tuple) else [node.args[0]]
        made = [self.program.origin(step) for step in steps]
        if not any(isinstance(one, ast.Call) and _name(one) in ("minimize", "apply_gradients") for one in made):
            return
        for key, value in zip(fed.keys, fed.values, strict=True):
            network = self.networks.placeholder(key) if key is not None else None
            if key is not None and network is not None:
                yield Feed(node, "train", key, network, value, self.values.of(value))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@lru_cache(maxsize=1)
def scaling_of(source: Source) -> tuple[Scaling, tuple[Feed, ...]]:
    """The scaling in a file and what is handed over in it; once for all rules that ask about the same file."""
    scaling = Scaling(program_of(source))
    return scaling, tuple(scaling.feeds())
