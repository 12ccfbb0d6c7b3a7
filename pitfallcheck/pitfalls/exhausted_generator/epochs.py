"""Loops over epochs in which each epoch runs through the same iterator: only the first one meets anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.bindings import NAMES, Loop
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.exhausted_generator import PITFALL
from pitfallcheck.pitfalls.exhausted_generator.iterators import Iterators, OneRun, exhausts

AROUND = frozenset({"enumerate", "tqdm.tqdm", "tqdm.auto.tqdm", "tqdm", "tqdm.notebook.tqdm"})
"""What a loop may wrap its iterable in."""

DRAINING = frozenset({"list", "tuple", "sum", "max", "min", "sorted", "set", "dict"})
"""Builtins that run through their only argument."""


def drained_by_epochs(source: Source, iterators: Iterators) -> Iterator[Finding]:
    """One finding for each `for` statement, or call, that every turn of a loop around it runs through an iterator."""
    for node in source.nodes:
        if not isinstance(node, ast.For | ast.comprehension | ast.Call) or not _is_repeated(iterators, node):
            continue
        over: ast.expr | None
        if isinstance(node, ast.For) and exhausts(iterators.program, node):
            over = _wrapped(iterators, node.iter)
            if isinstance(over, NAMES):
                yield from _judged(source, iterators, node, over)
        elif isinstance(node, ast.comprehension) and isinstance(node.iter, NAMES):
            yield from _judged(source, iterators, node.iter, node.iter)
        elif isinstance(node, ast.Call) and any(isinstance(one, NAMES) for one in _given(node)):
            over = _drained_argument(iterators, node)
            if over is not None:
                yield from _judged(source, iterators, node, over)


def _is_repeated(iterators: Iterators, node: ast.For | ast.comprehension | ast.Call) -> bool:
    return bool(iterators.program.loops_around(node))


def _given(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call."""
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)


def _wrapped(iterators: Iterators, node: ast.expr) -> ast.expr:
    """The iterable inside `enumerate(...)` or a progress bar."""
    while isinstance(node, ast.Call) and iterators.program.called(node) in AROUND and node.args:
        node = node.args[0]
    return node


def _drained_argument(iterators: Iterators, call: ast.Call) -> ast.expr | None:
    """The argument that a call runs through: `list(batches)`, `model.fit(batches)`, a function that loops over it."""
    program = iterators.program
    if program.called(call) in DRAINING and len(call.args) == 1:
        return call.args[0] if isinstance(call.args[0], NAMES) else None
    if isinstance(call.func, ast.Attribute) and call.func.attr == "fit" and not program.function(call):
        given = argument(call, 0, "x")
        steps = argument(call, None, "steps_per_epoch")
        return given if isinstance(given, NAMES) and steps is None else None
    function = program.function(call)
    if function is None or program.is_generator(function):
        return None
    for parameter in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        given = program.argument(function, call, parameter.arg)
        if not isinstance(given, NAMES) or iterators.of(given) is None:
            continue
        for loop in ast.walk(function):
            if isinstance(loop, ast.For) and exhausts(program, loop) and not program.loops_around(loop):
                over = _wrapped(iterators, loop.iter)
                bound = program.sole(over)
                if bound is not None and bound.node is parameter:
                    return given
    return None


def _judged(source: Source, iterators: Iterators, node: ast.For | ast.expr, over: ast.expr) -> Iterator[Finding]:
    program = iterators.program
    around = [loop for loop in program.loops_around(node) if _goes_on(loop)]
    made = iterators.of(over) if around else None
    if made is None:
        return
    bindings = program.bindings(over)
    epochs = [loop for loop in around if not any(program.inside(binding.node, loop) for binding in bindings)]
    if epochs:
        yield _finding(source, node, over, made, epochs[0])


def _goes_on(loop: Loop) -> bool:
    """Whether a loop is seen to go on to another turn: nothing leaves it that does not stand under a condition."""
    if isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant):
        return False
    waiting: list[ast.AST] = list(loop.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Break | ast.Return | ast.Raise):
            return False
        if isinstance(node, ast.Try | ast.With):
            waiting += ast.iter_child_nodes(node)
    return True


def _finding(source: Source, node: ast.For | ast.expr, over: ast.expr, made: OneRun, epochs: Loop) -> Finding:
    name, call = source.segment(over), source.segment(made.node)
    what = "generator" if made.function is not None or isinstance(made.node, ast.GeneratorExp) else "iterator"
    times = _turns(epochs)
    return PITFALL.finding(
        "error",
        source.location(node.iter if isinstance(node, ast.For) else node),
        f"`{name}` is one {what}, made before the loop{times}: the first turn runs through it, and every later one "
        "meets nothing",
        remedy=_remedy(source, made),
        source="static",
        subject=name,
        scope=scope_lines(source, node),
        evidence=(
            Evidence("made", f"`{call}` is made here, once", source.path, made.node.lineno),
            Evidence("loop", "every turn of this loop runs through it", source.path, epochs.lineno),
        ),
    )


def _turns(loop: Loop) -> str:
    """How often the loop turns, where that is written down."""
    over = loop.iter if not isinstance(loop, ast.While) else None
    if isinstance(over, ast.Call) and getattr(over.func, "id", "") == "range" and len(over.args) == 1:
        return f" over `{ast.unparse(over)}`"
    return ""


def _remedy(source: Source, made: OneRun) -> str:
    call = source.segment(made.node)
    if len(call) > 60:
        return "make it anew in every turn, or keep its items in a list"
    if isinstance(made.node, ast.GeneratorExp):
        return f"make it a list, `[{call[1:-1]}]`, or make it anew in every turn"
    if made.function is not None:
        return f"make it anew in every turn, with `{call}` inside the loop"
    if isinstance(made.node, ast.Call) and getattr(made.node.func, "id", "") == "iter":
        return f"go through `{source.segment(made.node.args[0])}` itself in every turn"
    return f"keep its items, `list({call})`, or make it anew in every turn"
