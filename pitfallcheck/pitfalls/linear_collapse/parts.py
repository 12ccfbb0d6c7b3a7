"""Finds parts of models: hidden affine layers in a row, and dense layers on what convolutions leave of an image."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.linear_collapse.chains import Applied, Chain, Follower, Layers
from pitfallcheck.pitfalls.linear_collapse.layers import Layer, argument
from pitfallcheck.pitfalls.linear_collapse.stacks import Stacks

PROJECTING = re.compile(
    r"proj|embed|query|key|value|attn|attention|^to_|^[qkvo]$|_[qkv]$|^w[qkvo]?$|bottleneck|down|up_?\d|adapter|latent|"
    r"code|mean|^mu|var|sigma|logit_scale|lora|squeeze|expand|reduc|compress|factor",
    re.IGNORECASE,
)
"""Names of layers that are linear on purpose: projections, embeddings, the narrow part between two wide ones."""

NUMBERED = re.compile(
    r"^_*(fc|lin|linear|dense|layer|hidden|hid|l|h|d|out|output|final|last|head|classifier|predict\w*|i2h|h2o|ip)"
    r"(_?(layer|\d+|in|out|hidden|output|input|h|o))*$",
    re.IGNORECASE,
)
"""Names that say no more of a layer than its place."""

Run = tuple[Applied, ...]
Joined = tuple[Layer, Layer]


def hidden_runs(source: Source, stacks: Stacks) -> Iterator[Run]:
    """Two or more affine layers in a row, in a model that bends elsewhere, that no one meant as one matrix."""
    for layers in stacks.whole:
        for run in _in_a_row(layers):
            if _is_plain(run) and _no_bottleneck(run):
                yield run
    for follower, ends in stacks.follows:
        for chain in _longest(follower):
            keras = _is_keras(source, chain.steps)
            ending = any(end.steps == chain.steps for end in ends)
            named = all(_named_by_place(step) for step in chain.steps)
            applied = [one.layer.node for one in {step.at: step for c in follower.results for step in c.steps}.values()]
            twice = any(applied.count(step.layer.node) > 1 for step in chain.steps)
            read_once = not twice and not any(step.at in follower.shared for step in chain.steps[:-1])
            if read_once and (keras or (ending and named)) and _is_plain(chain.steps) and _no_bottleneck(chain.steps):
                yield chain.steps


def joined(stacks: Stacks) -> Iterator[Joined]:
    """The convolution and the dense layer of each model in which the output still has the axes of the image."""
    for layers in stacks.whole:
        found: Joined | None = None
        image: Layer | None = None
        pooled = False
        for layer in layers:
            pooled = pooled or layer.axes == "kept"
            if layer.axes == "made":
                image, found = layer, None
            elif layer.axes == "gone" or (layer.kind == "other" and not layer.axes):
                image, found = None, None
            elif layer.kind == "affine" and image is not None:
                found = found or (image, layer)
        if found is not None and (pooled or _is_wide(layers)) and _meant_flat(*found):
            yield found
    for _, ends in stacks.follows:
        for end in ends:
            width = end.steps[-1].layer.out if end.steps else ""
            if end.joined is not None and width.isdigit() and int(width) > 3 and _meant_flat(*end.joined):
                yield end.joined


def _meant_flat(image: Layer, dense: Layer) -> bool:
    """Whether a layer of torch takes as many inputs as a flattened image has; Keras takes whatever comes."""
    if not dense.into or not isinstance(image.node, ast.Call):
        return True
    channels = argument(image.node, 1, "out_channels")
    if "*" in dense.into or not isinstance(channels, ast.Constant) or not dense.into.isdigit():
        return "*" in dense.into
    return isinstance(channels.value, int) and int(dense.into) > channels.value and not int(dense.into) % channels.value


def _is_wide(layers: Layers) -> bool:
    """Whether the output has more columns than a color has channels, which one number for a pixel has not."""
    width = next((layer.out for layer in reversed(layers) if layer.kind == "affine"), "")
    return width.isdigit() and int(width) > 3


def _in_a_row(layers: Layers) -> Iterator[Run]:
    run: list[Applied] = []
    for layer in layers:
        if layer.kind == "affine":
            run.append(Applied(layer, layer.node))
        if layer.kind in ("bent", "other") or layer.activated:
            if len(run) > 1:
                yield tuple(run)
            run = []
    if len(run) > 1:
        yield tuple(run)


def _longest(follower: Follower) -> Iterator[Chain]:
    """The chains of a follower that none of the others goes on from."""
    for chain in follower.results:
        longer = (other for other in follower.results if len(other.steps) > len(chain.steps))
        if not any(other.steps[: len(chain.steps)] == chain.steps for other in longer):
            yield chain


def _is_plain(run: Run) -> bool:
    """Whether all layers have a bias, none is a convolution of one pixel or row, and none is named after a purpose."""
    return not any(step.layer.factor or _is_factor(step.layer) or _has_purpose(step) for step in run)


def _is_factor(layer: Layer) -> bool:
    """Whether a convolution works on a row, a column or a pixel: such ones stand in a row on purpose."""
    made = layer.node
    if not isinstance(made, ast.Call) or not layer.axes:
        return False
    kernel = argument(made, 1, "kernel_size")
    numbers = {part.value for part in ast.walk(kernel) if isinstance(part, ast.Constant)} if kernel is not None else {1}
    return 1 in numbers or len(numbers) != 1


def _has_purpose(step: Applied) -> bool:
    made = step.layer.node
    given = argument(made, None, "name") if isinstance(made, ast.Call) else None
    named = isinstance(given, ast.Constant) and PROJECTING.search(str(given.value)) is not None
    return named or PROJECTING.search(_attribute(step)) is not None


def _attribute(step: Applied) -> str:
    """The name of the layer that a call applies: `fc1` in `self.fc1(x)`."""
    func = step.at.func if isinstance(step.at, ast.Call) and step.at is not step.layer.node else None
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _named_by_place(step: Applied) -> bool:
    return NUMBERED.search(_attribute(step)) is not None


def _no_bottleneck(run: Run) -> bool:
    """Whether every hidden layer is surely as wide as what goes in or what comes out, so that it restricts nothing."""
    into = run[0].layer.into
    for step, following in pairwise(run):
        width = step.layer.out
        if step.layer.axes:
            continue
        before = width == into or (width.isdigit() and into.isdigit() and int(width) >= int(into))
        after = following.layer.out
        behind = width.isdigit() and after.isdigit() and int(width) >= int(after)
        if not before and not behind:
            return False
        into = width
    return True


def _is_keras(source: Source, run: Run) -> bool:
    made = run[0].layer.node
    return isinstance(made, ast.Call) and (source.qualify(made.func) or "").startswith("keras.")
