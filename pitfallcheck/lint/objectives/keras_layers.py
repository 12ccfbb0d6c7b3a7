"""What the layers and activations of Keras, in the spellings of all its years, make of what goes into them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.objectives.resolve import Calls, Resolver, agreed, starred
from pitfallcheck.lint.shapes.vocabulary import words

Given = Callable[[], Output | None]
"""What goes into a layer, computed only where it matters."""

ACTIVATIONS = words(
    """
    softmax log_softmax sigmoid hard_sigmoid log_sigmoid tanh relu relu6 leaky_relu elu selu celu gelu silu swish mish
    softplus softsign exponential hard_tanh hard_silu linear
    """
)
"""The functions that are known by these names, in Keras and in TensorFlow."""

ACTIVATION_LAYERS = {
    "Softmax": "softmax",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "PReLU": "leaky_relu",
    "ThresholdedReLU": "relu",
}
CONVOLUTIONS = words(
    """
    Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose SeparableConv1D SeparableConv2D Convolution1D
    Convolution2D Convolution3D Deconvolution2D Deconv2D LocallyConnected1D LocallyConnected2D AtrousConvolution2D
    """
)
RECURRENT = words("LSTM GRU SimpleRNN CuDNNLSTM CuDNNGRU")
SAME = words(
    """
    Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout Identity
    ActivityRegularization Masking
    """
)
"""Layers that hand on what they get, when nothing is trained."""

MOVING = words(
    """
    Reshape Flatten Permute RepeatVector UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D Cropping1D
    Cropping2D MaxPooling1D MaxPooling2D AveragePooling1D AveragePooling2D MaxPool2D AvgPool2D Resizing
    """
)
"""Layers that leave the values as they are and move or drop some of them."""

GLOBAL_POOLING = words("GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D")
NORMALISING = words("BatchNormalization LayerNormalization GroupNormalization")
KNOWN = frozenset().union(
    ACTIVATION_LAYERS, CONVOLUTIONS, RECURRENT, SAME, MOVING, GLOBAL_POOLING, NORMALISING,
    words("Dense Activation TimeDistributed Input InputLayer Embedding Lambda Concatenate Bidirectional"),
)  # fmt: skip

FUNCTIONS = (
    "keras.activations.",
    "keras.ops.",
    "keras.ops.nn.",
    "keras.backend.",
    "tensorflow.nn.",
    "tensorflow.math.",
    "tensorflow.",
    "tensorflow.compat.v1.nn.",
)
"""Where the functions named in ACTIVATIONS stand."""


def layer_name(resolver: Resolver, call: ast.AST) -> str:
    """`Dense` where `call` makes a Dense layer of Keras, an empty text where it makes none."""
    name = resolver.called(call)
    module, _, short = name.rpartition(".")
    if short[:1].isupper() and (module == "keras.layers" or module.startswith("keras.layers.")):
        return short
    if not module and short in KNOWN and resolver.source.names.imports("keras", "tensorflow"):
        return short  # one of several star imports
    return "Input" if name == "keras.Input" else ""


def function_name(name: str) -> str | None:
    """`softmax` for `tensorflow.nn.softmax`; None for what is no activation."""
    prefix, _, short = name.rpartition(".")
    return short if short in ACTIVATIONS and f"{prefix}." in FUNCTIONS else None


def activation(resolver: Resolver, node: ast.expr | None, calls: Calls) -> str | None:
    """The canonical name of an activation that is given as a string, a function or a layer; None where unknown."""
    if node is None:
        return "linear"
    return agreed(_activation(resolver, held.node) for held in resolver.alternatives(node, calls))


def _activation(resolver: Resolver, node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        if node.value is None:
            return "linear"
        name = node.value.lower() if isinstance(node.value, str) else ""
        return name if name in ACTIVATIONS else None
    if isinstance(node, ast.Call):
        return ACTIVATION_LAYERS.get(layer_name(resolver, node))
    return function_name(resolver.qualify(node))


def applied(resolver: Resolver, layer: ast.Call, calls: Calls, given: Given) -> Output | None:
    """The output of the layer that `layer` makes."""
    name = layer_name(resolver, layer)
    if name == "Dense" or name in CONVOLUTIONS or name in RECURRENT:
        return _weighted(resolver, layer, calls, name)
    if name == "Activation":
        chosen = activation(resolver, resolver.given_to(layer, 0, "activation"), calls)
        return activated(given(), chosen, layer)
    if name in ACTIVATION_LAYERS:
        return activated(given(), ACTIVATION_LAYERS[name], layer, _axis(resolver, layer, calls, name))
    if name == "TimeDistributed":
        return _inner(resolver, layer, calls, given)
    if name in SAME:
        return given()
    before = given() if name in MOVING or name in GLOBAL_POOLING or name in NORMALISING else None
    if before is None:
        return None
    if name in MOVING:
        return replace(before, units=None, axis=None, rank=None)
    if name in GLOBAL_POOLING:
        return replace(before, rank=2)
    return before if before.activation == "linear" else replace(before, activation=None)


def _inner(resolver: Resolver, layer: ast.Call, calls: Calls, given: Given) -> Output | None:
    """The output of the layer that a wrapper applies to every step."""
    node = resolver.given_to(layer, 0, "layer")
    inner = [] if node is None else resolver.alternatives(node, calls)
    if len(inner) != 1 or not isinstance(inner[0].node, ast.Call):
        return None
    return applied(resolver, inner[0].node, inner[0].calls, given)


def activated(before: Output | None, name: str | None, node: ast.expr, axis: int | None = -1) -> Output | None:
    """The output after an activation, applied by `node`, that nothing but it may show."""
    axis = axis if name in ("softmax", "log_softmax") else None
    if name == "linear":
        return before
    if before is None:
        return Output(node, name, axis=axis)
    return replace(before, activation=name, activated_at=node, axis=axis)


def _axis(resolver: Resolver, layer: ast.Call, calls: Calls, name: str) -> int | None:
    node = resolver.given_to(layer, 0, "axis") if name == "Softmax" else None
    value = -1 if node is None else resolver.constant(node, calls)
    return value if isinstance(value, int) else None


def _weighted(resolver: Resolver, layer: ast.Call, calls: Calls, name: str) -> Output | None:
    units = resolver.constant(resolver.given_to(layer, 0, "units", "output_dim", "filters", "nb_filter"), calls)
    node = resolver.given_to(layer, None, "activation")
    if node is None and name == "Dense" and len(layer.args) > 1:
        # Keras 1 had the initialisation in the second place and the activation in the third.
        node = next((one for one in layer.args[1:3] if activation(resolver, one, calls) is not None), layer.args[1])
    if node is None and starred(layer):
        chosen = None
    elif node is None:
        chosen = "tanh" if name in RECURRENT else "linear"
    else:
        chosen = activation(resolver, node, calls)
    axis = -1 if chosen in ("softmax", "log_softmax") else None
    whole = units if isinstance(units, int) and not isinstance(units, bool) else None
    return Output(layer, chosen, whole, axis=axis)
