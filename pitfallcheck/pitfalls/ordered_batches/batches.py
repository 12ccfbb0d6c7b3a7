"""Where a file cuts ordered data into batches: windows, loaders, `fit` without shuffling, `tf.data` pipelines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.linear import Linear
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.reads import Selection, selection
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.flow.training import Forward
from pitfallcheck.pitfalls.ordered_batches.order import Ordered, OrderOf

CUTTING = frozenset({"DataLoader", "batch", "array_split", "split", "chunk", "fit"})
"""What a call that cuts data into batches is called; asks before anything is resolved."""

FULL_BATCH = 32
"""The batch size of Keras' `fit` where none is given."""


@dataclass(frozen=True, eq=False, slots=True)
class Cut:
    """Ordered data is cut into batches by `node`: `size` of the `total` samples of `data` at a time."""

    node: ast.expr
    kind: str
    data: ast.expr
    order: Ordered
    size: Linear | None
    total: Linear | None


def cuts(program: Program) -> Iterator[Cut]:
    """Every place where something learns from batches of neighbours in ordered data."""
    sizes = Sizes(program)
    orders = OrderOf(program, sizes)
    for node in program.source.nodes:
        cut = None
        if isinstance(node, ast.Subscript):
            found = selection(program, node)
            if found is not None:
                cut = _window(sizes, orders, found) or _by_index(sizes, orders, found)
        elif isinstance(node, ast.Call) and _last(node) in CUTTING:
            cut = _loader(sizes, orders, node) or _pipeline(sizes, orders, node) or _split(sizes, orders, node)
            if cut is None and (fitted := _fitted(sizes, orders, node)) is not None:
                yield fitted
        if cut is not None and _is_part(cut) and Forward(program).follow(cut.node).learns:
            yield cut


def _is_part(cut: Cut) -> bool:
    """Whether a batch holds several samples, and not all there are."""
    if cut.size is None:
        return True
    if cut.size.value is not None and cut.size.value <= 1:
        return False
    rest = cut.total.minus(cut.size).value if cut.total is not None else None
    return rest is None or rest > 0


def _ordered(orders: OrderOf, node: ast.expr) -> Ordered | None:
    order = orders.of(node)
    return order if order is not None and order.how != "along" else None


def _window(sizes: Sizes, orders: OrderOf, found: Selection) -> Cut | None:
    """`x[i : i + batch]` in a loop, or in a data set's `__getitem__`."""
    part = found.index
    if not isinstance(part, ast.Slice) or part.lower is None or part.upper is None or part.step is not None:
        return None
    if not any(isinstance(name, ast.Name | ast.Attribute) for name in ast.walk(part.lower)):
        return None
    order = _ordered(orders, found.array) if _is_repeated(sizes.program, found.node) else None
    if order is None:
        return None
    lower, upper = sizes.integers.of(part.lower), sizes.integers.of(part.upper)
    if lower is not None and lower.value is not None:
        return None
    size = upper.minus(lower) if lower is not None and upper is not None else None
    return Cut(found.node, "window", found.array, order, size, sizes.lengths.of(found.array))


def _by_index(sizes: Sizes, orders: OrderOf, found: Selection) -> Cut | None:
    """`x[index[i : i + batch]]`, where `index` counts up and was never shuffled."""
    program = sizes.program
    if not isinstance(found.index, ast.Name | ast.Subscript) or not _is_repeated(program, found.node):
        return None
    inner = selection(program, program.origin(found.index))
    order = _ordered(orders, found.array) if inner is not None and inner.is_window else None
    if order is None or inner is None:
        return None
    counted = orders.of(inner.array)
    if counted is None or program.called(counted.node).rpartition(".")[2] not in ("arange", "range"):
        return None
    cut = _window(sizes, orders, inner)
    return replace(cut, node=found.node, data=found.array, order=order) if cut is not None else None


def _is_repeated(program: Program, node: ast.expr) -> bool:
    """Whether `node` stands in a loop, or in a function, which may be called in one."""
    return bool(program.loops_around(node)) or not isinstance(program.scope(node), ast.Module)


