"""Follows arrays that one function or script puts into a list, dict or queue, turn after turn, and refills between."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.reused_buffer import handover
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
    for node in source.nodes:
        if isinstance(node, Statement) and (stored := _stored(node)) is not None:
            scope = source.scope_of(node)
            if isinstance(scope, ast.ClassDef | ast.Lambda):
                continue
            again = _loop_around(source, node)
            if again is None and not (stored[0].startswith("self.") and getattr(scope, "name", "") != "__init__"):
                continue
            if _may_be_reused(source, scopes, stored[1], again, scope) and _is_kept(source, scopes, node, stored[0]):
                found.setdefault(scope, {})[node] = stored
    yield from found.items()


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


def _may_be_reused(source: Source, scopes: Scopes, value: ast.expr, again: ast.AST | None, scope: ast.AST) -> bool:
    """Whether the expression names something that the loop does not bind anew."""
    names = [part for part in ast.walk(value) if isinstance(part, ast.Name | ast.Attribute)]
    if isinstance(value, ast.BinOp | ast.Constant | ast.Compare | ast.JoinedStr | ast.ListComp | ast.UnaryOp):
        return False
    bound = {ast.unparse(target) for target in scopes.stores(again)} if isinstance(again, ast.stmt) else set()
    return any(ast.unparse(part) not in bound and not _is_called(source, part) for part in names)


def _is_called(source: Source, node: ast.AST) -> bool:
    parent = source.parents.get(node)
    return isinstance(parent, ast.Call) and parent.func is node


def _is_queued(node: ast.Expr) -> bool:
    func = node.value.func if isinstance(node.value, ast.Call) else None
    return isinstance(func, ast.Attribute) and func.attr in QUEUING


def _is_kept(source: Source, scopes: Scopes, node: Statement, container: str) -> bool:
    """Whether the container is a plain one of the file that nothing is taken from, or a queue."""
    if isinstance(node, ast.Expr) and _is_queued(node):
        return True
    name = container.rpartition(".")[2]
    mentions = scopes.mentions.get(name, [])
    for mention in mentions:
        parent = source.parents.get(mention)
        if isinstance(parent, ast.Attribute) and parent.attr in EMPTYING - {"clear"}:
            return False
    bound = [
        statement.value
        for statement in source.nodes
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if ast.unparse(target) == container
    ]
    return bool(bound) and all(_is_plain(source, made) for made in bound)


def _is_plain(source: Source, node: ast.expr | None) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_plain(source, node.left)
    if isinstance(node, ast.Call):
        name = source.qualify(node.func) or (node.func.id if isinstance(node.func, ast.Name) else "")
        return name in CONTAINERS
    return isinstance(node, ast.List | ast.Dict | ast.ListComp | ast.DictComp)
