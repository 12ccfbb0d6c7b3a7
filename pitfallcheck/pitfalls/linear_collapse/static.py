"""Judges whether a model that is trained in a file has affine layers with nothing between them, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.linear_collapse import PITFALL
from pitfallcheck.pitfalls.linear_collapse.chains import Applied
from pitfallcheck.pitfalls.linear_collapse.layers import Layer
from pitfallcheck.pitfalls.linear_collapse.parts import hidden_runs, joined
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
    stacks = Stacks(source)
    for steps in stacks.found():
        line = steps[0].at.lineno
        if line in told:
            continue
        told.add(line)
        if _narrow(steps) or _meant(source, steps):
            continue
        if bent is None:
            bent = Targets(source).kind()
        if bent != "affine":
            yield _finding(source, steps)
    for steps in hidden_runs(source, stacks):
        line = steps[0].at.lineno
        if line not in told and not _narrow(steps) and not _meant(source, steps):
            told.add(line)
            yield _hidden(source, steps)
    for image, dense in joined(stacks):
        if dense.node.lineno not in told:
            told.add(dense.node.lineno)
            yield _joined(source, image, dense)


def _trains(source: Source) -> bool:
    """Whether something in the file is trained: a model that is only written down may be a part of a larger one."""
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in ("fit", "backward", "train_on_batch", "apply_gradients"):
            return True
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
            return True
        if isinstance(node, ast.Assign) and _is_lessened(node):
            return True
        if isinstance(node, ast.Call) and source.qualify(node.func) in ("jax.grad", "jax.value_and_grad"):
            return True
    return any(isinstance(node, ast.FunctionDef) and node.name == "update" for node in source.functions)


def _is_lessened(node: ast.Assign) -> bool:
    """Whether an assignment takes something from what its target was: `w = w - rate * gradient`."""
    value = node.value
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Sub)
        and ast.unparse(node.targets[0]) == ast.unparse(value.left)
    )


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


def _hidden(source: Source, steps: tuple[Applied, ...]) -> Finding:
    first, last = (_cut(source.segment(_shown(step, steps))) for step in (steps[0], steps[-1]))
    hidden = "the first of them" if len(steps) == 2 else f"the first {len(steps) - 1} of them"
    convolves = any(step.layer.axes for step in steps)
    return PITFALL.finding(
        # A convolution shares its weights, which a dense layer alone would not: some leave the two so on purpose.
        "note" if convolves else "warning",
        source.location(_shown(steps[0], steps)),
        f"nothing non-linear stands between `{first}` and `{last}`: together they are "
        + (
            "one linear map, and can learn nothing that a single layer could not"
            if convolves
            else f"one linear layer, and {hidden} can learn nothing that the last one could not"
        ),
        remedy="put an activation after it, for instance "
        + ('`activation="relu"`' if _is_keras(source, steps) else "`torch.relu(...)`")
        + ", or leave it out",
        source="static",
        scope=(1, max(1, len(source.lines))),
        evidence=tuple(
            Evidence("layer", f"layer {number}: `{_cut(source.segment(node))}`", source.path, node.lineno)
            for number, node in enumerate((_shown(step, steps) for step in steps), start=1)
        ),
    )


def _joined(source: Source, image: Layer, dense: Layer) -> Finding:
    made, after = (_cut(source.segment(layer.node)) for layer in (dense, image))
    keras = isinstance(dense.node, ast.Call) and (source.qualify(dense.node.func) or "").startswith("keras.")
    width = dense.out or "units"
    return PITFALL.finding(
        "warning",
        source.location(dense.node),
        f"`{made}` follows the convolution `{after}` and nothing flattens or pools away the axes of the image: "
        + (
            f"it is applied at every position, and gives (batch, height, width, {width}) where one row for each image "
            "is expected"
            if keras
            else "it is applied along the width of the image and not to all of its features"
        ),
        remedy="put `Flatten()` or `GlobalAveragePooling2D()` before it"
        if keras
        else "flatten first, `nn.Flatten()` or `x = torch.flatten(x, 1)`, and give it that many inputs",
        source="static",
        evidence=(Evidence("layer", "the last convolution", source.path, image.node.lineno),),
    )


def _is_keras(source: Source, steps: tuple[Applied, ...]) -> bool:
    made = steps[0].layer.node
    name = source.qualify(made.func) if isinstance(made, ast.Call) else None
    return name is not None and name.startswith("keras.")


def _shown(step: Applied, steps: tuple[Applied, ...]) -> ast.expr:
    """Where a layer is applied, or, where one call applies several, where it is made."""
    return step.layer.node if sum(other.at is step.at for other in steps) > 1 else step.at


def _short(source: Source, step: Applied) -> str:
    return _cut(source.segment(step.at))


def _cut(text: str) -> str:
    return text if len(text) <= 50 else f"{text[:47]}..."