def _last(call: ast.Call) -> str:
    """The last part of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _loader(sizes: Sizes, orders: OrderOf, call: ast.Call) -> Cut | None:
    """A torch `DataLoader` that does not shuffle."""
    if sizes.program.called(call) not in ("torch.utils.data.DataLoader", "torch.utils.data.dataloader.DataLoader"):
        return None
    names = {keyword.arg for keyword in call.keywords}
    shuffle = argument(call, 2, "shuffle")
    if names & {"sampler", "batch_sampler", None} or len(call.args) > 3:
        return None
    if shuffle is not None and constant(shuffle) is not False:
        return None
    data = argument(call, 0, "dataset")
    order = _ordered(orders, data) if data is not None else None
    if data is None or order is None:
        return None
    given = argument(call, 1, "batch_size")
    size = sizes.integers.of(given) if given is not None else None
    if given is not None and (constant(given) is None or size is None):
        return None
    return Cut(call, "loader", data, order, size, _samples(sizes, data))


def _pipeline(sizes: Sizes, orders: OrderOf, call: ast.Call) -> Cut | None:
    """`from_tensor_slices(...).batch(...)` with no `shuffle` before it."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "batch" or not call.args:
        return None
    made = sizes.program.origin(call.func.value)
    source = made
    while isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute):
        if sizes.program.called(source) == "tensorflow.data.Dataset.from_tensor_slices":
            order = _ordered(orders, call.func.value)
            data = argument(source, 0, "tensors")
            if order is None or data is None or _shuffled_later(sizes.program, call):
                return None
            return Cut(call, "pipeline", data, order, sizes.integers.of(call.args[0]), _samples(sizes, data))
        source = sizes.program.origin(source.func.value)
    return None


def _shuffled_later(program: Program, call: ast.Call) -> bool:
    """Whether the batches, rather than the samples, are shuffled: that is said to be enough by some, and left alone."""
    above = program.source.parents.get(call)
    return isinstance(above, ast.Attribute) and above.attr in ("shuffle", "unbatch")


def _split(sizes: Sizes, orders: OrderOf, call: ast.Call) -> Cut | None:
    """`np.array_split(x, 10)`, `torch.split(x, 32)`."""
    called = sizes.program.called(call)
    if called not in ("numpy.array_split", "numpy.split", "torch.split", "torch.chunk") or len(call.args) != 2:
        return None
    order = _ordered(orders, call.args[0])
    number = sizes.integers.of(call.args[1])
    if order is None or number is None or (not sizes.program.loops_around(call) and not _iterated(sizes.program, call)):
        return None
    total = sizes.lengths.of(call.args[0])
    size = number if called == "torch.split" else None
    if size is None and total is not None and total.value is not None and number.value:
        size = Linear(-(-total.value // number.value))
    return Cut(call, "split", call.args[0], order, size, total)


def _iterated(program: Program, call: ast.Call) -> bool:
    statement = program.statement(call)
    return isinstance(statement, ast.For | ast.Assign)


def _fitted(sizes: Sizes, orders: OrderOf, call: ast.Call) -> Cut | None:
    """Keras' `fit(x, y, shuffle=False)`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "fit":
        return None
    if constant(argument(call, None, "shuffle")) is not False:
        return None
    for place, name in ((0, "x"), (1, "y")):
        data = argument(call, place, name)
        order = _ordered(orders, data) if data is not None else None
        if data is None or order is None or (dotted(data) is None and isinstance(data, ast.Constant)):
            continue
        given = argument(call, 2, "batch_size")
        size = sizes.integers.of(given) if given is not None else Linear(FULL_BATCH)
        cut = Cut(call, "fit", data, order, size, sizes.lengths.of(data))
        return cut if size is not None and _is_part(cut) else None
    return None


def _samples(sizes: Sizes, data: ast.expr) -> Linear | None:
    """How many samples a data set has: as many as the first of its arrays."""
    made = sizes.program.origin(data)
    if isinstance(made, ast.Call) and made.args and sizes.program.called(made).endswith("TensorDataset"):
        made = made.args[0]
    if isinstance(made, ast.Tuple) and made.elts:
        made = made.elts[0]
    return sizes.lengths.of(made)
