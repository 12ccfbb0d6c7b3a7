"""Finds losses that are summed or kept with their graphs, though nothing asks these for gradients again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.lint.flow.bindings import NAMES, Binding, dotted
from pitfallcheck.lint.steps.acts import Moment, name_of
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.graph import Graph
from pitfallcheck.lint.steps.moments import QUIET
from pitfallcheck.lint.tree import walk

PASSING = frozenset({"mean", "sum", "cpu", "cuda", "to", "float", "double", "clone", "squeeze"})
"""Methods of a tensor that keep its graph."""

CRITERION = re.compile(r"loss$|criterion|entropy$", re.IGNORECASE)
"""What functions are called that give a tensor to be minimised."""

JUDGING = re.compile(r"eval|valid|test|infer|predict|score", re.IGNORECASE)


class Kept(NamedTuple):
    """The `statement` that adds `loss` to `target` or appends it; `backward` is None where the loop only evaluates."""

    statement: ast.stmt
    target: ast.expr
    loss: ast.expr
    backward: Moment | None
    appended: bool


class _Adding(NamedTuple):
    statement: ast.stmt
    target: ast.expr
    value: ast.expr
    appended: bool


def kept(steps: Steps) -> Iterator[Kept]:
    """Every loss that outlives its step with its graph."""
    graph = Graph(steps.things)
    backwards = [one for _, moments in steps.walks for one in moments if one.kind == "backward"]
    forwards = [one for _, moments in steps.walks for one in moments if one.kind == "forward"]
    wanted = _leading_to_backward(steps, backwards)
    for adding in _addings(steps):
        loops = steps.program.loops_around(adding.statement)
        if not loops or dotted(adding.target) in wanted or not _outlives(steps, adding, loops[0]):
            continue
        if not adding.appended and _is_quiet(steps, adding.statement):
            continue
        for loss in _terms(adding.value):
            backward = _backwarded(steps, graph, loss, backwards, adding)
            if backward is not None:
                yield Kept(adding.statement, adding.target, loss, backward, adding.appended)
                break
            if _only_evaluated(steps, graph, loss, adding, loops[0], backwards, forwards):
                yield Kept(adding.statement, adding.target, loss, None, adding.appended)
                break


def _addings(steps: Steps) -> Iterator[_Adding]:
    for node in steps.source.nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and dotted(node.target):
            yield _Adding(node, node.target, node.value, False)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Add):
            name = dotted(node.targets[0])
            if name is not None and dotted(node.value.left) == name:
                yield _Adding(node, node.targets[0], node.value.right, False)
            elif name is not None and dotted(node.value.right) == name:
                yield _Adding(node, node.targets[0], node.value.left, False)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Attribute) and call.func.attr == "append" and len(call.args) == 1:
                yield _Adding(node, call.func.value, call.args[0], True)


def _terms(value: ast.expr) -> Iterator[ast.expr]:
    """The tensors that go into a sum with their graphs: `loss`, and those of `loss * n`."""
    if isinstance(value, NAMES):
        if not (isinstance(value, ast.Attribute) and value.attr in ("data", "grad")):
            yield value
    elif isinstance(value, ast.BinOp):
        yield from _terms(value.left)
        if not isinstance(value.op, ast.Div):
            yield from _terms(value.right)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in PASSING:
        yield from _terms(value.func.value)
    elif isinstance(value, ast.Call):
        yield value


def _backwarded(steps: Steps, graph: Graph, loss: ast.expr, backwards: list[Moment], adding: _Adding) -> Moment | None:
    """The backward that is called on this very value in the same loop."""
    if not isinstance(loss, NAMES):
        return None
    values = steps.program.bindings(loss)
    around = steps.program.loops_around(adding.statement)
    for backward in backwards:
        call = backward.node
        if not isinstance(call, ast.Call) or any(keyword.arg == "retain_graph" for keyword in call.keywords):
            continue
        if backward.subject is None or not _same_loop(steps, call, around[0]):
            continue
        for part in walk(backward.subject):
            if isinstance(part, NAMES) and steps.program.bindings(part) & values:
                return None if _detached_in_place(steps, loss) else backward
            if isinstance(part, NAMES) and _is_term(steps, graph, loss, part):
                return backward
    return None


def _is_term(steps: Steps, graph: Graph, loss: ast.expr, total: ast.expr) -> bool:
    """Whether `loss` is a term of the sum `total`, and has a graph itself."""
    summed = steps.program.sole(total)
    own = steps.program.sole(loss)
    if summed is None or own is None or summed.kind != "value" or not isinstance(summed.value, ast.BinOp):
        return False
    if not isinstance(own.value, ast.Call) or _detached_in_place(steps, loss):
        return False
    known = graph.of(loss) == "graph" or CRITERION.search(name_of(own.value)) is not None
    return known and any(isinstance(part, NAMES) and steps.program.sole(part) is own for part in walk(summed.value))


def _same_loop(steps: Steps, node: ast.AST, loop: ast.AST) -> bool:
    return steps.program.inside(node, loop)


def _detached_in_place(steps: Steps, loss: ast.expr) -> bool:
    return any(
        isinstance(mention, ast.Attribute) and dotted(mention.value) == dotted(loss)
        for mention in steps.program.mentions.get("detach_", [])
    )


def _leading_to_backward(steps: Steps, backwards: list[Moment]) -> set[str]:
    """The names from which some backward starts, through the values that they are computed from."""
    found: set[str] = set()
    for backward in backwards:
        direct = backward.subject
        waiting: list[ast.AST] = [direct] if direct is not None else []
        seen: set[Binding] = set()
        while waiting:
            for part in walk(waiting.pop()):
                if not isinstance(part, NAMES):
                    continue
                if part is not direct:
                    found.add(dotted(part) or "")
                for binding in steps.program.bindings(part):
                    if binding in seen:
                        continue
                    seen.add(binding)
                    if binding.kind in ("augmented", "changed"):
                        found.add(binding.name)
                    waiting += [one for one in (binding.value,) if one is not None]
                    if binding.kind == "parameter":
                        arguments = steps.program.arguments(binding)
                        waiting += arguments.given if arguments is not None else ()
    return found


def _outlives(steps: Steps, adding: _Adding, loop: ast.AST) -> bool:
    """Whether the sum or list is not made anew in each turn."""
    name = dotted(adding.target)
    if name is None:
        return adding.appended and isinstance(adding.target, ast.Subscript)
    scope = steps.program.scope(adding.statement)
    for binding in steps.program.reaching(scope).all.get(name, []):
        if binding.kind in ("augmented", "changed") or binding.node is adding.statement:
            continue
        if steps.program.inside(binding.node, loop) and not _conditional(steps, binding.node, loop):
            return False
    return True


def _conditional(steps: Steps, node: ast.AST, loop: ast.AST) -> bool:
    at = steps.source.parents.get(node)
    while at is not None and at is not loop:
        if isinstance(at, ast.If):
            return True
        at = steps.source.parents.get(at)
    return False


def _is_quiet(steps: Steps, node: ast.AST) -> bool:
    at = steps.source.parents.get(node)
    while at is not None:
        if isinstance(at, ast.With) and any(
            steps.program.called(item.context_expr) in QUIET or "grad_enabled" in ast.unparse(item.context_expr)
            for item in at.items
        ):
            return True
        if isinstance(at, ast.FunctionDef) and at.decorator_list:
            return True
        at = steps.source.parents.get(at)
    return False


def _only_evaluated(
    steps: Steps,
    graph: Graph,
    loss: ast.expr,
    adding: _Adding,
    loop: ast.AST,
    backwards: list[Moment],
    forwards: list[Moment],
) -> bool:
    """Whether a loop computes losses, never goes back through them, and keeps them nonetheless."""
    if _is_quiet(steps, adding.statement) or any(_same_loop(steps, one.node, loop) for one in backwards):
        return False
    inside = [one for one in forwards if _same_loop(steps, one.node, loop)]
    if not inside or any(one.quiet for one in inside) or graph.of(loss) != "graph":
        return False
    function = steps.program.scope(adding.statement)
    returned = any(
        isinstance(part, ast.Return) and part.value is not None and dotted(adding.target) in _names(part.value)
        for part in walk(function)
    )
    if isinstance(function, ast.FunctionDef):
        return bool(JUDGING.search(function.name)) or not returned
    return True


def _names(node: ast.AST) -> set[str | None]:
    return {dotted(part) for part in walk(node) if isinstance(part, NAMES)}
