"""Finds learning-rate schedules that move on before the optimizer has made a step."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.things import Key


def early_schedules(steps: Steps, moments: list[Moment]) -> Iterator[tuple[Moment, Moment]]:
    """Each `scheduler.step()` in front of the first step of its optimizer in the same loop, and that step."""
    taken = [one for one in moments if one.kind == "step"]
    for schedule in moments:
        if schedule.kind != "schedule" or not schedule.loops or _has_arguments(schedule):
            continue
        optimizer = _optimizer_of(steps, schedule)
        own = [one for one in taken if optimizer is not None and steps.key(one) == optimizer]
        loop = schedule.loops[-1]
        if any(one.at < schedule.at for one in own) or isinstance(loop, ast.FunctionDef):
            continue
        later = [one for one in own if one.within(loop) and set(schedule.conditions) <= set(one.conditions)]
        unknown = any(one.kind == "unknown" and one.at < schedule.at for one in moments)
        if later and not unknown:
            yield schedule, later[0]


def _has_arguments(schedule: Moment) -> bool:
    """`scheduler.step(epoch)` says which value it wants, and `step(loss)` belongs to another kind of schedule."""
    call = schedule.node
    return not isinstance(call, ast.Call) or bool(call.args or call.keywords)


def _optimizer_of(steps: Steps, schedule: Moment) -> Key | None:
    made = steps.things.makers(schedule.subject, schedule.frame) if schedule.subject is not None else None
    if not made:
        return None
    keys = set()
    for one in made:
        given = argument(one.node, 0, "optimizer") if isinstance(one.node, ast.Call) else None
        keys.add(steps.things.key(given, one.frame) if given is not None else None)
    return keys.pop() if len(keys) == 1 else None
