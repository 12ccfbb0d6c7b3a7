"""Which expressions make an iterator: something that can be run through once and is empty ever after."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import Evaluation
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Function

MAKERS = words("""
    zip map filter enumerate iter reversed itertools.chain itertools.chain.from_iterable itertools.islice
    itertools.product itertools.combinations itertools.permutations itertools.starmap itertools.zip_longest
    itertools.batched itertools.pairwise itertools.accumulate itertools.takewhile itertools.dropwhile
    """)


@dataclass(frozen=True, eq=False, slots=True)
class OneRun:
    """An iterator, made by `node`; `function` is the generator function that it runs, where it is one of the file."""

    node: ast.expr
    function: Function | None = None


class Iterators(Evaluation[OneRun]):
    """Whether a value is an iterator that can be run through only once."""

    def expression(self, node: ast.expr) -> OneRun | None:
        if isinstance(node, ast.GeneratorExp):
            return OneRun(node)
        if not isinstance(node, ast.Call):
            return None
        if self.program.called(node) in MAKERS and node.args:
            # iter(function, sentinel) and an iterator over an endless one are left alone.
            endless = self.program.called(node) == "iter" and len(node.args) == 2
            return None if endless else OneRun(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "__iter__":
            return OneRun(node)
        function = self.program.function(node)
        if function is None or function.name == "__init__" or not self.program.is_generator(function):
            return None
        return OneRun(node, function) if not _wrapped(function) else None

    def parameter(self, binding: Binding) -> OneRun | None:
        """A parameter that every call in the file gives an iterator; the first of them stands for all."""
        arguments = self.program.arguments(binding)
        if arguments is None:
            return None
        found = [self.of(argument) for argument in arguments.given]
        return found[0] if found and all(one is not None for one in found) else None


def _wrapped(function: Function) -> bool:
    """Whether a decorator makes something else of a generator function: a context manager, say."""
    return any(
        not (isinstance(decorator, ast.Name) and decorator.id in ("staticmethod", "classmethod"))
        for decorator in function.decorator_list
    )


def exhausts(program: Program, loop: ast.For | ast.AsyncFor) -> bool:
    """Whether a loop runs through all there is: nothing in its body leaves it early."""
    waiting: list[ast.AST] = list(loop.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Break | ast.Return):
            return False
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            # A `break` in an inner loop leaves that one only.
            waiting += [part for part in ast.walk(node) if isinstance(part, ast.Return)]
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return True


def may_be_kept(program: Program) -> bool:
    """Whether the file gives an iterator a name, or hands one to a function of its own; cheap to ask first."""
    for node in program.source.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            if node.value is not None and _makes(program, node.value):
                return True
        elif isinstance(node, ast.Call):
            ours = isinstance(node.func, ast.Name) and (
                node.func.id in program.functions or node.func.id in program.classes
            )
            fits = isinstance(node.func, ast.Attribute) and (
                node.func.attr in program.functions or node.func.attr in ("fit", "fit_generator")
            )
            if ours or fits:
                given = (*node.args, *(keyword.value for keyword in node.keywords))
                if any(_makes(program, argument) for argument in given):
                    return True
    return False


def _makes(program: Program, node: ast.expr) -> bool:
    """Whether an expression looks as if it made an iterator."""
    if isinstance(node, ast.GeneratorExp):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _LAST or any(program.is_generator(function) for function in program.functions.get(name, []))


_LAST = frozenset(name.rpartition(".")[2] for name in MAKERS) | {"__iter__", "from_iterable"}
