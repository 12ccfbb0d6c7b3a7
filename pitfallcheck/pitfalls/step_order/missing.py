"""Finds training loops with a step and no backward, with a backward and no step, and with a new optimizer each time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.things import Key
from pitfallcheck.lint.tree import walk

LOSSES = words(
    """
    mse_loss l1_loss smooth_l1_loss huber_loss cross_entropy nll_loss binary_cross_entropy kl_div
    binary_cross_entropy_with_logits ctc_loss triplet_margin_loss cosine_embedding_loss hinge_embedding_loss
    """
)
HOLDING = words("zero_grad param_groups state_dict load_state_dict defaults state")
"""What is asked of an optimizer without a step."""

STATEFUL = words("Adam AdamW Adamax Adagrad Adadelta RMSprop NAdam RAdam Rprop ASGD LBFGS SparseAdam")


class Absent(NamedTuple):
    """A call that shows what is missing, the optimizer, and the loss where it has a name."""

    node: ast.expr | ast.stmt
    optimizer: ast.expr
    loss: ast.expr | None


def without_backward(steps: Steps, moments: list[Moment]) -> Iterator[Absent]:
    """Each step of an optimizer after a loss in one loop, in a file in which nothing computes gradients."""
    text = steps.source.text
    if "backward" in text or "autograd" in text or ".grad" in text.replace(".grad_", "") or "vmap" in text:
        return
    for step in moments:
        if step.kind != "step" or step.subject is None or not step.loops or not steps.is_optimizer(step):
            continue
        loop = step.loops[-1]
        if any(one.kind == "unknown" and one.within(loop) for one in moments):
            continue
        loss = _loss_in(steps, loop) or _loss_in(steps, step.frame.function if step.frame is not None else loop)
        if loss is not None and not step.node.args:  # type: ignore[union-attr]
            yield Absent(step.node, step.subject, _bound(steps, loss))


def _loss_in(steps: Steps, region: ast.AST) -> ast.Call | None:
    """A loss of torch that is computed in a loop, or in a function of the file that is called there."""
    calls = [node for node in walk(region) if isinstance(node, ast.Call)]
    helpers = [function for call in calls if (function := steps.program.function(call)) is not None]
    calls += [node for helper in helpers for node in walk(helper) if isinstance(node, ast.Call)]
    return next((node for node in calls if is_loss(steps, node)), None)


def is_loss(steps: Steps, node: ast.Call) -> bool:
    """Whether a call computes a loss of torch."""
    name = steps.program.called(node)
    if name.startswith("torch.nn.functional.") and name.rpartition(".")[2] in LOSSES:
        return True
    if not isinstance(node.func, ast.Name | ast.Attribute) or name:
        return False
    classes = steps.things.classes(node.func)
    return bool(classes) and all(one.startswith("torch.nn.") and one.endswith("Loss") for one in classes)


def _bound(steps: Steps, call: ast.Call) -> ast.expr | None:
    parent = steps.source.parents.get(call)
    return parent.targets[0] if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name) else None


def without_step(steps: Steps, moments: list[Moment]) -> Iterator[Absent]:
    """Each backward in a loop that clears an optimizer's gradients, where that optimizer never steps."""
    for clear in moments:
        if clear.kind != "clear" or not clear.loops or not steps.is_optimizer(clear) or clear.subject is None:
            continue
        loop = clear.loops[-1]
        inner = [one for one in moments if one.within(loop)]
        backwards = [one for one in inner if one.kind == "backward"]
        if not backwards or any(one.kind in ("unknown", "written", "moved", "step") for one in inner):
            continue
        if any(isinstance(part, ast.Attribute) and part.attr == "grad" for part in steps.source.nodes):
            continue
        if not _used_elsewhere(steps, steps.key(clear), clear):
            yield Absent(backwards[-1].node, clear.subject, None)


def _used_elsewhere(steps: Steps, key: Key, clear: Moment) -> bool:
    """Whether anything is done with an optimizer but to make, clear and list it; a function may do all that it can."""
    assert clear.subject is not None
    name = clear.subject.attr if isinstance(clear.subject, ast.Attribute) else getattr(clear.subject, "id", "")
    for mention in steps.program.mentions.get(name, []):
        parent = steps.source.parents.get(mention)
        if isinstance(parent, ast.Attribute):
            if parent.attr not in HOLDING:
                return True
        elif isinstance(parent, ast.Call) and mention in parent.args:
            called = steps.program.called(parent)
            if not called.startswith("torch.optim.lr_scheduler.") and steps.program.function(parent) is None:
                return True
        else:
            return True
    return False


def made_in_loop(steps: Steps, moments: list[Moment]) -> Iterator[tuple[ast.Call, Moment]]:
    """Each optimizer with a state that is made anew for every step, for parameters that stay."""
    backwards = [one for one in moments if one.kind == "backward"]
    for step in moments:
        if step.kind != "step" or step.subject is None or not steps.is_optimizer(step):
            continue
        loop = steps.loop_of(step, backwards)
        made = steps.things.makers(step.subject, step.frame)
        if not isinstance(loop, ast.For | ast.While) or made is None or len(made) != 1:
            continue
        call = made[0].node
        if not isinstance(call, ast.Call) or not _has_state(steps, call) or loop is not step.loops[-1]:
            continue
        lexical = steps.program.loops_around(call)
        in_helper = made[0].frame is not None and made[0].frame == step.frame and not lexical
        in_helper = in_helper and not steps.program.inside(loop, made[0].frame.function)  # type: ignore[union-attr]
        if not in_helper and (not lexical or lexical[0] is not loop):
            continue
        if _under_condition(steps, call) or _starts_anew(steps, loop, step):
            continue
        yield call, step


def _has_state(steps: Steps, call: ast.Call) -> bool:
    name = steps.program.called(call).rpartition(".")[2]
    if name == "SGD":
        momentum = argument(call, 2, "momentum")
        return momentum is not None and constant(momentum) != 0
    return name in STATEFUL


def _under_condition(steps: Steps, call: ast.Call) -> bool:
    at = steps.source.parents.get(call)
    while at is not None and not isinstance(at, ast.For | ast.While | ast.FunctionDef | ast.Module):
        if isinstance(at, ast.If | ast.IfExp | ast.Try):
            return True
        at = steps.source.parents.get(at)
    return False


def _starts_anew(steps: Steps, loop: ast.AST, step: Moment) -> bool:
    """Whether each turn has parameters of its own, or may have: they are made, loaded or reset in it."""
    held = steps.held(step)
    if held is None:
        return True
    for node in walk(loop):
        if isinstance(node, ast.Attribute) and node.attr in (
            "load_state_dict",
            "deepcopy",
            "apply",
            "reset_parameters",
        ):
            return True
    names = {one[-1] for one in held if isinstance(one, tuple)}
    flow = steps.program.reaching(steps.program.scope(loop))
    return any(
        name.rpartition(".")[2] in names and any(steps.program.inside(binding.node, loop) for binding in bindings)
        for name, bindings in flow.all.items()
    )
