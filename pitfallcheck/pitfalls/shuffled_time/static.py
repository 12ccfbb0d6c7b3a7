"""Judges whether windows of a series are dealt at random to training and test."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.flow.provenance import Provenance
from pitfallcheck.lint.flow.splits import Split, splits
from pitfallcheck.lint.flow.trials import on_trial
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.shuffled_time import PITFALL
from pitfallcheck.pitfalls.shuffled_time.windows import Windows, windows_of

MIXING = frozenset({"shuffle", "permutation", "randperm", "random_shuffle"})


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each split that deals a series out at random."""
    program = program_of(source)
    ways = Provenance(program)
    told: set[ast.AST] = set()
    for split in splits(program):
        if on_trial(source, split.node):
            continue
        mixed = split.node if split.shuffled else _mixed(program, ways, split)
        if mixed is None or mixed in told:
            continue
        for data in split.inputs:
            found = windows_of(program, ways, data)
            if found is not None:
                told.add(mixed)
                yield _finding(source, split, mixed, found)
                break


def _mixed(program: Program, ways: Provenance, split: Split) -> ast.AST | None:
    """What shuffled the samples before they were cut in two."""
    if split.kind != "slices":
        return None
    for data in split.inputs:
        for node in ways.of(data):
            if isinstance(node, ast.Call) and _is_mixing(node):
                return node
            if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant | ast.Slice):
                _, changes = program.roots(node.slice)
                behind = [program.origin(node.slice), *(change.node for change in changes)]
                if any(isinstance(call, ast.Call) and _is_mixing(call) for at in behind for call in walk(at)):
                    return node
    return None


def _is_mixing(call: ast.Call) -> bool:
    return (call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")) in MIXING


def _finding(source: Source, split: Split, mixed: ast.AST, found: Windows) -> Finding:
    assert isinstance(mixed, ast.expr)
    if found.lagged:
        what = f"the rows hold the next value of `{found.series}`"
        why = "training sees rows from behind the tested ones"
    else:
        what = f"the samples are windows `{source.segment(found.node)}` of a series"
        why = "most tested windows share all but a few values with one that was trained on"
    text = source.segment(mixed)
    remedy = "divide at a point in time instead"
    if split.kind == "split" and "train_test_split" in text:
        remedy = "divide at a point in time: `shuffle=False`"
    elif split.kind == "folds":
        remedy = "use `TimeSeriesSplit`, or at least no shuffling"
    elif split.kind == "slices":
        remedy = "cut first, and shuffle the training part alone"
    return PITFALL.finding(
        "warning",
        source.location(mixed),
        f"`{text if len(text) < 90 else text[:87] + '...'}` deals a series out at random: {what}, and {why}",
        remedy=remedy,
        source="static",
        subject=found.series,
        scope=scope_lines(source, mixed),
        evidence=(Evidence("series", "the samples are made here", source.path, found.node.lineno),),
    )
