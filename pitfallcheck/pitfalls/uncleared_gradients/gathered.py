"""Finds steps whose gradients hold those of earlier steps, and steps whose gradients were thrown away."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, NamedTuple

from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import Steps


class Gathered(NamedTuple):
    """An optimizer's `step` after `backward` in one loop, and why its gradients gather.

    `outside`: the clearing `elsewhere` runs less often; `others`: it is done to something else; `never`: there is none.
    `sure` where the file shows the optimizer and the loop.
    """

    backward: Moment
    step: Moment
    why: Literal["never", "outside", "others"]
    elsewhere: Moment | None
    sure: bool


def gathered(steps: Steps, moments: list[Moment]) -> Iterator[Gathered]:
    """Every optimizer whose gradients nothing clears in the loop in which it steps."""
    backwards = [one for one in moments if one.kind == "backward"]
    told: set[object] = set()
    for step in moments:
        if step.kind != "step" or step.subject is None:
            continue
        loop = steps.loop_of(step, backwards)
        if loop is None or (steps.key(step), loop) in told:
            continue
        shown = steps.is_optimizer(step)
        if not shown and not steps.things.may_be_optimizer(step.subject):
            continue
        found = _in_loop(steps, moments, step, loop, shown)
        if found is not None:
            told.add((steps.key(step), loop))
            yield found


def _in_loop(steps: Steps, moments: list[Moment], step: Moment, loop: ast.AST, shown: bool) -> Gathered | None:
    inner = [one for one in moments if one.within(loop)]
    if any(one.kind in ("unknown", "written") for one in inner):
        return None
    clears = [one for one in inner if one.kind == "clear"]
    verdicts = [steps.concerns(clear, step) for clear in clears]
    if any(verdict is not False for verdict in verdicts):
        return None
    if not _repeats(steps, loop, step) or not _outlives(steps, step, loop):
        return None
    outside = [one for one in moments if one.kind == "clear" and not one.within(loop) and steps.concerns(one, step)]
    virtual = isinstance(loop, ast.FunctionDef | ast.AsyncFunctionDef)
    if not (shown and not virtual) and (clears or outside or _mentions_clearing(steps)):
        return None
    before = [one for one in inner if one.kind == "backward" and one.at < step.at]
    backward = (before or [one for one in inner if one.kind == "backward"])[-1]
    if outside:
        return Gathered(backward, step, "outside", outside[-1], True)
    if clears:
        return Gathered(backward, step, "others", clears[-1], True)
    return Gathered(backward, step, "never", None, shown and not virtual)


def _mentions_clearing(steps: Steps) -> bool:
    """Whether anything in the file clears gradients, wherever it stands: then the loop may well reach it."""
    text = steps.source.text
    return "zero_grad" in text or "grad = None" in text or "grad.zero_" in text or "grad.data.zero_" in text


def _repeats(steps: Steps, loop: ast.AST, step: Moment) -> bool:
    """Whether a loop visibly runs more than once: `for _ in range(1)` and a final `break` do not."""
    if isinstance(loop, ast.For):
        times = loop.iter
        if isinstance(times, ast.Call) and steps.program.called(times) == "range" and len(times.args) == 1:
            count = times.args[0]
            if isinstance(count, ast.Constant) and count.value in (0, 1):
                return False
    if isinstance(loop, ast.For | ast.While):
        return not isinstance(loop.body[-1], ast.Break | ast.Return)
    return True


def _outlives(steps: Steps, step: Moment, loop: ast.AST) -> bool:
    """Whether the optimizer and its parameters are the same in each turn: neither is made inside the loop."""
    assert step.subject is not None
    made = steps.things.makers(step.subject, step.frame)
    if made is None:
        # A function that repeats keeps only what comes from outside of it.
        return not isinstance(loop, ast.FunctionDef | ast.AsyncFunctionDef)
    return not any(steps.program.inside(one.node, loop) for one in made)


def thrown_away(steps: Steps, moments: list[Moment]) -> Iterator[tuple[Moment, Moment]]:
    """Each clearing that surely runs between a backward and the step that is to use it, with that backward."""
    for step in moments:
        if step.kind != "step" or step.subject is None:
            continue
        last = last_before(steps, moments, step)
        if last is None:
            continue
        earlier = [
            one
            for one in moments[: last.at]
            if one.kind in ("backward", "unknown", "step", "written") and one.loops == step.loops
        ]
        if earlier and earlier[-1].kind == "backward":
            yield last, earlier[-1]


def last_before(steps: Steps, moments: list[Moment], step: Moment) -> Moment | None:
    """The clearing after which surely no gradient was computed when `step` runs in the same turn."""
    for one in reversed(moments[: step.at]):
        if one.kind in ("backward", "unknown", "written"):
            return None
        if one.kind == "clear" and one.loops == step.loops and step.implies(one) and steps.concerns(one, step):
            return one
    return None
