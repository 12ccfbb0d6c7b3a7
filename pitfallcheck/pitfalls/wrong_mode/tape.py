"""Finds Keras models with dropout or batch norm that a loop of one's own trains without `training=True`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.tree import walk

LAYERS = frozenset(
    f"keras.layers.{name}"
    for name in (
        "Dropout",
        "BatchNormalization",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "GaussianDropout",
        "AlphaDropout",
    )
)
MODELS = frozenset({"keras.Sequential", "keras.models.Sequential", "keras.Model", "keras.models.Model"})


def untold(steps: Steps) -> Iterator[tuple[ast.Call, str]]:
    """Each call of such a model under a tape that asks for the gradients of its variables, and the layer."""
    called = steps.program.called
    for block in steps.source.nodes:
        if not isinstance(block, ast.With) or not any(
            called(item.context_expr) == "tensorflow.GradientTape" for item in block.items
        ):
            continue
        for node in walk(block):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.func, ast.Name | ast.Attribute):
                continue
            told = argument(node, 1, "training") is not None or any(keyword.arg is None for keyword in node.keywords)
            layer = None if told else _layer_of(steps, node.func)
            if layer is not None and _trains(steps, node.func):
                yield node, layer


def _layer_of(steps: Steps, model: ast.expr) -> str | None:
    """The layer of a Keras model of the file for which the mode matters."""
    made = steps.things.makers(model)
    if made is None or len(made) != 1 or not isinstance(made[0].node, ast.Call):
        return None
    call = made[0].node
    owner = steps.program.classes.get(call.func.id) if isinstance(call.func, ast.Name) else None
    if owner is not None:
        method = steps.program.method(owner, "call")
        if not steps.program.bases(owner) & MODELS or method is None or _has_default(method):
            return None
        return _first(steps, owner)
    name = steps.program.called(call)
    if name not in MODELS:
        return None
    if name.endswith("Sequential"):
        return _first(steps, call) or _added(steps, model)
    scope = steps.program.scope(call)
    return _first(steps, scope)


def _has_default(method: ast.AST) -> bool:
    """Whether `call` says for itself that it is training."""
    arguments = method.args if isinstance(method, ast.FunctionDef) else None
    if arguments is None:
        return True
    named = [*arguments.posonlyargs, *arguments.args][
        len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults) :
    ]
    pairs = [
        *zip(named, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return any(one.arg == "training" and constant(default) is True for one, default in pairs)


def _first(steps: Steps, region: ast.AST) -> str | None:
    for node in walk(region):
        if isinstance(node, ast.Call) and steps.program.called(node) in LAYERS:
            fixed = any(keyword.arg == "trainable" for keyword in node.keywords)
            parent = steps.source.parents.get(node)
            told = isinstance(parent, ast.Call) and any(keyword.arg == "training" for keyword in parent.keywords)
            if not fixed and not told:
                return ast.unparse(node.func)
    return None


def _added(steps: Steps, model: ast.expr) -> str | None:
    """The layer given to `model.add(...)`."""
    for mention in steps.program.mentions.get("add", []):
        call = steps.source.parents.get(mention)
        if not (isinstance(mention, ast.Attribute) and isinstance(call, ast.Call) and call.args):
            continue
        if steps.things.key(mention.value) == steps.things.key(model):
            found = _first(steps, call.args[0])
            if found is not None:
                return found
    return None


def _trains(steps: Steps, model: ast.expr) -> bool:
    """Whether the file takes gradients with respect to the variables of this model."""
    key = steps.things.key(model)
    return any(
        isinstance(mention, ast.Attribute) and steps.things.key(mention.value) == key
        for name in ("trainable_variables", "trainable_weights")
        for mention in steps.program.mentions.get(name, [])
    )
