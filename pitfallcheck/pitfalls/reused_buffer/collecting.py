"""Follows arrays that one function or script puts into a list, dict or queue, turn after turn, and refills between."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.reused_buffer import handover
from pitfallcheck.pitfalls.reused_buffer.candidates import MAKING
from pitfallcheck.pitfalls.reused_buffer.flow import Flow
from pitfallcheck.pitfalls.reused_buffer.libraries import named
from pitfallcheck.pitfalls.reused_buffer.scopes import Frame, Root, Scopes
from pitfallcheck.pitfalls.reused_buffer.state import State

ADDING = named("append appendleft")
QUEUING = named("put put_nowait")
EMPTYING = named("clear pop popleft popitem get get_nowait remove")
CONTAINERS = named(
    "list dict collections.deque collections.OrderedDict collections.defaultdict deque OrderedDict defaultdict"
)
Statement = ast.Expr | ast.Assign | ast.AugAssign
NAMES = ast.Name | ast.Attribute
Stored = dict[ast.stmt, tuple[str, ast.expr]]
"""The statements that put something into a container, each with the container as it is written, and what."""


class Collecting(Flow):
    """Follows `root` with `stored` statements as its hand-overs: what each of them puts into which container."""

    most_steps = 400  # what is put into a container is seldom made far away

    def __init__(self, source: Source, scopes: Scopes, root: Root, stored: Stored) -> None:
        super().__init__(source, scopes, root)
        self.stored = stored

    def follow(self) -> None:
        """Follow a method of an object again and again, anything else once."""
        if any(container.startswith("self.") for container, _ in self.stored.values()):
            self.follow_calls()
        else:
            self.follow_generator()

    def yielded(self, node: ast.Yield, state: State, frame: Frame) -> None:
        """What is yielded is no matter here."""
        if node.value is not None:
            self.value(node.value, state, frame)

    def hand_over(self, value: ast.expr, node: ast.AST, state: State, frame: Frame) -> None:
        """What is returned is no matter here."""
        self.value(value, state, frame)

    def _simple(self, node: ast.stmt, state: State, frame: Frame) -> None:
        found = self.stored.get(node) if frame is self.frame else None
        if found is None:
            super()._simple(node, state, frame)
            if frame is self.frame and isinstance(node, ast.Assign | ast.Delete | ast.Expr):
                self._forget(node, state)
            return
        _, value = found
        for leaf, array in list(handover.leaves(self, value, node, state, frame)):
            before = state.handed.get((leaf, array.memories))
            if before is not None and before.writes:
                self._settle_one(state, before)
            state.hand_over(leaf, array)

    def _settle_one(self, state: State, handed: object) -> None:
        others = {place: one for place, one in state.handed.items() if one is not handed}
        state.handed = {place: one for place, one in state.handed.items() if one is handed}
        self._settle(state)
        state.handed = {**others, **state.handed}

    def _forget(self, node: ast.stmt, state: State) -> None:
        """A container that begins anew holds nothing any more."""
        emptied = _emptied(node)
        for place, handed in list(state.handed.items()):
            statement = handed.leaf.node
            if isinstance(statement, ast.stmt) and self.stored[statement][0] in emptied:
                del state.handed[place]


def _emptied(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Expr):
        func = node.value.func if isinstance(node.value, ast.Call) else None
        return {ast.unparse(func.value)} if isinstance(func, ast.Attribute) and func.attr == "clear" else set()
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else []
    parts = [target.value if isinstance(target, ast.Subscript) else target for target in targets]
    return {ast.unparse(part) for part in parts}


def collections_of(source: Source, scopes: Scopes) -> Iterator[tuple[Root, Stored]]:
    """The functions, and the script, that put something that may be a reused array into a container that they keep."""
    found: dict[Root, Stored] = {}
    candidates = [(node, stored) for node in source.nodes if isinstance(node, Statement) and (stored := _stored(node))]
    assigned = _assigned(source) if candidates else {}
    own = {function.name for function in source.functions}
    arrays = {name for name, values in assigned.items() if any(_makes_array(source, value, own) for value in values)}
    for node, stored in candidates:
        container, value = stored
        scope = source.scope_of(node)
        if isinstance(scope, ast.ClassDef | ast.Lambda) or not _may_be_reused(source, scopes, node, value, arrays):
            continue
        again = container.startswith("self.") and getattr(scope, "name", "") != "__init__"
        if again or _loop_around(source, node) is not None:
            queued = isinstance(node, ast.Expr) and _is_queued(node)
            if queued or _is_kept(source, scopes, container, assigned.get(container, [])):
                found.setdefault(scope, {})[node] = stored
    yield from found.items()


def _assigned(source: Source) -> dict[str, list[ast.expr]]:
    """What the file assigns to names and attributes, by how these are written."""
    found: dict[str, list[ast.expr]] = defaultdict(list)
    for node in source.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
                for part in parts:
                    if isinstance(part, NAMES):
                        found[ast.unparse(part)].append(node.value)
    return found


def _makes_array(source: Source, value: ast.expr, own: set[str]) -> bool:
    """Whether a call in `value` makes an array, or a function of the file may."""
    calls = (part for part in walk(value) if isinstance(part, ast.Call))
    return any(getattr(call.func, "id", "") in own or source.qualify(call.func) in MAKING for call in calls) or any(
        getattr(part, "id", "") == "bytearray" for part in walk(value)
    )


def _stored(node: Statement) -> tuple[str, ast.expr] | None:
    """The container, as it is written, and what is put into it."""
    if isinstance(node, ast.Expr):
        call = node.value
        func = call.func if isinstance(call, ast.Call) and len(call.args) == 1 else None
        if isinstance(func, ast.Attribute) and func.attr in ADDING | QUEUING and isinstance(func.value, NAMES):
            return ast.unparse(func.value), call.args[0]  # type: ignore[attr-defined]
    elif isinstance(node, ast.AugAssign):
        if isinstance(node.op, ast.Add) and isinstance(node.value, ast.List) and isinstance(node.target, ast.Name):
            return node.target.id, node.value
    else:
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Subscript) and isinstance(target.value, NAMES):
            return ast.unparse(target.value), node.value
    return None


def _loop_around(source: Source, node: ast.AST) -> ast.For | ast.While | None:
    parent = source.parents.get(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        if isinstance(parent, ast.For | ast.While):
            return parent
        parent = source.parents.get(parent)
    return None


def _may_be_reused(source: Source, scopes: Scopes, node: ast.stmt, value: ast.expr, arrays: set[str]) -> bool:
    """Whether the expression names an array that the loop around it does not bind anew."""
    if isinstance(value, ast.BinOp | ast.Constant | ast.Compare | ast.JoinedStr | ast.ListComp | ast.UnaryOp):
        return False
    names = [part for part in walk(value) if isinstance(part, NAMES) and not _is_called(source, part)]
    held = {written for part in names if (written := ast.unparse(part)) in arrays}
    loop = _loop_around(source, node) if held else None
    return bool(held - {ast.unparse(target) for target in scopes.stores(loop)} if loop is not None else held)


def _is_called(source: Source, node: ast.AST) -> bool:
    parent = source.parents.get(node)
    return isinstance(parent, ast.Call) and parent.func is node


def _is_queued(node: ast.Expr) -> bool:
    func = node.value.func if isinstance(node.value, ast.Call) else None
    return isinstance(func, ast.Attribute) and func.attr in QUEUING


def _is_kept(source: Source, scopes: Scopes, container: str, bound: list[ast.expr]) -> bool:
    """Whether the container is a plain one of the file that nothing is taken from."""
    for mention in scopes.mentions.get(container.rpartition(".")[2], []):
        parent = source.parents.get(mention)
        if isinstance(parent, ast.Attribute) and parent.attr in EMPTYING - {"clear"}:
            return False
    return bool(bound) and all(_is_plain(source, made) for made in bound)


def _is_plain(source: Source, node: ast.expr | None) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_plain(source, node.left)
    if isinstance(node, ast.Call):
        name = source.qualify(node.func) or (node.func.id if isinstance(node.func, ast.Name) else "")
        return name in CONTAINERS
    return isinstance(node, ast.List | ast.Dict | ast.ListComp | ast.DictComp)
