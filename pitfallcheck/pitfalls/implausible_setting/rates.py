"""Learning rates that can only be a slip, for the optimizer that is given them and the depth of what it trains."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.settings import Settings
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.implausible_setting.depth import Depth, of_file, of_model, of_parameters
from pitfallcheck.pitfalls.implausible_setting.judged import Judged, shown

ADAPTIVE = words("Adam AdamW Adamax NAdam Nadam RAdam RMSprop Lion Lamb AdamOptimizer RMSPropOptimizer")
"""Optimizers whose first steps are as long as the learning rate, whatever the gradient."""

PLAIN = words("SGD Adagrad GradientDescentOptimizer MomentumOptimizer AdagradOptimizer")

RESCUE = re.compile(
    r"LambdaLR|OneCycle|CyclicLR|CyclicalL|LinearLR|ConstantLR|SequentialLR|MultiplicativeLR|LearningRateSchedul"
    r"|LRSched"
    r"|warm_?up|[Nn]oam|param_groups|get_scheduler|get_\w*schedule|set_value|set_learning_rate|adjust_l|adjust_opt"
    r"|LRFinder|lr_find"
    r"|opt\w*\.(lr|learning_rate)(\.assign\(| *=[^=])|_multiplier|LearningRateModifier|hyper_?grad",
    re.IGNORECASE,
)
"""Signs in a file that the learning rate an optimizer is made with is not the one that it steps with."""

CLIPPED = re.compile(r"clip_?norm|clip_?value|clip_?grad|clip_by|Embedding|perplexity", re.IGNORECASE)
"""Signs that plain descent may take long steps: clipped gradients, or a language model, often trained at 20."""


def judged(settings: Settings, call: ast.Call, called: str) -> Iterator[Judged]:
    """What is to be said of the learning rate of the optimizer that `call` makes."""
    framework, _, kind = called.rpartition(".")
    if framework not in ("torch.optim", "keras.optimizers", "tensorflow.train"):
        return
    if kind not in ADAPTIVE | PLAIN:
        return
    given = argument(call, 1 if framework == "torch.optim" else 0, "lr", "learning_rate")
    rate = settings.number(given)
    if given is None or rate is None:
        return
    text = f"the learning rate {shown(given, rate)} of `{kind}`"
    if rate < 0:
        yield Judged("error", given, f"{text} is negative: the loss is climbed", f"write `{-rate:g}`", kind)
        return
    if 1e-10 < rate < 0.1 and (rate > 1e-8 or kind in PLAIN):
        return
    program = settings.program
    if RESCUE.search(program.source.text):
        return
    if rate == 0:
        yield Judged("error", given, f"{text} moves no weight", "write `0.001`, or freeze the layers instead", kind)
        return
    depth, trains = _trained(program, call, framework)
    if not trains:
        return
    if rate < 0.1:
        if depth is None or depth.layers >= 2 or kind in ADAPTIVE:
            far = f"{1e6 * rate:g}"
            yield Judged("warning", given, f"{text} moves nothing: a weight gets {far} far in a million steps at most"
                         if kind in ADAPTIVE else f"{text} moves nothing", _usual(kind), kind)  # fmt: skip
    elif kind in ADAPTIVE:
        several = of_file(program).layers >= 2
        yield from _adaptive(given, rate, text, kind, depth, several)
    elif rate >= 100 or (rate >= 10 and not CLIPPED.search(program.source.text)):
        what = "is far beyond what the loss of a network is stable at"
        yield Judged("error" if rate >= 100 else "warning", given, f"{text} {what}", _usual(kind), kind)


def _adaptive(
    given: ast.expr, rate: float, text: str, kind: str, depth: Depth | None, several: bool
) -> Iterator[Judged]:
    """What is said of an optimizer whose steps are as long as its rate; `several` layers may be what it trains."""
    what = f"is the length of a step: each weight moves by about {rate:g} in every one of the first steps"
    if rate >= 1 and depth is not None and depth.layers >= 2:
        yield Judged("error", given, f"{text} {what}", _usual(kind), kind)
    elif rate >= 10 or (rate >= 1 and depth is None and several):
        yield Judged("warning", given, f"{text} {what}", _usual(kind), kind)
    elif rate < 1 and depth is not None and depth.is_deep:
        size = "a network of convolutions or recurrences" if depth.heavy else f"a network of {depth.layers} layers"
        yield Judged("warning", given, f"{text} {what}, too far for {size}", _usual(kind), kind)


def _usual(kind: str) -> str:
    return f"write `{0.001 if kind in ADAPTIVE else 0.01}`, and tune from there"


def _trained(program: Program, call: ast.Call, framework: str) -> tuple[Depth | None, bool]:
    """The depth of the model that the optimizer trains, where it shows, and whether it trains one at all.

    Optimizers also move images, poses and latent codes, for which a long step may be right.
    """
    if framework == "torch.optim":
        given = argument(call, 0, "params")
        if given is None:
            return None, False
        given = program.origin(given)
        calls = [node for node in walk(given) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        whole = any(node.func.attr == "parameters" for node in calls)  # type: ignore[attr-defined]
        return of_parameters(program, given), whole
    model = _compiled_with(program, call)
    if model is not None:
        return of_model(program, model), True
    return None, bool(re.search(r"trainable_(variables|weights)|\.minimize\(", program.source.text))


def _compiled_with(program: Program, call: ast.Call) -> ast.expr | None:
    """The model that is compiled with the optimizer made by `call`."""
    for node in program.mentions.get("compile", []):
        compiled = program.source.parents.get(node)
        if not isinstance(compiled, ast.Call) or compiled.func is not node or not isinstance(node, ast.Attribute):
            continue
        optimizer = argument(compiled, 0, "optimizer")
        if optimizer is not None and (optimizer is call or program.origin(optimizer) is call):
            return node.value
    return None
