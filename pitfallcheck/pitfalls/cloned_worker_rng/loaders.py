"""Finds the loaders of a file that start worker processes, and the classes of the data sets they load."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program

LOADERS = ("torch.utils.data.DataLoader", "torch.utils.data.dataloader.DataLoader")
WRAPPING = ("Subset", "ConcatDataset", "random_split", "ChainDataset")
KERAS_DATA = frozenset({"keras.utils.PyDataset", "keras.utils.Sequence", "keras.utils.data_utils.Sequence"})


@dataclass(frozen=True, eq=False, slots=True)
class Loader:
    """`call` loads objects of the classes `data` with workers, as `workers` says; `init` starts each of them."""

    call: ast.Call
    data: tuple[ast.ClassDef, ...]
    workers: str
    init: ast.expr | None


def loaders(program: Program) -> Iterator[Loader]:
    """Every loader that visibly has workers."""
    for node in program.source.nodes:
        if not isinstance(node, ast.Call):
            continue
        if _last(node) == "DataLoader" and program.called(node) in LOADERS:
            workers = _given(program, node, 5, "num_workers")
            many = _count(program, workers)
            if many is not None and workers is not None:
                given = argument(node, 0, "dataset")
                data = tuple(_classes(program, given)) if given is not None else ()
                yield Loader(node, data, many, _given(program, node, None, "worker_init_fn"))
        elif any(word.arg == "use_multiprocessing" and constant(word.value) is True for word in node.keywords):
            yield from _keras(program, node)


def _keras(program: Program, node: ast.Call) -> Iterator[Loader]:
    """`fit(Data(...), use_multiprocessing=True)`, `Data(..., use_multiprocessing=True)`, `super().__init__(...)`."""
    function = node.func
    given: list[ast.ClassDef] = []
    if isinstance(function, ast.Attribute) and function.attr in ("fit", "fit_generator") and node.args:
        given = list(_classes(program, node.args[0]))
    elif isinstance(function, ast.Name):
        given = [program.classes[function.id]] if function.id in program.classes else []
    elif isinstance(function, ast.Attribute) and function.attr == "__init__":
        scope = program.scope(node)
        owner = program.source.class_of(scope) if isinstance(scope, ast.FunctionDef) else None
        given = [owner] if owner is not None else []
    data = tuple(owner for owner in given if program.bases(owner) & KERAS_DATA)
    if data:
        yield Loader(node, data, "worker processes", None)


def _given(program: Program, node: ast.Call, place: int | None, name: str) -> ast.expr | None:
    """An argument that is written down, also in a dictionary that is unpacked into the call."""
    found = argument(node, place, name)
    for keyword in node.keywords if found is None else ():
        made = program.origin(keyword.value) if keyword.arg is None else None
        if isinstance(made, ast.Dict):
            for key, value in zip(made.keys, made.values, strict=True):
                found = value if constant(key) == name else found
        elif isinstance(made, ast.Call) and program.called(made) == "dict":
            found = argument(made, None, name) or found
    return found


def _count(program: Program, node: ast.expr | None) -> str | None:
    """A number of workers above 0, in words; None where it is not visible."""
    if node is None:
        return None
    made = program.origin(node)
    count = constant(made)
    if isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return f"{count} worker{'s' if count > 1 else ''}"
    if isinstance(made, ast.Call) and program.called(made) in ("os.cpu_count", "multiprocessing.cpu_count"):
        return "a worker for each processor"
    return None


def _classes(program: Program, node: ast.expr, depth: int = 0) -> Iterator[ast.ClassDef]:
    """The classes of the file whose objects an expression may be, or be a part of."""
    if depth > 6:
        return
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in program.classes:
            yield program.classes[node.func.id]
        elif program.called(node).rpartition(".")[2] in WRAPPING:
            for given in node.args[:1]:
                yield from _classes(program, given, depth + 1)
    elif isinstance(node, ast.List | ast.Tuple):
        for one in node.elts:
            yield from _classes(program, one, depth + 1)
    elif isinstance(node, ast.IfExp):
        yield from _classes(program, node.body, depth + 1)
        yield from _classes(program, node.orelse, depth + 1)
    elif isinstance(node, ast.Name | ast.Attribute):
        for binding in program.bindings(node):
            if binding.kind in ("value", "part") and binding.value is not None:
                yield from _classes(program, binding.value, depth + 1)
            elif binding.kind == "parameter" and (given_all := program.arguments(binding)) is not None:
                for argument_given in given_all.given:
                    yield from _classes(program, argument_given, depth + 1)


def _last(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
