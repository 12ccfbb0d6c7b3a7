"""Says which object an expression stands for, through aliases, parameters and attributes, and what made it."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterator
from typing import NamedTuple

from pitfallcheck.lint.flow.bindings import NAMES, Binding, dotted
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.names import TORCH_MODULES
from pitfallcheck.lint.source import Function, own_nodes
from pitfallcheck.lint.tree import walk

Key = Hashable

DEPTH = 8
"""Names behind names that are followed; more would be a circle."""

SCHEDULERS = "torch.optim.lr_scheduler."
OPTIMIZER_NAME = re.compile(r"(^|_)(opt|optim|optimi[sz]er)s?(_|\d|$)", re.IGNORECASE)
WRAPPERS = frozenset({"torch.nn.DataParallel", "torch.nn.parallel.DistributedDataParallel", "torch.compile"})


class Frame(NamedTuple):
    """One function of the file that a call of another one (`outer`) runs."""

    function: Function
    call: ast.Call
    outer: Frame | None


class Made(NamedTuple):
    """An expression that makes an object, in the frame in which it stands."""

    node: ast.expr
    frame: Frame | None


class Things:
    """The objects of one file. A key is equal for two expressions that visibly stand for one object."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._keys: dict[tuple[ast.expr, Frame | None], Key] = {}
        self._makers: dict[tuple[ast.expr, Frame | None], tuple[Made, ...] | None] = {}

    # Which object.

    def settle(self, node: ast.expr, frame: Frame | None) -> tuple[ast.expr, Frame | None]:
        """The expression behind names that only pass an object on: aliases, parameters, attributes set once."""
        for _ in range(DEPTH):
            binding = self.program.sole(node)
            if binding is None:
                break
            step = self._behind(binding, frame)
            if step is None:
                break
            node, frame = step
        return node, frame

    def _behind(self, binding: Binding, frame: Frame | None) -> tuple[ast.expr, Frame | None] | None:
        if binding.kind == "value" and isinstance(binding.value, NAMES):
            return binding.value, frame if frame is not None and binding.scope is frame.function else None
        if binding.kind != "parameter":
            return None
        if frame is not None and binding.scope is frame.function:
            given = self.program.argument(frame.function, frame.call, binding.name)
            return (given, frame.outer) if isinstance(given, NAMES | ast.Call) else None
        arguments = self.program.arguments(binding)
        if arguments is not None and len(arguments.given) == 1 and isinstance(arguments.given[0], NAMES | ast.Call):
            return arguments.given[0], None
        return None

    def key(self, node: ast.expr, frame: Frame | None = None) -> Key:
        """What stands for the object; expressions that are not names stand for themselves."""
        known = self._keys.get((node, frame))
        if known is None:
            known = self._keys[node, frame] = self._key(*self.settle(node, frame))
        return known

    def _key(self, node: ast.expr, frame: Frame | None) -> Key:
        if isinstance(node, ast.Name):
            binding = next(iter(self.program.bindings(node)), None)
            if binding is not None and binding.kind == "parameter":
                owner = self.program.instance(node)
                if owner is not None:
                    return ("self", list(self.program.lineage(owner))[-1])
            return ("name", binding.scope if binding is not None else None, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.program.instance(node.value)
            if owner is not None:
                return ("attribute", list(self.program.lineage(owner))[-1], node.attr)
            if node.attr == "module":
                return self.key(node.value, frame)  # what `DataParallel` wraps
            return ("attribute", self.key(node.value, frame), node.attr)
        if isinstance(node, ast.Subscript):
            return ("item", self.key(node.value, frame), ast.dump(node.slice))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
            return ("super",)
        return ("expression", node)

    # What made it.

    def makers(self, node: ast.expr, frame: Frame | None = None) -> tuple[Made, ...] | None:
        """Every expression of the file that may make the object; None where there may be others."""
        if (node, frame) not in self._makers:
            self._makers[node, frame] = None
            self._makers[node, frame] = self._made(node, frame, DEPTH)
        return self._makers[node, frame]

    def _made(self, node: ast.expr, frame: Frame | None, depth: int) -> tuple[Made, ...] | None:
        node, frame = self.settle(node, frame)
        if depth == 0:
            return None
        if isinstance(node, ast.IfExp):
            return _joined([self._made(part, frame, depth - 1) for part in (node.body, node.orelse)])
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("to", "cuda", "cpu", "float", "double"):
                return self._made(node.func.value, frame, depth - 1)
            if self.program.called(node) in WRAPPERS and node.args:
                return self._made(node.args[0], frame, depth - 1)
            function = self.program.function(node)
            if function is not None and function.name != "__init__":
                return self._returned(function, node, frame, (), depth)
            return (Made(node, frame),)
        if not isinstance(node, NAMES):
            return None
        return _joined([self._bound(binding, frame, depth - 1) for binding in self._roots(node)])

    def _roots(self, node: ast.expr) -> list[Binding]:
        roots, _ = self.program.roots(node)
        return [one for one in roots if not (isinstance(one.value, ast.Constant) and one.value.value is None)]

    def _bound(self, binding: Binding, frame: Frame | None, depth: int) -> tuple[Made, ...] | None:
        inner = frame if frame is not None and binding.scope is frame.function else None
        if binding.value is None:
            return None
        if binding.kind == "value":
            if self._itself(binding.value, binding.name):
                # `model = model.to(device)`: what it was before.
                return () if depth < DEPTH - 1 else None
            return self._made(binding.value, inner, depth)
        if binding.kind == "part" and isinstance(binding.value, ast.Call):
            function = self.program.function(binding.value)
            if function is not None and function.name != "__init__":
                return self._returned(function, binding.value, inner, binding.place, depth)
        return None

    def _itself(self, value: ast.expr, name: str) -> bool:
        return isinstance(value, ast.Call) and any(dotted(argument) == name for argument in value.args)

    def _returned(
        self, function: Function, call: ast.Call, frame: Frame | None, place: tuple[int, ...], depth: int
    ) -> tuple[Made, ...] | None:
        found: list[tuple[Made, ...] | None] = []
        for node in own_nodes(function):
            if isinstance(node, ast.Return) and node.value is not None:
                value = node.value
                for position in place:
                    if not (isinstance(value, ast.Tuple | ast.List) and position < len(value.elts)):
                        return None
                    value = value.elts[position]
                found.append(self._made(value, Frame(function, call, frame), depth - 1))
        return _joined(found)

    def classes(self, node: ast.expr, frame: Frame | None = None) -> set[str]:
        """The canonical names of what is called to make the object; empty where one of them is not known."""
        made = self.makers(node, frame)
        if made is None:
            return set()
        names = {self.program.called(one.node) for one in made}
        return set() if "" in names else names

    # What it is.

    def is_optimizer(self, node: ast.expr, frame: Frame | None = None) -> bool:
        """Whether the file shows the object to be an optimizer of torch, or a plain subclass of one in the file."""
        made = self.makers(node, frame)
        return bool(made) and all(self._makes_optimizer(one.node) for one in made or ())

    def _makes_optimizer(self, node: ast.expr) -> bool:
        name = self.program.called(node)
        if name in ("transformers.AdamW", "transformers.optimization.AdamW", "transformers.Adafactor"):
            return True
        return name.startswith("torch.optim.") and not name.startswith(SCHEDULERS) and name[-1] != "."

    def is_scheduler(self, node: ast.expr, frame: Frame | None = None) -> bool:
        """Whether the file shows the object to be a learning-rate scheduler of torch."""
        names = self.classes(node, frame)
        return bool(names) and all(name.startswith(SCHEDULERS) for name in names)

    def may_be_optimizer(self, node: ast.expr) -> bool:
        """Whether a name says optimizer, and nothing that the file shows says otherwise."""
        name = dotted(node)
        return name is not None and OPTIMIZER_NAME.search(name.rpartition(".")[2]) is not None

    def module(self, node: ast.expr, frame: Frame | None = None) -> ast.ClassDef | ast.Call | None:
        """The class in the file, or the call of a library's class, that makes the network `node`."""
        made = self.makers(node, frame)
        if made is None or len(made) != 1 or not isinstance(made[0].node, ast.Call):
            return self._own_module(node)
        call = made[0].node
        if isinstance(call.func, ast.Name) and call.func.id in self.program.classes:
            owner = self.program.classes[call.func.id]
            return owner if self.is_module(owner) else None
        return call if self.program.called(call).startswith(("torch.nn.", "torchvision.models.")) else None

    def maker_elsewhere(self, node: ast.expr, frame: Frame | None = None) -> str | None:
        """The class or function of another file, and not of torch, that alone makes the object."""
        made = self.makers(node, frame)
        if made is None or len(made) != 1 or not isinstance(made[0].node, ast.Call):
            return None
        name = self.program.called(made[0].node)
        return name if name and not name.startswith("torch.") else None

    def _own_module(self, node: ast.expr) -> ast.ClassDef | None:
        owner = self.program.instance(node)
        return owner if owner is not None and self.is_module(owner) else None

    def is_module(self, owner: ast.ClassDef) -> bool:
        """Whether a class of the file is a torch module."""
        return bool(self.program.bases(owner) & TORCH_MODULES)

    # What an optimizer holds.

    def held(self, optimizer: ast.expr, frame: Frame | None = None) -> frozenset[Key] | None:
        """The keys of the models and tensors whose parameters an optimizer was made from; None where not shown."""
        keys: set[Key] = set()
        for one in self.makers(optimizer, frame) or ():
            given = argument(one.node, 0, "params") if isinstance(one.node, ast.Call) else None
            found = self._owners(given, one.frame) if given is not None else None
            if not found:
                return None
            keys |= found
        return frozenset(keys) or None

    def _owners(self, given: ast.expr, frame: Frame | None) -> set[Key] | None:
        given, frame = self.settle(given, frame)
        if isinstance(given, ast.Name):
            binding = self.program.sole(given)
            if binding is None or binding.kind != "value" or binding.value is None:
                return None
            given = binding.value
        keys: set[Key] = set()
        for node in walk(given):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ("parameters", "named_parameters"):
                    keys |= self._prefixes(node.func.value, frame)
            elif isinstance(node, ast.Lambda | ast.comprehension):
                continue
        if keys:
            return keys
        if isinstance(given, ast.List | ast.Tuple):
            return {self.key(part, frame) for part in given.elts if isinstance(part, NAMES)} or None
        return None

    def _prefixes(self, node: ast.expr, frame: Frame | None) -> set[Key]:
        """A model, and everything that it is a part of: clearing the whole clears the part."""
        keys = {self.key(node, frame)}
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
            keys.add(self.key(node, frame))
        return keys


def _joined(found: list[tuple[Made, ...] | None]) -> tuple[Made, ...] | None:
    if not found or any(one is None for one in found):
        return None
    return tuple(dict.fromkeys(made for one in found if one for made in one))


def receiver(call: ast.Call) -> ast.expr | None:
    """The object whose method is called."""
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def calls_of(node: ast.AST) -> Iterator[ast.Call]:
    """Every call in `node`."""
    return (part for part in walk(node) if isinstance(part, ast.Call))
