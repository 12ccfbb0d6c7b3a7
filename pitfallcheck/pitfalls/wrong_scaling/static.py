"""Judges whether data is scaled twice, to nothing, with its labels, or otherwise for testing than for training."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.scaling.feeds import scaling_of
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.wrong_scaling import PITFALL
from pitfallcheck.pitfalls.wrong_scaling.apart import Refitted, Unlike, refitted, unlike
from pitfallcheck.pitfalls.wrong_scaling.kept import Kept, LeftRaw, Unused
from pitfallcheck.pitfalls.wrong_scaling.twice import Misscaled, misscaled

LONG = 60
"""Characters of an expression that a message shows."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each operation, evaluation and fit that scales wrongly."""
    scaling, feeds = scaling_of(source)
    told = set[ast.AST]()
    for found in misscaled(scaling, feeds):
        if found.node not in told:
            told.add(found.node)
            yield _misscaled(source, found)
    for pair in unlike(feeds):
        if pair.asked.inputs not in told:
            told.add(pair.asked.inputs)
            yield _unlike(source, pair)
    for fit in refitted(scaling):
        yield _refitted(source, fit)
    kept = Kept(scaling)
    for left in kept.left_raw():
        if left.at not in told:
            told.add(left.at)
            yield _left_raw(source, left)
    for unused in kept.unused():
        yield _unused(source, unused)


def _misscaled(source: Source, found: Misscaled) -> Finding:
    operand, by = _short(source.segment(found.operand)), f"{found.by:g}"
    evidence = [Evidence("made", found.span.why, source.path, found.span.made.lineno)] if found.span.why else []
    match found.fault:
        case "twice":
            assert found.before is not None
            line = getattr(found.before, "lineno", 0)
            evidence.append(Evidence("scaled", "scaled here already", source.path, line))
            message = f"`{operand}` is divided by {by} here, and was scaled in line {line} already: {_left(found)}"
            remedy = "scale it once: leave this division out"
        case "floored":
            message = f"`{operand}` holds whole numbers from 0 to 255, of which `// {by}` leaves 0, and 1 for 255 alone"
            remedy = f"divide with `/ {by}`"
        case "in place":
            message = (
                f"`{operand}` holds whole numbers of 8 bits, which cannot hold the result of `/= {by}`: NumPy raises, "
                "as torch does"
            )
            remedy = f"make an array of floats: `{operand} = {operand} / {by}`"
        case _:
            message = f"`{operand}` are class labels and are divided by {by}, as only the inputs should be"
            remedy = f"leave the labels as they are: divide the inputs only, not `{operand}`"
    return PITFALL.finding(
        "error",
        source.location(found.node),
        message,
        remedy=remedy,
        source="static",
        subject=operand,
        scope=scope_lines(source, found.node),
        evidence=tuple(evidence),
        fix=_fix(source, found),
    )


def _left(found: Misscaled) -> str:
    high = found.span.high
    if high is not None and found.by and found.span.times == 1:
        return f"what is left lies below {high / found.by:.2g}"
    return "what is left is about as small as nothing"


def _fix(source: Source, found: Misscaled) -> Fix | None:
    """What is written as an expression can be replaced by its operand, or by the right division."""
    if not isinstance(found.node, ast.BinOp) or not isinstance(found.node.op, ast.Div | ast.FloorDiv):
        return None
    left, right = source.segment(found.node.left), source.segment(found.node.right)
    if found.fault == "floored":
        return Fix((Edit(*source.span(found.node), f"({left}) / {right}" if " " in left else f"{left} / {right}"),))
    return Fix((Edit(*source.span(found.node), left),))


def _unlike(source: Source, pair: Unlike) -> Finding:
    asked, trained = (_short(source.segment(feed.inputs)) for feed in (pair.asked, pair.trained))
    receiver = _short(source.segment(pair.asked.receiver))
    scaled_first = pair.raw is pair.asked.value
    state = ("scaled", "is not") if scaled_first else ("not scaled", "is")
    return PITFALL.finding(
        "error",
        source.location(pair.asked.inputs),
        f"`{receiver}` learns from `{trained}`, which is {state[0]}, and is given `{asked}` here, which {state[1]}: "
        f"{pair.raw.why}",
        remedy=f"scale `{asked}` just as `{trained}`" if scaled_first else f"scale `{trained}` just as `{asked}`",
        source="static",
        subject=asked,
        scope=scope_lines(source, pair.asked.call),
        evidence=(Evidence("trained", f"learns from `{trained}` here", source.path, pair.trained.call.lineno),),
    )


def _left_raw(source: Source, left: LeftRaw) -> Finding:
    receiver = _short(source.segment(left.asked.receiver))
    line = left.scaled.node.lineno
    return PITFALL.finding(
        "error",
        source.location(left.at),
        f"`{receiver}` learns from `{left.scaled.part.name}` after it is scaled in line {line}, and is asked about "
        f"`{left.raw}`, which nothing scales",
        remedy=f"scale `{left.raw}` as `{left.scaled.part.name}`, with the numbers that were measured on that",
        source="static",
        subject=left.raw,
        scope=scope_lines(source, left.at),
        evidence=(
            Evidence("scaled", f"`{left.scaled.part.name}` is scaled here", source.path, line),
            Evidence("asked", f"`{receiver}` is asked here", source.path, left.asked.call.lineno),
        ),
    )


def _unused(source: Source, unused: Unused) -> Finding:
    inputs, receiver = (_short(source.segment(node)) for node in (unused.fed.inputs, unused.fed.receiver))
    made, line = _short(source.segment(unused.scaled.node)), unused.scaled.node.lineno
    what = _short(source.segment(unused.scaled.what))
    kept = f"`{unused.name}`, the scaled copy of line {line}, is never used"
    return PITFALL.finding(
        "warning",
        source.location(unused.fed.inputs),
        f"`{inputs}` reaches `{receiver}` unscaled: "
        + (kept if unused.name else f"`{made}` returns a scaled copy in line {line}, which nothing keeps"),
        remedy=f"use `{unused.name}` in the place of `{what}`" if unused.name else f"keep it: `{what} = {made}`",
        source="static",
        subject=inputs,
        scope=scope_lines(source, unused.fed.call),
        evidence=(Evidence("scaled", "the copy is made here", source.path, line),),
    )


def _refitted(source: Source, fit: Refitted) -> Finding:
    function = fit.call.func
    assert isinstance(function, ast.Attribute)
    scaler = _short(source.segment(function.value))
    fitted = fit.fitted.func
    assert isinstance(fitted, ast.Attribute)
    first = _short(source.segment(fitted.value))
    fix = Fix((Edit(*source.span(function), f"{source.segment(function.value)}.transform"),)) if fit.same else None
    return PITFALL.finding(
        "warning",
        source.location(fit.call),
        f"`{scaler}` is fitted to `{fit.tested}`: the test data is scaled with its own mean and size, and not with "
        "those that the training data was scaled with",
        remedy=f"only transform it, with the scaler of the training data: `{first}.transform(...)`",
        source="static",
        subject=fit.tested,
        scope=scope_lines(source, fit.call),
        evidence=(Evidence("fitted", "fitted to the training data here", source.path, fit.fitted.lineno),),
        fix=fix,
    )


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 3]}..."
