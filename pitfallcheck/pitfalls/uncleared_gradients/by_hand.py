"""Finds steps written out, `w -= lr * w.grad`, in loops that never set the gradient back."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import Steps


def uncleared_by_hand(steps: Steps, moments: list[Moment]) -> Iterator[tuple[Moment, Moment]]:
    """Each statement that moves a tensor by its gradient, and the backward that adds to that gradient."""
    backwards = [one for one in moments if one.kind == "backward"]
    for moved in moments:
        loop = steps.loop_of(moved, backwards) if moved.kind == "moved" else None
        if loop is None or isinstance(loop, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        inner = [one for one in moments if one.within(loop)]
        if any(one.kind in ("clear", "written", "unknown", "step") for one in inner):
            continue
        if moved.subject is not None and not _made_anew(steps, moved.subject, loop):
            yield moved, next(one for one in inner if one.kind == "backward")


def _made_anew(steps: Steps, tensor: ast.expr, loop: ast.AST) -> bool:
    """Whether the tensor is made in the loop itself, with a gradient of its own."""
    return any(
        binding.kind not in ("item", "augmented", "parameter") and steps.program.inside(binding.node, loop)
        for binding in steps.program.roots(tensor)[0]
    )
