"""Judges the softmaxes of a file by the axis that they run along."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.wrong_softmax_axis import PITFALL
from pitfallcheck.pitfalls.wrong_softmax_axis.attention import Misdirected, misdirected
from pitfallcheck.pitfalls.wrong_softmax_axis.by_hand import ByHand, by_hand
from pitfallcheck.pitfalls.wrong_softmax_axis.of_keras import over_batch
from pitfallcheck.pitfalls.wrong_softmax_axis.of_torch import Misplaced, misplaced

ATTENDING = re.compile(r"einsum|\w @ |\) @ ")
"""Products that are no call of `matmul` or `bmm`."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each softmax along the wrong axis, or along one that nobody chose."""
    if source.names.imports("torch"):
        for found in misplaced(source):
            yield _of_torch(source, found)
    program = program_of(source)
    if source.names.imports("torch") and (
        "matmul" in source.text or "bmm" in source.text or ATTENDING.search(source.text)
    ):
        for attention in misdirected(source, program):
            yield _of_attention(source, attention)
    if source.names.imports("keras", "tensorflow", "tf_keras"):
        for call in over_batch(source, program):
            yield _of_keras(source, call)
    if source.names.imports("numpy", "jax"):
        for hand in by_hand(source, program):
            yield _by_hand(source, hand)


def _of_torch(source: Source, found: Misplaced) -> Finding:
    if found.why in ("three axes", "unknown"):
        return _implicit(source, found)
    text = source.segment(found.node)
    shown = (
        f"`{source.segment(found.seen)}` looks for the class along axis 1"
        if found.why == "search" and found.seen is not None
        else "the loss compares each sample's classes"
    )
    evidence: tuple[Evidence, ...] = ()
    if found.seen is not None and found.seen.lineno != found.node.lineno:
        evidence = (Evidence("used", shown, source.path, found.seen.lineno),)
    return PITFALL.finding(
        "error",
        source.location(found.node),
        f"`{text}` runs along axis 0, the batch: the samples share 1, so the probabilities of one depend on the "
        f"others, and {shown}",
        remedy="use `dim=1`, the classes",
        source="static",
        subject=text,
        evidence=evidence,
        fix=_to_last(source, found.node, "dim", "1"),
    )


def _of_attention(source: Source, found: Misdirected) -> Finding:
    text, product = source.segment(found.node), source.segment(found.product)
    written = isinstance(found.written, ast.Constant | ast.UnaryOp)
    here = source.span(found.written) if written else None
    return PITFALL.finding(
        "error",
        source.location(found.node),
        f"`{text}` shares 1 along axis {found.axis}, and `{product}` sums over the last one: the weights of one query "
        "do not sum to 1",
        remedy="use `dim=-1`",
        source="static",
        subject=text,
        evidence=(Evidence("summed", f"`{product}`", source.path, found.product.lineno),),
        fix=Fix((Edit(*here, "-1"),), safe=False) if here is not None else None,
    )


def _implicit(source: Source, found: Misplaced) -> Finding:
    text = source.segment(found.node)
    three = found.why == "three axes"
    return PITFALL.finding(
        "warning" if three else "note",
        source.location(found.node),
        f"`{text}` names no axis, and torch takes the first one of three: the batch"
        if three
        else f"`{text}` names no axis: torch takes the first one of 1 or 3 axes, else the second, and calls this "
        "deprecated",
        remedy="name it, `dim=-1` for the last axis",
        source="static",
        subject=text,
    )


def _of_keras(source: Source, call: ast.Call) -> Finding:
    text = source.segment(call)
    return PITFALL.finding(
        "error",
        source.location(call),
        f"`{text}` runs along axis 0, the batch: its samples share 1 among them, and what the classes of one "
        "sample get depends on the other samples",
        remedy="use `axis=-1`, the classes",
        source="static",
        subject=text,
        fix=_to_last(source, call, "axis", "-1"),
    )


def _by_hand(source: Source, hand: ByHand) -> Finding:
    text = source.segment(hand.node)
    given = f"`{source.segment(hand.given)}`: several samples"
    evidence = (Evidence("given", given, source.path, hand.given.lineno),)
    return PITFALL.finding(
        "error",
        source.location(hand.node),
        f"`{text}` divides by the sum over all samples and classes: {hand.rows} share 1 among them, and no probability "
        "can come near 1",
        remedy="sum over the classes of each sample, `axis=1, keepdims=True` where a row is a sample",
        source="static",
        subject=text,
        evidence=evidence if hand.given.lineno != hand.node.lineno else (),
    )


def _to_last(source: Source, node: ast.expr, word: str, axis: str) -> Fix | None:
    """The axis, where it is written down in the expression, exchanged."""
    if not isinstance(node, ast.Call):
        return None
    for place in (1, 0):
        written = argument(node, place, word, "axis", "dim")
        if written is not None and isinstance(written, ast.Constant) and constant(written) == 0:
            return Fix((Edit(*source.span(written), axis),), safe=False)
    return None
