"""Judges whether every batch is proven to hold the same samples."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.repeated_batch import PITFALL
from pitfallcheck.pitfalls.repeated_batch.batches import Repeated, repeated


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each draw, seed, reset or first batch that makes batches repeat."""
    told: set[object] = set()
    program = program_of(source)
    for found in sorted(repeated(program), key=lambda found: (found.node.lineno, found.node.col_offset)):
        reason = found.reason
        # What never moves on has no line of its own, and is one fault in all the arrays that are cut by it.
        fault = (program.scope(found.node), reason.name) if reason.node is found.node and reason.name else reason.node
        if fault not in told:
            told.add(fault)
            yield _finding(source, found)


def _finding(source: Source, found: Repeated) -> Finding:
    reason, batch = found.reason, source.segment(found.node)
    at = source.segment(reason.node)
    message, remedy = _said(found, batch, at)
    line = found.node.lineno
    return PITFALL.finding(
        "error" if found.learned else "warning",
        source.location(reason.node),
        message,
        remedy=remedy,
        source="static",
        subject=reason.name or batch,
        scope=scope_lines(source, found.node),
        evidence=(Evidence("batch", f"`{batch}` is the same batch each time", source.path, line),),
    )


def _said(found: Repeated, batch: str, at: str) -> tuple[str, str]:
    name = found.reason.name
    again = "in the loop" if isinstance(found.region, ast.For | ast.While) else "for each batch"
    match found.reason.why:
        case "drawn":
            return (
                f"`{name}` is drawn once, before the loop (`{at}`): every turn learns from the same samples `{batch}`",
                f"draw `{name}` {again}",
            )
        case "seed" if name:
            return (
                f"`{at}` draws with the key `{name}`, which never changes: every batch holds the same samples",
                f"split the key {again}: `{name}, sub = jax.random.split({name})`, and draw with `sub`",
            )
        case "seed":
            return (
                f"`{at}` starts the random numbers anew {again}: every batch `{batch}` holds the same samples",
                f"move `{at}` in front of the loop",
            )
        case "first":
            return (
                f"`{batch}` starts anew each time and takes the first batch: every turn learns from the same samples",
                "loop over the loader itself: `for batch in loader:`",
            )
        case "unused":
            return (
                f"`{name}` is never read: every turn learns from the same samples `{batch}`",
                f"cut the batch by it: `[{name}:{name} + batch]`, or from `{name} * batch` where it counts batches",
            )
    if found.reason.node is found.node:
        return (
            f"`{name}` never moves on: every turn learns from the same samples `{batch}`",
            f"move `{name}` on at the end of each turn, or draw it",
        )
    return (
        f"`{at}` stands inside the loop and undoes what moves `{name}` on: every turn learns from the same samples "
        f"`{batch}`",
        f"move `{at}` in front of the loop",
    )
