"""Finds steps that run when no gradient is there, or an old one: in front of their backward, or outside its loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, NamedTuple

from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.tree import walk


class Misplaced(NamedTuple):
    """A `step` at the wrong place, and the backward that it belongs to.

    `empty`: there are no gradients when it runs; `late`: they are those of the turn before; `outside`: of the last turn
    of an inner loop alone. `clear` is the clearing that shows it.
    """

    step: Moment
    backward: Moment
    clear: Moment
    why: Literal["empty", "late", "outside"]


def misplaced(steps: Steps, moments: list[Moment]) -> Iterator[Misplaced]:
    """Every step of an optimizer of the file that is out of order with its backward."""
    backwards = [one for one in moments if one.kind == "backward"]
    if not backwards:
        return
    for step in moments:
        if step.kind == "step" and step.subject is not None and _is_optimizer(steps, step, step.subject):
            found = _before(steps, moments, step) or _outside(steps, moments, step)
            if found is not None:
                yield found


def _is_optimizer(steps: Steps, step: Moment, subject: ast.expr) -> bool:
    """Whether a step is that of an optimizer; what is cleared and called one is taken for one."""
    return steps.is_optimizer(step) or steps.things.may_be_optimizer(subject)


def _before(steps: Steps, moments: list[Moment], step: Moment) -> Misplaced | None:
    """The step comes first, and then the backward, in each turn of one loop."""
    if not step.loops:
        return None
    inner = [one for one in moments if one.within(step.loops[-1])]
    if any(one.kind in ("unknown", "written") for one in inner):
        return None
    acts = [one for one in inner if one.kind == "backward" or (one.kind == "clear" and steps.concerns(one, step))]
    before = [one for one in acts if one.at < step.at]
    after = [one for one in acts if one.at > step.at]
    backwards = [one for one in after if one.kind == "backward"]
    if any(one.kind == "backward" for one in before) or not backwards:
        return None
    if not all(one.loops == step.loops and one.conditions == step.conditions for one in acts):
        return None
    if any(one.kind == "step" and one is not step for one in inner):
        return None
    if before:
        return Misplaced(step, backwards[0], before[-1], "empty")
    if after[-1].kind == "clear":
        return Misplaced(step, backwards[0], after[-1], "empty")
    clears = [one for one in after if one.kind == "clear"]
    return Misplaced(step, backwards[0], clears[-1], "late") if clears else None


def _outside(steps: Steps, moments: list[Moment], step: Moment) -> Misplaced | None:
    """The step stands behind a loop that clears and computes the gradients in each of its turns."""
    key = steps.key(step)
    deeper = [
        one
        for one in moments
        if one.at < step.at
        and len(one.loops) > len(step.loops)
        and one.loops[: len(step.loops)] == step.loops
        and isinstance(one.loops[len(step.loops)], ast.For | ast.While)
    ]
    if not deeper:
        return None
    loop = deeper[-1].loops[len(step.loops)]
    inner = [one for one in deeper if one.within(loop)]
    own = [one for one in moments if one.loops == step.loops and deeper[-1].at < one.at < step.at]
    if any(one.kind in ("backward", "clear", "unknown", "written") for one in own):
        return None
    if any(one.kind in ("unknown", "written", "step", "moved") for one in inner):
        return None
    clears = [one for one in inner if one.kind == "clear" and steps.key(one) == key]
    backwards = [one for one in inner if one.kind == "backward"]
    if (
        len(backwards) != 1
        or not clears
        or not backwards[0].implies(clears[0])
        or step.conditions != clears[0].conditions
    ):
        return None
    if any(isinstance(part, ast.Attribute) and part.attr == "grad" for part in walk(loop)):
        return None
    return Misplaced(step, backwards[0], clears[0], "outside")
