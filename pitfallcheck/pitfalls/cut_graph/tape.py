"""Finds gradients asked of a tape for a loss that was computed outside of its block."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.bindings import NAMES, Binding
from pitfallcheck.lint.flow.program import Program


def tapes(program: Program) -> Iterator[tuple[ast.With, ast.Call, ast.expr]]:
    """Each block of a tape, the call that asks it for gradients, and the loss."""
    for block in program.source.nodes:
        if not isinstance(block, ast.With):
            continue
        for item in block.items:
            if program.called(item.context_expr) != "tensorflow.GradientTape" or item.optional_vars is None:
                continue
            name = item.optional_vars.id if isinstance(item.optional_vars, ast.Name) else ""
            for mention in program.mentions.get(name, []):
                asked = program.source.parents.get(mention)
                call = program.source.parents.get(asked) if asked is not None else None
                if not (isinstance(asked, ast.Attribute) and asked.attr == "gradient" and isinstance(call, ast.Call)):
                    continue
                of = {binding.node for binding in program.bindings(mention)}
                if call.func is asked and call.args and of == {block}:
                    yield block, call, call.args[0]


def outside(program: Program, block: ast.With, loss: ast.expr) -> Binding | None:
    """What gives a loss its value, where that is an operation that the tape did not watch."""
    binding = program.sole(loss)
    for _ in range(4):
        if binding is None or not isinstance(binding.value, NAMES):
            break
        binding = program.sole(binding.value)
    if binding is None or binding.kind != "value" or not isinstance(binding.value, ast.Call | ast.BinOp):
        return None
    return None if program.inside(binding.node, block) or _nested(program, binding.node) else binding


def _nested(program: Program, node: ast.AST) -> bool:
    """Whether a statement stands in the block of another tape."""
    at = program.source.parents.get(node)
    while at is not None and not isinstance(at, ast.FunctionDef | ast.Module):
        if isinstance(at, ast.With):
            return True
        at = program.source.parents.get(at)
    return False
