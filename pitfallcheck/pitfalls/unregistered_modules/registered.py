"""Tells whether layers that a class keeps in a plain place are registered, gathered or frozen some other way."""

from __future__ import annotations

import ast
import re

from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source, own_nodes

REGISTERING = words(
    """
    add_module register_module register_parameter setattr __setattr__ _modules _parameters __dict__ vars exec
    _track_trackable track_variable _layers _tracker load_state_dict stop_gradient
    """
)
"""Names with which a class registers its layers by hand, or says that they are not to be trained."""

OVERRIDING = words(
    "parameters named_parameters modules named_modules children named_children state_dict _apply trainable_variables "
    "trainable_weights weights layers __getattr__ __setattr__"
)
"""Methods and properties by which a class tells itself what it holds."""

LOOKING = words("len range enumerate zip print isinstance reversed iter next str repr type sum any all min max")
"""Functions that keep nothing of what they are given."""

FORWARD = words("forward call __call__ training_step validation_step test_step predict_step")

_APART = re.compile(r"teacher|frozen|freeze|ema|target|hidden_module|unregistered|_ref$|detached|pretrained|wrapped")
"""Names of what is kept apart on purpose."""


def looks_after_itself(lineage: list[ast.ClassDef]) -> bool:
    """Whether a class, or one of its bases in the file, registers layers by hand or overrides what lists them."""
    for of in lineage:
        for node in ast.walk(of):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if name in REGISTERING:
                return True
            if _freezes(node):
                return True
            if isinstance(node, ast.FunctionDef) and node.name in OVERRIDING:
                return True
    return False


