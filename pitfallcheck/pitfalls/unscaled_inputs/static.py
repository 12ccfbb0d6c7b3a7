"""Judges whether raw numbers of a known range visibly reach a network that nothing scales them for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.training import Forward
from pitfallcheck.lint.scaling.arithmetic import number
from pitfallcheck.lint.scaling.feeds import Feed, Scaling, scaling_of
from pitfallcheck.lint.scaling.screen import holds_raw_numbers
from pitfallcheck.lint.scaling.sources import FILE_READERS
from pitfallcheck.lint.scaling.values import Span
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.unscaled_inputs import PITFALL

KERAS_RATE = 0.01
"""The learning rate of Keras' `SGD` where none is given."""

BEYOND = 10.0
"""How many times its limit a rate must be to be named; at twice the limit the loss overflows in a few hundred steps."""

BOUNDED = re.compile(r"entropy|softmax|BCE|NLL|sigmoid")
"""Names in a file that tells classes apart."""

LONG = 60
"""Characters of an expression that a message shows."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each source of raw numbers, where it first reaches a network in training."""
    if not holds_raw_numbers(source):
        return
    scaling, feeds = scaling_of(source)
    told = set[ast.expr]()
    for feed in sorted(feeds, key=lambda feed: feed.call.lineno):
        span = feed.value
        if isinstance(span, Span) and span.raw and span.made not in told and _trains(scaling, feed, span):
            told.add(span.made)
            yield _finding(source, feed, span)


def _trains(scaling: Scaling, feed: Feed, span: Span) -> bool:
    """Whether a network whose weights the raw numbers meet first learns from them."""
    network = feed.network
    if feed.use != "train" or network is None:
        return False
    if network.application:
        return span.kind == "pixels"
    if not network.takes_as_is:
        return False
    if span.kind == "numbers" and network.weighted < 2 and not _diverges(scaling.program, span):
        return False
    return not feed.by_hand or bool(Forward(scaling.program).follow(feed.call).learns)


def _diverges(program: Program, span: Span) -> bool:
    """Whether every rate of plain gradient descent in the file is far beyond what a single layer stands.

    Its limit is below 1 over the mean square of the inputs, a third of the largest square for even ones. A classifier
    of numbers around zero overshoots once and is right then: its gradient is bounded.
    """
    centred = span.low is not None and span.low == -(span.high or 0.0)
    if centred and BOUNDED.search(program.source.text):
        return False
    rates = [rate for node in program.source.nodes if (rate := _rate(program, node)) is not None]
    return bool(rates) and span.size is not None and min(rates) * span.size**2 / 3 > BEYOND


def _rate(program: Program, node: ast.AST) -> float | None:
    """The learning rate of an `SGD` that is made or named here."""
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr == "compile":
        return KERAS_RATE if str(constant(argument(node, 0, "optimizer"))).lower() == "sgd" else None
    if program.called(node).rpartition(".")[2] != "SGD":
        return None
    torch = program.called(node).startswith("torch")
    given = argument(node, 1 if torch else 0, "lr", "learning_rate")
    return number(program, given) if given is not None else KERAS_RATE


def _finding(source: Source, feed: Feed, span: Span) -> Finding:
    inputs, receiver = _short(source.segment(feed.inputs)), _short(source.segment(feed.receiver))
    network = feed.network
    assert network is not None
    meets = f"the pretrained `{network.application}`" if network.application else f"its first layer, `{network.first}`"
    by_name = isinstance(span.made, ast.Call) and source.qualify(span.made.func) in FILE_READERS
    return PITFALL.finding(
        # What a file holds is only known by its name, and optimizers that adapt make do with raw tables.
        "note" if by_name and span.kind == "features" else "warning",
        source.location(feed.call if feed.by_hand else feed.inputs),
        f"`{inputs}` reaches `{receiver}` unscaled: {span.told}, and they meet {meets}, as they are",
        remedy=_remedy(inputs, span, feed),
        source="static",
        subject=inputs,
        scope=scope_lines(source, feed.call),
        evidence=(Evidence("made", f"{span.told}", source.path, span.made.lineno),),
    )


def _remedy(inputs: str, span: Span, feed: Feed) -> str:
    network = feed.network
    if network is not None and network.application:
        return f"pass them through the `preprocess_input` that comes with `{network.application}`"
    if span.kind == "pixels":
        name = inputs if inputs.isidentifier() else "x"
        return f"bring them to 0..1, for training and for testing alike: `{name} = {name} / 255.0`"
    return (
        "standardise each feature with the training data's mean and deviation, `(x - x.mean(axis=0)) / x.std(axis=0)`, "
        "and the test data with the same two"
    )


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 3]}..."
