"""Which places of a function a training never comes to: the branches for evaluation, or for other settings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from pitfallcheck.lint.source import Source

Truth = Callable[[ast.expr], bool | None]
"""Whether a test holds, None where nobody knows."""

LEAVING = ast.Return | ast.Raise | ast.Continue | ast.Break


def never_runs(source: Source, node: ast.AST, truth: Truth) -> bool:
    """Whether control cannot get to `node` within its function, as the tests on the way there come out."""
    child, parent = node, source.parents.get(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        if isinstance(parent, ast.If | ast.IfExp):
            chosen = _of_branch(parent, child)
            if chosen is not None and truth(parent.test) is (not chosen):
                return True
        if isinstance(child, ast.stmt) and any(_left_before(test, truth) for test in _before(parent, child)):
            return True
        child, parent = parent, source.parents.get(parent)
    return isinstance(child, ast.stmt) and any(_left_before(test, truth) for test in _before(parent, child))


def _of_branch(parent: ast.If | ast.IfExp, child: ast.AST) -> bool | None:
    """Whether `child` is what `parent` chooses where its test holds; None for the test itself."""
    if isinstance(parent, ast.IfExp):
        return True if child is parent.body else False if child is parent.orelse else None
    if any(child is statement for statement in parent.body):
        return True
    return False if any(child is statement for statement in parent.orelse) else None


def _before(parent: ast.AST | None, child: ast.stmt) -> Iterator[ast.If]:
    """The `if` statements in front of `child` in its block."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and child in block:
            yield from (one for one in block[: block.index(child)] if isinstance(one, ast.If))


def _left_before(test: ast.If, truth: Truth) -> bool:
    """Whether an `if` surely ends its block."""
    holds = None
    if test.body and isinstance(test.body[-1], LEAVING):
        holds = truth(test.test)
        if holds is True:
            return True
    if test.orelse and isinstance(test.orelse[-1], LEAVING):
        return truth(test.test) is False
    return False
