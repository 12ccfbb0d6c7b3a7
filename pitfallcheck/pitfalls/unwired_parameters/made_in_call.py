"""Finds parameters that a forward pass makes anew each time, and tensors that a module does not register."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.names import TORCH_MODULES
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source, own_nodes

BASES = {
    **dict.fromkeys(TORCH_MODULES, "torch"),
    "keras.Model": "keras",
    "keras.models.Model": "keras",
    "keras.Layer": "keras",
    "keras.layers.Layer": "keras",
}
TORCH = words(
    """
    Linear LazyLinear Bilinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d
    LazyConv2d Embedding EmbeddingBag RNN LSTM GRU RNNCell LSTMCell GRUCell MultiheadAttention
    TransformerEncoderLayer TransformerDecoderLayer Transformer BatchNorm1d BatchNorm2d BatchNorm3d PReLU
    Parameter
    """
)
"""What holds parameters. Norms that are made with no scale, and layers without parameters, are no fault."""

KERAS = words(
    """
    Dense Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose SeparableConv2D DepthwiseConv2D Embedding LSTM
    GRU SimpleRNN Bidirectional BatchNormalization MultiHeadAttention EinsumDense PReLU
    """
)
FORWARD = {"torch": "forward", "keras": "call"}


def framework_of(source: Source, of: ast.ClassDef) -> str:
    """The framework of the module that a class is, through classes of the same file; empty where it is none."""
    seen = [of]
    for one in seen:
        for base in one.bases:
            known = BASES.get(source.qualify(base) or "")
            if known is not None:
                return known
            if isinstance(base, ast.Name):
                seen.extend(other for other in source.classes if other.name == base.id and other not in seen)
    return ""


def holds_parameters(source: Source, node: ast.AST, framework: str) -> bool:
    """Whether `node` makes a layer with parameters, or a parameter."""
    name = source.qualify(node.func) if isinstance(node, ast.Call) else None
    if name is None:
        return False
    prefix, known = ("torch.nn.", TORCH) if framework == "torch" else ("keras.layers.", KERAS)
    return name.startswith(prefix) and name.rpartition(".")[2] in known


def made_in_forward(source: Source) -> Iterator[tuple[ast.Call, ast.FunctionDef, str]]:
    """Each call in a forward pass that makes parameters, unless the module keeps them or only looks at them."""
    for of in source.classes:
        framework = framework_of(source, of)
        for method in of.body if framework else ():
            if not isinstance(method, ast.FunctionDef) or method.name != FORWARD[framework]:
                continue
            for node in own_nodes(method):
                if not isinstance(node, ast.Call) or not holds_parameters(source, node, framework):
                    continue
                if not _kept(source, node, method) and _used(source, node, method):
                    yield node, method, framework


def _kept(source: Source, node: ast.AST, method: ast.FunctionDef) -> bool:
    """Whether it ends up on `self` (made at the first call), or stands under a condition or in a function."""
    parent: ast.AST | None = source.parents.get(node)
    while parent is not None and parent is not method:
        if isinstance(parent, ast.If | ast.IfExp | ast.Try | ast.With | ast.Lambda):
            return True
        if isinstance(parent, ast.Assign):
            return not all(isinstance(target, ast.Name) for target in parent.targets)
        parent = source.parents.get(parent)
    return False


def _used(source: Source, node: ast.Call, method: ast.FunctionDef) -> bool:
    """Whether it goes into what is computed: called on the spot, or bound to a name with which nothing else is done."""
    parent = source.parents.get(node)
    if isinstance(parent, ast.Assign):
        names = {target.id for target in parent.targets if isinstance(target, ast.Name)}
        uses = [
            source.parents.get(part)
            for part in own_nodes(method)
            if isinstance(part, ast.Name) and part.id in names and isinstance(part.ctx, ast.Load)
        ]
        return bool(uses) and all(isinstance(use, ast.Call | ast.BinOp) for use in uses)
    return isinstance(parent, ast.Call | ast.BinOp)


def unregistered(source: Source) -> Iterator[tuple[ast.Assign, str]]:
    """Each `self.w = torch.randn(..., requires_grad=True)` of a module: its `parameters()` do not hold it.

    Silent where the file gives the attribute to an optimizer by name, or changes it by hand.
    """
    mentioned = {
        part.attr
        for node in source.nodes
        if isinstance(node, ast.List | ast.Tuple | ast.AugAssign | ast.Dict)
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute)
    }
    for of in source.classes:
        if framework_of(source, of) != "torch":
            continue
        for method in of.body:
            if not isinstance(method, ast.FunctionDef) or method.name != "__init__":
                continue
            for node in own_nodes(method):
                if isinstance(node, ast.Assign) and _asks_gradient(source, node.value):
                    for target in node.targets:
                        own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
                        if own and target.value.id == "self" and target.attr not in mentioned:  # type: ignore[attr-defined]
                            yield node, target.attr  # type: ignore[attr-defined]


def _asks_gradient(source: Source, node: ast.expr) -> bool:
    name = source.qualify(node.func) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or name is None or not name.startswith("torch.") or name.startswith("torch.nn."):
        return False
    return any(
        keyword.arg == "requires_grad" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in node.keywords
    )
