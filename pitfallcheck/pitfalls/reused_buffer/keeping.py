"""Whether what is computed from a batch still holds its arrays, shares their memory, or has let go of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.reused_buffer import libraries
from pitfallcheck.pitfalls.reused_buffer.libraries import named, under

COMPUTING = (
    named("float int bool len str repr")
    | under(
        "numpy.",
        "sum mean max min amax amin std var prod median any all argmax argmin copy count_nonzero percentile quantile "
        "nansum nanmean nanmax nanmin ptp linalg.norm array",
    )
    | under("torch.", "sum mean max min std var prod median any all argmax argmin norm clone tensor")
    | {"copy.deepcopy"}
)
"""Functions whose result is a number, a text or a new array: nothing of the argument is left in it."""

COMPUTING_METHODS = named(
    "sum mean max min std var prod median any all argmax argmin norm item tolist tobytes copy clone"
)
FACTS = named("shape size ndim dtype nbytes itemsize device")
VIEWS = libraries.SHARING_METHODS["numpy"] | named("numpy detach unsqueeze")
PUTTING_TOGETHER = named("list tuple dict")


def shared(source: Source, node: ast.expr, packed: set[str]) -> Iterator[str]:
    """The names whose arrays themselves, or surely views of them, are in what `node` makes.

    Those in `packed` hold tuples or dicts of arrays.
    """
    match node:
        case ast.Name():
            yield node.id
        case ast.Tuple() | ast.List():
            for element in node.elts:
                yield from shared(source, element, packed)
        case ast.Dict():
            for element in node.values:
                yield from shared(source, element, packed)
        case ast.Starred() | ast.Subscript(slice=ast.Slice()):
            yield from shared(source, node.value, packed)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant()) if name in packed:
            yield name
        case ast.Attribute() if node.attr == "T":
            yield from shared(source, node.value, packed)
        case ast.Call() if node.args and source.qualify(node.func) in libraries.SHARING:
            yield from shared(source, node.args[0], packed)
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in VIEWS:
            yield from shared(source, value, packed)


def computes(source: Source, function: ast.expr) -> bool:
    """Whether a function, as handed to `map`, gives nothing that holds its argument."""
    if isinstance(function, ast.Lambda):
        names = {argument.arg for argument in function.args.args}
        return computed(source, function.body, names)
    return _name(source, function) in COMPUTING


def computed(source: Source, element: ast.expr, names: set[str]) -> bool:
    """Whether nothing of the arrays under `names` is left in what `element` makes."""
    mentions = [part for part in ast.walk(element) if isinstance(part, ast.Name) and part.id in names]
    return all(computation(source, part) is not None for part in mentions)


def computation(source: Source, node: ast.expr) -> ast.expr | None:
    """The expression that computes something new of the array (or a part of it) that `node` is, if one does."""
    parent = source.parents.get(holder(source, node))
    match parent:
        case ast.Attribute() if parent.attr in FACTS:
            return parent
        case ast.Attribute():
            call = source.parents.get(parent)
            method = isinstance(call, ast.Call) and call.func is parent and parent.attr in COMPUTING_METHODS
            return call if method and isinstance(call, ast.Call) and not _into(call) else None
        case ast.Call() if _name(source, parent.func) in COMPUTING and not _into(parent):
            return parent
    return None


def asks_facts(source: Source, node: ast.expr) -> bool:
    """Whether only the shape, the dtype or the like of an array is read, which no later batch changes."""
    parent = source.parents.get(holder(source, node))
    return isinstance(parent, ast.Attribute) and parent.attr in FACTS


def holder(source: Source, node: ast.expr) -> ast.expr:
    """The widest expression that is the array of `node`, a part or view of it, or a container with it."""
    while (wider := _wider(source, node)) is not None:
        node = wider
    return node


def _wider(source: Source, node: ast.expr) -> ast.expr | None:
    parent = source.parents.get(node)
    match parent:
        case ast.Subscript() | ast.Starred() if parent.value is node:
            return parent
        case ast.Tuple() | ast.List():
            return parent
        case ast.Dict() if node in parent.values:
            return parent
        case ast.Attribute(attr="T"):
            return parent
        case ast.Attribute() if parent.attr in VIEWS:
            call = source.parents.get(parent)
            return call if isinstance(call, ast.Call) and call.func is parent else None
        case ast.Call() if node in parent.args:
            name = _name(source, parent.func)
            return parent if name in PUTTING_TOGETHER or name in libraries.SHARING else None
    return None


def _name(source: Source, function: ast.expr) -> str | None:
    return source.qualify(function) or (function.id if isinstance(function, ast.Name) else None)


def _into(call: ast.Call) -> bool:
    """Whether a call is told where to put its result, or not to copy."""
    return any(keyword.arg in ("out", "copy") for keyword in call.keywords)
