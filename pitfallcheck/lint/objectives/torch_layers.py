"""What torch's layers and functions make of the end of a network: which activation it has, how many units and axes."""

from __future__ import annotations

import ast
from dataclasses import replace

from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.shapes.vocabulary import words

ACTIVATION_LAYERS = {
    "Softmax": "softmax",
    "Softmax2d": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
    "LogSigmoid": "log_sigmoid",
    "Hardsigmoid": "hard_sigmoid",
    "Tanh": "tanh",
    "Hardtanh": "hard_tanh",
    "Softsign": "softsign",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "SELU": "selu",
    "CELU": "celu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "Softplus": "softplus",
}
"""Modules that are an activation, by their names in `torch.nn`."""

ACTIVATION_FUNCTIONS = {
    **{name: name for name in ("softmax", "log_softmax", "sigmoid", "tanh", "softsign", "relu", "relu6", "leaky_relu")},
    **{name: name for name in ("elu", "selu", "celu", "gelu", "silu", "mish", "softplus")},
    "relu_": "relu",
    "sigmoid_": "sigmoid",
    "tanh_": "tanh",
    "expit": "sigmoid",
    "logsigmoid": "log_sigmoid",
    "hardsigmoid": "hard_sigmoid",
    "hardtanh": "hard_tanh",
}
"""Functions and methods of tensors that are an activation."""

ALONG_AN_AXIS = frozenset({"softmax", "log_softmax"})

UNITS_AT = {
    "Linear": (1, "out_features"),
    "LazyLinear": (0, "out_features"),
    "Bilinear": (2, "out_features"),
    **{f"{conv}{n}d": (1, "out_channels") for conv in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    **{f"Lazy{conv}{n}d": (0, "out_channels") for conv in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
}
"""Layers with weights whose output is unbounded, and where their number of units or channels stands."""

CONV_RANK = {"1d": 3, "2d": 4, "3d": 5}
"""How many axes a convolution leaves, the batch's among them."""

KEEPING_LAYERS = words("Identity Dropout Dropout1d Dropout2d Dropout3d AlphaDropout")
"""Layers that leave the last activation what it is."""

SHIFTING_LAYERS = words(
    """
    BatchNorm1d BatchNorm2d BatchNorm3d LayerNorm InstanceNorm1d InstanceNorm2d GroupNorm AvgPool1d AvgPool2d
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d MaxPool2d AdaptiveMaxPool2d Upsample
    """
)
"""Layers that keep unbounded values unbounded, and change others to what has no name."""

RESHAPING_LAYERS = words("Flatten Unflatten PixelShuffle")

KEEPING = words(
    """
    float double half bfloat16 to cuda cpu clone contiguous detach type type_as requires_grad_ dropout
    """
)
"""Functions and methods that change neither the values nor the axes."""

RESHAPING = words(
    """
    view view_as reshape reshape_as squeeze unsqueeze flatten permute transpose t swapaxes movedim narrow expand repeat
    index_select squeeze_ unsqueeze_ ravel
    """
)
"""Functions and methods that move values about and change none of them."""

CLAMPING = words("clamp clip clamp_ clamp_min clamp_max")
AVERAGING = words("mean sum")

PROBABILITIES = frozenset({"softmax", "sigmoid", "hard_sigmoid"})


def activated(name: str, given: object, at: ast.expr, axis: int | None = None) -> Output:
    """A tensor after the activation `name`, applied by `at` to a tensor of which something or nothing is known."""
    if isinstance(given, Output):
        return replace(given, activation=name, activated_at=at, axis=axis)
    return Output(at, name, activated_at=at, axis=axis)


def reshaped(given: Output, units: int | None = None, rank: int | None = None) -> Output:
    """A tensor whose values were moved about."""
    return replace(given, units=units, rank=rank, axis=None)


def logarithm(given: Output, at: ast.expr) -> Output | None:
    """The logarithm of probabilities; of anything else nothing is known."""
    names = {"softmax": "log_softmax", "sigmoid": "log_sigmoid"}
    if given.activation in names:
        return replace(given, activation=names[given.activation], activated_at=at)
    return None


def of_layer(name: str, given: object, at: ast.expr, rank: int | None = None) -> Output | None:
    """What a layer without weights of its own makes of a tensor, where that shows; activations are not known here."""
    if name == "Flatten" and not isinstance(given, Output) and rank is not None:
        return Output(at, None, rank=rank)
    if not isinstance(given, Output):
        return None
    if name in KEEPING_LAYERS:
        return given
    if name in SHIFTING_LAYERS:
        return given if given.activation == "linear" else None
    if name in RESHAPING_LAYERS:
        return reshaped(given, rank=rank)
    return None
