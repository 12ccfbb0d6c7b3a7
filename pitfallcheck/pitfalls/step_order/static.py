"""Judges whether the calls of a training step run, and in the order in which they are of use."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix, Level
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import attribute_statements, steps_of
from pitfallcheck.pitfalls.step_order import PITFALL
from pitfallcheck.pitfalls.step_order.clipping import Late, late_clips
from pitfallcheck.pitfalls.step_order.idle import Idle, idle
from pitfallcheck.pitfalls.step_order.missing import Absent, made_in_loop, without_backward, without_step
from pitfallcheck.pitfalls.step_order.order import Misplaced, misplaced
from pitfallcheck.pitfalls.step_order.schedule import early_schedules, fast_schedules


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each step, schedule or backward that is missing or out of order."""
    steps = steps_of(source)
    if not steps.walks:
        return
    told: set[ast.AST] = set()
    uncalled = attribute_statements(source, frozenset({"backward", "step"}))
    for attribute in uncalled:
        yield _not_called(source, attribute)
    for _, moments in steps.walks:
        found: list[tuple[ast.AST, Finding]] = [
            (one.step.node, _misplaced(source, one)) for one in misplaced(steps, moments)
        ]
        if not uncalled:
            found += [(one.node, _no_backward(source, one)) for one in without_backward(steps, moments)]
            found += [(one.node, _no_step(source, one)) for one in without_step(steps, moments)]
        found += [(call, _made_anew(source, call, step)) for call, step in made_in_loop(steps, moments)]
        found += [(early.node, _early(source, early, step)) for early, step in early_schedules(steps, moments)]
        found += [(one.clip.node, _late(source, one)) for one in late_clips(steps, moments)]
        found += [(fast.node, _fast(source, fast, counted)) for fast, counted in fast_schedules(steps, moments)]
        for node, finding in found:
            if node not in told:
                told.add(node)
                yield finding
    for one in idle(steps) if not uncalled else ():
        yield _idle(source, one)


def _finding(
    source: Source,
    level: Level,
    node: ast.AST,
    message: str,
    remedy: str,
    subject: str,
    *evidence: Evidence,
    fix: Fix | None = None,
) -> Finding:
    return PITFALL.finding(
        level,
        source.location(node),
        message,
        remedy=remedy,
        source="static",
        subject=subject,
        evidence=evidence,
        fix=fix,
    )


def _not_called(source: Source, attribute: ast.Attribute) -> Finding:
    written = source.segment(attribute)
    effect = "no gradient is computed" if attribute.attr == "backward" else "nothing moves"
    return _finding(
        source,
        "error",
        attribute,
        f"`{written}` names the method and does not call it: {effect}",
        f"call it, `{written}()`",
        source.segment(attribute.value),
        fix=Fix((Edit(*source.span(attribute), "{}()"),)),
    )


def _misplaced(source: Source, one: Misplaced) -> Finding:
    step, backward, clear = (source.segment(each.node) for each in (one.step, one.backward, one.clear))
    line = one.backward.node.lineno
    level: Level = "error"
    match one.why:
        case "empty":
            message = (
                f"`{step}` runs in front of `{backward}` in line {line}, and `{clear}` clears the gradients before it: "
                "it finds none, and moves nothing"
            )
            remedy = f"move `{step}` behind `{backward}`"
        case "late":
            level = "warning"
            message = (
                f"`{step}` runs in front of `{backward}` in line {line}: each step goes along the gradients of the "
                "turn before, the first one along none, and the last gradients are never used"
            )
            remedy = f"move `{step}` behind `{backward}`"
        case "outside":
            message = (
                f"`{step}` stands behind the loop in which `{clear}` and `{backward}` run: only the gradients of the "
                "last turn are left when it steps, and those of all others are thrown away"
            )
            remedy = f"move `{step}` into the loop, behind `{backward}` in line {line}"
    return _finding(
        source,
        level,
        one.step.node,
        message,
        remedy,
        _subject(source, one.step),
        Evidence("backward", "the gradients are computed here", source.path, line),
        Evidence("clear", "and cleared here", source.path, one.clear.node.lineno),
    )


