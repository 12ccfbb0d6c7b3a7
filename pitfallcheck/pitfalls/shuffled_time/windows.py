"""Recognises samples that are windows of a series with the value behind each as its target."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.provenance import Provenance
from pitfallcheck.lint.source import own_nodes
from pitfallcheck.lint.tree import walk

TEXT = re.compile(r"text|corpus|token|char|word|sentence|string|notes|ids$|encoded", re.IGNORECASE)
"""What series of symbols are called: their windows overlap as well, but nobody forecasts them."""


class Windows(NamedTuple):
    """The samples are cut from `series` by `node`."""

    series: str
    node: ast.expr
    lagged: bool = False


def windows_of(program: Program, ways: Provenance, data: ast.expr) -> Windows | None:
    """The windows, or the shifted columns, that `data` are made of."""
    for node in ways.of(data):
        if isinstance(node, ast.Subscript):
            found = _window(program, node)
            if found is not None:
                return found
        elif isinstance(node, ast.Call):
            found = _shifted(program, node) or _data_set(program, node)
            if found is not None:
                return found
    return None


def _window(program: Program, node: ast.Subscript) -> Windows | None:
    """`series[i : i + n]` for each `i`, where the same turn of the loop also reads what follows it."""
    index = _rows(node)
    series = _series(node)
    if not isinstance(index, ast.Slice) or index.lower is None or index.upper is None or index.step is not None:
        return None
    if series is None or TEXT.search(series):
        return None
    scope = _turn(program, node)
    moving = _moving(scope) if scope is not None else frozenset()
    if scope is None or not moving & _names(program, index.upper):
        return None
    for other in _same_turns(program, scope):
        if isinstance(other, ast.Subscript) and other is not node and _series(other) == series:
            behind = _rows(other)
            place = behind.lower if isinstance(behind, ast.Slice) else behind
            if place is not None and _follows(program, place, index.upper):
                return Windows(series, node)
    return None


def _same_turns(program: Program, scope: ast.AST) -> list[ast.AST]:
    """What is done in the same turns: for a comprehension also what others beside it do."""
    if not isinstance(scope, ast.ListComp):
        return walk(scope)
    beside = [node for node in own_nodes(program.scope(scope)) if isinstance(node, ast.ListComp)]
    return [node for one in beside for node in walk(one)]


def _rows(node: ast.Subscript) -> ast.expr:
    return node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice


def _series(node: ast.Subscript) -> str | None:
    base = node.value
    while isinstance(base, ast.Attribute) and base.attr in ("iloc", "loc", "values"):
        base = base.value
    return dotted(base)


def _turn(program: Program, node: ast.AST) -> ast.AST | None:
    """The loop, the comprehension or the `__getitem__` that cuts one window in each turn."""
    at = program.source.parents.get(node)
    while at is not None and not isinstance(at, ast.Module | ast.ClassDef):
        if isinstance(at, ast.For | ast.ListComp | ast.GeneratorExp):
            return at
        if isinstance(at, ast.FunctionDef):
            return at if at.name == "__getitem__" else None
        at = program.source.parents.get(at)
    return None


def _moving(scope: ast.AST) -> frozenset[str]:
    """The names that are another number in each turn."""
    if isinstance(scope, ast.FunctionDef):
        return frozenset(argument.arg for argument in scope.args.args[1:])
    targets: list[ast.expr] = [scope.target] if isinstance(scope, ast.For) else []
    targets += [node.target for node in own_nodes(scope) if isinstance(node, ast.AugAssign)]
    if isinstance(scope, ast.ListComp | ast.GeneratorExp):
        targets = [clause.target for clause in scope.generators]
    return frozenset(node.id for target in targets for node in walk(target) if isinstance(node, ast.Name))


def _names(program: Program, node: ast.expr) -> frozenset[str]:
    """The names in an expression, and in what they stand for."""
    found = {part.id for part in walk(node) if isinstance(part, ast.Name)}
    made = program.origin(node)
    return frozenset(found | {part.id for part in walk(made) if isinstance(part, ast.Name)})


def _follows(program: Program, place: ast.expr, end: ast.expr) -> bool:
    """Whether `place` is the end of the window, or stands a little before or behind it."""
    wanted = {ast.unparse(end), ast.unparse(program.origin(end))}
    for one in (place, program.origin(place)):
        part = one
        while ast.unparse(part) not in wanted and isinstance(part, ast.BinOp):
            part = part.left
        if ast.unparse(part) in wanted:
            return True
    return False


def _shifted(program: Program, call: ast.Call) -> Windows | None:
    """`frame["close"].shift(-1)`: the next row's value beside this row's."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "shift" or program.called(call):
        return None
    if not program.source.names.imports("pandas"):
        return None
    steps = constant(argument(call, 0, "periods"))
    if argument(call, 0, "periods") is not None and (not isinstance(steps, int) or steps >= 0):
        return None
    if argument(call, 0, "periods") is None:
        return None
    return Windows(ast.unparse(call.func.value), call, lagged=True)


def _data_set(program: Program, call: ast.Call) -> Windows | None:
    """A data set class of the file whose items are windows."""
    owner = program.instance(call)
    method = program.method(owner, "__getitem__") if owner is not None else None
    if method is None:
        return None
    for node in own_nodes(method):
        if isinstance(node, ast.Subscript) and (found := _window(program, node)) is not None:
            return found
    return None
