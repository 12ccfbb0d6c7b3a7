"""Finds layers of a module that never get a gradient, for its `forward` detaches each of their outputs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Function
from pitfallcheck.lint.steps.cuts import WITHOUT
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.moments import QUIET
from pitfallcheck.lint.tree import walk

LEARNING = re.compile(
    r"torch\.nn\.(Linear|Bilinear|(Lazy)?Conv(Transpose)?[123]d|LazyLinear|Embedding|LSTM|GRU|RNN|LSTMCell|GRUCell|RNNCell"
    r"|MultiheadAttention|Transformer\w*)$"
)
"""Layers of torch that are there to learn."""

MEANT = re.compile(
    r"teacher|target|ema|momentum|frozen|freeze|fixed|reservoir|random|echo|pretrain|stop|codebook|quant|memory|cache",
    re.IGNORECASE,
)
"""Names of what is not to be trained by a gradient, or not by this one."""

LEAVING = words("cpu numpy tolist item")

DEPTH = 6
"""Operations between a layer and `detach` that are followed."""


class Unlearned(NamedTuple):
    """A layer of a module, as it is made, and the expression that detaches its output."""

    owner: ast.ClassDef
    layer: ast.Attribute
    cut: ast.expr


def unlearned(steps: Steps) -> Iterator[Unlearned]:
    """Each layer that is made in a module, and only used in its `forward`, where all of its outputs are detached."""
    for owner in steps.source.classes:
        method = steps.program.method(owner, "forward") if steps.things.is_module(owner) else None
        if method is None or steps.source.class_of(method) is not owner or MEANT.search(owner.name):
            continue
        for layer in _layers(steps, owner):
            cuts = _Uses(steps, method).of_layer(layer)
            if cuts and not MEANT.search(layer.attr):
                yield Unlearned(owner, layer, cuts[0])


def _layers(steps: Steps, owner: ast.ClassDef) -> Iterator[ast.Attribute]:
    """Each `self.name` that a class sets to a layer with weights."""
    for node in walk(owner):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.value, ast.Call):
            continue
        target = node.targets[0]
        if not (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"):
            continue
        made = [node.value]
        if steps.program.called(node.value) == "torch.nn.Sequential":
            made = [part for part in node.value.args if isinstance(part, ast.Call)]
        if any(LEARNING.match(steps.program.called(one)) for one in made):
            yield target


class _Uses:
    """Where the outputs of layers go in one `forward`."""

    def __init__(self, steps: Steps, method: Function) -> None:
        self.steps = steps
        self.program = steps.program
        self.method = method

    def of_layer(self, layer: ast.Attribute) -> list[ast.expr] | None:
        """The cuts in which all outputs of a layer end; None where one may not, or is used elsewhere."""
        found: list[ast.expr] = []
        for mention in self.program.mentions.get(layer.attr, []):
            if mention is layer:
                continue
            call = self.steps.source.parents.get(mention)
            if not isinstance(call, ast.Call) or call.func is not mention or not isinstance(mention, ast.Attribute):
                return None
            if not self.program.inside(call, self.method) or self._is_quiet(call):
                return None
            cuts = self._ends(call, DEPTH)
            if cuts is None:
                return None
            found += cuts
        return found

    def _ends(self, node: ast.expr, depth: int) -> list[ast.expr] | None:
        """The cuts in which a value ends; None where it may reach what has a graph."""
        parent = self.steps.source.parents.get(node)
        if depth == 0 or parent is None:
            return None
        match parent:
            case ast.Attribute(attr="detach"):
                above = self.steps.source.parents.get(parent)
                return [above] if isinstance(above, ast.Call) and not self._leaves(above) else None
            case ast.Attribute(attr="data"):
                return [parent] if not self._leaves(parent) else None
            case ast.Attribute(attr=attr) if attr in WITHOUT:
                return []
            case ast.Attribute():
                above = self.steps.source.parents.get(parent)
                called = isinstance(above, ast.Call) and above.func is parent
                return self._ends(above, depth - 1) if called and isinstance(above, ast.Call) else None
            case ast.Call() if node is not parent.func and self._passes_on(parent):
                return self._ends(parent, depth - 1)
            case ast.BinOp() if not isinstance(parent.op, ast.Sub):
                return self._ends(parent, depth - 1)
            case ast.Subscript() if parent.value is node:
                return self._ends(parent, depth - 1)
            case ast.Assign() if len(parent.targets) == 1:
                return self._of_names(parent, depth - 1)
        return None

    def _leaves(self, cut: ast.expr) -> bool:
        """Whether what is detached becomes plain numbers at once, as what is put out or logged does."""
        above = self.steps.source.parents.get(cut)
        return isinstance(above, ast.Attribute) and above.attr in LEAVING

    def _passes_on(self, call: ast.Call) -> bool:
        """Whether a call computes something of what it is given, and keeps none of it."""
        return self.program.called(call).startswith("torch.") or self.steps.things.module(call.func) is not None

    def _of_names(self, statement: ast.Assign, depth: int) -> list[ast.expr] | None:
        target = statement.targets[0]
        names = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        found: list[ast.expr] = []
        for name in names:
            if not isinstance(name, ast.Name):
                return None
            for mention in self.program.mentions.get(name.id, []):
                if isinstance(mention, ast.Name) and isinstance(mention.ctx, ast.Load) and self._is(mention, statement):
                    cuts = self._ends(mention, depth)
                    if cuts is None:
                        return None
                    found += cuts
        return found

    def _is(self, mention: ast.Name, statement: ast.Assign) -> bool:
        """Whether a name may stand for what a statement bound it to."""
        bindings: list[Binding] = list(self.program.bindings(mention))
        return any(binding.node is statement for binding in bindings)

    def _is_quiet(self, node: ast.AST) -> bool:
        """Whether it stands under `no_grad`, which says that nothing is to be learned."""
        at: ast.AST | None = node
        while at is not None and at is not self.method:
            at = self.steps.source.parents.get(at)
            if isinstance(at, ast.With) and any(self.program.called(item.context_expr) in QUIET for item in at.items):
                return True
        return False
