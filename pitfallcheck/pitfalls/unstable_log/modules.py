"""Logarithms of what a module of the file puts out, where its last layer is a softmax or a sigmoid."""

from __future__ import annotations

import ast
from functools import lru_cache

from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.objectives.torch_contexts import Contexts
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.unstable_log.probabilities import Kind, Probability

ENDING_IN: dict[str, Kind] = {"softmax": "softmax", "sigmoid": "sigmoid"}


def of_modules(source: Source, node: ast.expr) -> Probability | None:
    """The probability that `node` is in every call of its function, by the modules that it went through last."""
    if not source.names.imports("torch"):
        return None
    complement = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and constant(node.left) == 1
    inner = node.right if isinstance(node, ast.BinOp) and complement else node
    contexts = _contexts(source)
    found: Output | None = None
    for frame in contexts.contexts(contexts.program.scope(node)):
        value = contexts.of(inner, frame)
        if not isinstance(value, Output) or value.activation not in ENDING_IN or value.activated_at is None:
            return None
        if found is not None and found.activation != value.activation:
            return None
        found = value
    if found is None or found.activation is None or found.activated_at is None:
        return None
    return Probability(ENDING_IN[found.activation], found.activated_at, complement)


@lru_cache(maxsize=1)
def _contexts(source: Source) -> Contexts:
    return Contexts(program_of(source), strict=True)
