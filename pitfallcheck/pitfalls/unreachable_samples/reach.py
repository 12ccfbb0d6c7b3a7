"""Which numbers a draw, or the index that a data set is asked for, can reach."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.draws import Draw
from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.linear import Linear
from pitfallcheck.lint.flow.program import DATA_SETS
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.source import Function
from pitfallcheck.lint.tree import walk


@dataclass(frozen=True, eq=False, slots=True)
class Reach:
    """Numbers that go up to `last`, because of the bound `bound` that is given to `node`.

    `key` is that of the atom that stands for such a number. `size` is how many are drawn at once, where that is known;
    `stride` what a loop goes on by, where it is one over `range(0, n - batch, batch)`.
    """

    key: Hashable
    node: ast.AST
    bound: ast.expr
    last: Linear
    size: Linear | None = None
    draw: Draw | None = None
    stride: int | None = None


def where_read(sizes: Sizes, reach: Reach) -> list[ast.AST]:
    """The nodes among which the number can be read: its function's, or the file's where an object keeps it."""
    program = sizes.program
    inside = reach.key.scope if isinstance(reach.key, Binding) else program.scope(reach.node)
    statement = program.statement(reach.node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(inside, ast.Module | ast.ClassDef) or any(isinstance(target, ast.Attribute) for target in targets):
        return program.source.nodes
    return walk(inside)


def of_draw(sizes: Sizes, node: ast.AST) -> Reach | None:
    """What a draw of whole numbers reaches."""
    draw = sizes.draw(node)
    if draw is None or draw.kind == "values":
        return None
    sizes.integers.of(draw.call)
    bound, beyond = draw.high, draw.beyond
    if bound is None:
        bound, beyond = _pool_end(sizes, draw.pool), 0
    if bound is None:
        return None
    end = sizes.integers.of(bound)
    size = draw.size
    if isinstance(size, ast.Tuple | ast.List):
        size = size.elts[0] if len(size.elts) == 1 else None
    return (
        None if end is None else Reach(draw.call, draw.call, bound, end.plus(beyond - 1), sizes.integers.of(size), draw)
    )


def _pool_end(sizes: Sizes, pool: ast.expr | None) -> ast.expr | None:
    """The end of what is drawn from a number (`choice(n)`) or a range (`choice(range(n))`, `choice(np.arange(n))`)."""
    if pool is None:
        return None
    made = sizes.program.origin(pool)
    if isinstance(made, ast.Call) and sizes.program.called(made).rpartition(".")[2] in ("range", "arange"):
        if len(made.args) > 2 or made.keywords:
            return None
        return made.args[-1] if made.args else None
    return None if isinstance(made, ast.List | ast.Tuple) else pool


def of_data_sets(sizes: Sizes) -> Iterator[Reach]:
    """The index that each data set of the file is asked for: it goes up to what `__len__` says, less 1."""
    program = sizes.program
    for owner in program.source.classes:
        if not program.bases(owner) & DATA_SETS:
            continue
        counts, gives = program.method(owner, "__len__"), program.method(owner, "__getitem__")
        if counts is None or gives is None or len(gives.args.args) != 2:
            continue
        bound = _only_return(counts)
        end = sizes.integers.of(bound) if bound is not None else None
        name = gives.args.args[1].arg
        index = program.reaching(gives).all.get(name, [])
        if bound is not None and end is not None and len(index) == 1:
            yield Reach(index[0], counts, bound, end.minus(1))


def of_strides(sizes: Sizes) -> Iterator[Reach]:
    """What loops over `range(0, n - batch, batch)` reach, where the file states the numbers."""
    program = sizes.program
    for node in program.source.nodes:
        over = node.iter if isinstance(node, ast.For | ast.comprehension) else None
        if not isinstance(over, ast.Call) or getattr(over.func, "id", "") != "range" or len(over.args) != 3:
            continue
        if not isinstance(over.args[1], ast.BinOp) or not isinstance(over.args[1].op, ast.Sub):
            continue
        start, stop, step = (number.value if (number := sizes.integers.of(one)) else None for one in over.args)
        items = program.reaching(program.scope(node)).by.get(node, [])
        if start is None or stop is None or not step or step < 1 or start >= stop or len(items) != 1:
            continue
        yield Reach(items[0], over, over.args[1], Linear(range(start, stop, step)[-1]), stride=step)


def _only_return(function: Function) -> ast.expr | None:
    body = [
        part for part in function.body if not (isinstance(part, ast.Expr) and isinstance(constant(part.value), str))
    ]
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
