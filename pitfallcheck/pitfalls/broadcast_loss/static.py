"""Judges whether a loss visibly subtracts targets of one rank from predictions of another."""

from __future__ import annotations

from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.shapes.facts import PairedLoss
from pitfallcheck.lint.shapes.told import scope_lines, shape_text
from pitfallcheck.lint.shapes.values import Pairing
from pitfallcheck.lint.shapes.walk import facts_of
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.broadcast_loss import PITFALL

ALL_PAIRS = (
    "a table of all N x N pairs, and the loss compares every prediction with every target",
    "give both the same rank, for instance with `y[:, None]` on the flat one or `[:, 0]` on the column",
)
"""What is compared where the ranks differ, and what to do."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each expression that compares all pairs; the surest way it was seen counts."""
    surest: dict[object, PairedLoss] = {}
    for seen in facts_of(source).paired:
        known = surest.get(seen.pairing.node)
        if known is None or _doubt(seen) < _doubt(known):
            surest[seen.pairing.node] = seen
    for seen in surest.values():
        yield _finding(source, seen)


def _doubt(seen: PairedLoss) -> tuple[bool, bool]:
    return (seen.assumed, seen.fed is None)


def _doubtful(seen: PairedLoss) -> bool:
    """Whether more than one visible loss is needed to call it a fault: one that is written by hand may be meant."""
    return seen.assumed or (seen.pairing.within_samples and seen.reduced is not seen.pairing.node)


def _finding(source: Source, seen: PairedLoss) -> Finding:
    pairing = seen.pairing
    left, right = shape_text(pairing.left_dims), shape_text(pairing.right_dims)
    text = source.segment(pairing.node)
    evidence = []
    if seen.reduced is not pairing.node:
        over = "" if pairing.within_samples else " over all pairs"
        evidence.append(_evidence(source, "reduced", seen.reduced, f"the loss is taken{over} here"))
    if seen.compiled is not None:
        evidence.append(_evidence(source, "compiled", seen.compiled, "the model is given this loss here"))
    if seen.fed is not None:
        evidence.append(_evidence(source, "target", seen.fed, "the target is handed over here"))
    where = ", if the model ends in one unit" if seen.assumed else ""
    what, remedy = _within(pairing) if pairing.within_samples else ALL_PAIRS
    return PITFALL.finding(
        "warning" if _doubtful(seen) else "error",
        source.location(pairing.node),
        f"`{source.segment(pairing.left)}` is {left} and `{source.segment(pairing.right)}` is {right}{where}: "
        f"`{text}` broadcasts them to {what}",
        remedy=remedy,
        source="static",
        subject=text,
        scope=scope_lines(source, pairing.node),
        evidence=tuple(evidence),
    )


def _within(pairing: Pairing) -> tuple[str, str]:
    """What is compared where both have rank 2, and what to do."""
    width = max(pairing.left_dims[1] or 1, pairing.right_dims[1] or 1)
    return (
        f"{width} columns, and the loss compares the one number of each sample with all {width} of the other",
        f"give both as many columns: the last layer as many units as a sample has targets, 1 or {width}",
    )


def _evidence(source: Source, kind: str, node: object, text: str) -> Evidence:
    line: int = node.lineno  # type: ignore[attr-defined]
    return Evidence(kind, text, source.path, line)
