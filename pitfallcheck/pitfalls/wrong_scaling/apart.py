"""Finds networks that learn from inputs of one scale and are asked about another, and scalers fitted to test data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.scaling.feeds import Feed, Scaling
from pitfallcheck.lint.scaling.halves import TEST, TRAIN
from pitfallcheck.lint.scaling.values import Scaler, Span


@dataclass(frozen=True, eq=False, slots=True)
class Unlike:
    """`trained` hands a network inputs of one scale, and `asked` inputs of another."""

    trained: Feed
    asked: Feed
    raw: Span
    """The one of the two that nothing scales."""


def unlike(feeds: tuple[Feed, ...]) -> Iterator[Unlike]:
    """Every evaluation or prediction of a network on inputs that are scaled unlike those it learned from."""
    for asked in feeds:
        if asked.use == "train" or not isinstance(asked.value, Span):
            continue
        name = ast.unparse(asked.receiver)
        trainings = [feed for feed in feeds if feed.use == "train" and ast.unparse(feed.receiver) == name]
        spans = [feed.value for feed in trainings]
        if not spans or not all(isinstance(span, Span) for span in spans):
            continue
        trained = trainings[0]
        assert isinstance(trained.value, Span)
        if all(isinstance(span, Span) and span.times for span in spans) and asked.value.raw:
            yield Unlike(trained, asked, asked.value)
        elif all(isinstance(span, Span) and span.raw for span in spans) and asked.value.times:
            yield Unlike(trained, asked, trained.value)


@dataclass(frozen=True, eq=False, slots=True)
class Refitted:
    """`call` fits a scaler to the test data `tested`, after `fitted` was to the training data."""

    call: ast.Call
    tested: str
    fitted: ast.Call
    same: bool
    """Whether it is the very scaler that was fitted to the training data."""


def refitted(scaling: Scaling) -> Iterator[Refitted]:
    """Every `fit_transform` of test data by a scaler of which the file fits one to the training data."""
    program = scaling.program
    fits = [fit for node in program.source.nodes if (fit := _fit(scaling, node)) is not None]
    for call, receiver, name in fits:
        if not TEST.search(name) or TRAIN.search(name):
            continue
        base = TEST.sub("", name).lower()
        for other, first, trained in fits:
            if other is call or not TRAIN.search(trained) or TRAIN.sub("", trained).lower() != base:
                continue
            if program.scope(other) is not program.scope(call) or _kind(program, first) != _kind(program, receiver):
                continue
            same = isinstance(first, ast.Name) and ast.unparse(first) == ast.unparse(receiver)
            same = same and program.bindings(first) == program.bindings(receiver)
            yield Refitted(call, name, other, same)
            break


def _fit(scaling: Scaling, node: ast.AST) -> tuple[ast.Call, ast.expr, str] | None:
    """A call of `fit_transform` of a scaler, the scaler and the name of what it is fitted to."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
        return None
    if node.func.attr != "fit_transform" or not isinstance(scaling.values.of(node.func.value), Scaler):
        return None
    name = _root(node.args[0])
    return (node, node.func.value, name) if name and _kind(scaling.program, node.func.value) != "Normalizer" else None


def _kind(program: Program, node: ast.expr) -> str:
    made = program.origin(node)
    return program.called(made).rpartition(".")[2]


def _root(node: ast.expr) -> str:
    """The variable behind `X_test`, `X_test[:, 3:]`, `X_test.reshape(-1, 1)`."""
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        if isinstance(node, ast.Subscript | ast.Attribute):
            node = node.value
        else:
            return node.id if isinstance(node, ast.Name) else ""
