"""Judges whether losses are summed or kept with all that they were computed from."""

from __future__ import annotations

from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.steps.facts import steps_of
from pitfallcheck.pitfalls.kept_graph import PITFALL
from pitfallcheck.pitfalls.kept_graph.kept import Kept, kept


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each statement that keeps a graph."""
    steps = steps_of(source)
    if steps.walks:
        for one in kept(steps):
            yield _finding(source, one)


def _finding(source: Source, one: Kept) -> Finding:
    target, loss = source.segment(one.target), source.segment(one.loss)
    if one.appended:
        message = f"`{target}` keeps `{loss}` with its graph: memory grows with every step, until the list is let go"
    else:
        message = (
            f"`{target}` sums `{loss}` with its graph: the sum hangs on every step so far, and memory grows with each"
        )
    if one.backward is None:
        message += ". No `backward` frees what was computed on the way"
        remedy = f"run the loop under `torch.no_grad()`, and take the number, `{loss}.item()`"
    else:
        remedy = f"take the value alone, `{loss}.item()`, or `{loss}.detach()` where a tensor is wanted"
    evidence: tuple[Evidence, ...] = ()
    if one.backward is not None:
        evidence = (Evidence("backward", "the graph has served here", source.path, one.backward.node.lineno),)
    return PITFALL.finding(
        "warning",
        source.location(one.statement),
        message,
        remedy=remedy,
        source="static",
        subject=target,
        evidence=evidence,
        fix=Fix((Edit(*source.span(one.loss), "{}.detach()"),)),
    )
