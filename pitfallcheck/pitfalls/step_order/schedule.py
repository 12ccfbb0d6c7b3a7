"""Finds learning-rate schedules that move on before the optimizer has made a step."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.steps.acts import Moment, name_of
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.things import Key

EPOCHS = 30
"""Up to which a number of turns is one of epochs: more may be meant to count batches."""


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


def fast_schedules(steps: Steps, moments: list[Moment]) -> Iterator[tuple[Moment, str]]:
    """Each schedule that counts to a small number and moves on with each batch of each epoch, and what it counts to."""
    for schedule in moments:
        loops = [loop for loop in schedule.loops if isinstance(loop, ast.For | ast.While)]
        if schedule.kind != "schedule" or len(loops) < 2 or schedule.conditions or _has_arguments(schedule):
            continue
        batches, epochs = loops[-1], loops[-2]
        if not isinstance(batches, ast.For) or _is_range(batches) or not (isinstance(epochs, ast.For)):
            continue
        if not _is_range(epochs) or not any(one.kind == "step" and one.within(batches) for one in moments):
            continue
        counted = _counts_to(steps, schedule)
        if counted is not None:
            yield schedule, counted


def _is_range(loop: ast.For) -> bool:
    return isinstance(loop.iter, ast.Call) and name_of(loop.iter) in ("range", "trange")


def _counts_to(steps: Steps, schedule: Moment) -> str | None:
    """The literal turns after which a schedule in steps lowers the rate, where they are those of epochs."""
    made = steps.things.makers(schedule.subject, schedule.frame) if schedule.subject is not None else None
    call = made[0].node if made is not None and len(made) == 1 else None
    if not isinstance(call, ast.Call):
        return None
    match steps.program.called(call).rpartition(".")[2]:
        case "StepLR":
            size = argument(call, 1, "step_size")
            return f"step_size={ast.unparse(size)}" if size is not None and _is_small(size, EPOCHS) else None
        case "MultiStepLR":
            stones = argument(call, 1, "milestones")
            small = isinstance(stones, ast.List) and all(_is_small(one, 4 * EPOCHS) for one in stones.elts)
            return f"milestones={ast.unparse(stones)}" if small and stones is not None else None
    return None


def _is_small(node: ast.expr, most: int) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value <= most


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
