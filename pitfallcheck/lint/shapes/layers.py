"""What the layers, models and losses of Keras and torch make of the shape they are given."""

from __future__ import annotations

from dataclasses import replace

from pitfallcheck.lint.shapes import algebra
from pitfallcheck.lint.shapes.values import Array, Constant, Dim, Items, Layer, Number, Value
from pitfallcheck.lint.shapes.vocabulary import words

KEEPING = words(
    """
    Activation Dropout BatchNormalization LayerNormalization ReLU LeakyReLU PReLU ELU GaussianNoise
    GaussianDropout AlphaDropout SpatialDropout1D Softmax Masking ActivityRegularization Normalization Identity
    Sigmoid Tanh GELU SiLU SELU Softplus LogSoftmax BatchNorm1d BatchNorm2d LayerNorm Dropout1d Dropout2d Hardtanh
    Softsign Mish
    """
)
"""Layers that give back the shape they get."""

RECURRENT = words("LSTM GRU SimpleRNN")
POOLED = words("GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D")
SEQUENTIAL = frozenset({"keras.Sequential", "keras.models.Sequential", "torch.nn.Sequential"})
FUNCTIONAL = frozenset({"keras.Model", "keras.models.Model"})
INPUT = frozenset({"keras.Input", "keras.layers.Input", "keras.layers.InputLayer"})
LAYER_PREFIXES = ("keras.layers.", "torch.nn.")


def is_layer(name: str) -> bool:
    """Whether `name` is a layer class of Keras or torch."""
    prefix = next((prefix for prefix in LAYER_PREFIXES if name.startswith(prefix)), None)
    return prefix is not None and name[len(prefix) :][:1].isupper() and "." not in name[len(prefix) :]


def short(kind: str) -> str:
    """`Dense` of `keras.layers.Dense`."""
    return kind.rpartition(".")[2]


def input_shape(layer: Layer) -> Array | None:
    """The shape with the batch axis that an Input, or a first layer's `input_shape`, announces."""
    stated = layer.given(0 if layer.kind in INPUT else None, "shape", "input_shape")
    whole = layer.given(None, "batch_shape", "batch_input_shape")
    if isinstance(whole, Items):
        return Array(tuple(_dim(one) for one in whole.values))
    if isinstance(stated, Items):
        return Array((None, *(_dim(one) for one in stated.values)))
    width = layer.given(None, "input_dim")
    if isinstance(width, Number) and short(layer.kind) != "Embedding":
        return Array((None, width.value))
    return None


def _dim(value: Value) -> Dim:
    return value.value if isinstance(value, Number) else None


def applied(layer: Layer, given: Value) -> Value:
    """What a layer returns for the shape it is given; None where it does not show. Lambda layers are not known here."""
    name = short(layer.kind)
    array = given if isinstance(given, Array) else None
    if name in ("Dense", "Linear"):
        units = layer.given(0, "units") if name == "Dense" else layer.given(1, "out_features")
        return _dense(_dim(units), array, torch=name == "Linear")
    if name in ("Concatenate",) and isinstance(given, Items):
        axis = layer.given(0, "axis")
        return algebra.concatenate(given.values, Number(-1) if axis is None else axis)
    if array is None or array.open:
        return array if name in KEEPING else None
    if name in KEEPING:
        return array
    if name == "Flatten":
        rest = algebra.size(replace(array, dims=array.dims[1:]))
        return replace(array, dims=(array.dims[0], rest)) if not layer.args and not layer.keywords else None
    if name == "Reshape":
        shape = layer.given(0, "target_shape")
        if not isinstance(shape, Items):
            return None
        inner = algebra.reshape(Array(array.dims[1:]), shape.values)
        return None if inner is None else replace(array, dims=(array.dims[0], *inner.dims))
    if name in RECURRENT and layer.kind.startswith("keras."):
        wide = _dim(layer.given(0, "units"))
        sequences = layer.given(None, "return_sequences")
        if layer.given(None, "return_state") is not None or len(array.dims) != 3:
            return None
        if sequences == Constant(True):
            return replace(array, dims=(*array.dims[:2], wide))
        absent = all(name != "return_sequences" for name, _ in layer.keywords)
        return replace(array, dims=(array.dims[0], wide)) if absent or sequences == Constant(False) else None
    if name in POOLED and layer.given(None, "keepdims") is None:
        return replace(array, dims=(array.dims[0], array.dims[-1]))
    if name == "Embedding":
        return replace(array, dims=(*array.dims, _dim(layer.given(1, "output_dim", "embedding_dim"))))
    return None


def _dense(units: Dim, array: Array | None, *, torch: bool) -> Array | None:
    """The last axis becomes `units`. A Keras Dense raises below rank 2; a torch Linear takes any rank above 0."""
    if array is not None and array.dims and (len(array.dims) > 1 or torch):
        return replace(array, dims=(*array.dims[:-1], units))
    return None if torch else Array((None, units), open=True)


def declared(stated: Value, given: Value) -> Array | None:
    """The shape with the batch axis that a Lambda's `output_shape` tuple announces."""
    if not isinstance(stated, Items) or not all(isinstance(one, Number | Constant | None) for one in stated.values):
        return None
    batch = given.dims[0] if isinstance(given, Array) and given.dims and not given.open else None
    return Array((batch, *(_dim(one) for one in stated.values)))


def as_shape(value: Value) -> Array | None:
    """The array whose whole shape a function returned as a tuple."""
    return Array(tuple(_dim(one) for one in value.values)) if isinstance(value, Items) else None


def shapes_of(value: Value) -> Items | None:
    """The shape that Keras passes for an input, or the shapes for a list of inputs."""
    if isinstance(value, Array):
        return None if value.open else Items(tuple(Number(dim) for dim in value.dims))
    if isinstance(value, Items):
        shapes = [shapes_of(one) for one in value.values]
        return Items(tuple(shapes)) if all(shapes) else None
    return None