def _freezes(node: ast.AST) -> bool:
    """Whether `node` is `p.requires_grad_(False)` or sets `p.requires_grad`."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "requires_grad_" and bool(node.args)
    return isinstance(node, ast.Attribute) and node.attr == "requires_grad" and isinstance(node.ctx, ast.Store)


def is_kept_apart(attribute: str) -> bool:
    """Whether the name says that the layers are not to be trained with the rest."""
    return _APART.search(attribute) is not None


def methods(lineage: list[ast.ClassDef]) -> list[ast.FunctionDef]:
    """The methods of a class and of its bases in the file."""
    return [part for of in lineage for part in of.body if isinstance(part, ast.FunctionDef)]


class Uses:
    """What a file does with one attribute of a class."""

    def __init__(self, program: Program, lineage: list[ast.ClassDef], attribute: str) -> None:
        self.source = program.source
        self.methods = methods(lineage)
        self.attribute = attribute
        mentions = [node for node in program.mentions.get(attribute, []) if isinstance(node, ast.Attribute)]
        self.own = [node for node in mentions if isinstance(node.value, ast.Name) and node.value.id == "self"]
        self.other = [node for node in mentions if node not in self.own]

    def in_forward_pass(self) -> bool:
        """Whether a method that does not make it reads it."""
        return any(
            (method := self._method(node)) is not None and method.name != "__init__" and not self._fills(node)
            for node in self.own
        )

    def registered(self) -> bool:
        """Whether something is done with it, or with its entries, that may register or gather them."""
        return any(self._may_register(node) for node in self.own) or any(self._gathered(node) for node in self.other)

    def _method(self, node: ast.AST) -> ast.FunctionDef | None:
        around = self.source.scope_of(node)
        while isinstance(around, ast.FunctionDef | ast.Lambda) and around not in self.methods:
            around = self.source.scope_of(around)
        return around if isinstance(around, ast.FunctionDef) else None

    def _fills(self, node: ast.expr) -> bool:
        """Whether the attribute is mentioned to put something into it."""
        parent = self.source.parents.get(node)
        grand = self.source.parents.get(parent) if parent is not None else None
        return isinstance(parent, ast.Attribute) and parent.attr == "append" and isinstance(grand, ast.Call)

    def _statement(self, node: ast.AST) -> ast.AST:
        while not isinstance(node, ast.stmt | ast.comprehension | ast.Module):
            node = self.source.parents[node]
        return self.source.parents[node] if isinstance(node, ast.comprehension) else node

    def _may_register(self, node: ast.expr) -> bool:
        method = self._method(node)
        if method is None:
            return False
        statement = self._statement(node)
        if self._asks_parameters(statement):
            return True
        if method.name in FORWARD and not _onto_self(statement):
            return False
        part, parent = self._whole(node)
        if isinstance(parent, ast.Attribute):
            called = self.source.parents.get(parent)
            iterated = parent.attr in ("values", "items", "keys") and isinstance(called, ast.Call)
            parent = self.source.parents.get(called) if iterated and called is not None else None
        if isinstance(parent, ast.Call):
            return part is not parent.func and self._keeps(parent)
        if isinstance(parent, ast.For):
            return self._loop_keeps(parent)
        if isinstance(parent, ast.Assign):
            return part is parent.value
        return isinstance(parent, ast.AnnAssign | ast.Return | ast.comprehension | ast.Yield) and not _is_set(part)

    def _whole(self, node: ast.expr) -> tuple[ast.AST, ast.AST | None]:
        """The item, sum or literal that `node` is a part of, and what stands around that."""
        part: ast.AST = node
        parent = self.source.parents.get(node)
        while isinstance(parent, ast.Subscript | ast.Starred | ast.List | ast.Tuple | ast.BinOp | ast.Dict):
            part, parent = parent, self.source.parents.get(parent)
        return part, parent

    def _keeps(self, call: ast.Call) -> bool:
        if (self.source.qualify(call.func) or "").startswith("torch.nn.init."):
            return False
        if isinstance(call.func, ast.Name) and call.func.id in LOOKING:
            above = self.source.parents.get(call)
            return self._loop_keeps(above) if isinstance(above, ast.For) else isinstance(above, ast.comprehension)
        return True

    def _loop_keeps(self, loop: ast.For) -> bool:
        """Whether a loop over the entries gives one to something that may register it."""
        names = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
        for statement in loop.body:
            for part in ast.walk(statement):
                if isinstance(part, ast.Name) and part.id in names and isinstance(part.ctx, ast.Load):
                    parent = self.source.parents.get(part)
                    if isinstance(parent, ast.Call) and part is not parent.func and self._keeps(parent):
                        return True
                    if isinstance(parent, ast.Assign):
                        return True
        return False

    def _asks_parameters(self, statement: ast.AST) -> bool:
        return any(
            isinstance(part, ast.Attribute)
            and part.attr in ("parameters", "named_parameters", "trainable_variables", "trainable_weights")
            for part in ast.walk(statement)
            if not isinstance(part, ast.FunctionDef)
        )

    def _gathered(self, node: ast.expr) -> bool:
        """Whether code outside the class asks for the parameters, or hands the container itself on."""
        statement = self._statement(node)
        if self._asks_parameters(statement):
            return True
        part, parent = self._whole(node)
        if isinstance(parent, ast.Call) and part is not parent.func:
            return not (isinstance(parent.func, ast.Name) and parent.func.id in LOOKING)
        return isinstance(parent, ast.Assign | ast.keyword | ast.Return) and not _is_set(part)


def _is_set(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _onto_self(statement: ast.AST) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(isinstance(target, ast.Attribute) for target in targets)


def frozen_by(source: Source, of: ast.ClassDef) -> bool:
    """Whether the forward pass of a class runs without gradients."""
    for method in methods([of]):
        decorators = {source.qualify(d.func if isinstance(d, ast.Call) else d) for d in method.decorator_list}
        if method.name in FORWARD and decorators & {"torch.no_grad", "torch.inference_mode"}:
            return True
    return any(
        isinstance(node, ast.With)
        and any("no_grad" in ast.unparse(item.context_expr) for item in node.items)
        and not any(isinstance(part, ast.AugAssign) for part in ast.walk(node))
        for method in methods([of])
        if method.name in FORWARD
        for node in own_nodes(method)
    )
