"""Floats that are stored into an array of integers, which keeps what stands before the point."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pitfallcheck.lint.flow.bindings import NAMES, unpacked
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.pitfalls.truncated_values.numbers import Numbers, NumbersOf
from pitfallcheck.pitfalls.truncated_values.vocabulary import DTYPE_PLACE

FILLING = frozenset({"fill", "fill_", "copy_"})


@dataclass(frozen=True, eq=False, slots=True)
class Store:
    """The float `value` goes into `buffer`, which holds integers, by `node`.

    `meant` says that the integer type was asked for in so many words: what is cut may be cut on purpose.
    """

    node: ast.AST
    buffer: ast.expr
    value: ast.expr
    holds: Numbers

    @property
    def meant(self) -> bool:
        """Whether the type is written down where the array is made."""
        made = self.holds.made
        return made is not None and (any(keyword.arg == "dtype" for keyword in made.keywords) or _by_position(made))


def _by_position(made: ast.Call) -> bool:
    name = made.func.attr if isinstance(made.func, ast.Attribute) else getattr(made.func, "id", "")
    return len(made.args) > DTYPE_PLACE.get(name, len(made.args))


def stores(numbers: NumbersOf) -> Iterator[Store]:
    """Every store in the file that visibly cuts off fractions without a word."""
    for node in numbers.program.source.nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for single, value, place in unpacked(target, node.value):
                    if isinstance(single, ast.Subscript) and value is not None and place == ():
                        yield from _cut(numbers, node, single.value, value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
            yield from _augmented(numbers, node, node.target)
        elif isinstance(node, ast.Call):
            yield from _filled(numbers, node)


def _cut(numbers: NumbersOf, node: ast.AST, buffer: ast.expr, value: ast.expr) -> Iterator[Store]:
    if not isinstance(buffer, NAMES) or (isinstance(value, ast.Constant) and isinstance(value.value, str)):
        return
    holds = numbers.of(buffer)
    if holds is None or holds.kind != "int" or not holds.array or holds.narrow:
        return
    stored = numbers.of(value)
    if stored is not None and stored.kind == "float":
        yield Store(node, buffer, value, holds)


def _augmented(numbers: NumbersOf, node: ast.AugAssign, target: ast.Subscript) -> Iterator[Store]:
    """`x[i] += 0.5` of one NumPy number stores a float; of several, and in torch, it raises."""
    # The same nodes as an operation, so that what `/=` makes of two integers is told as for any other division.
    computed = ast.copy_location(ast.BinOp(target, node.op, node.value), node)
    for store in _cut(numbers, node, target.value, computed):
        if store.holds.array == "numpy" and _is_one(numbers, target, store.holds):
            yield store


def _is_one(numbers: NumbersOf, target: ast.Subscript, holds: Numbers) -> bool:
    """Whether a subscript surely picks one number: as many single indices as the array has axes."""
    indices = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    single = all(
        (found := numbers.of(index)) is not None and found.kind == "int" and not found.array for index in indices
    )
    return single and len(indices) == _rank(numbers, holds)


def _rank(numbers: NumbersOf, holds: Numbers) -> int | None:
    if holds.made is None or not holds.made.args:
        return None
    last = numbers.program.called(holds.made).rpartition(".")[2]
    first = holds.made.args[0]
    if last == "arange":
        return 1
    if last in ("array", "asarray"):
        flat = isinstance(first, ast.List | ast.Tuple) and all(isinstance(constant(one), int) for one in first.elts)
        return 1 if flat else None
    if last in ("zeros", "ones", "empty", "full"):
        if isinstance(first, ast.Tuple | ast.List):
            return len(first.elts)
        found = numbers.of(first)
        return 1 if isinstance(first, ast.Constant | ast.Call) or (found is not None and found.kind == "int") else None
    return None


def _filled(numbers: NumbersOf, node: ast.Call) -> Iterator[Store]:
    """`x.fill(0.5)`, `np.full_like(x, 0.5)`, `np.put(x, i, 0.5)`."""
    called = numbers.program.called(node)
    if called in ("numpy.full_like", "torch.full_like"):
        value, base = argument(node, 1, "fill_value"), argument(node, 0)
        if value is not None and base is not None and argument(node, 2, "dtype") is None:
            # Here the new array is cut; the other one only lends its type.
            yield from (
                replace(store, holds=replace(store.holds, made=node)) for store in _cut(numbers, node, base, value)
            )
    elif called == "numpy.put" and len(node.args) > 2:
        yield from _cut(numbers, node, node.args[0], node.args[2])
    elif isinstance(node.func, ast.Attribute) and node.func.attr in FILLING and len(node.args) == 1 and not called:
        yield from _cut(numbers, node, node.func.value, node.args[0])
