"""Reads the objectives of a torch program: every call of a loss, with the output that it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.objectives.facts import Loss, Objective, Output
from pitfallcheck.lint.objectives.resolve import resolver_of
from pitfallcheck.lint.objectives.torch_contexts import Contexts
from pitfallcheck.lint.objectives.torch_labels import TorchLabels
from pitfallcheck.lint.objectives.torch_losses import FUNCTIONS, LOSSES
from pitfallcheck.lint.objectives.torch_values import Const, Frame, Layer, Library, Partial, Value
from pitfallcheck.lint.source import Source

SEQUENTIAL_WORDS = ("RNN", "LSTM", "GRU", "ttention", "Conv", "Embedding", "Transformer", "seq", "unsqueeze")
"""Words of files in which a network may put out several positions of one sample."""

OVER_CLASSES = frozenset({"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"})
"""Losses that compare the units with each other; one unit reshaped may be many candidates for them."""

FUNCTIONAL = "torch.nn.functional."


def torch_objectives(source: Source) -> list[Objective]:
    """The losses that a file computes, and what they are given; one for each pair of a call and an output."""
    if not source.names.imports("torch"):
        return []
    contexts = contexts_of(source)
    labels = TorchLabels(resolver_of(source))
    found: list[Objective] = []
    for call in _candidates(source, contexts):
        for frame in contexts.contexts(contexts.program.scope(call)):
            if contexts.never(call, frame):
                continue
            objective = _objective(contexts, labels, call, frame)
            if objective is not None and objective not in found:
                found.append(objective)
    return found


@lru_cache(maxsize=1)
def contexts_of(source: Source) -> Contexts:
    """The values of a file's expressions, one walk for all rules that ask one after the other."""
    return Contexts(program_of(source))


def _candidates(source: Source, contexts: Contexts) -> Iterator[ast.Call]:
    """The calls that may be of a loss: two arguments, and no function or class of the file or of another library."""
    program = contexts.program
    for node in source.nodes:
        if not isinstance(node, ast.Call) or len(node.args) + len(node.keywords) < 2:
            continue
        known = source.qualify(node.func)
        if known is not None:
            if known.startswith(FUNCTIONAL):
                yield node
        elif isinstance(node.func, ast.Name):
            if node.func.id not in program.functions and node.func.id not in program.classes:
                yield node
        elif isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name) and node.func.attr not in program.functions:
                yield node
        elif isinstance(node.func, ast.Call | ast.Subscript):
            yield node


def _objective(contexts: Contexts, labels: TorchLabels, call: ast.Call, frame: Frame | None) -> Objective | None:
    name = _loss_name(contexts.of(call.func, frame))
    if name is None:
        return None
    prediction = contexts.of(argument(call, 0, "input", "predict"), frame)
    output = prediction if isinstance(prediction, Output) and prediction.activation is not None else None
    if output is not None and output.units == 1 and output.axis == 1 and output.rank is None:
        output = replace(output, rank=_rank_of_network(contexts.source))
    expects, kinds = LOSSES[name]
    if output is not None and output.units is None and name not in OVER_CLASSES and _made_single(contexts, output):
        output = replace(output, units=1)
    target = argument(call, 1, "target")
    return Objective("torch", call, output, Loss(call, name, expects, kinds), labels.labels(target))


def _made_single(contexts: Contexts, output: Output) -> bool:
    """Whether the layer that made an output, whose axes were moved since, has one unit."""
    node = output.node
    if not isinstance(node, ast.Call) or (contexts.source.qualify(node.func) or "") != "torch.nn.Linear":
        return False
    return contexts.of(argument(node, 1, "out_features"), None) == Const(1)


def _rank_of_network(source: Source) -> int | None:
    """2 where nothing in the file could give the samples of a network more than one axis of their own."""
    return None if any(word in source.text for word in SEQUENTIAL_WORDS) else 2


def _loss_name(callee: Value) -> str | None:
    """The loss that a callee is, by the name of its class."""
    if isinstance(callee, Partial):
        callee = callee.of
    if isinstance(callee, Layer):
        return callee.name if callee.name in LOSSES else None
    if isinstance(callee, Library) and callee.name.startswith(FUNCTIONAL):
        return FUNCTIONS.get(callee.name[len(FUNCTIONAL) :])
    return None
