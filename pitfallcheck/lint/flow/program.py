"""A file as a program: its functions and classes, who calls them and with what."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import NamedTuple

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.scoping import Scoping
from pitfallcheck.lint.source import Function, Source, own_nodes

DATA_SETS = frozenset(
    {
        "torch.utils.data.Dataset",
        "torch.utils.data.dataset.Dataset",
        "keras.utils.Sequence",
        "keras.utils.PyDataset",
    }
)
"""Library classes whose `__getitem__` is asked for every index below `__len__`."""


class Arguments(NamedTuple):
    """What the calls in the file give a parameter; they are `complete` if no other use of the function is seen."""

    given: tuple[ast.expr, ...]
    complete: bool


class Program(Scoping):
    """One file; nothing is computed before it is needed."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._arguments: dict[Binding, Arguments | None] = {}

    @cached_property
    def mentions(self) -> dict[str, list[ast.expr]]:
        """The names, and the attributes of anything, that are read in the file, by what they are called."""
        found: dict[str, list[ast.expr]] = defaultdict(list)
        for node in self.source.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                found[node.id if isinstance(node, ast.Name) else node.attr].append(node)
        return found

    @cached_property
    def functions(self) -> dict[str, list[Function]]:
        """The functions and methods of the file by their names."""
        found: dict[str, list[Function]] = defaultdict(list)
        for function in self.source.functions:
            found[function.name].append(function)
        return found

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes of the file by their names."""
        return {node.name: node for node in self.source.classes}

    def is_generator(self, function: ast.AST) -> bool:
        """Whether calling `function` makes a generator."""
        return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(function))

    def function(self, call: ast.Call) -> Function | None:
        """The function of the file that a call surely runs; for the call of a class its `__init__`."""
        if isinstance(call.func, ast.Name):
            if call.func.id in self.classes:
                return self.method(self.classes[call.func.id], "__init__")
            bound = self.sole(call.func)
            node = bound.node if bound is not None else None
            if bound is not None and bound.kind == "value" and isinstance(bound.value, ast.Call):
                node = self._wrapped(bound.value)
            return node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
        if isinstance(call.func, ast.Attribute):
            owner = self.instance(call.func.value)
            return self.method(owner, call.func.attr) if owner is not None else None
        return None

    def _wrapped(self, call: ast.Call) -> ast.AST | None:
        """The function behind `step = jax.jit(f)`."""
        compiles = self.called(call) in ("jax.jit", "tensorflow.function", "torch.compile", "numba.njit")
        bound = self.sole(call.args[0]) if compiles and len(call.args) == 1 else None
        return bound.node if bound is not None else None

    def instance(self, node: ast.expr) -> ast.ClassDef | None:
        """The class of the file that `node` is an object of: `self` in a method, or a name bound to its call."""
        if not isinstance(node, ast.Name):
            made = node
        else:
            binding = self.sole(node)
            if binding is None:
                return None
            if binding.kind == "parameter" and isinstance(binding.scope, ast.FunctionDef | ast.AsyncFunctionDef):
                owner = self.source.class_of(binding.scope)
                listed = [*binding.scope.args.posonlyargs, *binding.scope.args.args]
                return owner if owner is not None and listed and listed[0] is binding.node else None
            made = binding.value if binding.kind == "value" and binding.value is not None else node
        if isinstance(made, ast.Call) and isinstance(made.func, ast.Name):
            return self.classes.get(made.func.id)
        return None

    def lineage(self, owner: ast.ClassDef) -> Iterator[ast.ClassDef]:
        """`owner` and those of its bases that stand in the file, nearest first."""
        waiting, seen = [owner], set[ast.ClassDef]()
        while waiting:
            node = waiting.pop(0)
            if node not in seen:
                seen.add(node)
                yield node
                names = [base.id for base in node.bases if isinstance(base, ast.Name)]
                waiting.extend(self.classes[name] for name in names if name in self.classes)

    def bases(self, owner: ast.ClassDef) -> set[str]:
        """The canonical names of the library classes that a class descends from."""
        return {self.source.qualify(base) or "" for node in self.lineage(owner) for base in node.bases}

    def method(self, owner: ast.ClassDef, name: str) -> Function | None:
        """The method `name` of a class or of its bases in the file."""
        for node in self.lineage(owner):
            for statement in node.body:
                if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
                    return statement
        return None

    def attribute(self, owner: ast.ClassDef, name: str) -> list[Binding]:
        """Everything that the methods and the body of a class bind `self.name` to."""
        found: list[Binding] = []
        for node in self.lineage(owner):
            found += self.reaching(node).all.get(name, [])
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.args.args:
                    own = method.args.args[0].arg
                    found += self.reaching(method).all.get(f"{own}.{name}", [])
        return found

    def calls(self, function: Function) -> tuple[list[ast.Call], bool]:
        """The calls of a function that the file shows, and whether it is used in no other way."""
        owner = self.source.class_of(function)
        name = owner.name if owner is not None and function.name == "__init__" else function.name
        found, complete = [], len(self.functions[function.name]) == 1 or function.name == "__init__"
        for mention in self.mentions.get(name, []):
            call = self.source.parents.get(mention)
            if isinstance(call, ast.Call) and call.func is mention and self.function(call) is function:
                found.append(call)
            elif not (owner is not None and isinstance(mention, ast.Attribute) and name in _SHARED_NAMES):
                complete = False
        return found, complete

    def arguments(self, parameter: Binding) -> Arguments | None:
        """What the calls of its function give a parameter; None where the file shows no call."""
        if parameter not in self._arguments:
            self._arguments[parameter] = None
            self._arguments[parameter] = self._given(parameter)
        return self._arguments[parameter]

    def _given(self, parameter: Binding) -> Arguments | None:
        function = parameter.scope
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or parameter.kind != "parameter":
            return None
        if self.source.parents.get(parameter.node) is not function.args:
            return None
        calls, complete = self.calls(function)
        given = []
        for call in calls:
            value = self.argument(function, call, parameter.name)
            if value is None:
                complete = False
            else:
                given.append(value)
        return Arguments(tuple(given), complete) if given else None

    def argument(self, function: Function, call: ast.Call, name: str) -> ast.expr | None:
        """What `call` of `function` gives the parameter `name`, its default where it gives nothing."""
        listed = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        method = self.source.class_of(function) is not None and not any(
            isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in function.decorator_list
        )
        shift = 1 if method else 0
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        if any(isinstance(argument, ast.Starred) for argument in call.args) or any(
            keyword.arg is None for keyword in call.keywords
        ):
            return None
        if name in listed:
            place = listed.index(name) - shift
            if 0 <= place < len(call.args):
                return call.args[place]
            behind = listed.index(name) - len(listed)
            defaults = function.args.defaults
            return defaults[behind] if -behind <= len(defaults) else None
        for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
            if argument.arg == name:
                return default
        return None


_SHARED_NAMES = frozenset({"__init__"})
"""Methods that are mentioned under these names for other classes as well (`super().__init__`)."""


@lru_cache(maxsize=1)
def program_of(source: Source) -> Program:
    """The program that `source` is; one for all rules that ask, one after the other, about the same file."""
    return Program(source)
