"""Judges whether what is split into training and test samples was prepared by something fitted on all of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.bindings import NAMES, dotted
from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.flow.provenance import Provenance
from pitfallcheck.lint.flow.splits import Split, role, splits
from pitfallcheck.lint.flow.trials import on_trial
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.leaked_preprocessing import PITFALL
from pitfallcheck.pitfalls.leaked_preprocessing.fitted import Fitted, fitted


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each step that was fitted on samples which are divided later."""
    program = program_of(source)
    ways = Provenance(program)
    divided = list(splits(program))
    parts = frozenset[ast.AST](split.node for split in divided if split.kind in ("split", "slices"))
    told: set[ast.AST] = set()
    for split in divided:
        for step in _steps(program, ways, split, parts):
            if step.call not in told and not on_trial(source, split.node):
                told.add(step.call)
                yield _finding(source, split, step)


def _steps(program: Program, ways: Provenance, split: Split, parts: frozenset[ast.AST]) -> Iterator[Fitted]:
    """The steps between the first input of a split and what is read from outside that learned from all samples."""
    if not split.inputs:
        return
    for node in ways.of(split.inputs[0], stop=parts - {split.node}):
        step = fitted(program, node)
        if step is None or _is_part(ways, step.data, parts) or _per_sample(program, step):
            continue
        yield step


def _is_part(ways: Provenance, data: ast.expr, parts: frozenset[ast.AST]) -> bool:
    """Whether the data of a fit are already one part of a split, or are called so."""
    for node in ways.of(data, stop=parts):
        if node in parts or (isinstance(node, NAMES) and role(dotted(node) or "") is not None):
            return True
        if isinstance(node, ast.Subscript) and any(isinstance(part, ast.Slice) for part in walk(node.slice)):
            rows = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
            if isinstance(rows, ast.Slice) and (rows.lower is not None or rows.upper is not None):
                return True
    return False


def _per_sample(program: Program, step: Fitted) -> bool:
    """Whether the fit is done anew for each item of a loop, and so may see but one sample at a time."""
    names = {dotted(node) for node in walk(step.data) if isinstance(node, NAMES)}
    at: ast.AST | None = step.call
    while at is not None and not isinstance(at, ast.Module):
        if isinstance(at, ast.comprehension | ast.ListComp | ast.GeneratorExp):
            return True
        if isinstance(at, ast.Lambda):
            return True
        if isinstance(at, ast.For) and names & {dotted(node) for node in walk(at.target)}:
            return not (isinstance(step.data, ast.Subscript) and not _counts(program, at.iter))
        if isinstance(at, ast.FunctionDef) and program.source.class_of(at) is None:
            calls, complete = program.calls(at)
            if not complete or any(program.loops_around(call) or _repeated(program, call) for call in calls):
                # A helper that is used more than once, or somewhere else, may be used for a part.
                return any(dotted(step.data) == argument.arg for argument in at.args.args)
        at = program.source.parents.get(at)
    return False


def _repeated(program: Program, node: ast.AST) -> bool:
    at: ast.AST | None = node
    while at is not None and not isinstance(at, ast.stmt):
        if isinstance(at, ast.ListComp | ast.GeneratorExp | ast.Lambda):
            return True
        at = program.source.parents.get(at)
    return False


def _counts(program: Program, over: ast.expr) -> bool:
    """Whether a loop counts samples; one over the names of columns sees all samples each time."""
    return program.called(over) in ("range", "enumerate", "tqdm", "tqdm.tqdm", "zip")


def _finding(source: Source, split: Split, step: Fitted) -> Finding:
    data, line = source.segment(step.data), split.node.lineno
    into = "folds" if split.kind in ("folds", "cross") else "training and test samples"
    by_hand = isinstance(step.call, ast.BinOp)
    if by_hand:
        text = source.segment(step.call)
        what = f"`{text}` takes the {step.kind} of all of `{data}`, which line {line} divides into {into}"
        remedy = f"divide first, and take the {step.kind} of the training part for both"
    else:
        what = f"`{step.kind}` is fitted on all of `{data}`, which line {line} divides into {into} only then"
        remedy = _remedy(step, split)
    gravest = (
        "synthetic or repeated samples"
        if "ampl" in step.kind or "SMOTE" in step.kind
        else "the labels of the test samples"
    )
    return PITFALL.finding(
        "error" if step.grave else "warning",
        source.location(step.call),
        f"{what}: {gravest if step.grave else 'the test samples'} have "
        f"{'found their way into training' if step.grave else 'a say in what the model is trained on'}",
        remedy=remedy,
        source="static",
        subject=data,
        scope=scope_lines(source, step.call),
        evidence=(Evidence("divided", "divided here", source.path, line),),
    )


def _remedy(step: Fitted, split: Split) -> str:
    if split.kind in ("folds", "cross"):
        return f"put `{step.kind}` and the model into one `Pipeline`, which is fitted for each fold"
    train = ast.unparse(split.train[0]) if split.train else "x_train"
    test = ast.unparse(split.test[0]) if split.test else "x_test"
    function = (
        step.call.func.attr if isinstance(step.call, ast.Call) and isinstance(step.call.func, ast.Attribute) else ""
    )
    if function in ("fit_resample", "fit_sample"):
        return f"divide first, and resample `{train}` alone"
    return f"divide first, then fit on `{train}` and use `transform` for `{test}`"
