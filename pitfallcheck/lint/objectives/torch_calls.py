"""Evaluates the calls of a torch program: those that make modules, move values about or activate them."""

from __future__ import annotations

import ast
from dataclasses import replace

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.objectives import torch_layers as layers
from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.objectives.torch_modules import Modules
from pitfallcheck.lint.objectives.torch_values import (
    Backbone,
    Callable,
    Class,
    Const,
    Frame,
    Items,
    Layer,
    Library,
    Object,
    Partial,
    Stack,
    Table,
    Value,
)
from pitfallcheck.lint.shapes.vocabulary import words

FUNCTION_PREFIXES = ("torch.nn.functional.", "torch.special.", "torch.")
KEPT_BY = frozenset({"to", "cuda", "cpu", "double", "float", "half", "eval", "train", "requires_grad_", "apply"})
"""Methods of a module that return the module."""

WRAPPERS = words(
    """
    torch.nn.DataParallel torch.nn.parallel.DataParallel torch.nn.parallel.DistributedDataParallel torch.compile
    torch.jit.script copy.deepcopy copy.copy torch.nn.utils.weight_norm torch.nn.utils.spectral_norm
    torch.nn.utils.parametrizations.weight_norm torch.nn.utils.parametrizations.spectral_norm
    torch.autograd.Variable list tuple
    """
)
"""Functions that give back what they are given, as far as its values go."""

SMALL = 1e-2
"""What is added to probabilities up to this is there to keep a logarithm finite."""


