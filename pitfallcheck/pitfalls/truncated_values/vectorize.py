"""`np.vectorize` without `otypes`, whose function returns integers on one path and floats on another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import NAMES
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import own_nodes
from pitfallcheck.pitfalls.truncated_values.numbers import Kind, NumbersOf


@dataclass(frozen=True, eq=False, slots=True)
class Vectorized:
    """`node` is the call of `np.vectorize` (or the decorator); `whole` and `broken` are results of both kinds.

    `given` is what the file shows to be put in: `int`, `float`, or an empty text.
    """

    node: ast.expr
    whole: ast.expr
    broken: ast.expr
    given: str


def vectorized(program: Program) -> Iterator[Vectorized]:
    """Every `np.vectorize` in the file that takes its type from whichever path comes first."""
    for node in program.source.nodes:
        if isinstance(node, ast.Call) and program.called(node) == "numpy.vectorize":
            named = {keyword.arg for keyword in node.keywords}
            if len(node.args) != 1 or named & {"otypes", "signature"} or None in named:
                continue
            yield from _judged(program, node, program.origin(node.args[0]), _uses_of(program, node))
        elif isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if program.qualify(decorator) == "numpy.vectorize" and len(node.decorator_list) == 1:
                    yield from _judged(program, decorator, node, _calls_named(program, node.name))


def _judged(program: Program, node: ast.expr, function: ast.AST, calls: list[ast.Call]) -> Iterator[Vectorized]:
    if isinstance(function, ast.Name) and (bound := program.sole(function)) is not None:
        function = bound.node
    if not isinstance(function, ast.FunctionDef | ast.Lambda) or program.is_generator(function):
        return
    arguments = function.args
    inputs = frozenset[ast.AST]((*arguments.posonlyargs, *arguments.args))
    numbers = NumbersOf(program, inputs)
    results: dict[Kind, ast.expr] = {}
    for result in _results(numbers, function):
        found = numbers.of(result)
        if found is not None and not found.array:
            results.setdefault(found.kind, result)
    given = _given(program, calls)
    whole, broken = results.get("int"), results.get("float")
    if "input" in results:
        if broken is not None and whole is None and given == "int":
            whole = results["input"]
        elif whole is not None and broken is None and given != "int":
            broken = results["input"]
    if whole is not None and broken is not None:
        yield Vectorized(node, whole, broken, given)


def _results(numbers: NumbersOf, function: ast.FunctionDef | ast.Lambda) -> Iterator[ast.expr]:
    """What a function may return, each path of a conditional expression and each value of a name on its own."""
    if isinstance(function, ast.Lambda):
        waiting = [function.body]
    else:
        returns = [node for node in own_nodes(function) if isinstance(node, ast.Return) and node.value is not None]
        waiting = [node.value for node in returns if node.value is not None]
    seen: set[ast.expr] = set()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, ast.IfExp):
            waiting += [node.body, node.orelse]
        elif isinstance(node, NAMES) and len(bindings := numbers.program.bindings(node)) > 1:
            values = [binding.value for binding in bindings if binding.kind == "value"]
            waiting += [value for value in values if value is not None]
        else:
            yield node


def _uses_of(program: Program, node: ast.Call) -> list[ast.Call]:
    """The calls of what `np.vectorize(...)` made: on the spot, or by the name it is bound to."""
    above = program.source.parents.get(node)
    if isinstance(above, ast.Call) and above.func is node:
        return [above]
    if isinstance(above, ast.Assign) and len(above.targets) == 1 and isinstance(above.targets[0], ast.Name):
        return _calls_named(program, above.targets[0].id)
    return []


def _calls_named(program: Program, name: str) -> list[ast.Call]:
    above = (program.source.parents.get(mention) for mention in program.mentions.get(name, []))
    return [call for call in above if isinstance(call, ast.Call) and getattr(call.func, "id", "") == name]


def _given(program: Program, calls: list[ast.Call]) -> str:
    """Which numbers all the calls put in: `int` or `float`; empty where they differ or do not show."""
    numbers = NumbersOf(program)
    kinds = set()
    for call in calls:
        for one in call.args:
            found = numbers.of(one)
            kinds.add("" if found is None else "float" if found.kind in ("float", "whole") else found.kind)
    return kinds.pop() if len(kinds) == 1 else ""
