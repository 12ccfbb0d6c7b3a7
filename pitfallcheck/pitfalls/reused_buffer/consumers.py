"""Who takes the batches in the same file, and whether a batch is still held when the next one is made."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pitfallcheck.lint.source import Function, Scope, Source
from pitfallcheck.pitfalls.reused_buffer import keeping, libraries
from pitfallcheck.pitfalls.reused_buffer.libraries import named
from pitfallcheck.pitfalls.reused_buffer.scopes import Scopes, targets


@dataclass(frozen=True, slots=True)
class Use:
    """One place that takes batches: it `keeps` some while others are made, is `done` with each before, or `unknown`.

    `text` says of one that keeps them how.
    """

    kind: Literal["keeps", "done", "unknown"]
    node: ast.AST
    text: str = ""


PASSING_ON = named("enumerate islice zip iter tqdm trange chain takewhile dropwhile filterfalse filter starmap")
"""Calls that take batches one by one and hand each on before they ask for the next."""

KEEPING = named("list tuple set sorted deque tee cycle dict reversed frozenset")
STORING = named("append add appendleft insert extend put put_nowait setdefault push")
LATER = named("submit apply_async map_async starmap_async Thread Process device_put run_in_executor call_soon")
KERAS_LOOPS = named("fit fit_generator evaluate evaluate_generator predict predict_generator")


def uses_of(source: Source, scopes: Scopes, function: Function) -> list[Use]:
    """The uses, in its own file, of the batches that `function` hands out."""
    return list(_Finder(source, scopes).uses_of(function))


class _Finder:
    def __init__(self, source: Source, scopes: Scopes) -> None:
        self.source = source
        self.scopes = scopes
        self._seen: set[ast.AST] = set()
        self._packs = False
        self._whole: set[str] = set()

    def uses_of(self, function: Function) -> Iterator[Use]:
        if function in self._seen:
            return
        self._seen.add(function)
        self._packs = self._packs or any(
            isinstance(node.value, ast.Tuple | ast.List | ast.Dict) and self.source.scope_of(node) is function
            for node in ast.walk(function)
            if isinstance(node, ast.Yield | ast.Return)
        )
        owner = self.source.class_of(function)
        by_instance = owner is not None and function.name.startswith("__")
        name = owner.name if owner is not None and by_instance else function.name
        for node in self.scopes.mentions.get(name, []):
            if self.source.scope_of(node) is function:
                continue
            parent = self.source.parents.get(node)
            if isinstance(parent, ast.Call) and parent.func is node:
                yield from self.taken(parent, items=by_instance and function.name.startswith("__getitem"))
            elif not isinstance(parent, ast.ClassDef) and not by_instance:
                yield Use("unknown", node)

    def taken(self, node: ast.expr, items: bool = False) -> Iterator[Use]:
        """How the iterable (or, with `items`, the indexable) that `node` is gets used."""
        parent = self.source.parents.get(node)
        while isinstance(parent, ast.keyword | ast.Await):
            parent = self.source.parents.get(parent)
        match parent:
            case ast.Call():
                yield from self._passed(node, parent, items)
            case ast.For() | ast.AsyncFor() if parent.iter is node:
                yield self._loop(parent)
            case ast.comprehension() if parent.iter is node:
                yield from self._comprehension(parent)
            case ast.Starred():
                yield Use("keeps", parent, "every batch is kept here")
            case ast.Assign() | ast.AnnAssign():
                yield from self._named(parent, items)
            case ast.YieldFrom():
                scope = self.source.scope_of(parent)
                if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from self.uses_of(scope)
            case ast.Expr():
                return
            case ast.Subscript() if parent.value is node and items:
                yield self._item(parent)
            case _:
                yield Use("unknown", node)

    def _passed(self, node: ast.expr, call: ast.Call, items: bool) -> Iterator[Use]:
        name = self.source.qualify(call.func) or ""
        last = name.rpartition(".")[2] or (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        same = [argument for argument in call.args if ast.dump(argument) == ast.dump(node)]
        if last == "next":
            yield self._batch(call)
        elif self._reduces(call, last, node):
            yield Use("done", call)
        elif last == "zip" and isinstance(node, ast.Name) and len(same) > 1:
            yield Use("keeps", call, "two batches are alive at once here")
        elif last in KEEPING:
            yield Use("keeps", call, "every batch is kept here")
        elif last in PASSING_ON:
            yield from self.taken(call)
        elif last in KERAS_LOOPS and self.source.names.imports("keras", "tensorflow", "tf_keras"):
            yield self._keras(call, last, items)
        elif last == "DataLoader":
            yield self._loader(call)
        else:
            yield Use("unknown", call)

    def _reduces(self, call: ast.Call, name: str, node: ast.expr) -> bool:
        """Whether a builtin computes with each batch and lets go of it: `sum(batches)`, `map(np.mean, batches)`."""
        if not isinstance(call.func, ast.Name) or call.keywords:
            return False
        if name == "map":
            return call.args[1:] == [node] and keeping.computes(self.source, call.args[0])
        return name == "sum" and call.args == [node]

    def _keras(self, call: ast.Call, method: str, items: bool) -> Use:
        workers = [kw.value for kw in call.keywords if kw.arg == "workers"]
        if not items:
            return Use("keeps", call, f"Keras `{method}` takes batches before it uses them")
        many = any(
            isinstance(value, ast.Constant) and isinstance(value.value, int) and value.value > 1 for value in workers
        )
        return Use("keeps" if many else "unknown", call, "several workers queue batches here" if many else "")

    def _loader(self, call: ast.Call) -> Use:
        size = next((kw.value for kw in call.keywords if kw.arg == "batch_size"), None)
        if size is None and len(call.args) > 1:
            size = call.args[1]
        number = size.value if isinstance(size, ast.Constant) else None
        if isinstance(number, int) and number > 1:
            return Use("keeps", call, f"the DataLoader draws {number} items before it puts them together")
        return Use("unknown", call)

    def _shared(self, node: ast.expr) -> set[str]:
        """The names whose arrays are still held in what `node` makes."""
        return set(keeping.shared(self.source, node, self._whole))

    def _taking(self, target: ast.expr) -> set[str]:
        """The names that a loop gives its batches; an item of one that stands for a whole tuple or dict is an array."""
        self._whole = {target.id} if self._packs and isinstance(target, ast.Name) else set()
        return _names(target)

    def _loop(self, loop: ast.For | ast.AsyncFor) -> Use:
        return self._handled(self._taking(loop.target), loop.body, loop)

    def _comprehension(self, part: ast.comprehension) -> Iterator[Use]:
        whole = self.source.parents[part]
        names = self._taking(part.target)
        made = [whole.key, whole.value] if isinstance(whole, ast.DictComp) else [whole.elt]  # type: ignore[attr-defined]
        shared = any(name in names for element in made for name in self._shared(element))
        if isinstance(whole, ast.GeneratorExp) and shared:
            yield from self.taken(whole)
        elif isinstance(whole, ast.GeneratorExp):
            alone = len(whole.generators) == 1 and keeping.computed(self.source, whole.elt, names)
            yield Use("done" if alone else "unknown", whole)
        elif shared:
            yield Use("keeps", whole, "every batch is kept here")
        else:
            yield Use("done", whole)

    def _named(self, statement: ast.Assign | ast.AnnAssign, items: bool) -> Iterator[Use]:
        given = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if len(given) != 1 or not isinstance(given[0], ast.Name):
            yield Use("unknown", statement)
            return
        scope = self.source.scope_of(statement)
        loads = [
            node
            for node in self.scopes.mentions.get(given[0].id, [])
            if isinstance(node.ctx, ast.Load) and self._sees(node, scope)
        ]
        drawn = [call for load in loads if (call := self._next_call(load)) is not None]
        for call in drawn:
            yield from self._held_in_loop(call, loads)
        if len(drawn) > 1:
            yield from self._several(drawn)
            loads = [load for load in loads if self._next_call(load) is None]
        for load in loads:
            yield from self.taken(load, items)

    def _sees(self, node: ast.AST, scope: Scope) -> bool:
        inner: Scope = self.source.scope_of(node)
        while inner is not scope and not isinstance(inner, ast.Module):
            inner = self.source.scope_of(inner)
        return inner is scope

    def _next_call(self, node: ast.expr) -> ast.Call | None:
        parent = self.source.parents.get(node)
        return parent if isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "next" else None

    def _several(self, calls: list[ast.Call]) -> Iterator[Use]:
        """Two `next` of one iterator: both batches are alive in one statement, and where both are used later."""
        statements = [self._statement(call) for call in calls]
        alive = [call for call in calls if not self._gone(call, calls)]
        for call, statement in zip(calls, statements, strict=True):
            after = [other for other in calls if _position(other) > _position(call)]
            if call in alive and any(self._statement(other) is statement for other in after):
                yield Use("keeps", call, "two batches are alive at once here")
            else:
                yield self._batch(call)
        simple = [s for call in alive if isinstance(s := self._statement(call), ast.Assign)]
        for earlier, later in pairwise(simple):
            rebound = {name for target in later.targets for name in _names(target)}
            parts = (part for target in earlier.targets for part in ast.walk(target))
            names = [part.id for part in parts if isinstance(part, ast.Name) and part.id not in rebound]
            scope = self.source.scope_of(later)
            for name in names:
                mentions = self.scopes.mentions.get(name, [])
                if any(m.lineno > later.lineno and self.source.scope_of(m) is scope for m in mentions):
                    yield Use("keeps", later, f"`{name}` is still used after this batch is made")

    def _held_in_loop(self, call: ast.Call, loads: Iterable[ast.expr]) -> Iterator[Use]:
        """A batch that `next` drew and that a later loop over the same iterator still reads."""
        drawn = self.source.parents.get(keeping.holder(self.source, call))
        if not isinstance(drawn, ast.Assign):
            return
        scope = self.source.scope_of(drawn)
        statements = [self._statement(load) for load in loads]
        loops = [s for s in statements if isinstance(s, ast.For | ast.AsyncFor) and s.lineno > drawn.lineno]
        for name in sorted(name for target in drawn.targets for name in _names(target)):
            found = (m for m in self.scopes.mentions.get(name, []) if isinstance(m, ast.Name))
            mentions = [mention for mention in found if self.source.scope_of(mention) is scope]
            if sum(isinstance(mention.ctx, ast.Store) for mention in mentions) > 1:
                continue
            for loop in loops:
                inside = {part for statement in loop.body for part in ast.walk(statement)}
                if any(m in inside and not keeping.asks_facts(self.source, m) for m in mentions):
                    yield Use("keeps", loop, f"`{name}` is still used after the next batch is made")

    def _statement(self, node: ast.AST) -> ast.AST:
        while not isinstance(node, ast.stmt):
            node = self.source.parents[node]
        return node

    def _gone(self, call: ast.Call, calls: list[ast.Call]) -> bool:
        """Whether the batch of one `next` is computed with and let go of before another of `calls` is made."""
        computed = keeping.computation(self.source, call)
        return computed is not None and sum(part in calls for part in ast.walk(computed)) == 1

    def _batch(self, node: ast.expr) -> Use:
        """What becomes of the one batch that `node` (a `next` call) draws."""
        statement = self._statement(node)
        if keeping.computation(self.source, node) is not None:
            return Use("done", statement)
        held = keeping.holder(self.source, node)
        parent = self.source.parents.get(held)
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute) and parent.func.attr in STORING:
            return Use("keeps", parent, "every batch is kept here")
        if isinstance(parent, ast.NamedExpr) and isinstance(statement, ast.While):
            return self._handled(_names(parent.target), statement.body, statement)
        if isinstance(statement, ast.Assign) and self._inside_loop(statement):
            if parent is statement and any(self._stored(target) == "keeps" for target in statement.targets):
                return Use("keeps", statement, "every batch is kept here")
            names = {name for target in statement.targets for name in _names(target)}
            return self._handled(names, self._inside_loop(statement), statement)
        if isinstance(parent, ast.ListComp):
            return Use("keeps", parent, "every batch is kept here")
        if isinstance(statement, ast.Assign | ast.Expr) and not isinstance(parent, ast.Lambda):
            return Use("done", statement)
        return Use("unknown", statement)

    def _inside_loop(self, node: ast.AST) -> list[ast.stmt]:
        """The body of the loop around a statement, empty where there is none in its function."""
        parent = self.source.parents.get(node)
        while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
                return parent.body
            parent = self.source.parents.get(parent)
        return []

    def _item(self, node: ast.Subscript) -> Use:
        parent = self.source.parents.get(node)
        if isinstance(parent, ast.ListComp):
            return Use("keeps", parent, "every item is kept here")
        return Use("unknown", node)

    def _handled(self, names: set[str], body: Iterable[ast.stmt], node: ast.AST) -> Use:
        """Whether the statements of a loop let go of the batch under `names` in the same turn."""
        aliases = set(names)
        for part in (part for statement in body for part in ast.walk(statement)):
            if isinstance(part, ast.Assign) and any(name in aliases for name in self._shared(part.value)):
                for single, _ in (found for target in part.targets for found in targets(target, None)):
                    if isinstance(single, ast.Name) and not self._read_before(single, body):
                        aliases.add(single.id)
                    elif (stored := self._stored(single)) != "done":
                        return Use(stored, part, "every batch is kept here" if stored == "keeps" else "")
            elif isinstance(part, ast.Call):
                last = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
                given = [*part.args, *(keyword.value for keyword in part.keywords)]
                if last in STORING | LATER and any(n in aliases for argument in given for n in self._shared(argument)):
                    keeps = last in STORING
                    return Use("keeps" if keeps else "unknown", part, "every batch is kept here" if keeps else "")
            elif isinstance(part, ast.Yield | ast.Return) and part.value is not None:
                if any(name in aliases for name in self._shared(part.value)):
                    return Use("unknown", part)
            elif isinstance(part, ast.Lambda | ast.FunctionDef):
                return Use("unknown", part)
        return Use("done", node)

    def _stored(self, target: ast.expr) -> Literal["keeps", "done", "unknown"]:
        """What storing a batch into `target` does: an array takes a copy, a list or dict the batch itself."""
        if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name):
            return "unknown"
        key = target.value.id
        scope: Scope = self.source.scope_of(target)
        while key not in self.scopes.bindings(scope) and not isinstance(scope, ast.Module):
            scope = self.source.scope_of(scope)
        bound = self.scopes.bindings(scope).get(key, [])
        calls = [self.source.qualify(value.func) for value in bound if isinstance(value, ast.Call)]
        if bound and len(calls) == len(bound) and all(c in libraries.NUMPY_NEW | libraries.TORCH_NEW for c in calls):
            return "done"
        contained = (ast.List, ast.Dict, ast.ListComp, ast.DictComp)
        return "keeps" if bound and all(isinstance(value, contained) for value in bound) else "unknown"

    def _read_before(self, target: ast.Name, body: Iterable[ast.stmt]) -> bool:
        """Whether a name is read earlier in the loop than it is set: it holds the batch of the turn before."""
        return any(
            isinstance(part, ast.Name)
            and part.id == target.id
            and isinstance(part.ctx, ast.Load)
            and part.lineno < target.lineno
            for statement in body
            for part in ast.walk(statement)
        )


def _names(target: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}


def _position(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset
