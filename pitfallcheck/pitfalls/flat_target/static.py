"""Judges whether a target visibly has another rank than the one unit it is compared with."""

from __future__ import annotations

from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.shapes.facts import Fed
from pitfallcheck.lint.shapes.told import scope_lines, shape_text
from pitfallcheck.lint.shapes.training import single
from pitfallcheck.lint.shapes.values import Array, Constant, Function, Layer, Library, Value
from pitfallcheck.lint.shapes.walk import facts_of
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.flat_target import PITFALL


def judge(source: Source) -> Iterator[Finding]:
    """One note for each target that only the alignment of Keras's own losses makes fit.

    Where a layer lost the axis that it declares, PF203 says so, and the target is right.
    """
    facts = facts_of(source)
    told = set()
    for fed in facts.fed:
        output = single(fed.model.output)
        if not isinstance(output, Array) or not _aligned(fed.model.loss) or not _ranks_differ(fed.value, output):
            continue
        if output.rank == 1 and any(layer.differs for layer in facts.layers):
            continue
        place = (scope_lines(source, fed.target), source.segment(fed.target))
        if place not in told:
            told.add(place)
            yield _finding(source, fed, output)


def _ranks_differ(target: Array, output: Array) -> bool:
    flat, column = (target, output) if target.rank == 1 else (output, target)
    if flat.rank != 1 or flat.dims[0] == 1 or not column.dims or column.dims[-1] != 1:
        return False
    return len(column.dims) == 2


def _aligned(loss: Value) -> bool:
    """Whether the loss is one that Keras calls with both ranks brought together."""
    loss = single(loss)
    if isinstance(loss, Constant):
        return isinstance(loss.value, str) and not loss.value.lower().startswith("sparse")
    if isinstance(loss, Layer | Library):
        name = loss.kind if isinstance(loss, Layer) else loss.name
        return name.startswith("keras.losses.") and "sparse" not in name.lower()
    return isinstance(loss, Function)


def _finding(source: Source, fed: Fed, output: Array) -> Finding:
    text = source.segment(fed.target)
    target, unit = shape_text(fed.value.dims), shape_text(output.dims)
    evidence = [
        Evidence(
            "fed",
            "the model is given this target here",
            source.path,
            fed.call.lineno,
        )
    ]
    if fed.model.compiled_by is not None:
        line = fed.model.compiled_by.lineno
        evidence.append(Evidence("compiled", "this loss aligns the two on Keras 3", source.path, line))
    remedy = (
        "keep the axis, for instance with `x[:, 0:1]` or `[:, None]`"
        if fed.value.rank == 1
        else "drop the last axis with `[:, 0]`, or let the model keep its own"
    )
    return PITFALL.finding(
        "note",
        source.location(fed.target),
        f"the target `{text}` is {target} and the model's output is {unit}: the compiled loss aligns them, a `Loss` "
        "subclass or a training step of your own would compare every prediction with every target",
        remedy=remedy,
        source="static",
        subject=text,
        scope=scope_lines(source, fed.target),
        evidence=tuple(evidence),
    )
