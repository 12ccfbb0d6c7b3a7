"""Finds `F.dropout` calls in modules that drop in evaluation as well, for they are not told the mode."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.source import own_nodes
from pitfallcheck.lint.steps.facts import Steps

ALWAYS = frozenset(f"torch.nn.functional.{name}" for name in ("dropout", "dropout1d", "dropout2d", "dropout3d"))
"""Functions whose `training` is True unless told otherwise (torch 2.13; that of `alpha_dropout` is False)."""


def always_on(steps: Steps) -> Iterator[ast.Call]:
    """Each call of a functional dropout in a method of a module that is not told whether it is training."""
    for owner in steps.source.classes:
        if not steps.things.is_module(owner):
            continue
        for method in owner.body:
            if not isinstance(method, ast.FunctionDef):
                continue
            for node in own_nodes(method):
                if (
                    isinstance(node, ast.Call)
                    and steps.program.called(node) in ALWAYS
                    and _is_untold(node)
                    and not _asks_itself(steps, node)
                ):
                    yield node


def _is_untold(node: ast.Call) -> bool:
    starred = any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords)
    return not starred and argument(node, 2, "training") is None and constant(argument(node, 1, "p")) != 0


def _asks_itself(steps: Steps, node: ast.AST) -> bool:
    """Whether the call stands under `if self.training`, or any other condition that may say so."""
    at = steps.source.parents.get(node)
    while at is not None and not isinstance(at, ast.FunctionDef):
        if isinstance(at, ast.If | ast.IfExp):
            return True
        at = steps.source.parents.get(at)
    return False
