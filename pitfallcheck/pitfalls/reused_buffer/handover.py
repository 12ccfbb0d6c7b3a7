"""What a `yield` or `return` hands out, array by array, and how each could be copied there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pitfallcheck.pitfalls.reused_buffer import branches
from pitfallcheck.pitfalls.reused_buffer.indexing import settled
from pitfallcheck.pitfalls.reused_buffer.scopes import Frame
from pitfallcheck.pitfalls.reused_buffer.state import Leaf, State
from pitfallcheck.pitfalls.reused_buffer.values import Array, Box, Ring, Value

if TYPE_CHECKING:
    from pitfallcheck.pitfalls.reused_buffer.flow import Flow


def leaves(flow: Flow, value: ast.expr, node: ast.AST, state: State, frame: Frame) -> Iterator[tuple[Leaf, Array]]:
    """The arrays in what `node` hands out, each with the expression that names it."""
    match value:
        case ast.Tuple() | ast.List() | ast.Set():
            for element in value.elts:
                yield from leaves(flow, element, node, state, frame)
        case ast.Dict():
            for element in value.values:
                yield from leaves(flow, element, node, state, frame)
        case ast.Starred() | ast.Await():
            yield from leaves(flow, value.value, node, state, frame)
        case ast.IfExp():
            yield from _either(flow, value, node, state, frame)
        case ast.ListComp():
            flow.comprehended(value.generators, value.elt, state, frame)
            yield from leaves(flow, value.elt, node, state, frame)
        case ast.Call() if _packs(flow, value):
            for element in (*value.args, *(keyword.value for keyword in value.keywords)):
                yield from leaves(flow, element, node, state, frame)
        case _:
            yield from _held(flow, value, flow.value(value, state, frame), node)


def _either(flow: Flow, value: ast.IfExp, node: ast.AST, state: State, frame: Frame) -> Iterator[tuple[Leaf, Array]]:
    """Both arms, unless the test is known, or is an option whose other arm is there to be chosen."""
    decided = branches.truth(flow, value.test, state, frame)
    arms = [arm for arm, unless in ((value.body, False), (value.orelse, True)) if decided is not unless]
    found = [list(leaves(flow, arm, node, state, frame)) for arm in arms]
    if len(found) == 2 and branches.is_option(value.test):
        memories = [{memory for _, array in arm for memory in array.memories} for arm in found]
        if memories[0] != memories[1]:
            return
    for arm_found in found:
        yield from arm_found


def _packs(flow: Flow, call: ast.Call) -> bool:
    """Whether a call only puts its arguments together: `tuple([...])`, `dict(x=x)`, a namedtuple, a dataclass."""
    func = call.func
    if isinstance(func, ast.Name):
        if func.id in ("tuple", "list", "dict", "iter") and func.id not in flow.scopes.bindings(flow.source.tree):
            return bool(call.keywords) or all(isinstance(a, ast.Tuple | ast.List | ast.Dict) for a in call.args)
        owner = flow.scopes.classes.get(func.id)
        if owner is not None:
            marks = [*owner.bases, *(d.func if isinstance(d, ast.Call) else d for d in owner.decorator_list)]
            return any(
                ast.unparse(mark).rpartition(".")[2] in ("NamedTuple", "TypedDict", "dataclass") for mark in marks
            )
        bound = flow.scopes.bindings(flow.source.tree).get(func.id, [])
        return any(
            isinstance(b, ast.Call) and ast.unparse(b.func).endswith(("namedtuple", "NamedTuple")) for b in bound
        )
    return False


def _held(flow: Flow, expression: ast.expr, value: Value, node: ast.AST) -> Iterator[tuple[Leaf, Array]]:
    if isinstance(value, Array):
        if value.kind != "bytes" and value.certain:
            yield _leaf(flow, expression, ast.unparse(expression), node, expression), settled(value)
    elif isinstance(value, Box) and not value.cycle:
        yield from _boxed(flow, expression, value, node)
    elif isinstance(value, Ring) and not value.cycle:
        yield _leaf(flow, expression, ast.unparse(expression), node, None), value.at(-1)


def _boxed(flow: Flow, expression: ast.expr, box: Box, node: ast.AST) -> Iterator[tuple[Leaf, Array]]:
    """The items of a container that has a name."""
    display = _display(flow, expression, node)
    for key, item, written in zip(box.keys, box.items, box.nodes, strict=True):
        if isinstance(item, Box):
            yield from _boxed(flow, expression, item, node)
        if not isinstance(item, Array) or item.kind == "bytes" or not item.certain:
            continue
        simple = isinstance(written, ast.Name | ast.Attribute | ast.Subscript)
        subject = ast.unparse(written) if simple and written is not None else f"{ast.unparse(expression)}[{key!r}]"
        editable = written if display is not None and written in display else None
        yield _leaf(flow, expression, subject, node, editable), settled(item)


def _display(flow: Flow, expression: ast.expr, node: ast.AST) -> list[ast.expr] | None:
    """The elements of the display that `expression` names, if it is made right before the hand-over."""
    statement = node if isinstance(node, ast.stmt) else flow.source.parents.get(node)
    parent = flow.source.parents.get(statement) if statement is not None else None
    if not isinstance(expression, ast.Name) or parent is None:
        return None
    for body in (getattr(parent, name, None) for name in ("body", "orelse", "finalbody")):
        if isinstance(body, list) and statement in body and (at := body.index(statement)) > 0:
            before = body[at - 1]
            if (
                isinstance(before, ast.Assign)
                and len(before.targets) == 1
                and isinstance(before.targets[0], ast.Name)
                and before.targets[0].id == expression.id
            ):
                if isinstance(before.value, ast.Tuple | ast.List):
                    return before.value.elts
                return before.value.values if isinstance(before.value, ast.Dict) else None
    return None


def _leaf(flow: Flow, expression: ast.expr, subject: str, node: ast.AST, editable: ast.expr | None) -> Leaf:
    return Leaf(expression, subject, node, _conditional(flow, node), editable)


def _conditional(flow: Flow, node: ast.AST) -> bool:
    """Whether a turn of the innermost loop around the hand-over can go by without it."""
    parent = flow.source.parents.get(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
        if isinstance(parent, ast.If | ast.IfExp | ast.Match | ast.ExceptHandler):
            return True
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
            return any(isinstance(part, ast.Continue) for statement in parent.body for part in ast.walk(statement))
        parent = flow.source.parents.get(parent)
    return False
