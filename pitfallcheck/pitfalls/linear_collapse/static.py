"""Judges whether a model that is trained in a file has affine layers with nothing between them, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.linear_collapse import PITFALL
from pitfallcheck.pitfalls.linear_collapse.chains import Applied
from pitfallcheck.pitfalls.linear_collapse.stacks import Stacks
from pitfallcheck.pitfalls.linear_collapse.targets import Targets

_MEANT = re.compile(r"lora|low_?rank|factor|deep_?linear|linear_?auto|pca|probe|lowrank|collapse", re.IGNORECASE)
"""Names of what is a product of matrices on purpose."""


def judge(source: Source) -> Iterator[Finding]:
    """One warning for each such model, unless its targets are visibly affine as well or it is narrow on purpose."""
    if not _trains(source):
        return
    told: set[int] = set()
    bent: str | None = None
    for steps in Stacks(source).found():
        line = steps[0].at.lineno
        if line in told or _narrow(steps) or _meant(source, steps):
            continue
        if bent is None:
            bent = Targets(source).kind()
        if bent != "affine":
            told.add(line)
            yield _finding(source, steps)


def _trains(source: Source) -> bool:
    """Whether something in the file is trained: a model that is only written down may be a part of a larger one."""
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in ("fit", "backward", "train_on_batch", "apply_gradients"):
            return True
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
            return True
        if isinstance(node, ast.Call) and source.qualify(node.func) in ("jax.grad", "jax.value_and_grad"):
            return True
    return any(isinstance(node, ast.FunctionDef) and node.name == "update" for node in source.functions)


def _narrow(steps: tuple[Applied, ...]) -> bool:
    """Whether a layer is narrower than what goes in and what comes out: a matrix of low rank, which is another model.

    Layers without a bias say the same, and so does a last layer as wide as the input where the width between is a name.
    """
    if any(step.layer.factor for step in steps[:-1]):
        return True
    first, last = steps[0].layer.into, steps[-1].layer.out
    hidden = [step.layer.out for step in steps[:-1]]
    if first and first == last and not first.isdigit():
        return all(width != first for width in hidden)
    if first == last and int(first or 0) > 2 and any(not width.isdigit() for width in hidden):
        return True
    return any(_less(width, last) and (not first or _less(width, first)) for width in hidden)


def _less(one: str, other: str) -> bool:
    return one.isdigit() and other.isdigit() and int(one) < int(other)


def _meant(source: Source, steps: tuple[Applied, ...]) -> bool:
    scope: ast.AST | None = steps[0].at
    while scope is not None:
        if isinstance(scope, ast.FunctionDef | ast.ClassDef) and _MEANT.search(scope.name):
            return True
        scope = source.parents.get(scope)
    return False


def _finding(source: Source, steps: tuple[Applied, ...]) -> Finding:
    first = steps[0].at
    places = [
        Evidence("layer", f"layer {number}: `{_short(source, step)}`", source.path, step.at.lineno)
        for number, step in enumerate(steps, start=1)
    ]
    hidden = "the hidden layer" if len(steps) == 2 else f"the {len(steps) - 1} hidden layers"
    return PITFALL.finding(
        "warning",
        source.location(first),
        f"nothing non-linear stands between the {len(steps)} layers of this model, from `{_short(source, steps[0])}` "
        f"to `{_short(source, steps[-1])}`: together they are one linear layer, and {hidden} can learn nothing that it "
        "could not",
        remedy="put an activation after each hidden layer, for instance "
        + ('`activation="relu"`' if _is_keras(source, steps) else "ReLU or tanh")
        + ", or use one linear layer if a linear model is meant",
        source="static",
        scope=(1, max(1, len(source.lines))),
        evidence=tuple(places),
    )


def _is_keras(source: Source, steps: tuple[Applied, ...]) -> bool:
    made = steps[0].layer.node
    name = source.qualify(made.func) if isinstance(made, ast.Call) else None
    return name is not None and name.startswith("keras.")


def _short(source: Source, step: Applied) -> str:
    text = source.segment(step.at)
    return text if len(text) <= 50 else f"{text[:47]}..."
