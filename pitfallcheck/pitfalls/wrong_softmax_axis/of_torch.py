"""Finds the softmaxes of a torch program that run over the batch, or along an axis that nobody chose."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.flow.bindings import NAMES
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.objectives.facts import Objective, Output
from pitfallcheck.lint.objectives.torch_contexts import Contexts
from pitfallcheck.lint.objectives.torch_follow import SharedOut
from pitfallcheck.lint.objectives.torch_read import contexts_of, torch_objectives
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import walk

OVER_CLASSES = frozenset({"CrossEntropyLoss", "NLLLoss", "KLDivLoss"})
WRAPPING = frozenset({"enumerate", "tqdm", "iter", "next", "trange"})


@dataclass(frozen=True, eq=False, slots=True)
class Misplaced:
    """A softmax applied by `node` along the wrong axis; `why` tells what shows it, `seen` is where."""

    node: ast.expr
    why: Literal["loss", "search", "three axes", "unknown"]
    seen: ast.expr | None = None
    units: int | None = None


def misplaced(source: Source) -> Iterator[Misplaced]:
    """Every softmax of torch that is along the wrong axis."""
    contexts = contexts_of(source)
    told = set[ast.AST]()
    for objective in torch_objectives(source):
        output, loss = objective.output, objective.loss
        if output is None or loss is None or output.activated_at is None or output.activated_at in told:
            continue
        shares = output.activation in ("softmax", "log_softmax") and output.axis == 0 and output.units != 1
        if shares and loss.name in OVER_CLASSES and _has_batch(contexts, objective, output):
            told.add(output.activated_at)
            yield Misplaced(output.activated_at, "loss", loss.node, output.units)
    _visit(source, contexts)
    for node, met in _by_node(contexts.softmaxes).items():
        if node in told:
            continue
        if all(one.axis == 0 for one in met) and (search := _searched(contexts, node)) is not None:
            yield Misplaced(node, "search", search)
        elif all(one.implicit for one in met):
            ranks = {None if one.given is None else one.given.rank for one in met}
            at = _made_by(contexts, node)
            if ranks in ({3}, {None}) and at not in told:
                told.add(at)
                yield Misplaced(at, "three axes" if ranks == {3} else "unknown")


def _made_by(contexts: Contexts, node: ast.expr) -> ast.expr:
    """Where an axis would be named: the layer of which `node` is a call, else `node` itself."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, NAMES) or contexts.program.called(node):
        return node
    made = contexts.program.origin(node.func)
    return made if contexts.program.called(made) in ("torch.nn.Softmax", "torch.nn.LogSoftmax") else node


def _by_node(softmaxes: list[SharedOut]) -> dict[ast.expr, list[SharedOut]]:
    found: dict[ast.expr, list[SharedOut]] = {}
    for one in softmaxes:
        found.setdefault(one.node, []).append(one)
    return found


def _visit(source: Source, contexts: Contexts) -> None:
    """Evaluates every call of a softmax, so that none is missed for standing where no loss is."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and _names_softmax(source, node):
            for frame in contexts.contexts(contexts.program.scope(node)):
                contexts.of(node, frame)


def _names_softmax(source: Source, node: ast.Call) -> bool:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return "softmax" in called.lower()


def _has_batch(contexts: Contexts, objective: Objective, output: Output) -> bool:
    """Whether what goes into the softmax visibly has samples along its first axis."""
    if output.rank is not None:
        return output.rank >= 2
    call = objective.node
    assert isinstance(call, ast.Call)
    target = argument(call, 1, "target")
    return target is not None and _of_loader(contexts, target)


def _of_loader(contexts: Contexts, node: ast.expr) -> bool:
    """Whether a value was unpacked from what a loop over a data loader gives."""
    for part in walk(node):
        if not isinstance(part, ast.Name):
            continue
        for binding in contexts.program.bindings(part):
            if binding.kind == "item" and binding.value is not None and _is_loader(contexts, binding.value):
                return True
            again = binding.value if binding.kind in ("part", "value") else None
            if isinstance(again, NAMES) and _of_loader(contexts, again):
                return True
    return False


def _is_loader(contexts: Contexts, node: ast.expr) -> bool:
    made = contexts.program.origin(node)
    while isinstance(made, ast.Call) and made.args and getattr(made.func, "id", "") in WRAPPING:
        made = contexts.program.origin(made.args[0])
    if contexts.program.called(made) == "torch.utils.data.DataLoader":
        return constant(argument(made, 1, "batch_size")) is not None if isinstance(made, ast.Call) else False
    name = made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", "")
    return "loader" in name.lower()


def _searched(contexts: Contexts, node: ast.expr) -> ast.expr | None:
    """The `argmax` or `max` along axis 1 of what `node` gives."""
    waiting: list[ast.expr] = [node]
    above = contexts.source.parents.get(node)
    if isinstance(above, ast.Assign) and len(above.targets) == 1 and isinstance(above.targets[0], ast.Name):
        for binding in contexts.program.reaching(contexts.program.scope(node)).by.get(above, []):
            waiting += contexts.program.reads(binding)
    for one in waiting:
        call = contexts.source.parents.get(one)
        if isinstance(call, ast.Attribute) and call.attr in ("argmax", "max"):
            outer = contexts.source.parents.get(call)
            if isinstance(outer, ast.Call) and outer.func is call and constant(argument(outer, 0, "dim", "axis")) == 1:
                return outer
        elif isinstance(call, ast.Call) and call.args[:1] == [one]:
            along = constant(argument(call, 1, "dim"))
            if along == 1 and contexts.program.called(call) in ("torch.argmax", "torch.max"):
                return call
    return None
