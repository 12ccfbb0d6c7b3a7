"""Finds networks that are evaluated in training mode, and training that goes on in evaluation mode."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.lint.steps.acts import Moment, name_of
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.modes import mode_layer
from pitfallcheck.lint.steps.things import Key
from pitfallcheck.pitfalls.wrong_mode.judging import is_evaluation, is_judged, is_scored

SETTING = re.compile(r"\beval\(|\.eval\b|train\((mode=)?[^)\s]|\.training = |\b(test|evaluate|predict|export)\(model=")
"""What may set a network to evaluation, wherever it stands."""

LEARNING = re.compile(r"backward|GradientTape|\.train\(|\.fit\(|autograd|Trainer\(|\.step\(")
"""What may train."""


class Wrong(NamedTuple):
    """What runs in the wrong mode, the layer that makes the difference, and what shows it.

    `hidden` is the maker of a network whose layers another file holds.
    """

    moment: Moment
    layer: str
    shown: Moment | None
    hidden: str | None = None


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
    """Each forward pass whose output is only judged, while nothing has set the trained network to `eval()`."""
    taken = [one for one in moments if one.kind == "step"]
    trained = {key for one in taken for key in steps.held(one) or ()}
    told: set[Key] = set()
    for forward in moments:
        if forward.kind not in ("forward", "hidden") or forward.subject is None:
            continue
        key = steps.key(forward)
        if key not in trained or key in told:
            continue
        learns = [one for one in taken if one.at < forward.at and key in (steps.held(one) or ())]
        evals = _of(steps, moments, "eval", key)
        if not learns or any(one.at < forward.at or set(one.loops) & set(forward.loops) for one in evals):
            continue
        if any(one.kind == "unknown" and one.at < forward.at and not _is_training(one) for one in moments):
            continue
        if not (is_judged(steps, forward) if forward.quiet else is_evaluation(steps, moments, forward)):
            continue
        layer = _network(steps, forward) if forward.kind == "forward" else None
        hidden = _hidden(steps, moments, forward) if forward.kind == "hidden" else None
        if layer is not None or hidden is not None:
            told.add(key)
            yield Wrong(forward, layer or "", learns[-1], hidden)


def _hidden(steps: Steps, moments: list[Moment], forward: Moment) -> str | None:
    """Who makes a network elsewhere that the file sets to training, under no condition, and nowhere to evaluation."""
    key = steps.key(forward)
    trains = [one for one in moments if one.kind == "train" and one.at < forward.at and steps.key(one) == key]
    if not trains or not forward.quiet or SETTING.search(steps.source.text) or forward.subject is None:
        return None
    if not is_scored(_around(steps, forward)):
        return None
    return steps.things.maker_elsewhere(forward.subject, forward.frame)


def never_evaluated(steps: Steps) -> Iterator[Wrong]:
    """Each forward pass that is judged, of a network made in a file that trains nothing and never calls `eval()`."""
    text = steps.source.text
    if SETTING.search(text) or LEARNING.search(text):
        return
    told: set[Key] = set()
    for _, moments in steps.walks:
        for forward in moments:
            if forward.kind != "forward" or not forward.quiet or forward.subject is None:
                continue
            key = steps.key(forward)
            if key in told or not (isinstance(key, tuple) and key[0] == "name"):
                continue
            if any(one.kind == "unknown" and one.at < forward.at for one in moments):
                continue
            layer = _network(steps, forward) if is_scored(_around(steps, forward)) else None
            if layer is not None:
                told.add(key)
                yield Wrong(forward, layer, None)


def _around(steps: Steps, forward: Moment) -> ast.AST:
    """The function in which a forward pass stands, or else the module."""
    return steps.source.scope_of(forward.node)


def _is_training(moment: Moment) -> bool:
    """Whether an unknown call is no more than a part of a training step, and so sets no mode."""
    return not isinstance(moment.node, ast.Call) or name_of(moment.node) in ("grad", "setattr", "backward")


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