class Calls(Modules):
    """The part of the walk that knows calls, indices and operators."""

    def call(self, node: ast.Call, frame: Frame | None) -> Value:
        """What a call returns."""
        if isinstance(node.func, ast.Attribute) and self.source.qualify(node.func) is None:
            receiver = self.of(node.func.value, frame)
            if isinstance(receiver, Output):
                return self._method(receiver, node.func.attr, node, frame, at=0)
            if isinstance(receiver, Layer | Stack | Backbone | Object) and self._keeps(receiver, node.func.attr):
                return receiver
            if isinstance(receiver, Layer | Stack | Backbone) and node.func.attr in ("forward", "__call__"):
                return self.applied(receiver, self._first(node, frame), node, frame)
            if receiver is None:
                return self._of_unknown(node.func.attr, node, frame)
        return self.called(self.of(node.func, frame), node, frame)

    def _keeps(self, module: Value, name: str) -> bool:
        """Whether a method, which the file does not define for it, gives a module back."""
        own = isinstance(module, Object) and self.program.method(module.of, name) is not None
        return name in KEPT_BY and not own

    def _first(self, node: ast.Call, frame: Frame | None) -> Value:
        return self.of(argument(node, 0, "input", "x"), frame)

    def called(self, callee: Value, node: ast.Call, frame: Frame | None) -> Value:
        """What calling `callee` by `node` returns."""
        if isinstance(callee, Library):
            return self._library(callee.name, node, frame)
        if isinstance(callee, Partial):
            return self.called(callee.of, node, frame)
        if isinstance(callee, Class):
            return Object(callee.node, node, frame)
        if isinstance(callee, Callable):
            shift = 1 if callee.owner is not None and not self._static(callee.node) else 0
            given = self.arguments(callee.node, node, frame, shift)
            owner = callee.owner if shift else None
            return self.run(self.frame(callee.node, given, callee.frame, owner))
        if isinstance(callee, Object):
            method = self.program.method(callee.of, "__call__") or self.program.method(callee.of, "forward")
            if method is None:
                return None
            return self.run(self.frame(method, self.arguments(method, node, frame, 1), None, callee))
        if isinstance(callee, Layer | Stack | Backbone):
            return self.applied(callee, self._first(node, frame), node, frame)
        return None

    def _static(self, function: ast.AST) -> bool:
        return any(getattr(one, "id", "") == "staticmethod" for one in getattr(function, "decorator_list", ()))

    # Library functions.

    def _library(self, name: str, node: ast.Call, frame: Frame | None) -> Value:
        if name.startswith("torch.nn.") and "." not in name[9:] and name[9:10].isupper() and name not in WRAPPERS:
            return self.made(name[9:], node, frame)
        if name in WRAPPERS:
            return self.of(argument(node, 0, "module", "model"), frame)
        if name == "functools.partial" and node.args:
            return Partial(self.of(node.args[0], frame), node)
        if name in ("collections.OrderedDict", "dict"):
            return self._dictionary(node, frame)
        if name.startswith(("torchvision.models.", "timm.create_model")):
            return Backbone(name.rpartition(".")[2], node, frame)
        for prefix in FUNCTION_PREFIXES:
            if name.startswith(prefix) and "." not in name[len(prefix) :]:
                return self._function(name[len(prefix) :], node, frame)
        return None

    def _dictionary(self, node: ast.Call, frame: Frame | None) -> Value:
        given = self.of(node.args[0], frame) if node.args else None
        if isinstance(given, Items):
            pairs = [one.values for one in given.values if isinstance(one, Items) and len(one.values) == 2]
            keys = [key.value if isinstance(key, Const) else None for key, _ in pairs]
            if len(pairs) == len(given.values):
                return Table(tuple((key, value) for key, (_, value) in zip(keys, pairs, strict=True)))
        return given if isinstance(given, Table) else None

    def _function(self, base: str, node: ast.Call, frame: Frame | None) -> Value:
        """A function of torch on a tensor."""
        given = self._first(node, frame)
        if base in layers.ACTIVATION_FUNCTIONS:
            return self._activated(layers.ACTIVATION_FUNCTIONS[base], given, node, frame, at=1)
        if base in ("linear", "conv1d", "conv2d", "conv3d", "addmm", "baddbmm"):
            return Output(node, "linear")
        if base in ("randn", "rand", "zeros", "ones", "empty", "arange"):
            plain = base != "arange" and len(node.args) > 1 and not any(isinstance(a, ast.Starred) for a in node.args)
            return Output(node, None, rank=len(node.args)) if plain else None
        if base == "flatten" and given is None and constant(argument(node, 1, "start_dim")) == 1 and len(node.args) < 3:
            return Output(node, None, rank=2)
        return self._method(given, base, node, frame, at=1) if isinstance(given, Output) else None

    def _activated(self, name: str, given: Value, node: ast.Call, frame: Frame | None, at: int) -> Output:
        if name not in layers.ALONG_AN_AXIS:
            return layers.activated(name, given, node)
        written = argument(node, at, "dim", "axis")
        axis = self.of(written, frame)
        number = axis.value if isinstance(axis, Const) and isinstance(axis.value, int) else None
        hidden = any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords)
        self.shared_out(node, given, number, implicit=written is None and not hidden)
        return layers.activated(name, given, node, number)

    def _of_unknown(self, name: str, node: ast.Call, frame: Frame | None) -> Value:
        """A method of something unknown, which is a tensor where the method is one of tensors alone."""
        if name in ("softmax", "log_softmax"):
            axis = constant(argument(node, 0, "dim", "axis"))
            return self._activated(name, None, node, frame, at=0) if isinstance(axis, int) else None
        if name in ("sigmoid", "sigmoid_", "relu", "relu_", "tanh") and not node.args and not node.keywords:
            return self._activated(layers.ACTIVATION_FUNCTIONS[name], None, node, frame, at=0)
        if name == "flatten" and constant(argument(node, 0, "start_dim")) == 1 and len(node.args) < 2:
            return Output(node, None, rank=2)
        if name in ("view", "reshape"):
            rank = self._rank(node, frame, 0)
            return Output(node, None, rank=rank) if rank is not None else None
        return None

    # Methods of tensors; as functions they have the tensor in front of their own arguments.

    def _method(self, given: Output, name: str, node: ast.Call, frame: Frame | None, at: int) -> Value:
        if name in layers.ACTIVATION_FUNCTIONS:
            return self._activated(layers.ACTIVATION_FUNCTIONS[name], given, node, frame, at)
        if name in layers.KEEPING:
            return given
        if name in layers.RESHAPING:
            if name in ("view", "reshape"):
                last = self.of(node.args[-1], frame) if len(node.args) > 1 else None
                units = last.value if isinstance(last, Const) and isinstance(last.value, int) else None
                return layers.reshaped(given, units if units != -1 else None, self._rank(node, frame, at))
            if name == "flatten" and constant(argument(node, at, "start_dim")) == 1 and len(node.args) == at + 1:
                return layers.reshaped(given, rank=2)
            return layers.reshaped(given)
        if name in ("log", "log_"):
            return layers.logarithm(given, node)
        if name in layers.CLAMPING:
            return given if given.activation in layers.PROBABILITIES and not self.strict else None
        if name in layers.AVERAGING:
            return layers.reshaped(given) if given.activation == "linear" and node.args[at:] else None
        if name in ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d"):
            return given if given.activation == "linear" else None
        if name in ("add", "mul", "div") and given.activation == "linear" and len(node.args) == at + 1:
            return given if isinstance(self.of(node.args[at], frame), Const) else None
        return None

    def _rank(self, node: ast.Call, frame: Frame | None, at: int) -> int | None:
        """How many axes `view(a, b)` or `view((a, b))` leaves."""
        shape = node.args[at:]
        if len(shape) == 1 and isinstance(shape[0], ast.Tuple | ast.List):
            shape = shape[0].elts
        elif len(shape) == 1 and not isinstance(self.of(shape[0], frame), Const):
            return None
        return len(shape) if shape and not any(isinstance(one, ast.Starred) for one in shape) else None

    # Indices and operators.

    def subscript(self, node: ast.Subscript, frame: Frame | None) -> Value:
        """What an index gives."""
        value = self.of(node.value, frame)
        if isinstance(value, Output):
            whole = not isinstance(node.slice, ast.Slice)
            return layers.reshaped(value, None if whole else value.units, None if whole else value.rank)
        index = self.of(node.slice, frame) if not isinstance(node.slice, ast.Slice) else None
        if not isinstance(index, Const):
            return None
        if isinstance(value, Table):
            return next((item for key, item in value.items if key == index.value), None)
        parts = value.values if isinstance(value, Items) else value.parts if isinstance(value, Stack) else ()
        if isinstance(index.value, int) and -len(parts) <= index.value < len(parts):
            return parts[index.value]
        return None

    def operation(self, node: ast.BinOp, frame: Frame | None) -> Value:
        """What an operator gives: scaled logits are logits, and a small number keeps a probability one."""
        left, right = self.of(node.left, frame), self.of(node.right, frame)
        if isinstance(left, Const) and isinstance(right, Output) and isinstance(node.op, ast.Add | ast.Mult):
            left, right = right, left
        if isinstance(left, Items) and isinstance(right, Items) and isinstance(node.op, ast.Add):
            return Items((*left.values, *right.values))
        if isinstance(left, Const) and isinstance(right, Const):
            return _number(node.op, left.value, right.value)
        if not isinstance(left, Output):
            return None
        if isinstance(right, Const) and isinstance(right.value, int | float):
            if left.activation == "linear" and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
                return replace(left, activated_at=None)
            if isinstance(node.op, ast.Add) and abs(right.value) <= SMALL and not self.strict:
                return left if left.activation in layers.PROBABILITIES else None
            return None
        both = isinstance(right, Output) and left.activation == right.activation == "linear"
        return left if both and isinstance(node.op, ast.Add) else None

    def met(self, binding: Binding, frame: Frame | None) -> Value:
        """A module of a ModuleList that a loop goes through: the last one, which has the last word."""
        over = self.of(binding.value, frame)
        if isinstance(over, Stack) and over.parts and not binding.place:
            return over
        return None


def _number(op: ast.operator, left: object, right: object) -> Const | None:
    """The integer that two written ones make."""
    if not (isinstance(left, int) and isinstance(right, int)):
        return None
    match op:
        case ast.Add():
            return Const(left + right)
        case ast.Sub():
            return Const(left - right)
        case ast.Mult():
            return Const(left * right)
        case ast.FloorDiv() if right:
            return Const(left // right)
    return None
