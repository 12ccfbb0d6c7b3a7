"""Judges whether a network with dropout or batch norm is in the mode that its use calls for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix, Level
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.steps.facts import attribute_statements, steps_of
from pitfallcheck.lint.steps.modes import ON_PURPOSE
from pitfallcheck.pitfalls.wrong_mode import PITFALL
from pitfallcheck.pitfalls.wrong_mode.functional import always_on
from pitfallcheck.pitfalls.wrong_mode.modes import Wrong, evaluated_in_training, never_evaluated, trained_in_evaluation
from pitfallcheck.pitfalls.wrong_mode.tape import untold


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each call in the wrong mode."""
    if ON_PURPOSE.search(source.text):
        return
    steps = steps_of(source)
    told: set[ast.AST] = set()
    uncalled = attribute_statements(source, frozenset({"train", "eval"})) if steps.walks else []
    for attribute in uncalled:
        yield _not_called(source, attribute)
    for _, moments in steps.walks:
        if uncalled:
            break
        for one in evaluated_in_training(steps, moments):
            if one.moment.node not in told:
                told.add(one.moment.node)
                yield _evaluated(source, one)
        for one in trained_in_evaluation(steps, moments):
            if one.moment.node not in told:
                told.add(one.moment.node)
                yield _trained(source, one)
    for one in never_evaluated(steps) if not uncalled else ():
        yield _evaluated(source, one)
    for call in always_on(steps):
        yield _always_on(source, call)
    if "GradientTape" in source.text:
        for call, layer in untold(steps):
            yield _untold(source, call, layer)


def _not_called(source: Source, attribute: ast.Attribute) -> Finding:
    written = source.segment(attribute)
    return PITFALL.finding(
        "error",
        source.location(attribute),
        f"`{written}` names the method and does not call it: the mode stays as it is",
        remedy=f"call it, `{written}()`",
        source="static",
        subject=source.segment(attribute.value),
        fix=Fix((Edit(*source.span(attribute), "{}()"),)),
    )


def _evaluated(source: Source, one: Wrong) -> Finding:
    assert one.moment.subject is not None
    model = source.segment(one.moment.subject)
    level: Level
    has, level = f"it has `{one.layer}`", "error"
    if one.hidden is not None:
        maker = one.hidden.rpartition(".")[2]
        has, level = f"`{maker}` of another file holds its layers, dropout or batch norm perhaps", "warning"
    elif one.shown is None:
        has, level = f"that is the mode in which a network starts, {has}", "warning"
    shown = one.shown.node.lineno if one.shown is not None else None
    return PITFALL.finding(
        level,
        source.location(one.moment.node),
        f"`{model}` is evaluated here in training mode: {has}, and nothing calls `{model}.eval()`",
        remedy=f"call `{model}.eval()` in front of the evaluation, and `{model}.train()` before training goes on",
        source="static",
        subject=model,
        evidence=(Evidence("step", "trained here", source.path, shown),) if shown is not None else (),
    )


def _trained(source: Source, one: Wrong) -> Finding:
    assert one.moment.subject is not None and one.shown is not None
    model = source.segment(one.moment.subject)
    written = source.segment(one.moment.node)
    again = "in the next turn" if one.shown.at < one.moment.at else "after it"
    return PITFALL.finding(
        "error",
        source.location(one.moment.node),
        f"`{model}` is trained {again} in line {one.shown.node.lineno} while still in the evaluation mode that "
        f"`{written}` sets: it has `{one.layer}`, and nothing calls `{model}.train()` between",
        remedy=f"call `{model}.train()` in front of the training, in the same loop",
        source="static",
        subject=model,
        evidence=(Evidence("step", "trained here", source.path, one.shown.node.lineno),),
    )


def _always_on(source: Source, call: ast.Call) -> Finding:
    written = source.segment(call.func)
    return PITFALL.finding(
        "warning",
        source.location(call),
        f"`{written}` is not told whether the module is training, and drops units after `eval()` as well",
        remedy="pass `training=self.training`, or use a `torch.nn.Dropout` layer",
        source="static",
        subject=written,
    )


def _untold(source: Source, call: ast.Call, layer: str) -> Finding:
    model = source.segment(call.func)
    return PITFALL.finding(
        "warning",
        source.location(call),
        f"`{source.segment(call)}` trains `{model}` in evaluation mode: outside of `fit` a model is not training "
        f"unless told so, and its `{layer}` does not do what it does in training",
        remedy="pass `training=True` here",
        source="static",
        subject=model,
    )
