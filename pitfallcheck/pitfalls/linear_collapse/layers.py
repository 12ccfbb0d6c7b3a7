"""Tells layers that are affine from those that bend, those that change nothing of the kind, and unknown ones."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import Literal

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source

Kind = Literal["affine", "neutral", "bent", "other"]
Axes = Literal["", "made", "kept", "gone"]
"""What a layer does to the axes of an image: convolutions in two or three dimensions make them what they are."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it is made by `node`.

    `into` and `out` are the written widths of its input and its output, empty where they do not show. An `activated`
    affine layer brings its own activation; `factor` says that it has no bias, as the factors of a low-rank matrix do.
    An `other` layer is known to be neither affine nor an activation.
    """

    kind: Kind
    node: ast.expr
    into: str = ""
    out: str = ""
    activated: bool = False
    factor: bool = False
    axes: Axes = ""


NEUTRAL = words(
    """
    Input InputLayer Flatten Reshape Permute RepeatVector Identity Dropout Dropout1d Dropout2d SpatialDropout1D
    GaussianNoise Unflatten BatchNormalization BatchNorm1d BatchNorm2d LazyBatchNorm1d Normalization Rescaling
    """
)
"""Layers that are affine once trained, with nothing to learn that a linear layer beside them could not."""

BENT = words(
    """
    ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Sigmoid LogSigmoid Hardsigmoid Hardswish Hardtanh
    Tanh Softplus Softsign Softmax LogSoftmax Softmin Activation ThresholdedReLU Threshold GLU RReLU
    """
)
ACTIVATIONS = words(
    """
    relu relu6 leaky_relu elu selu celu gelu silu swish mish sigmoid log_sigmoid hard_sigmoid hard_tanh tanh
    softplus softsign softmax log_softmax exp sin cos square maximum clip where abs
    """
)
"""Functions that bend, by their last name."""

KERAS_CONVOLUTIONS = frozenset({"Conv1D", "Conv2D", "Conv3D"})
IMAGES = words(
    """
    Conv2D Conv3D Convolution2D Convolution3D SeparableConv2D DepthwiseConv2D Conv2DTranspose Conv2d Conv3d
    ConvTranspose2d
    """
)
SAME_AXES = words(
    """
    MaxPooling2D AveragePooling2D MaxPool2D AvgPool2D MaxPooling3D MaxPool2d AvgPool2d MaxPool3d ZeroPadding2D
    SpatialDropout2D LayerNormalization GroupNormalization LocalResponseNorm InstanceNorm2d GroupNorm ZeroPad2d
    """
)
"""Layers that are not affine, or not dense, and give an image for an image."""

OTHER_AXES = words("Flatten Reshape Permute RepeatVector Unflatten")
"""With no activation by default. Those of torch are left out: two in a row are how large models embed patches."""

PREFIXES = ("keras.layers.", "torch.nn.", "flax.linen.", "flax.nnx.")


def layer_of(call: ast.Call, source: Source) -> Layer | None:
    """The layer that `call` makes; None where it makes none that is known."""
    name = source.qualify(call.func)
    prefix = next((prefix for prefix in PREFIXES if name is not None and name.startswith(prefix)), None)
    if name == "keras.Input":
        return Layer("neutral", call)
    if name is None or prefix is None or any(isinstance(arg, ast.Starred) for arg in call.args):
        return None
    # Keras 1 has them in modules of their own: `keras.layers.core.Dense`.
    short = name.rpartition(".")[2] if prefix == "keras.layers." else name[len(prefix) :]
    if not short[:1].isupper():
        return None
    made = _known(call, source, prefix, short)
    axes: Axes = "made" if short in IMAGES else "kept" if short in SAME_AXES else "gone" if short in OTHER_AXES else ""
    if made is None:
        made = Layer("other", call)
    return replace(made, axes=axes) if axes else made


def _known(call: ast.Call, source: Source, prefix: str, short: str) -> Layer | None:
    if short in NEUTRAL:
        return Layer("neutral", call)
    if short in BENT:
        linear = short == "Activation" and _is_linear(argument(call, 0, "activation"))
        return Layer("neutral" if linear else "bent", call)
    if prefix == "keras.layers." and short in ("Dense", *KERAS_CONVOLUTIONS):
        return _keras(call, short)
    if prefix == "torch.nn." and short in ("Linear", "LazyLinear"):
        return _torch(call, short)
    if prefix.startswith("flax.") and short in ("Dense", "Linear"):
        place = 0 if short == "Dense" else 1
        return Layer("affine", call, "" if place == 0 else _text(call, 0), _text(call, place), factor=_unbiased(call))
    return None


def argument(call: ast.Call, place: int | None, name: str) -> ast.expr | None:
    """The expression given for a parameter, by its name or its place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if place is not None and place < len(call.args) else None


def _keras(call: ast.Call, short: str) -> Layer | None:
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    activation = argument(call, 1 if short == "Dense" else None, "activation")
    activated = activation is not None and not _is_linear(activation)
    if short != "Dense":
        if argument(call, None, "groups") is not None or len(call.args) > 5:
            return None
        return Layer("affine", call, activated=activated)
    into = argument(call, None, "input_dim")
    shape = argument(call, None, "input_shape")
    if into is None and isinstance(shape, ast.Tuple) and len(shape.elts) == 1:
        into = shape.elts[0]
    width = argument(call, 0, "units") or argument(call, None, "output_dim")
    return Layer(
        "affine", call, ast.unparse(into) if into else "", ast.unparse(width) if width else "",
        activated=activated, factor=_unbiased(call),
    )  # fmt: skip


def _torch(call: ast.Call, short: str) -> Layer:
    into = "" if short == "LazyLinear" else _text(call, 0, "in_features")
    out = _text(call, 0, "out_features") if short == "LazyLinear" else _text(call, 1, "out_features")
    bias = argument(call, 2, "bias")
    return Layer("affine", call, into, out, factor=_unbiased(call) or _is_false(bias))


def _text(call: ast.Call, place: int, name: str = "features") -> str:
    found = argument(call, place, name)
    return "" if found is None else ast.unparse(found)


def _unbiased(call: ast.Call) -> bool:
    return any(keyword.arg in ("use_bias", "bias") and _is_false(keyword.value) for keyword in call.keywords)


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_linear(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value in (None, "linear")


def is_self(node: ast.Attribute) -> bool:
    """Whether `node` is an attribute of `self`."""
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def last_name(node: ast.expr) -> str:
    """The name behind the last dot."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
