"""Callbacks and schedules that take a rising metric for a falling one, or the other way round."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.settings import Settings
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.pitfalls.implausible_setting.judged import Judged

FALLING = words("loss losses error err mse mae rmse mape msle perplexity ppl wer cer nll")
RISING = words("""
    acc accuracy auc auroc precision recall f1 fscore iou miou dice psnr ssim bleu map top1 top5 balacc sensitivity
    specificity
    """)

Mode = Literal["min", "max"]


class Watcher(NamedTuple):
    """The positions of what is watched and of the mode, which is `default` where it is not given."""

    monitor: int | None
    mode: int | None
    default: Mode | None
    best_only: bool = False


WATCHERS = {
    "keras.callbacks.EarlyStopping": Watcher(0, 4, None),
    "keras.callbacks.ReduceLROnPlateau": Watcher(0, 4, None),
    "keras.callbacks.ModelCheckpoint": Watcher(1, 5, None, best_only=True),
    "lightning.callbacks.EarlyStopping": Watcher(0, 4, "min"),
    "lightning.callbacks.ModelCheckpoint": Watcher(None, None, "min"),
}
"""Keras 3.15 (a mode that is not given is found out from the metric), Lightning 2 (it is `min`)."""


def direction(name: str) -> Mode | None:
    """Whether a metric of this name is better when it is small or when it is large; None where it does not say."""
    parts = set(re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().strip("_")))
    if parts & FALLING:
        return "min"
    return "max" if parts & RISING else None


def judged(settings: Settings, call: ast.Call, called: str) -> Iterator[Judged]:
    """What is to be said of a callback that watches a metric."""
    watcher = WATCHERS.get(called)
    if watcher is None:
        return
    monitor = settings.text(argument(call, watcher.monitor, "monitor"))
    given = argument(call, watcher.mode, "mode")
    hidden = any(keyword.arg is None for keyword in call.keywords)
    mode = settings.text(given) if given is not None else None if hidden else watcher.default
    if monitor is None or mode not in ("min", "max"):
        return
    if watcher.best_only and constant(argument(call, 3, "save_best_only")) is not True:
        return
    better = direction(monitor)
    if argument(call, 5, "baseline") is not None and "EarlyStopping" in called:
        # Stopping at the first epoch that is no worse than a baseline turns the mode around.
        return
    if better is not None and better != mode:
        kind = called.rpartition(".")[2]
        written = "by default takes" if given is None else "takes"
        what = (
            f"`{kind}` {written} a {'small' if mode == 'min' else 'large'} `{monitor}` for a good one (mode `{mode}`)"
        )
        yield Judged("error", given or call, what, f"write `mode={better!r}`", kind)


def judged_plateau(settings: Settings, call: ast.Call) -> Iterator[Judged]:
    """What is to be said of `scheduler.step(val_acc)`, where `scheduler` waits for a falling number."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "step" or len(call.args) != 1 or call.keywords:
        return
    made = settings.program.origin(call.func.value)
    if settings.program.called(made) != "torch.optim.lr_scheduler.ReduceLROnPlateau" or not isinstance(made, ast.Call):
        return
    given = argument(made, 1, "mode")
    mode = settings.text(given) if given is not None else "min"
    watched = dotted(call.args[0])
    better = direction(watched.rpartition(".")[2]) if watched is not None else None
    if mode in ("min", "max") and better is not None and better != mode:
        small = "small" if mode == "min" else "large"
        default = " by default" if given is None else ""
        waits = f"`ReduceLROnPlateau`{default} takes a {small} number for a good one (mode `{mode}`)"
        what = f"{waits}, and is given `{watched}`"
        yield Judged("warning", call.args[0], what, f"write `mode={better!r}` in line {made.lineno}", watched or "")
