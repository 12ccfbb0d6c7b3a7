"""Judges whether a model of one input is visibly handed a list of arrays."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.shapes.facts import Given
from pitfallcheck.lint.shapes.told import scope_lines, shape_text
from pitfallcheck.lint.shapes.training import node_at
from pitfallcheck.lint.shapes.values import Array, Items, Layer, Model, Value
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.shapes.walk import facts_of
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.stacked_inputs import PITFALL

ONE_TENSOR = words(
    "InputLayer Dense EinsumDense Embedding Masking Flatten Reshape Permute RepeatVector Rescaling Resizing "
    "Normalization Activation ReLU LeakyReLU PReLU ELU Softmax Dropout SpatialDropout1D SpatialDropout2D "
    "SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization BatchNormalization "
    "LayerNormalization GroupNormalization UnitNormalization Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose "
    "Conv3DTranspose SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D MaxPooling1D MaxPooling2D "
    "MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D "
    "GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D ZeroPadding1D "
    "ZeroPadding2D ZeroPadding3D UpSampling1D UpSampling2D UpSampling3D Cropping1D Cropping2D Cropping3D"
)
"""Layers that take one tensor; recurrent ones take states beside it, merging ones a list."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each model, where it is first handed such a list."""
    told: dict[object, list[Given]] = {}
    for given in facts_of(source).given:
        if _takes_one(given.model) and _arrays(given.value) is not None:
            # A model is what was made of its layers there; compiling it makes no other one of it.
            same = told.setdefault(_identity(given), [])
            if all(given.node is not known.node for known in same):
                same.append(given)
    for several in told.values():
        yield _finding(source, several)


def _identity(given: Given) -> object:
    layers = tuple(id(layer.node) if isinstance(layer, Layer) else layer for layer in given.model.layers)
    return (given.model.kind, layers) if layers else id(given.model.output)


def _takes_one(model: Model) -> bool:
    if model.kind.endswith("Sequential") and model.kind.startswith("keras."):
        first = model.layers[0] if model.layers else None
        if isinstance(first, Array):
            return True
        return isinstance(first, Layer) and first.kind.rpartition(".")[2] in ONE_TENSOR
    return model.inputs == 1


def _arrays(value: Value) -> Items | None:
    """A list or tuple of two or more of what can be arrays, and of nothing else; at least one visibly is."""
    if not isinstance(value, Items) or value.keys or len(value.values) < 2:
        return None
    if any(one is not None and not isinstance(one, Array) for one in value.values):
        return None
    if any(isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict) for node in value.nodes):
        return None
    seen = [one for one in value.values if isinstance(one, Array) and not one.open]
    # A list of scalars is no list of arrays.
    return value if seen and all(one.dims for one in seen) else None


def _finding(source: Source, several: list[Given]) -> Finding:
    given = several[0]
    items = _arrays(given.value)
    assert items is not None
    nodes = [node_at(items, place) for place in range(len(items.values))]
    names = [source.segment(node) if node is not None else f"array {place + 1}" for place, node in enumerate(nodes)]
    shapes = [_shape(one) for one in items.values]
    handed = ", ".join(f"`{name}` {shape}".rstrip() for name, shape in zip(names, shapes, strict=True))
    flat = all(isinstance(one, Array) and len(one.dims) == 1 for one in items.values)
    function = "np.stack" if flat else "np.concatenate"
    joined = f"{function}([{', '.join(names)}], axis=1)" if None not in nodes else f"{function}(..., axis=1)"
    at = given.node if given.yielded else given.call
    evidence = [
        Evidence("fed", "a list goes to this model here, too", source.path, other.node.lineno) for other in several[1:]
    ]
    return PITFALL.finding(
        "error",
        source.location(at),
        f"the model takes one input and is handed a list of {len(names)} arrays: {handed}. Keras raises, or drops all "
        "but the first where the model is built already",
        remedy=f"join them to one array of shape {_joined(items)} with `{joined}`, or make a `keras.Model` with "
        f"{len(names)} `keras.Input`s",
        source="static",
        subject=source.segment(given.node),
        scope=scope_lines(source, at),
        evidence=tuple(evidence),
    )


def _shape(value: Value) -> str:
    return shape_text(value.dims) if isinstance(value, Array) and not value.open else ""


def _joined(items: Items) -> str:
    """The shape that the arrays have side by side, as far as the file tells."""
    arrays = [one for one in items.values if isinstance(one, Array)]
    rows = {one.dims[0] if one.dims else None for one in arrays}
    widths = [one.dims[1] if len(one.dims) == 2 else None for one in arrays]
    known = len(arrays) == len(items.values) and None not in widths
    total = sum(width or 0 for width in widths) if known else len(items.values)
    return shape_text((rows.pop() if len(rows) == 1 else None, total))
