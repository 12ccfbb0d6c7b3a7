"""Finds the softmaxes of Keras and TensorFlow that run along axis 0 of what a layer gives, which is the batch."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source

FUNCTIONS = words(
    """
    tensorflow.nn.softmax tensorflow.nn.log_softmax keras.activations.softmax keras.activations.log_softmax
    keras.backend.softmax keras.ops.softmax keras.ops.log_softmax
    """
)
LAYERS = words("keras.layers.Dense keras.layers.Conv1D keras.layers.Conv2D keras.layers.Flatten keras.layers.Dropout "
               "keras.layers.BatchNormalization keras.layers.GlobalAveragePooling2D")  # fmt: skip
"""Layers that Keras gives a batch, and whose first axis stays the batch's."""

MODELS = words("keras.Sequential keras.models.Sequential keras.Model keras.models.Model")


def over_batch(source: Source, program: Program) -> Iterator[ast.Call]:
    """Every softmax of Keras or TensorFlow that visibly shares 1 out among samples."""
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = source.qualify(node.func)
        if name == "keras.layers.Softmax" and constant(argument(node, 0, "axis")) == 0:
            yield node
        elif name in FUNCTIONS and constant(argument(node, 1, "axis", "dim")) == 0:
            given = argument(node, 0, "x", "logits")
            if given is not None and (_of_layer(source, program, given) or _activates(source, program, node, given)):
                yield node


def _of_layer(source: Source, program: Program, node: ast.expr, depth: int = 0) -> bool:
    """Whether a value is what a layer or a model gives."""
    made = program.origin(node)
    if not isinstance(made, ast.Call) or depth > 4:
        return False
    layer = program.origin(made.func) if not isinstance(made.func, ast.Call) else made.func
    if isinstance(layer, ast.Call):
        return source.qualify(layer.func) in LAYERS | MODELS
    return False


def _activates(source: Source, program: Program, node: ast.Call, given: ast.expr) -> bool:
    """Whether the softmax is of the only parameter of a function that some layer has as its activation."""
    scope = source.scope_of(node)
    parameters = scope.args.args if isinstance(scope, ast.Lambda | ast.FunctionDef) else []
    if len(parameters) != 1 or not isinstance(given, ast.Name) or given.id != parameters[0].arg:
        return False
    uses: list[ast.AST] = [scope]
    if isinstance(scope, ast.FunctionDef):
        uses = list(program.mentions.get(scope.name, []))
    for use in uses:
        above = source.parents.get(use)
        if isinstance(above, ast.keyword) and above.arg == "activation":
            return True
        if isinstance(above, ast.Call) and source.qualify(above.func) == "keras.layers.Activation":
            return True
    return False
