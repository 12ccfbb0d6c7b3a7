"""Calls of Keras' `fit` that ask a generator for more batches than it can give."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.linear import Linear, divided
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source, own_nodes
from pitfallcheck.pitfalls.exhausted_generator import PITFALL
from pitfallcheck.pitfalls.exhausted_generator.iterators import Iterators, OneRun


def drained_by_fit(source: Source, iterators: Iterators) -> Iterator[Finding]:
    """One finding for each `fit` whose generator visibly ends before the epochs do."""
    program = iterators.program
    for call in source.nodes:
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr not in ("fit", "fit_generator") or program.function(call) is not None:
            continue
        given = argument(call, 0, "x", "generator")
        made = iterators.of(given) if given is not None else None
        if given is not None and made is not None:
            yield from _judged(source, iterators, call, given, made)


def _judged(source: Source, iterators: Iterators, call: ast.Call, given: ast.expr, made: OneRun) -> Iterator[Finding]:
    sizes = Sizes(iterators.program)
    batches = _batches(sizes, made)
    epochs = Linear(1) if (said := argument(call, None, "epochs")) is None else sizes.integers.of(said)
    if batches is None or epochs is None or epochs.value is None:
        return
    per_epoch = argument(call, None, "steps_per_epoch")
    steps = sizes.integers.of(per_epoch)
    wanted = None if steps is None or steps.value is None else steps.value * epochs.value
    if wanted is not None and batches.value is not None:
        too_many = wanted > batches.value
    else:
        # Without a number of steps an epoch takes all there is; as many steps as batches are a whole pass as well.
        too_many = epochs.value > 1 and (per_epoch is None or steps == batches)
    if too_many:
        yield _finding(source, call, given, made, batches.value, wanted, epochs.value)


def _batches(sizes: Sizes, made: OneRun) -> Linear | None:
    """How many batches a generator gives before it ends; None where it may go on or nobody knows."""
    if isinstance(made.node, ast.GeneratorExp):
        return _turns(sizes, made.node.generators[0].iter) if len(made.node.generators) == 1 else None
    if made.function is None:
        return sizes.lengths.of(made.node)
    yields = [node for node in own_nodes(made.function) if isinstance(node, ast.Yield | ast.YieldFrom)]
    if len(yields) != 1 or isinstance(yields[0], ast.YieldFrom):
        return None
    loops = sizes.program.loops_around(yields[0])
    if not loops or not all(isinstance(loop, ast.For) for loop in loops):
        return None
    total = Linear(1)
    for loop in loops:
        assert isinstance(loop, ast.For)
        turns = _turns(sizes, loop.iter)
        if turns is None:
            return None
        if total.value == 1:
            total = turns
        elif turns.value is not None:
            total = total.times(turns.value)
        elif total.value is not None:
            total = turns.times(total.value)
        else:
            return None
    return total


def _turns(sizes: Sizes, over: ast.expr) -> Linear | None:
    """How often a loop over `over` turns."""
    made = sizes.program.origin(over)
    if isinstance(made, ast.Call) and sizes.program.called(made) in ("range", "numpy.arange") and len(made.args) == 3:
        start, stop, step = (sizes.integers.of(one) for one in made.args)
        if start != Linear() or stop is None or step is None:
            return None
        return divided(stop, step, up=True)
    return sizes.lengths.of(over)


def _finding(
    source: Source,
    call: ast.Call,
    given: ast.expr,
    made: OneRun,
    count: int | None,
    wanted: int | None,
    epochs: int | None,
) -> Finding:
    name = source.segment(given)
    has = f"gives {count} batches" if count is not None else "runs through the data once"
    asks = f"`fit` asks for {wanted}" if wanted is not None else f"`fit` runs {epochs} epochs"
    evidence = []
    if made.function is not None:
        evidence.append(Evidence("made", "this generator ends", source.path, made.function.lineno))
    return PITFALL.finding(
        "error",
        source.location(call),
        f"`{name}` {has} and ends, and {asks}: the later epochs get next to no data",
        remedy="let the generator go on, with `while True:` around its loop and `steps_per_epoch` in `fit`",
        source="static",
        subject=name,
        scope=scope_lines(source, call),
        evidence=tuple(evidence),
    )
