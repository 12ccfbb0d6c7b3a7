"""Reads, in the user's source, what is done with the batches that a line of it takes: does the loop train, or write."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.observe.naming import tree_of
from pitfallcheck.observe.place import Place

Loop = ast.For | ast.AsyncFor | ast.While
Function = ast.FunctionDef | ast.AsyncFunctionDef

_STEPS = re.compile(r"backward|apply_gradients|\.step\(|train_on_batch|\.fit\(|update")
_SUGGESTS = re.compile(r"train|grad|\blr\b|learning_rate")
_EVALUATES = re.compile(r"no_grad|inference_mode|evaluate|predict|accuracy|\.eval\(|valid|test")
_WRITING_METHODS = frozenset({"fill", "sort", "put", "partition", "itemset", "resize", "setfield", "byteswap"})
_WRITING_FUNCTIONS = frozenset({"shuffle", "copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"})


def loop_at(place: Place) -> Loop | None:
    """The innermost loop in which a line stands, or that begins there; None where it stands in none."""
    tree = tree_of(place.path)
    best: Loop | None = None
    for node in ast.walk(tree) if tree is not None else ():
        inside = isinstance(node, Loop) and node.lineno <= place.line <= (node.end_lineno or node.lineno)
        if inside and (best is None or node.lineno >= best.lineno):  # type: ignore[attr-defined]
            best = node  # type: ignore[assignment]
    return best


def updates_weights(place: Place | None) -> bool:
    """Whether the loop around a line shows that it trains: it asks for gradients, steps, or calls what does."""
    loop = loop_at(place) if place is not None else None
    if loop is None:
        return False
    for node in ast.walk(loop):
        if (
            isinstance(node, ast.AugAssign)
            and isinstance(node.op, ast.Sub)
            and not isinstance(node.value, ast.Constant)
        ):
            # A step downhill, written out.
            return True
    text = "\n".join(ast.unparse(statement) for statement in loop.body)
    return _STEPS.search(text) is not None or (_SUGGESTS.search(text) is not None and not _EVALUATES.search(text))


def function_at(place: Place) -> Function | None:
    """The innermost function in which a line stands."""
    tree = tree_of(place.path)
    best: Function | None = None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, Function) and node.lineno <= place.line <= (node.end_lineno or node.lineno):
            best = node if best is None or node.lineno >= best.lineno else best
    return best


def taken_as(place: Place, index: int, leaves: int) -> str:
    """The name that the consumer at a line gives to leaf `index` of its batches, which have so many; empty if none."""
    loop = loop_at(place)
    target: ast.expr | None = None
    if isinstance(loop, ast.For | ast.AsyncFor) and loop.lineno <= place.line <= loop.iter.end_lineno:  # type: ignore[operator]
        target = loop.target
        if isinstance(target, ast.Tuple) and _called(loop.iter) in {"enumerate", "zip"}:
            # The batch is one of the elements: the only one that is taken apart, or else the last.
            apart = [element for element in target.elts if isinstance(element, ast.Tuple)]
            target = apart[0] if len(apart) == 1 else target.elts[-1]
    else:
        for node in _assignments(loop or function_at(place) or tree_of(place.path)):
            if node.lineno <= place.line <= (node.end_lineno or node.lineno):
                target = node.targets[0]
    name = _element(target, index, leaves)
    if name or not isinstance(target, ast.Name) or loop is None:
        return name
    for node in _assignments(loop):
        if isinstance(node.value, ast.Name) and node.value.id == target.id:
            name = name or _element(node.targets[0], index, leaves)
        if ast.unparse(node.value) == f"{target.id}[{index}]" and isinstance(node.targets[0], ast.Name):
            name = name or node.targets[0].id
    return name


def write_into(place: Place, name: str) -> int | None:
    """The first line that writes into `name`, in the loop or else the function around a place, or in a function of the
    file that is called there."""
    around = loop_at(place) or function_at(place)
    if around is None or not name:
        return None
    found = _first_write(around.body, name)
    if found is not None:
        return found
    tree = tree_of(place.path)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)} if tree is not None else {}
    for node in ast.walk(around):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            called = functions[node.func.id]
            for given, parameter in zip(node.args, called.args.args, strict=False):
                if ast.unparse(given) == name:
                    found = found or _first_write(called.body, parameter.arg)
    return found


def _first_write(body: list[ast.stmt], name: str) -> int | None:
    lines = [line for statement in body for node in ast.walk(statement) for line in _writes(node, name)]
    return min(lines, default=None)


def _writes(node: ast.AST, name: str) -> Iterator[int]:
    """The line of `node`, if it writes into what `name` stands for."""
    if isinstance(node, ast.AugAssign) and _root(node.target) == name:
        yield node.lineno
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _root(target) == name:
                yield node.lineno
    elif isinstance(node, ast.Call):
        filled = [keyword.value for keyword in node.keywords if keyword.arg == "out"]
        filled += node.args[:1] if _called(node) in _WRITING_FUNCTIONS else []
        if any(_root(value) == name for value in filled):
            yield node.lineno
        elif isinstance(node.func, ast.Attribute) and _root(node.func.value) == name:
            method = node.func.attr
            if method in _WRITING_METHODS or (method.endswith("_") and not method.startswith("_")):
                yield node.lineno


def _root(node: ast.expr) -> str:
    """The variable or attribute that an expression takes elements of: `x` for `x[i][0]`, and for `x.T`."""
    while isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr in {"T", "data", "flat"}):
        node = node.value
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _element(target: ast.expr | None, index: int, leaves: int) -> str:
    names = list(_flat(target)) if isinstance(target, ast.Tuple | ast.List) else [target]
    if len(names) != leaves:
        return ""
    return names[index].id if isinstance(names[index], ast.Name) else ""  # type: ignore[union-attr]


def _flat(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _flat(element)
    else:
        yield target


def _assignments(node: ast.AST | None) -> Iterator[ast.Assign]:
    for child in ast.walk(node) if node is not None else ():
        if isinstance(child, ast.Assign):
            yield child


def _called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )
