"""Finds networks that are evaluated in training mode, and training that goes on in evaluation mode."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.lint.steps.acts import Moment, name_of
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.modes import mode_layer
from pitfallcheck.lint.steps.things import Key
from pitfallcheck.lint.tree import walk


class Wrong(NamedTuple):
    """What runs in the wrong mode, the layer that makes the difference, and what shows it."""

    moment: Moment
    layer: str
    shown: Moment


def _network(steps: Steps, moment: Moment) -> str | None:
    """The layer for which the mode of the subject matters."""
    made = steps.things.module(moment.subject, moment.frame) if moment.subject is not None else None
    return mode_layer(steps.things, made) if made is not None else None


def _of(steps: Steps, moments: list[Moment], kind: str, key: Key) -> list[Moment]:
    """The acts of a kind that may be done to the network; those surely done to another one are left out."""
    found = []
    for one in moments:
        if one.kind != kind or one.subject is None:
            continue
        other = steps.key(one)
        if other == key or steps.things.module(one.subject, one.frame) is None:
            found.append(one)
    return found


def evaluated_in_training(steps: Steps, moments: list[Moment]) -> Iterator[Wrong]:
    """Each forward pass without gradients whose output is judged, while nothing has set the network to `eval()`."""
    taken = [one for one in moments if one.kind == "step"]
    trained = {key for one in taken for key in steps.held(one) or ()}
    told: set[Key] = set()
    for forward in moments:
        if forward.kind != "forward" or not forward.quiet or forward.subject is None:
            continue
        key = steps.key(forward)
        if key not in trained or key in told or not _is_judged(steps, forward):
            continue
        learns = [one for one in taken if one.at < forward.at and key in (steps.held(one) or ())]
        evals = _of(steps, moments, "eval", key)
        if not learns or any(one.at < forward.at or set(one.loops) & set(forward.loops) for one in evals):
            continue
        if any(one.kind == "unknown" and one.at < forward.at and not _is_training(one) for one in moments):
            continue
        layer = _network(steps, forward)
        if layer is not None:
            told.add(key)
            yield Wrong(forward, layer, learns[-1])


def _is_training(moment: Moment) -> bool:
    """Whether an unknown call is no more than a part of a training step, and so sets no mode."""
    return not isinstance(moment.node, ast.Call) or name_of(moment.node) in ("grad", "setattr", "backward")


def _is_judged(steps: Steps, forward: Moment) -> bool:
    """Whether what comes out is compared with labels, under the same `no_grad` or in the same function."""
    at: ast.AST | None = steps.source.parents.get(forward.node)
    while at is not None and not isinstance(at, ast.With | ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
        at = steps.source.parents.get(at)
    if not isinstance(at, ast.With | ast.FunctionDef):
        return False
    for node in walk(at):
        if isinstance(node, ast.Call):
            name = name_of(node)
            if name.endswith(("loss", "Loss", "entropy")) or name in ("criterion", "eq", "accuracy", "accuracy_score"):
                return True
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq) and not _is_text(node.comparators[0]):
            return True
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def trained_in_evaluation(steps: Steps, moments: list[Moment]) -> Iterator[Wrong]:
    """Each `eval()` after which a network is trained, in the next turn or right away, with no `train()` between."""
    told: set[ast.AST] = set()
    for step in moments:
        held = steps.held(step) if step.kind == "step" else None
        for key in held or ():
            evals = _of(steps, moments, "eval", key)
            trains = _of(steps, moments, "train", key)
            for one in evals:
                if one.node in told or steps.key(one) != key or not _reaches(one, step, trains, moments):
                    continue
                layer = _network(steps, one)
                if layer is not None:
                    told.add(one.node)
                    yield Wrong(one, layer, step)


def _reaches(one: Moment, step: Moment, trains: list[Moment], moments: list[Moment]) -> bool:
    """Whether the mode that `one` sets is surely that of `step`."""
    if any(other.kind == "unknown" for other in moments):
        return False
    if one.at < step.at:
        between = [train for train in trains if one.at < train.at < step.at]
        return not between and step.implies(one)
    shared = [loop for loop in step.loops if one.within(loop) and isinstance(loop, ast.For | ast.While)]
    if not shared:
        return False
    loop = shared[-1]
    inner = [train for train in trains if train.within(loop)]
    extra = set(one.conditions) - set(step.conditions)
    # Every k-th epoch is enough to leave the network in evaluation mode for the next one.
    return not inner and len(extra) <= 1 and _goes_on(loop, one)


def _goes_on(loop: ast.For | ast.While, one: Moment) -> bool:
    """Whether there is a next turn after an act: no `break` or `return` follows in its branch."""
    for node, _ in one.conditions:
        if isinstance(node, ast.If) and any(
            isinstance(part, ast.Break | ast.Return) for branch in (node.body, node.orelse) for part in branch
        ):
            return False
    return not isinstance(loop.body[-1], ast.Break | ast.Return)
