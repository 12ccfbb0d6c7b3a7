"""Says of a forward pass whether its output is judged, by labels or a loss, and nothing is learned from it."""

from __future__ import annotations

import ast
import re

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.steps.acts import Moment, name_of
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.tree import walk

EVALUATING = re.compile(r"^_?(test|eval|evaluate|valid|validate|validation|inference)(_|$)", re.IGNORECASE)
"""Names of functions that evaluate."""

DECIDING = words("argmax max topk round")
"""What makes a class of scores."""

SCORING = words("accuracy accuracy_score eq f1_score confusion_matrix classification_report")
"""What compares predictions with labels."""

FORMS = words("shape size ndim dtype device dim numel len")
"""What of two outputs is compared that says nothing of how good they are."""


def is_judged(steps: Steps, forward: Moment) -> bool:
    """Whether what comes out is compared with labels, under the same `no_grad` or in the same function."""
    at: ast.AST | None = steps.source.parents.get(forward.node)
    while at is not None and not isinstance(at, ast.With | ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
        at = steps.source.parents.get(at)
    if not isinstance(at, ast.With | ast.FunctionDef):
        return False
    for node in walk(at):
        if isinstance(node, ast.Call):
            name = name_of(node)
            if name.endswith(("loss", "Loss", "entropy")) or name in ("criterion", "eq", "accuracy", "accuracy_score"):
                return True
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq) and not _is_text(node.comparators[0]):
            return True
    return False


def is_scored(region: ast.AST) -> bool:
    """Whether classes are told from scores in `region`, and compared with labels."""
    calls = {name_of(node) for node in walk(region) if isinstance(node, ast.Call)}
    compared = any(isinstance(node, ast.Compare) and _of_labels(node) for node in walk(region))
    return bool(calls & DECIDING) and (compared or bool(calls & SCORING))


def _of_labels(node: ast.Compare) -> bool:
    """Whether two values are compared, and not their forms."""
    if not isinstance(node.ops[0], ast.Eq):
        return False
    for side in (node.left, node.comparators[0]):
        if isinstance(side, ast.Constant | ast.Tuple | ast.List):
            return False
        for part in walk(side):
            name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
            if name in FORMS:
                return False
    return True


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def is_evaluation(steps: Steps, moments: list[Moment], forward: Moment) -> bool:
    """Whether a forward pass with gradients is there to be judged: it stands in a loop or function without training."""
    learning = [one for one in moments if one.kind in ("backward", "step", "unknown")]
    later = [one for one in learning if one.at > forward.at]
    if any(one.kind == "backward" and forward.loops[: len(one.loops)] == one.loops for one in later):
        # A loss that is summed up in the loop, and goes backward behind it.
        return _by_name(steps, forward, learning)
    for loop in forward.loops:
        is_around = isinstance(loop, ast.For | ast.While) and steps.program.inside(forward.node, loop)
        if is_around and not any(one.within(loop) for one in learning):
            return is_scored(loop) or _by_name(steps, forward, learning)
    return _by_name(steps, forward, learning)


def _by_name(steps: Steps, forward: Moment, learning: list[Moment]) -> bool:
    """Whether a function that is called an evaluation makes plain numbers of the output, and trains nothing."""
    function = forward.frame.function if forward.frame is not None else None
    if function is None or not EVALUATING.search(function.name) or not steps.program.inside(forward.node, function):
        return False
    if any(steps.program.inside(one.node, function) for one in learning):
        return False
    return is_scored(function) or any(isinstance(node, ast.Call) and name_of(node) == "item" for node in walk(function))
