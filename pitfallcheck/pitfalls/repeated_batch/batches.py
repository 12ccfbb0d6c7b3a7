"""Finds what is learned from in a loop, or given out by a data set, although it is the same samples each time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import NAMES, Loop, dotted
from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.program import DATA_SETS, Program
from pitfallcheck.lint.flow.reads import Selection, selection
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.flow.training import FITTING, Forward, Uses
from pitfallcheck.lint.source import own_nodes
from pitfallcheck.pitfalls.repeated_batch.candidates import Candidates
from pitfallcheck.pitfalls.repeated_batch.indices import drawn_index, is_batch, used_elsewhere
from pitfallcheck.pitfalls.repeated_batch.steady import Reason, Steady

MAKING = frozenset({"compile", "parameters"})
"""Methods that are called where a model is made ready to train."""


ITEMS = ("__getitem__", "__next__")
"""Methods that whoever trains calls for each batch."""


@dataclass(frozen=True, eq=False, slots=True)
class Repeated:
    """The batch `node` is the same each time round, for `reason`; `learned` says that the file shows who learns."""

    node: ast.expr
    reason: Reason
    region: ast.AST
    learned: bool


def repeated(program: Program) -> Iterator[Repeated]:
    """Every batch in the file that is proven to repeat."""
    sizes = Sizes(program)
    candidates = Candidates(program)
    for node in program.source.nodes:
        if candidates.may_repeat(node):
            region = _region(program, node)
            if region is None:
                continue
            reason = _reason(sizes, node, region)
            if reason is not None:
                learned = _learns(sizes, node, region)
                if learned is not None:
                    yield Repeated(node, reason, region, learned)


def _region(program: Program, node: ast.expr) -> ast.AST | None:
    """What is gone through again and again: the outermost loop around, else the function."""
    loops = program.loops_around(node)
    if loops:
        return loops[-1]
    scope = program.scope(node)
    return scope if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) else None


def _reason(sizes: Sizes, node: ast.expr, region: ast.AST) -> Reason | None:
    """Why `node` picks or makes the same batch each time; None where it does not, or is no batch."""
    found = selection(sizes.program, node)
    if found is not None:
        return _selected(sizes, found, region)
    draw = sizes.draw(node)
    steady = Steady(sizes, region)
    if draw is not None and draw.kind == "values":
        # A batch of several samples; one number is noise, or a decision.
        fresh = draw.size is not None and steady.same(node)
        return _named(steady.reasons, "seed") if fresh else None
    if sizes.program.called(node) == "next" and steady.same(node):
        return _named(steady.reasons, "first")
    return None


def _named(reasons: list[Reason], *why: str) -> Reason | None:
    return next((reason for reason in reasons if reason.why in why), None)


def _selected(sizes: Sizes, found: Selection, region: ast.AST) -> Reason | None:
    steady = Steady(sizes, region)
    if not isinstance(found.array, NAMES) or not steady.same(found.array):
        return None
    steady.reasons.clear()
    if isinstance(found.index, ast.Slice):
        return _window(sizes, steady, found, found.index, region)
    if not steady.same(found.index):
        return None
    drawn = drawn_index(sizes, found.index)
    if drawn is None:
        return _named(steady.reasons, "reset") if isinstance(found.index, NAMES) else None
    seeded = _named(steady.reasons, "seed")
    if seeded is not None:
        return seeded
    apart = bool(drawn.by) and not sizes.program.inside(drawn.draw.call, region)
    if apart and is_batch(sizes, drawn, found) and not used_elsewhere(sizes, drawn, region):
        return Reason("drawn", drawn.draw.call, drawn.by[-1].name)
    return None


def _window(sizes: Sizes, steady: Steady, found: Selection, part: ast.Slice, region: ast.AST) -> Reason | None:
    """A window whose start is a variable that never gets on, or is drawn anew with the same seed."""
    start = part.lower
    unused = _unused_counter(sizes.program, found.node, region)
    if unused and part.upper is not None and steady.same(part):
        return Reason("unused", found.node, unused)
    if start is None or part.upper is None or not isinstance(start, NAMES) or not steady.same(part):
        return None
    first, end = sizes.integers.of(start), sizes.integers.of(part.upper)
    total = sizes.lengths.of(found.array)
    reason = _named(steady.reasons, "reset", "seed")
    if reason is not None:
        return reason
    if (
        first is None
        or first.value is None
        or not any(isinstance(name, NAMES) and dotted(name) == dotted(start) for name in ast.walk(part.upper))
    ):
        return None
    if end is not None and total is not None and (rest := total.minus(end).value) is not None and rest <= 0:
        return None
    return Reason("reset", found.node, dotted(start) or "") if _in_loop(sizes.program, found.node) else None


def _unused_counter(program: Program, node: ast.expr, region: ast.AST) -> str:
    """What should say which batch it is and is never read: `i` of `for i in range(0, n, batch)`, an item's index."""
    loops = program.loops_around(node)
    if loops:
        loop = loops[0]
        over = loop.iter if isinstance(loop, ast.For) else None
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name) or not isinstance(over, ast.Call):
            return ""
        strides = program.called(over) == "range" and len(over.args) == 3 and constant(over.args[0]) == 0
        return loop.target.id if strides and not _reads(loop.body, loop.target.id) else ""
    if isinstance(region, ast.FunctionDef) and region.name == "__getitem__" and len(region.args.args) == 2:
        owner, index = program.source.class_of(region), region.args.args[1].arg
        if owner is None or not program.bases(owner) & DATA_SETS or _reads(region.body, index):
            return ""
        counts = program.method(owner, "__len__")
        several = counts is not None and not any(
            isinstance(part, ast.Return) and constant(part.value) == 1 for part in own_nodes(counts)
        )
        return index if several else ""
    return ""


