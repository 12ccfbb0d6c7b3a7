"""What the steps of a Lightning module are given: batches of the loaders that the file makes for them."""

from __future__ import annotations

import ast

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import Function

LOADERS = {
    "training_step": "train_dataloader",
    "validation_step": "val_dataloader",
    "test_step": "test_dataloader",
    "predict_step": "predict_dataloader",
}
"""Which method makes the loader whose batches a step is given."""

MODULE = "lightning.LightningModule"


def step_of(program: Program, node: ast.AST) -> str:
    """The name of the step of a Lightning module that `node` stands in, or an empty text."""
    function = program.scope(node)
    if not isinstance(function, ast.FunctionDef) or function.name not in LOADERS:
        return ""
    owner = program.source.class_of(function)
    return function.name if owner is not None and MODULE in program.bases(owner) else ""


def loader_of(program: Program, batch: Binding) -> Function | ast.expr | None:
    """What makes the loader, or the loader itself, whose batches the parameter `batch` of a step is given."""
    step = batch.scope
    if not isinstance(step, ast.FunctionDef) or len(step.args.args) < 2 or step.args.args[1] is not batch.node:
        return None
    if not step_of(program, step.body[0]):
        return None
    made = program.functions.get(LOADERS[step.name], [])
    if made:
        return made[0] if len(made) == 1 else None
    fits = [
        call
        for mention in program.mentions.get("fit", [])
        if isinstance(call := program.source.parents.get(mention), ast.Call) and call.func is mention
    ]
    if len(fits) != 1 or step.name != "training_step":
        return None
    return argument(fits[0], 1, "train_dataloaders", "train_dataloader")
