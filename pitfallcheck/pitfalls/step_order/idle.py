"""Finds loops that compute a loss again and again, with an optimizer at hand that nobody ever uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.steps.acts import Moment, name_of
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.step_order.missing import is_loss

TRAINED = re.compile(r"backward|\.step\b|autograd|\.grad\b|Trainer|\.fit\b|vmap|functional_call")
"""What may train."""

EVALUATED = re.compile(r"test|val|eval|infer|predict", re.IGNORECASE)
"""Names of what is evaluated."""


class Idle(NamedTuple):
    """A loss in a loop, its name where it has one, and the optimizer that is not used."""

    loss: ast.Call
    name: ast.expr | None
    optimizer: ast.expr
    made: ast.Call


def idle(steps: Steps) -> Iterator[Idle]:
    """Each loss in a loop over epochs or batches, of a network whose optimizer is made next to it and never used."""
    if TRAINED.search(steps.source.text):
        return
    for made in steps.source.nodes:
        target = _bound(steps, made)
        if target is None or not isinstance(made, ast.Call) or not steps.things.is_optimizer(made):
            continue
        if _is_used(steps, target):
            continue
        for _, moments in steps.walks:
            loss = next((one for one in (_judged(steps, one, made) for one in moments) if one is not None), None)
            if loss is not None:
                yield Idle(loss, _bound(steps, loss), target, made)
                break


def _bound(steps: Steps, node: ast.AST) -> ast.Name | None:
    """The name that a call is given."""
    parent = steps.source.parents.get(node)
    if isinstance(node, ast.Call) and isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        return parent.targets[0] if isinstance(parent.targets[0], ast.Name) else None
    return None


def _is_used(steps: Steps, optimizer: ast.Name) -> bool:
    """Whether anything is done with an optimizer but to clear its gradients."""
    for mention in steps.program.mentions.get(optimizer.id, []):
        parent = steps.source.parents.get(mention)
        if mention is not optimizer and not (isinstance(parent, ast.Attribute) and parent.attr == "zero_grad"):
            return True
    return False


def _judged(steps: Steps, forward: Moment, optimizer: ast.Call) -> ast.Call | None:
    """The loss of a forward pass in a loop of the scope in which the optimizer is made."""
    if forward.kind not in ("forward", "hidden") or forward.quiet or forward.subject is None:
        return None
    scope = steps.source.scope_of(optimizer)
    if steps.source.scope_of(forward.node) is not scope:
        return None
    held = steps.things.held(optimizer, forward.frame)
    if held is None or steps.key(forward) not in held:
        return None
    loops = [loop for loop in forward.loops if isinstance(loop, ast.For | ast.While)]
    if not loops or EVALUATED.search(getattr(scope, "name", "")) or any(_evaluates(loop) for loop in loops):
        return None
    if any(isinstance(part, ast.Attribute) and part.attr == "eval" for part in walk(scope)) and not _counts(loops[0]):
        # A trained network is measured, next to an optimizer that is left from its training.
        return None
    return next((node for node in walk(loops[-1]) if isinstance(node, ast.Call) and is_loss(steps, node)), None)


def _evaluates(loop: ast.For | ast.While) -> bool:
    """Whether a loop goes through what is there to evaluate."""
    names = (dotted(part) or "" for part in walk(loop.iter)) if isinstance(loop, ast.For) else ()
    return any(EVALUATED.search(name) for name in names)


def _counts(loop: ast.For | ast.While) -> bool:
    """Whether a loop counts its turns, as those over epochs do."""
    return isinstance(loop, ast.For) and any(
        isinstance(part, ast.Call) and name_of(part) in ("range", "trange") for part in walk(loop.iter)
    )
