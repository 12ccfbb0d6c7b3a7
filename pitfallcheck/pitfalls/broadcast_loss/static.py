"""Judges whether a loss visibly subtracts targets of one rank from predictions of another."""

from __future__ import annotations

from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.shapes.facts import PairedLoss
from pitfallcheck.lint.shapes.told import scope_lines, shape_text
from pitfallcheck.lint.shapes.walk import facts_of
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.broadcast_loss import PITFALL


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


def _finding(source: Source, seen: PairedLoss) -> Finding:
    pairing = seen.pairing
    left, right = shape_text(pairing.left_dims), shape_text(pairing.right_dims)
    table = "a table of all N x N pairs"
    text = source.segment(pairing.node)
    evidence = []
    if seen.reduced is not pairing.node:
        evidence.append(_evidence(source, "reduced", seen.reduced, "the loss is taken over all pairs here"))
    if seen.compiled is not None:
        evidence.append(_evidence(source, "compiled", seen.compiled, "the model is given this loss here"))
    if seen.fed is not None:
        evidence.append(_evidence(source, "target", seen.fed, "the target is handed over here"))
    where = ", if the model ends in one unit" if seen.assumed else ""
    return PITFALL.finding(
        "warning" if seen.assumed else "error",
        source.location(pairing.node),
        f"`{source.segment(pairing.left)}` is {left} and `{source.segment(pairing.right)}` is {right}{where}: "
        f"`{text}` broadcasts them to {table}, and the loss compares every prediction with every target",
        remedy="give both the same rank, for instance with `y[:, None]` on the flat one or `[:, 0]` on the column",
        source="static",
        subject=text,
        scope=scope_lines(source, pairing.node),
        evidence=tuple(evidence),
    )


def _evidence(source: Source, kind: str, node: object, text: str) -> Evidence:
    line: int = node.lineno  # type: ignore[attr-defined]
    return Evidence(kind, text, source.path, line)