def _no_backward(source: Source, one: Absent) -> Finding:
    optimizer = source.segment(one.optimizer)
    loss = source.segment(one.loss) if one.loss is not None else "loss"
    return _finding(
        source,
        "error",
        one.node,
        f"`{source.segment(one.node)}` has no gradients to step along: nothing in this file calls `backward`, and "
        f"`{optimizer}` moves nothing",
        f"put `{loss}.backward()` in front of this line",
        optimizer,
    )


def _no_step(source: Source, one: Absent) -> Finding:
    optimizer = source.segment(one.optimizer)
    return _finding(
        source,
        "error",
        one.node,
        f"the gradients are computed here and cleared in each turn, and `{optimizer}` never steps: no weight moves",
        f"put `{optimizer}.step()` behind this line",
        optimizer,
    )


def _made_anew(source: Source, call: ast.Call, step: Moment) -> Finding:
    made = source.segment(call.func)
    return _finding(
        source,
        "warning",
        call,
        f"`{made}(...)` is made anew for every step: its running averages start from nothing each time, and what it is "
        "chosen for (momentum, a rate for each weight) never comes to bear",
        "make it once, in front of the loop",
        _subject(source, step),
        Evidence("step", "and makes one step here", source.path, step.node.lineno),
    )


def _early(source: Source, schedule: Moment, step: Moment) -> Finding:
    written = source.segment(schedule.node)
    return _finding(
        source,
        "warning",
        schedule.node,
        f"`{written}` runs in front of `{source.segment(step.node)}` in line {step.node.lineno}: the first learning "
        "rate of the schedule is never used, and every other one comes a turn early",
        f"move `{written}` to the end of the loop, behind the step",
        _subject(source, schedule),
        Evidence("step", "the first step comes here", source.path, step.node.lineno),
    )


def _fast(source: Source, schedule: Moment, counted: str) -> Finding:
    written = source.segment(schedule.node)
    return _finding(
        source,
        "note",
        schedule.node,
        f"`{written}` runs with each batch, and `{counted}` counts batches here: if epochs are meant, the rate is "
        "gone within the first of them",
        f"move `{written}` behind the loop over the batches",
        _subject(source, schedule),
    )


def _late(source: Source, one: Late) -> Finding:
    written = source.segment(one.clip.node.func) if isinstance(one.clip.node, ast.Call) else "the clipping"
    step = source.segment(one.step.node)
    used = "the step has already gone along the gradients as they were"
    evidence = [Evidence("step", "the gradients are used here", source.path, one.step.node.lineno)]
    if one.clear is not None:
        used += f", and `{source.segment(one.clear.node)}` throws away what is clipped"
        evidence.append(Evidence("clear", "and cleared here", source.path, one.clear.node.lineno))
    return _finding(
        source,
        "error" if one.clear is not None else "warning",
        one.clip.node,
        f"`{written}` runs behind `{step}` in line {one.step.node.lineno}: {used}",
        f"move it in front of `{step}`, behind `backward`",
        written,
        *evidence,
    )


def _idle(source: Source, one: Idle) -> Finding:
    optimizer = source.segment(one.optimizer)
    loss = source.segment(one.name) if one.name is not None else "loss"
    return _finding(
        source,
        "error",
        one.loss,
        f"`{loss}` is computed in each turn, and nothing in this file calls `backward` or `{optimizer}.step()`: no "
        "weight moves",
        f"put `{optimizer}.zero_grad()`, `{loss}.backward()` and `{optimizer}.step()` behind this line",
        optimizer,
        Evidence("optimizer", "the optimizer is made here", source.path, one.made.lineno),
    )


def _subject(source: Source, moment: Moment) -> str:
    return source.segment(moment.subject) if moment.subject is not None else ""
