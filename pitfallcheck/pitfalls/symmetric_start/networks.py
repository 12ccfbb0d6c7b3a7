"""Finds the networks of a file whose hidden layers start from one number."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.linear_collapse.chains import Layers
from pitfallcheck.pitfalls.linear_collapse.layers import Layer, argument
from pitfallcheck.pitfalls.linear_collapse.matrices import learned_matrices
from pitfallcheck.pitfalls.linear_collapse.stacks import Stacks
from pitfallcheck.pitfalls.symmetric_start.starts import constant_start, filled, starts_equal
from pitfallcheck.pitfalls.unwired_parameters.made_in_call import framework_of, holds_parameters


@dataclass(frozen=True, slots=True)
class Equal:
    """A hidden layer starts from one number where `at` says so; `behind` says how the next one starts, if so too.

    `subject` is what the user calls it. A `dead` one passes no gradient because of its ReLU.
    """

    at: ast.expr
    subject: str
    behind: str = ""
    dead: bool = False


def keras_networks(source: Source) -> Iterator[Equal]:
    """Hidden layers of `Sequential` models."""
    stacks = Stacks(source)
    for _ in stacks.found():
        pass
    for layers in stacks.whole:
        yield from _in_stack(source, layers)


def _in_stack(source: Source, layers: Layers) -> Iterator[Equal]:
    weighted = [layer for layer in layers if _has_kernel(source, layer)]
    for layer, following in pairwise(weighted):
        assert isinstance(layer.node, ast.Call) and isinstance(following.node, ast.Call)
        start = constant_start(source, layer.node)
        if not start or layer.out == "1":
            continue
        behind = constant_start(source, following.node)
        dead = "ero" in start and _is_relu(layers, layer)
        yield Equal(layer.node, source.segment(layer.node), behind, dead)


def _has_kernel(source: Source, layer: Layer) -> bool:
    name = source.qualify(layer.node.func) if isinstance(layer.node, ast.Call) else None
    short = (name or "").rpartition(".")[2]
    return (name or "").startswith("keras.layers.") and (short == "Dense" or short.startswith("Conv"))


def _is_relu(layers: Layers, layer: Layer) -> bool:
    """Whether the layer's own activation, or the layer behind it, is a ReLU."""
    after = layers[layers.index(layer) + 1 :][:1]
    for one in (layer, *after):
        made = one.node
        if isinstance(made, ast.Call):
            given = argument(made, 0 if one is not layer else None, "activation")
            if isinstance(given, ast.Constant) and given.value == "relu":
                return True
    return False


def torch_networks(source: Source) -> Iterator[Equal]:
    """Modules all of whose layers are set to one number."""
    calls = [(node, tensor) for node in source.nodes if (tensor := filled(source, node)) is not None]
    if not calls or _layers_in(source, source.tree) < 2:
        return
    for node, tensor in calls:
        assert isinstance(node, ast.Call)
        if _of_every_layer(source, node, tensor) or _of_every_parameter(source, node, tensor):
            yield Equal(node, source.segment(node), source.segment(node))
    for of in source.classes:
        if framework_of(source, of) == "torch":
            yield from _layer_by_layer(source, of, calls)


def _layers_in(source: Source, node: ast.AST) -> int:
    return sum(_is_weighted(source, part) for part in ast.walk(node))


def _is_weighted(source: Source, node: ast.AST) -> bool:
    name = (source.qualify(node.func) or "") if isinstance(node, ast.Call) else ""
    short = name.removeprefix("torch.nn.")
    return name.startswith("torch.nn.") and (short in ("Linear", "LazyLinear") or short.startswith("Conv"))


