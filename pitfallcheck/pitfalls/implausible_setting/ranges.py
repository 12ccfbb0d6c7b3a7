"""Settings with a range of their own: dropout, momentum, decay, slopes, batch sizes, shares held out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pitfallcheck.finding import Level
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.settings import Settings
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.pitfalls.implausible_setting.judged import Judged, shown

Said = tuple[Level, str, str] | None
"""The level, what a value does, and the remedy."""


class Setting(NamedTuple):
    """An argument by its position and its names, and what is to be said of a number given for it."""

    position: int | None
    names: tuple[str, ...]
    judge: Callable[[float], Said]


def _dropout(rate: float) -> Said:
    if rate > 1:
        share = f"write `{rate / 100:g}`" if rate <= 100 else "write a share such as `0.5`"
        return "error", "is no share of the units: a dropout rate lies between 0 and 1", share
    if rate < 0:
        return "error", "is no share of the units: a dropout rate lies between 0 and 1", f"write `{-rate:g}`"
    if rate == 1:
        return "error", "drops every unit: the layers behind it see only zeros in training", "write `0.5` or less"
    if rate >= 0.95:
        kept = f"{100 * (1 - rate):g} of 100 units are left in training"
        return "warning", f"is the share that is dropped: {kept}", f"write `{1 - rate:.3g}`, if that share was meant"
    return None


def _momentum(value: float) -> Said:
    if value >= 1:
        return "error", "never lets an old gradient fade: the steps only grow", "write `0.9`"
    return ("error", "turns old gradients around", f"write `{-value:g}`") if value < 0 else None


def _beta(value: float) -> Said:
    fine = 0 <= value < 1
    return None if fine else ("error", "is outside [0, 1): the running mean of the gradients is none", "write `0.9`")


def _coupled_decay(value: float) -> Said:
    if value >= 1:
        return "warning", "pulls the weights to zero harder than nearly any loss pulls back", "write `1e-4`"
    return _decoupled_decay(value)


def _decoupled_decay(value: float) -> Said:
    if value < 0:
        return "error", "makes the weights grow with each step", f"write `{-value:g}`"
    return ("warning", "pulls the weights to zero in a few steps", "write `1e-2`") if value >= 10 else None


def _time_decay(value: float) -> Said:
    if value < 0.1:
        return None
    left = f"after 100 updates 1/{1 + 100 * value:g} of the learning rate is left"
    return "warning", f"divides the learning rate by 1 + {value:g} * updates: {left}", "write `1e-4` or leave it out"


def _slope(value: float) -> Said:
    if value < 0:
        return "warning", "folds negative inputs over to positive outputs", f"write `{-value:g}`"
    return (
        ("warning", "makes negative inputs larger, which positive ones are not", "write `0.01`") if value > 1 else None
    )


def _torch_norm_momentum(value: float) -> Said:
    if value > 1 or value < 0:
        return "error", "is no share: the running mean and variance leave all bounds", "write `0.1`"
    if value < 0.9:
        return None
    last = "is the weight of the newest batch in torch (Keras gives it to the past): evaluation uses nearly one batch"
    return "note", last, f"write `{1 - value:.3g}`"


def _keras_norm_momentum(value: float) -> Said:
    return None if 0 <= value <= 1 else ("error", "is no share: the running mean leaves all bounds", "write `0.99`")


def _factor(value: float) -> Said:
    if value >= 1:
        return "error", "does not lower the learning rate (Keras and torch raise for it)", "write `0.1`"
    return ("error", "turns the learning rate negative", f"write `{-value:g}`") if value < 0 else None


def _gamma(value: float) -> Said:
    if value <= 0:
        return "error", "ends training: the learning rate is multiplied by it", "write `0.1`"
    return (
        ("warning", "lets the learning rate grow with each step of the schedule", "write `0.9`") if value > 1 else None
    )


def _size(value: float) -> Said:
    return ("error", "leaves no sample in a batch", "write `32`") if value <= 0 else None


def _share(value: float) -> Said:
    if value >= 1 or value < 0:
        part = f"write `{value / 100:g}`" if 1 < value < 100 else "write `0.2`"
        return "error", "is no share of the samples that can be held out: it lies between 0 and 1", part
    if value <= 0.5:
        return None
    left = f"is the share held out: training sees {100 * (1 - value):.3g} of 100 samples"
    return "warning", left, f"write `{1 - value:.3g}`, if the share for training was meant"


_DROPOUTS = "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D AlphaDropout GaussianDropout"
_DECAY = ("weight_decay",)

TABLE: dict[str, tuple[Setting, ...]] = {
    **{f"keras.layers.{name}": (Setting(0, ("rate", "p"), _dropout),) for name in words(_DROPOUTS)},
    **{
        f"torch.nn.{name}": (Setting(0, ("p",), _dropout),)
        for name in words("Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout")
    },
    **{
        f"keras.layers.{name}": tuple(Setting(None, (key,), _dropout) for key in ("dropout", "recurrent_dropout"))
        for name in words("LSTM GRU SimpleRNN LSTMCell GRUCell SimpleRNNCell")
    },
    **{f"torch.nn.{name}": (Setting(None, ("dropout",), _dropout),) for name in words("LSTM GRU RNN")},
    **{f"torch.nn.BatchNorm{axes}": (Setting(2, ("momentum",), _torch_norm_momentum),) for axes in ("1d", "2d", "3d")},
    "torch.nn.functional.dropout": (Setting(1, ("p",), _dropout),),
    "torch.nn.LeakyReLU": (Setting(0, ("negative_slope",), _slope),),
    "torch.nn.functional.leaky_relu": (Setting(1, ("negative_slope",), _slope),),
    "keras.layers.LeakyReLU": (Setting(0, ("negative_slope", "alpha"), _slope),),
    "keras.layers.BatchNormalization": (Setting(1, ("momentum",), _keras_norm_momentum),),
    "torch.optim.SGD": (Setting(2, ("momentum",), _momentum), Setting(4, _DECAY, _coupled_decay)),
    "torch.optim.RMSprop": (Setting(5, ("momentum",), _momentum), Setting(4, _DECAY, _coupled_decay)),
    "torch.optim.Adam": (Setting(4, _DECAY, _coupled_decay),),
    "torch.optim.AdamW": (Setting(4, _DECAY, _decoupled_decay),),
    "keras.optimizers.SGD": (Setting(1, ("momentum",), _momentum), Setting(None, ("decay",), _time_decay)),
    "keras.optimizers.RMSprop": (Setting(None, ("momentum",), _momentum), Setting(None, ("decay",), _time_decay)),
    "keras.optimizers.Adam": (
        Setting(1, ("beta_1",), _beta),
        Setting(2, ("beta_2",), _beta),
        Setting(None, ("decay",), _time_decay),
    ),
    "keras.optimizers.AdamW": (
        Setting(1, _DECAY, _decoupled_decay),
        Setting(2, ("beta_1",), _beta),
        Setting(3, ("beta_2",), _beta),
    ),
    "keras.callbacks.ReduceLROnPlateau": (Setting(1, ("factor",), _factor),),
    "torch.optim.lr_scheduler.ReduceLROnPlateau": (Setting(2, ("factor",), _factor),),
    "torch.optim.lr_scheduler.StepLR": (Setting(2, ("gamma",), _gamma),),
    "torch.optim.lr_scheduler.MultiStepLR": (Setting(2, ("gamma",), _gamma),),
    "torch.optim.lr_scheduler.ExponentialLR": (Setting(1, ("gamma",), _gamma),),
    "torch.utils.data.DataLoader": (Setting(1, ("batch_size",), _size),),
}
"""By the canonical name of what is called; positions of Keras 3.15 (those it shares with Keras 2) and torch 2.13."""

BETAS = frozenset({"torch.optim.Adam", "torch.optim.AdamW", "torch.optim.NAdam", "torch.optim.RAdam"})
FIT = (Setting(None, ("validation_split",), _share), Setting(None, ("batch_size",), _size))
"""What `fit` of a Keras model is given."""


def judged(settings: Settings, call: ast.Call, called: str) -> Iterator[Judged]:
    """What is to be said of the settings of one call."""
    for setting in TABLE.get(called, ()):
        yield from _judged(settings, call, setting, called.rpartition(".")[2])
    if called in BETAS:
        betas = settings.program.origin(given) if (given := argument(call, 2, "betas")) is not None else None
        for beta in betas.elts if isinstance(betas, ast.Tuple | ast.List) else ():
            yield from _said(settings, beta, "beta", _beta, called.rpartition(".")[2])


def judged_fit(settings: Settings, call: ast.Call) -> Iterator[Judged]:
    """What is to be said of the settings of `model.fit(...)`."""
    for setting in FIT:
        yield from _judged(settings, call, setting, "fit")


def _called(name: str) -> str:
    """What an argument is called in a message."""
    rates = ("p", "rate", "dropout", "recurrent_dropout")
    return "the dropout rate" if name in rates else f"the {name.replace('_', ' ')}"


def _judged(settings: Settings, call: ast.Call, setting: Setting, of: str) -> Iterator[Judged]:
    given = argument(call, setting.position, *setting.names)
    if given is not None:
        yield from _said(settings, given, setting.names[0], setting.judge, of)


def _said(settings: Settings, given: ast.expr, name: str, judge: Callable[[float], Said], of: str) -> Iterator[Judged]:
    value = settings.number(given)
    said = judge(value) if value is not None else None
    if said is not None:
        level, what, remedy = said
        yield Judged(level, given, f"{_called(name)} {shown(given, value)} of `{of}` {what}", remedy, of)
