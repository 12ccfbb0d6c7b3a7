"""Judges whether the gradients of one step are cleared before the next, and not before they were used."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import Steps, attribute_statements, steps_of
from pitfallcheck.pitfalls.uncleared_gradients import PITFALL
from pitfallcheck.pitfalls.uncleared_gradients.by_hand import uncleared_by_hand
from pitfallcheck.pitfalls.uncleared_gradients.gathered import Gathered, gathered, thrown_away


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each optimizer and loop, each clearing at the wrong place, each step by hand."""
    steps = steps_of(source)
    if not steps.walks:
        return
    uncalled = attribute_statements(source, frozenset({"zero_grad"}))
    for attribute in uncalled:
        yield _not_called(source, attribute)
    told: set[ast.AST] = set()
    for _, moments in steps.walks:
        for clear, backward in thrown_away(steps, moments):
            if clear.node not in told:
                told.add(clear.node)
                yield _thrown_away(source, clear, backward)
        if uncalled:
            continue
        for one in gathered(steps, moments):
            if one.backward.node not in told and one.step.node not in told:
                told |= {one.backward.node, one.step.node}
                yield _gathered(source, steps, one)
        for moved, backward in uncleared_by_hand(steps, moments):
            if backward.node not in told:
                told.add(backward.node)
                yield _by_hand(source, moved, backward)


def _not_called(source: Source, attribute: ast.Attribute) -> Finding:
    written = source.segment(attribute)
    return PITFALL.finding(
        "error",
        source.location(attribute),
        f"`{written}` names the method and does not call it: no gradient is cleared",
        remedy=f"call it, `{written}()`",
        source="static",
        subject=source.segment(attribute.value),
        fix=Fix((Edit(*source.span(attribute), "{}()"),)),
    )


def _thrown_away(source: Source, clear: Moment, backward: Moment) -> Finding:
    written = source.segment(clear.node)
    return PITFALL.finding(
        "error",
        source.location(clear.node),
        f"`{written}` runs between `{source.segment(backward.node)}` and the step: it throws the gradients away, and "
        "the step moves nothing",
        remedy=f"move `{written}` in front of `{source.segment(backward.node)}`, or behind the step",
        source="static",
        subject=_subject(source, clear),
        evidence=(_at(source, "backward", "the gradients are computed here", backward.node),),
    )


def _gathered(source: Source, steps: Steps, one: Gathered) -> Finding:
    optimizer = _subject(source, one.step)
    clearing = f"{optimizer}.zero_grad()"
    place = one.backward
    fix = None
    evidence = [_at(source, "step", f"`{optimizer}` steps here", one.step.node)]
    if one.elsewhere is not None and one.why == "outside":
        said = source.segment(one.elsewhere.node)
        message = (
            f"`{said}` in line {one.elsewhere.node.lineno} does not run again for each step: every step of "
            f"`{optimizer}` adds the gradients of all steps since"
        )
        remedy = f"clear them in the loop, in front of this line: `{said}`"
        evidence.append(_at(source, "clear", "the only clearing, outside of this loop", one.elsewhere.node))
    elif one.elsewhere is not None:
        said = source.segment(one.elsewhere.node)
        message = (
            f"nothing clears the gradients that `{optimizer}` steps along, and each step adds all earlier ones: "
            f"`{said}` clears those of others"
        )
        remedy = f"put `{clearing}` in front of this line"
        evidence.append(_at(source, "clear", "clears other parameters", one.elsewhere.node))
    elif len(one.step.conditions) > len(one.backward.conditions):
        place = one.step
        message = (
            f"nothing clears the gradients between the steps of `{optimizer}`: each step goes along the sum of all "
            "gradients so far, not along those gathered since the last one"
        )
        remedy = f"put `{clearing}` behind this line, under the same condition"
        evidence = [_at(source, "backward", "adds to the gradients", one.backward.node)]
    else:
        message = (
            f"nothing clears the gradients between the steps of `{optimizer}`: `backward` adds to them, and each step "
            "goes along the sum of all gradients so far"
        )
        remedy = f"put `{clearing}` in front of this line"
        fix = _clearing(source, place.node, clearing) if one.sure else None
    return PITFALL.finding(
        "error" if one.sure else "warning",
        source.location(place.node),
        message,
        remedy=remedy,
        source="static",
        subject=optimizer,
        evidence=tuple(evidence),
        fix=fix,
    )


def _clearing(source: Source, backward: ast.AST, clearing: str) -> Fix | None:
    """`clearing` in front of the statement of `backward`, where that begins its line and nothing stands behind it."""
    statement = source.parents.get(backward)
    if not isinstance(statement, ast.Expr):
        return None
    start, end = source.span(statement)
    before = source.lines[start[0] - 1][: start[1] - 1]
    behind = source.lines[end[0] - 1][end[1] - 1 :].strip()
    if before.strip() or (behind and not behind.startswith("#")):
        return None
    return Fix((Edit(start, start, clearing),))


def _by_hand(source: Source, moved: Moment, backward: Moment) -> Finding:
    name = _subject(source, moved)
    return PITFALL.finding(
        "error",
        source.location(moved.node),
        f"`{name}` is moved by `{name}.grad`, and nothing sets that back: `backward` adds to it, and each step goes "
        "along the sum of all gradients so far",
        remedy=f"clear it after the step, `{name}.grad = None`",
        source="static",
        subject=name,
        evidence=(_at(source, "backward", "adds to the gradients", backward.node),),
    )


def _subject(source: Source, moment: Moment) -> str:
    return source.segment(moment.subject) if moment.subject is not None else ""


def _at(source: Source, kind: str, text: str, node: ast.expr | ast.stmt) -> Evidence:
    return Evidence(kind, text, source.path, node.lineno)
