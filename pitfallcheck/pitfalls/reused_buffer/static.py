"""Finds, in source, arrays that are handed out batch after batch and refilled in between."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix, Level
from pitfallcheck.lint.source import Function, Source
from pitfallcheck.pitfalls.reused_buffer import PITFALL
from pitfallcheck.pitfalls.reused_buffer.candidates import Reach, hands_out_by_return, hands_out_by_yield
from pitfallcheck.pitfalls.reused_buffer.collecting import Collecting, collections_of
from pitfallcheck.pitfalls.reused_buffer.consumers import Use, uses_of
from pitfallcheck.pitfalls.reused_buffer.flow import Flow, Reuse
from pitfallcheck.pitfalls.reused_buffer.scopes import Scopes
from pitfallcheck.pitfalls.reused_buffer.snapshots import remembered, repeated
from pitfallcheck.pitfalls.reused_buffer.values import Array

COPYING = {"numpy": "copy", "torch": "clone"}


def judge(source: Source) -> Iterator[Finding]:
    """Every array that a generator, `__getitem__` or `__next__` of `source` hands out and writes again."""
    scopes = Scopes(source)
    reach = Reach(scopes)
    for function in source.functions:
        yields = hands_out_by_yield(scopes, function)
        if (yields or hands_out_by_return(scopes, function)) and reach.has_arrays(function):
            flow = Flow(source, scopes, function)
            if yields:
                flow.follow_generator()
            else:
                flow.follow_calls()
            yield from _findings(flow, function)
    for scope, stored in collections_of(source, scopes):
        if reach.has_arrays(scope):
            collecting = Collecting(source, scopes, scope, stored)
            collecting.follow()
            for reuse in collecting.reused.values():
                if not _writes_the_same(reuse):
                    yield _collected(collecting, reuse)
    yield from remembered(source)
    yield from repeated(source)


def _findings(flow: Flow, function: Function) -> Iterator[Finding]:
    reused = [reuse for reuse in flow.reused.values() if not _writes_the_same(reuse)]
    if reused:
        level, taken = _level(uses_of(flow.source, flow.scopes, function))
        for reuse in reused:
            yield _finding(flow, function, reuse, level, taken)


def _level(uses: list[Use]) -> tuple[Level, Use | None]:
    """An error where a consumer in the file keeps batches, a note where each is done with before the next."""
    for use in uses:
        if use.kind == "keeps":
            return "error", use
    if uses and all(use.kind == "done" for use in uses):
        return "note", uses[0]
    return "warning", None


def _writes_the_same(reuse: Reuse) -> bool:
    """Whether every write, all before the first hand-over, puts the same literal into the same place."""
    values = {_literal_written(write) for write in reuse.writes}
    before = all(_line(write) < _line(reuse.leaf.expression) for write in reuse.writes)
    return len(values) == 1 and None not in values and before


def _literal_written(write: ast.AST) -> str | None:
    if isinstance(write, ast.Assign) and len(write.targets) == 1 and isinstance(write.targets[0], ast.Subscript):
        index, value = write.targets[0].slice, write.value
    elif (
        isinstance(write, ast.Call)
        and getattr(write.func, "attr", "") in ("fill", "fill_", "zero_")
        and not write.keywords
    ):
        index, value = ast.Constant(...), write.args[0] if write.args else ast.Constant(0)
    else:
        return None
    names = any(isinstance(part, ast.Name | ast.Call) for node in (index, value) for part in ast.walk(node))
    return None if names else ast.unparse(value)


def _finding(flow: Flow, function: Function, reuse: Reuse, level: Level, taken: Use | None) -> Finding:
    source, leaf = flow.source, reuse.leaf
    memory = reuse.array.memories[0]
    buffer = flow.label_of(memory) or leaf.subject
    yields = isinstance(leaf.node, ast.Yield)
    handed = "every `yield`" if yields else f"every `{function.name}`"
    lines = sorted({_line(write) for write in reuse.writes})
    subject = f"`{leaf.subject}`"
    if buffer != leaf.subject:
        subject += f", which shares the memory of `{buffer}`,"
    evidence = [_allocated(flow, reuse)]
    evidence += [Evidence("rewritten", "rewritten here, for the next batch", source.path, line) for line in lines[:2]]
    if taken is not None:
        text = taken.text or "each batch is done with here before the next is made"
        evidence.append(Evidence("consumer", text, source.path, _line(taken.node)))
    times = "its buffers are" if _is_ring(reuse) else "it is"
    copy = COPYING.get(reuse.array.kind)
    wrapped = f" (`{leaf.subject}.{copy}()`)" if copy is not None and leaf.editable is not None else ""
    return PITFALL.finding(
        level,
        source.location(leaf.expression),
        f"{subject} is handed out by {handed} and written again for the next batch: {times} {_where(flow, reuse)}",
        remedy=f"{'Yield' if yields else 'Return'} a copy{wrapped}, or allocate `{buffer}` anew for each batch",
        source="static",
        subject=leaf.subject,
        scope=(function.lineno, function.end_lineno or function.lineno),
        evidence=tuple(evidence),
        fix=_fix(source, leaf.editable, reuse.array) if level != "note" else None,
    )


def _collected(flow: Collecting, reuse: Reuse) -> Finding:
    source, leaf = flow.source, reuse.leaf
    assert isinstance(leaf.node, ast.stmt)
    container, _ = flow.stored[leaf.node]
    queued = isinstance(leaf.node, ast.Expr) and ".put" in source.segment(leaf.node.value)[len(container) :]
    buffer = flow.label_of(reuse.array.memories[0]) or leaf.subject
    copy = COPYING.get(reuse.array.kind)
    wrapped = f" (`{leaf.subject}.{copy}()`)" if copy is not None and leaf.editable is not None else ""
    shares = f", which shares the memory of `{buffer}`," if buffer != leaf.subject else ""
    held = "what waits in it changes" if queued else "all that it holds ends up with the same numbers"
    lines = sorted({_line(write) for write in reuse.writes})
    return PITFALL.finding(
        "error" if not queued and reuse.array.kind != "jax" else "warning",
        source.location(leaf.expression),
        f"`{leaf.subject}`{shares} is put into `{container}` in every turn and written again for the next: it is "
        f"{_where(flow, reuse)}, so {held}",
        remedy=f"Put a copy into it{wrapped}, or allocate `{buffer}` anew in every turn",
        source="static",
        subject=leaf.subject,
        evidence=(
            _allocated(flow, reuse),
            *(Evidence("rewritten", "rewritten here, in every turn", source.path, line) for line in lines[:2]),
        ),
        fix=_fix(source, leaf.editable, reuse.array),
    )


def _allocated(flow: Flow, reuse: Reuse) -> Evidence:
    return Evidence("allocated", _where(flow, reuse), flow.source.path, _line(_site(reuse)))


def _site(reuse: Reuse) -> ast.AST:
    """What allocates the memory: where a helper does, the call of it."""
    memory = reuse.array.memories[0]
    return memory.context[0] if memory.context else memory.site


def _line(node: ast.AST) -> int:
    """The line of a statement or an expression."""
    return int(getattr(node, "lineno", 0))


def _where(flow: Flow, reuse: Reuse) -> str:
    """When the memory was allocated, as a clause."""
    site = _site(reuse)
    scope = flow.source.scope_of(site)
    once = "allocated once each" if _is_ring(reuse) else "allocated once"
    if not reuse.array.memories[0].before:
        outside = _line(site) < _line(reuse.leaf.node) and not _in_loop(flow, reuse)
        return f"{once}, before the loop" if outside else f"{once}, not for every batch"
    if isinstance(scope, ast.Module):
        return f"{once}, by the module"
    if isinstance(scope, ast.ClassDef):
        return f"{once}, for the class `{scope.name}`"
    return f"{once}, in `{scope.name}`" if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) else once


def _is_ring(reuse: Reuse) -> bool:
    """Whether the batches take turns in several buffers."""
    return len(reuse.array.memories) > 1 or reuse.array.memories[0].slot is not None


def _in_loop(flow: Flow, reuse: Reuse) -> bool:
    """Whether the allocation stands in the innermost loop around the hand-over."""
    parents = flow.source.parents
    around = parents.get(reuse.leaf.node)
    while around is not None and not isinstance(around, ast.For | ast.AsyncFor | ast.While):
        around = parents.get(around)
    part: ast.AST | None = _site(reuse)
    while part is not None and part is not around:
        part = parents.get(part)
    return around is not None and part is around


def _fix(source: Source, node: ast.expr | None, array: Array) -> Fix | None:
    method = COPYING.get(array.kind)
    if node is None or method is None:
        return None
    return Fix((Edit(*source.span(node), f"{{}}.{method}()"),))