def _reads(statements: list[ast.stmt], name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for each in statements for part in ast.walk(each))


def _in_loop(program: Program, node: ast.AST) -> bool:
    return bool(program.loops_around(node))


def _learns(sizes: Sizes, node: ast.expr, region: ast.AST) -> bool | None:
    """Whether something in the file learns from the batch, turn by turn; None where nothing does, or it has others."""
    program = sizes.program
    inner = program.loops_around(node)
    item = not inner and getattr(region, "name", "") in ITEMS
    if _makes_model(program, inner[0]) if inner else not (item or _called_in_loop(program, region)):
        return None
    uses = Forward(program).follow(node)
    yields = [place for place in uses.yields if program.inside(place, region)]
    if yields:
        if uses.learns:
            return True
        function = program.scope(node)
        consumed = any(program.mentions.get(getattr(function, "name", ""), []))
        return None if consumed or _for_evaluation(function) else False
    if item:
        return True if uses.learns else None
    learns = [place for place in uses.learns if _turn_by_turn(program, place, inner[0] if inner else None)]
    if not learns or (inner and _other_batches(sizes, inner[0], node, learns)):
        return None
    return True


def _for_evaluation(function: ast.AST) -> bool:
    name = getattr(function, "name", "")
    return any(word in name.lower() for word in ("val", "test", "eval"))


def _turn_by_turn(program: Program, place: ast.AST, loop: Loop | None) -> bool:
    """Whether one turn learns once: a whole training inside the loop is an experiment that is done again."""
    method = place.func.attr if isinstance(place, ast.Call) and isinstance(place.func, ast.Attribute) else ""
    if method in FITTING - {"train_on_batch", "minimize"}:
        return False
    loops = program.loops_around(place)
    if loop is None:
        return True
    if program.inside(place, loop):
        return loops[0] is loop
    return not loops


def _makes_model(program: Program, loop: Loop) -> bool:
    """Whether a turn begins with a model or an optimizer of its own."""
    for node in ast.walk(loop):
        if isinstance(node, ast.Call):
            called = program.called(node)
            if called.startswith(("torch.optim.", "keras.Sequential", "keras.Model", "keras.models.", "torch.nn.")):
                last = called.rpartition(".")[2]
                if last[:1].isupper() and not last.endswith("Loss"):
                    return True
            if isinstance(node.func, ast.Attribute) and node.func.attr in MAKING:
                return node.func.attr == "compile" and not called
            if isinstance(node.func, ast.Name) and node.func.id in program.classes:
                return True
    return False


def _other_batches(sizes: Sizes, loop: Loop, node: ast.expr, learns: list[ast.AST]) -> bool:
    """Whether the loop also learns from samples that do change: then this one is beside them on purpose."""
    program = sizes.program
    for other in ast.walk(loop):
        if other is node:
            continue
        found = selection(program, other)
        if found is not None and isinstance(found.array, NAMES) and not isinstance(constant(found.index), int | str):
            steady = Steady(sizes, loop)
            if steady.same(found.array) and not steady.same(found.index) and _meets(program, found.node, learns):
                return True
    if isinstance(loop, ast.For) and program.called(loop.iter) not in (
        "range",
        "tqdm.tqdm",
        "tqdm.trange",
        "enumerate",
    ):
        bound = program.reaching(program.scope(loop)).all.values()
        items = [binding for bindings in bound for binding in bindings if binding.node is loop]
        return any(_meets(program, read, learns) for binding in items for read in program.reads(binding))
    return False


def _meets(program: Program, node: ast.AST, learns: list[ast.AST]) -> bool:
    uses: Uses = Forward(program).follow(node)
    return bool(set(uses.learns) & set(learns))


def _called_in_loop(program: Program, scope: ast.AST) -> bool:
    """Whether a function is called again and again, from a loop."""
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    calls, _ = program.calls(scope)
    return any(program.loops_around(call) for call in calls) and not any(
        isinstance(part, ast.Yield) for part in own_nodes(scope)
    )
