"""How deep the networks of a file are, as far as it shows: which learning rates are out of the question hangs on it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.tree import walk

WEIGHTED = words("""
    Dense Conv1D Conv2D Conv3D Convolution1D Convolution2D SeparableConv2D Conv2DTranspose LSTM GRU SimpleRNN
    Embedding CuDNNLSTM CuDNNGRU Linear Conv1d Conv2d Conv3d ConvTranspose2d RNN LSTMCell GRUCell
    TransformerEncoderLayer TransformerDecoderLayer Transformer MultiheadAttention MultiHeadAttention
    """)
"""Layers with weights, in Keras and torch."""

PLAIN = frozenset({"Dense", "Linear", "Embedding"})
"""Those of them that are one matrix."""

READY_MADE = ("torchvision.models.", "keras.applications.", "timm.create_model", "transformers.Auto")
WIDE = 48
"""Units from which on a network is no toy."""


class Depth(NamedTuple):
    """How many `layers` have weights, whether some are `heavy` (no plain matrix), and whether some are `wide`."""

    layers: int
    heavy: bool
    wide: bool

    @property
    def is_deep(self) -> bool:
        """Whether it is a deep network, and no line or toy: a few narrow matrices bear long steps."""
        return self.layers >= 2 and (self.heavy or self.wide)


def of_file(program: Program) -> Depth:
    """The depth of all that a file makes, where it does not show which of it is trained."""
    return _counted(program, program.source.nodes)


def of_parameters(program: Program, given: ast.expr) -> Depth | None:
    """The depth of the model whose parameters a torch optimizer is given; None where it does not show."""
    models = [
        node.func.value
        for node in walk(given)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "parameters"
    ]
    return of_model(program, models[0]) if len(models) == 1 else None


def of_model(program: Program, model: ast.expr) -> Depth | None:
    """The depth of the model that `model` stands for."""
    owner = program.instance(model)
    if owner is not None:
        return _of_class(program, owner)
    roots, _ = program.roots(model)
    first = next(iter(roots)).value if len(roots) == 1 else None
    made = program.origin(first if first is not None else model)
    while isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr in ("to", "cuda"):
        inner = made.func.value
        if (owner := program.instance(inner)) is not None:
            return _of_class(program, owner)
        made = program.origin(inner)
    if not isinstance(made, ast.Call):
        return None
    called = program.called(made)
    if called.startswith(READY_MADE):
        return Depth(3, True, True)
    if called == "torch.nn.Sequential":
        return _counted(program, walk(made))
    if called.startswith("keras.") and called.rpartition(".")[2] in ("Sequential", "Model"):
        return _counted(program, walk(program.scope(made)))
    function = program.function(made)
    return _counted(program, walk(function)) if function is not None else None


def _of_class(program: Program, owner: ast.ClassDef, seen: frozenset[str] = frozenset()) -> Depth | None:
    """The layers that a class makes, those of the classes that it uses among them; None where it is all elsewhere."""
    nodes = [node for one in program.lineage(owner) for node in walk(one)]
    found = _counted(program, nodes)
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in {*seen, owner.name}:
            inner = program.classes.get(node.func.id)
            if inner is not None and (more := _of_class(program, inner, seen | {owner.name})) is not None:
                found = Depth(found.layers + more.layers, found.heavy or more.heavy, found.wide or more.wide)
    return found if found.layers else None


def _counted(program: Program, nodes: Iterable[ast.AST]) -> Depth:
    layers, heavy, wide = 0, False, False
    for node in nodes:
        called = program.source.qualify(node.func) if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Call) or called is None:
            continue
        if called.startswith(READY_MADE):
            layers, heavy = layers + 3, True
        name = called.rpartition(".")[2]
        if name in WEIGHTED and called.startswith(("keras.", "torch.nn.")):
            layers += 1
            heavy = heavy or name not in PLAIN
            given = argument(node, int(name == "Linear"), "units", "output_dim", "out_features")
            wide = wide or (given is not None and _is_wide(program, given))
    return Depth(layers, heavy, wide)


def _is_wide(program: Program, given: ast.expr) -> bool:
    """Whether a number of units is large: as written, as the calls in the file give it, or else by default."""
    node = program.origin(given)
    binding = program.sole(node)
    values = [node]
    if binding is not None and binding.kind == "parameter":
        arguments = program.arguments(binding)
        default = _default(binding)
        values = list(arguments.given) if arguments is not None else [] if default is None else [default]
    units = [constant(program.origin(value)) for value in values]
    return bool(units) and all(isinstance(one, int) and one >= WIDE for one in units)


def _default(parameter: Binding) -> ast.expr | None:
    """What a parameter is where a call gives nothing for it."""
    function = parameter.scope
    if not isinstance(function, ast.FunctionDef):
        return None
    listed = [*function.args.posonlyargs, *function.args.args]
    behind = listed[len(listed) - len(function.args.defaults) :]
    named = [
        *zip(behind, function.args.defaults, strict=True),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    return next((default for one, default in named if one is parameter.node), None)