def _of_every_layer(source: Source, node: ast.Call, tensor: ast.expr) -> bool:
    """`m.weight` in a function under `isinstance(m, nn.Linear)` that `model.apply` is given."""
    function = source.scope_of(node)
    if not isinstance(function, ast.FunctionDef) or len(function.args.args) != 1:
        return False
    if not isinstance(tensor, ast.Attribute) or tensor.attr != "weight":
        return False
    given = function.args.args[0].arg
    if not isinstance(tensor.value, ast.Name) or tensor.value.id != given:
        return False
    tests = _tests_around(source, node, function)
    linear = any("Linear" in test or "Conv" in test for test in tests) and not any("Norm" in test for test in tests)
    applied = any(
        isinstance(other, ast.Call)
        and isinstance(other.func, ast.Attribute)
        and other.func.attr == "apply"
        and [ast.unparse(arg) for arg in other.args] in ([function.name], [f"self.{function.name}"])
        for other in source.nodes
    )
    return linear and applied and len(tests) == 1


def _tests_around(source: Source, node: ast.AST, function: ast.AST) -> list[str]:
    """The tests of the branches in which `node` stands."""
    tests = []
    child, parent = node, source.parents.get(node)
    while parent is not None and parent is not function:
        if isinstance(parent, ast.If):
            tests.append(ast.unparse(parent.test) if child in parent.body else "")
        child, parent = parent, source.parents.get(parent)
    return tests


def _of_every_parameter(source: Source, node: ast.Call, tensor: ast.expr) -> bool:
    """`p` in `for p in model.parameters()`, without a test, of a model that an optimizer is made for."""
    statement: ast.AST | None = source.parents.get(node)
    loop = source.parents.get(statement) if isinstance(statement, ast.Expr) else None
    if not isinstance(loop, ast.For) or not isinstance(tensor, ast.Name) or not isinstance(loop.iter, ast.Call):
        return False
    func = loop.iter.func
    named = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
    if not isinstance(func, ast.Attribute) or func.attr not in ("parameters", "named_parameters"):
        return False
    model = ast.unparse(func.value)
    trained = any(
        isinstance(other, ast.Call)
        and (source.qualify(other.func) or "").startswith("torch.optim.")
        and other.args
        and ast.unparse(other.args[0]) == f"{model}.parameters()"
        for other in source.nodes
    )
    return tensor.id in named and trained and len(loop.body) <= 2


def _layer_by_layer(source: Source, of: ast.ClassDef, calls: list[tuple[ast.AST, ast.expr]]) -> Iterator[Equal]:
    """`nn.init.zeros_(self.fc1.weight)` for each of two or more layers of a class."""
    layers: dict[str, ast.expr] = {}
    for node in ast.walk(of):
        if isinstance(node, ast.Assign) and holds_parameters(source, node.value, "torch"):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    layers[ast.unparse(target)] = node.value
    weighted = [name for name, made in layers.items() if _is_weighted(source, made)]
    inside = set(ast.walk(of))
    set_equal = {
        ast.unparse(tensor.value): node
        for node, tensor in calls
        if node in inside and isinstance(tensor, ast.Attribute) and tensor.attr == "weight"
    }
    if len(weighted) > 1 and len(weighted) == len(layers) and all(name in set_equal for name in weighted):
        first = set_equal[weighted[0]]
        assert isinstance(first, ast.Call)
        yield Equal(first, source.segment(first), source.segment(set_equal[weighted[1]]))


def networks_by_hand(source: Source) -> Iterator[Equal]:
    """Matrices that are multiplied and updated by hand, where the columns of one are the rows of another."""
    learned = learned_matrices(source)
    starts: dict[str, list[ast.expr]] = {}
    for node in source.nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            written = ast.unparse(node.targets[0])
            if written in learned and not _updates(node, written):
                starts.setdefault(written, []).append(node.value)
    equal = {name: values[0] for name, values in starts.items() if len(values) == 1 and starts_equal(source, values[0])}
    for name, value in equal.items():
        width = learned[name].out
        if not width or width == "1" or learned[name].into in ("", "1", width):
            continue
        behind = [other for other, layer in learned.items() if other != name and layer.into == width != layer.out]
        if len(behind) == 1:
            other = behind[0]
            shown = f"{other} = {source.segment(equal[other])}" if other in equal else ""
            yield Equal(value, f"{name} = {source.segment(value)}", shown)


def _updates(node: ast.Assign, written: str) -> bool:
    return any(
        ast.unparse(part) == written for part in ast.walk(node.value) if isinstance(part, ast.Name | ast.Attribute)
    )
