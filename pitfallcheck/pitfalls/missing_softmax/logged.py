"""Finds losses of torch that are written out and take the logarithm of what comes out of a layer without activation."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.training import Forward
from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.objectives.torch_read import contexts_of
from pitfallcheck.lint.source import Source


def logged(source: Source) -> Iterator[tuple[ast.Call, Output]]:
    """Every logarithm in a loss of what is visibly logits, and the output that they are."""
    if "torch.log(" not in source.text or not source.names.imports("torch"):
        return
    contexts = contexts_of(source)
    program = contexts.program
    for node in source.nodes:
        if not isinstance(node, ast.Call) or len(node.args) != 1 or program.called(node) != "torch.log":
            continue
        frames = [one for one in contexts.contexts(program.scope(node)) if not contexts.never(node, one)]
        found = [contexts.of(node.args[0], frame) for frame in frames]
        outputs = [one for one in found if isinstance(one, Output) and _is_of_layer(source, one)]
        if outputs and len(outputs) == len(found) and Forward(program).follow(node).learns:
            yield node, outputs[0]


def _is_of_layer(source: Source, output: Output) -> bool:
    """Whether a layer with weights of both signs makes the output: a convolution may be a filter that has none."""
    made = output.node
    return (
        output.activation == "linear" and isinstance(made, ast.Call) and source.qualify(made.func) == "torch.nn.Linear"
    )
