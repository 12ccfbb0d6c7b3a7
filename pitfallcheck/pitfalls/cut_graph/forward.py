"""Finds layers in a `forward` that are fed with the bare numbers of an earlier layer's output."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.source import own_nodes
from pitfallcheck.lint.steps.cuts import Cut
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.graph import Graph

BARE = ("copied", "numpy", "number")
"""Ways to cut a graph that nobody takes for that purpose; `detach()` and `no_grad` may be meant."""


def cut_inside(steps: Steps, graph: Graph) -> Iterator[tuple[Cut, ast.Call]]:
    """Each cut between two layers of a module, and the call of the second one."""
    for owner in steps.source.classes:
        if not steps.things.is_module(owner):
            continue
        method = steps.program.method(owner, "forward")
        if method is None or steps.source.class_of(method) is not owner:
            continue
        for node in own_nodes(method):
            if isinstance(node, ast.Call) and node.args and steps.things.module(node.func) is not None:
                state = graph.of(node.args[0])
                if isinstance(state, Cut) and state.from_graph and state.how in BARE:
                    yield state, node
