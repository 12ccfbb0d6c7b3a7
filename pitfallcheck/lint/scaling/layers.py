"""What layers do to the size of what they are given, and which layers the input of a network meets first."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pitfallcheck.lint.shapes.vocabulary import words

WEIGHTED = words(
    """
    Dense Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D SeparableConv2D SeparableConv1D
    DepthwiseConv2D Conv2DTranspose LSTM GRU SimpleRNN CuDNNLSTM CuDNNGRU ConvLSTM2D
    LocallyConnected1D LocallyConnected2D Linear Conv1d Conv2d Conv3d ConvTranspose2d RNN TimeDistributedDense
    """
)
"""Layers that multiply their input by weights."""

PASSING = words(
    """
    InputLayer Flatten Reshape Permute Dropout SpatialDropout1D SpatialDropout2D ZeroPadding1D ZeroPadding2D
    Cropping1D Cropping2D MaxPooling1D MaxPooling2D MaxPool2D MaxPool1D AveragePooling1D AveragePooling2D Resizing
    RandomFlip RandomRotation RandomZoom RandomTranslation RandomCrop RandomContrast CenterCrop Masking RepeatVector
    Activation ReLU LeakyReLU Identity MaxPool2d MaxPool1d AvgPool2d Dropout2d Unflatten ELU PReLU Tanh Sigmoid
    GELU SiLU UpSampling2D GaussianNoise
    """
)
"""Layers that leave the size of what they get about as it is."""

NORMALISING = words(
    """
    BatchNormalization LayerNormalization GroupNormalization UnitNormalization BatchNorm1d BatchNorm2d BatchNorm3d
    LayerNorm GroupNorm InstanceNorm2d InstanceNorm1d RMSNorm
    """
)

MULTIPLYING = words(
    """
    tensorflow.matmul tensorflow.nn.conv2d tensorflow.layers.dense tensorflow.layers.conv2d tensorflow.nn.xw_plus_b
    tensorflow.contrib.layers.fully_connected
    """
)
"""Functions of TensorFlow that multiply their first argument by weights."""

UNKNOWN = "?"
"""Stands for a layer, or anything else, that is not known."""

APPLICATION = "application:"

LONGEST = 12
"""Steps after which a line of layers is followed no more."""

PASSING_CALLS = words("relu flatten view reshape float to squeeze unsqueeze leaky_relu permute transpose contiguous")


Path = tuple[tuple[str, ast.expr], ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of a network in the order in which its input meets them, as far as that is one line.

    Each is a class's short name and the call that makes it; `whole` says whether no layer was left out.
    """

    kinds: tuple[str, ...]
    nodes: tuple[ast.expr, ...] = field(default=(), compare=False)
    whole: bool = True
    framework: str = field(default="keras", compare=False)

    @property
    def takes_as_is(self) -> bool:
        """Whether the input visibly meets weights first, and nothing normalises what they make of it."""
        met = False
        for kind in self.kinds:
            if kind in WEIGHTED:
                if met:
                    return True
                met = True
            elif kind in NORMALISING or kind not in PASSING:
                return met and kind not in NORMALISING
        return met

    @property
    def application(self) -> str:
        """The pretrained network of Keras that gets the input as it is; empty where there is none."""
        first = next((kind for kind in self.kinds if kind not in PASSING), "")
        return first.removeprefix(APPLICATION) if first.startswith(APPLICATION) else ""

    @property
    def first(self) -> str:
        """The first layer with weights."""
        return next((kind for kind in self.kinds if kind in WEIGHTED), "")

    @property
    def weighted(self) -> int:
        """How many layers with weights are seen."""
        return sum(kind in WEIGHTED for kind in self.kinds)
