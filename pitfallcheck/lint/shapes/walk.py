"""Walks a file's statements in their order, along every branch, and keeps what each name visibly is."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from pitfallcheck.lint.shapes.calls import Calls
from pitfallcheck.lint.shapes.facts import Facts
from pitfallcheck.lint.shapes.models import LOSS
from pitfallcheck.lint.shapes.state import State, meet
from pitfallcheck.lint.shapes.training import COLUMN
from pitfallcheck.lint.shapes.values import Batches, Class, Function, Instance, Number, Value, join
from pitfallcheck.lint.source import Source, own_nodes
from pitfallcheck.lint.tree import children, walk

MAX_DEPTH = 6
MAX_STATEMENTS = 20_000
MAX_PASSES = 3
KEPT_BY = frozenset({"tensorflow.function", "jax.jit", "torch.no_grad", "torch.inference_mode", "torch.compile"})
BASES = {
    "keras.Model": "keras.Model",
    "keras.models.Model": "keras.Model",
    "keras.layers.Layer": "keras.layers.Layer",
    "keras.Layer": "keras.layers.Layer",
    "keras.losses.Loss": "keras.losses.Loss",
    "keras.Loss": "keras.losses.Loss",
    "torch.nn.Module": "torch.nn.Module",
    "lightning.LightningModule": "torch.nn.Module",
}


@dataclass(slots=True)
class Run:
    """What one run through a function's body collects."""

    returns: list[tuple[ast.expr | None, Value, State]] = field(default_factory=list)
    yields: list[tuple[ast.expr, Value]] = field(default_factory=list)
    loops: list[tuple[list[State], list[State]]] = field(default_factory=list)


class Walk(Calls):
    """One walk through a file."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.runs = [Run()]
        self.defined: dict[ast.AST, Function] = {}
        self.followed: set[ast.AST] = set()
        self.instances: dict[ast.AST, Instance] = {}
        self.changing: dict[ast.ClassDef, frozenset[str]] = {}
        self.generating: dict[ast.AST, bool] = {}
        self.budget = MAX_STATEMENTS

    def whole_file(self) -> Facts:
        """Walks the module, then every function that nothing in it calls visibly."""
        self.block(self.source.tree.body)
        module = self.state
        for function in self.source.functions:
            if function not in self.followed and isinstance(function, ast.FunctionDef):
                self.state = module.copy()
                self.unasked(function)
        return self.facts

    def unasked(self, function: ast.FunctionDef) -> None:
        """Walks a function of which no call is seen: its parameters are unknown."""
        inside = self.source.class_of(function)
        owner: Value = None
        if inside is not None:
            of = Class(inside, self.kind(inside))
            owner = self.instance(of, inside)
            init = self.method(of, "__init__")
            if init is not None and init is not function:
                self.inline(Function(init, {}, owner), [], {}, starred=True)
            for name in self.set_later(inside):
                self.state.attributes[owner, name] = None
        known = self.defined.get(function)
        asked = Function(function, known.closure if known else {}, owner)
        if inside is not None and self.kind(inside) == LOSS and function.name == "call":
            self.loss_called(owner, COLUMN, COLUMN, None, assumed=True)
        self.inline(asked, [], {}, starred=True)

    def set_later(self, of: ast.ClassDef) -> frozenset[str]:
        """The attributes that methods other than `__init__` and `build` set: they may be anything."""
        if of not in self.changing:
            self.changing[of] = frozenset(
                node.attr
                for method in of.body
                if not (isinstance(method, ast.FunctionDef) and method.name in ("__init__", "build"))
                for node in walk(method)
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            )
        return self.changing[of]

    def instance(self, of: Class, node: ast.AST) -> Instance:
        """The object that stands for all that `node` makes."""
        return self.instances.setdefault(node, Instance(of, node if isinstance(node, ast.expr) else None))

    def kind(self, node: ast.ClassDef) -> str:
        """The framework class that a class descends from, through classes of the file as well."""
        for base in node.bases:
            known = self.source.qualify(base)
            if known in BASES:
                return BASES[known]
            above = self.lookup(base.id) if isinstance(base, ast.Name) else None
            if isinstance(above, Class) and above.node is not node:
                return above.kind
        return ""

    def inline(
        self, function: Function, args: Sequence[Value], keywords: dict[str, Value], starred: bool = False
    ) -> Value:
        """What a function of the file returns for these arguments, by walking its body with them."""
        node = function.node
        if len(self.entered) >= MAX_DEPTH or node in self.entered or self.budget <= 0:
            return None
        self.followed.add(node)
        if isinstance(node, ast.FunctionDef) and not self._plain(node):
            return None
        outer, around = self.state, (self.closure, self.module, self.entered)
        if not self.entered:
            self.module = outer.names
        self.closure, self.entered = function.closure, [*self.entered, node]
        self.runs.append(Run())
        self.state = State(self._parameters(function, args, keywords, starred), outer.attributes)
        result = self._body(node)
        run = self.runs.pop()
        self.returned = [(written, value) for written, value, _ in run.returns if written is not None]
        ended = meet([state for *_, state in run.returns])
        self.closure, self.module, self.entered = around
        self.state = State(outer.names, outer.attributes if ended is None else ended.attributes)
        return result

    def _generates(self, node: ast.AST) -> bool:
        """Whether a function's own block yields; asked again for every call that is followed."""
        if node not in self.generating:
            self.generating[node] = any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own_nodes(node))
        return self.generating[node]

    def _body(self, node: ast.FunctionDef | ast.Lambda) -> Value:
        run = self.runs[-1]
        if isinstance(node, ast.Lambda):
            value = self.value(node.body)
            run.returns.append((node.body, value, self.state))
            return value
        if self.block(node.body):
            run.returns.append((None, None, self.state))
        if self._generates(node):
            each = run.yields[0][1] if run.yields else None
            for _, value in run.yields[1:]:
                each = join(each, value)
            return Batches(each, tuple(run.yields))
        result = run.returns[0][1] if run.returns else None
        for _, value, _ in run.returns[1:]:
            result = join(result, value)
        return result

    def _plain(self, node: ast.FunctionDef) -> bool:
        """Whether calling the function runs its body as it stands, decorators considered."""
        for decorator in node.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(target, ast.Name) and target.id == "staticmethod":
                continue
            if self.source.qualify(target) not in KEPT_BY:
                return False
        return True

    def _parameters(
        self, function: Function, args: Sequence[Value], keywords: dict[str, Value], starred: bool
    ) -> dict[str, Value]:
        node = function.node
        listed = [*node.args.posonlyargs, *node.args.args]
        defaults: dict[str, Value] = {}
        for parameter, default in zip(reversed(listed), reversed(node.args.defaults), strict=False):
            defaults[parameter.arg] = self.value(default)
        for parameter, default_or_none in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
            defaults[parameter.arg] = self.value(default_or_none)
        names: dict[str, Value] = {}
        static = isinstance(node, ast.FunctionDef) and any(
            isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in node.decorator_list
        )
        given = list(args) if function.owner is None or static else [function.owner, *args]
        for i, parameter in enumerate([*listed, *node.args.kwonlyargs]):
            name = parameter.arg
            if i < len(listed) and i < len(given):
                names[name] = given[i]
            elif name in keywords:
                names[name] = keywords[name]
            elif starred:
                names[name] = Number() if isinstance(defaults.get(name), Number) or _says_int(parameter) else None
            else:
                names[name] = defaults.get(name)
        for extra in (node.args.vararg, node.args.kwarg):
            if extra is not None:
                names[extra.arg] = None
        return names

    def block(self, statements: Sequence[ast.stmt]) -> bool:
        """Walks statements; False where control does not get past them."""
        for statement in statements:
            self.budget -= 1
            if self.budget <= 0:
                return False
            method = getattr(self, f"_do_{type(statement).__name__.lower()}", None)
            if method is None:
                for child in children(statement):
                    if isinstance(child, ast.expr):
                        self.value(child)
            elif method(statement) is False:
                return False
        return True

    def _do_functiondef(self, node: ast.FunctionDef) -> None:
        closure = self.visible()
        for outer in self.entered[-1:]:
            for part in own_nodes(outer):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.lineno > node.lineno:
                    closure[part.id] = None
        self.state.names[node.name] = self.defined[node] = Function(node, closure)

    def _do_asyncfunctiondef(self, node: ast.AsyncFunctionDef) -> None:
        self.state.names[node.name] = None

    def _do_classdef(self, node: ast.ClassDef) -> None:
        self.state.names[node.name] = (
            Class(node, self.kind(node)) if not node.decorator_list or self.kind(node) else None
        )

    def _do_assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value)

    def _do_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.value(node.value))

    def _do_augassign(self, node: ast.AugAssign) -> None:
        as_read = ast.copy_location(ast.BinOp(_loaded(node.target), node.op, node.value), node)
        self.bind(node.target, self.value(as_read))

    def _do_return(self, node: ast.Return) -> bool:
        self.runs[-1].returns.append((node.value, self.value(node.value), self.state))
        return False

    def _do_raise(self, node: ast.Raise) -> bool:
        return False

    def _do_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.bind(target, None)

    def _do_if(self, node: ast.If) -> bool:
        self.value(node.test)
        return self._branches([node.body, node.orelse])

    def _do_match(self, node: ast.Match) -> bool:
        self.value(node.subject)
        return self._branches([*(case.body for case in node.cases), []])

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]]) -> bool:
        before, ends = self.state, []
        for body in bodies:
            self.state = before.copy()
            ends.append(self.state if self.block(body) else None)
        return self._arrive(meet(ends))

    def _arrive(self, state: State | None) -> bool:
        if state is not None:
            self.state = state
        return state is not None

    def _do_with(self, node: ast.With) -> bool:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value if isinstance(value, Instance) else None)
        return self.block(node.body)

    def _do_try(self, node: ast.Try) -> bool:
        before = self.state.copy()
        whole = self.state if self.block([*node.body, *node.orelse]) else None
        ends = [whole]
        for handler in node.handlers:
            self.state = meet([before, whole or before]) or before
            ends.append(self.state if self.block(handler.body) else None)
        alive = self._arrive(meet(ends))
        return self.block(node.finalbody) and alive

    def _do_for(self, node: ast.For) -> bool:
        over = self.value(node.iter)
        return self._loop(node, over)

    def _do_while(self, node: ast.While) -> bool:
        return self._loop(node, None)

    def _loop(self, node: ast.For | ast.While, over: Value) -> bool:
        forever = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
        run = self.runs[-1]
        breaks: list[State] = []
        entry = self.state.copy()
        for _ in range(MAX_PASSES):
            continues: list[State] = []
            run.loops.append((breaks, continues))
            self.state = entry.copy()
            if isinstance(node, ast.For):
                self.bind(node.target, self.items_of(over))
            else:
                self.value(node.test)
            end = self.state if self.block(node.body) else None
            run.loops.pop()
            again = meet([entry, end, *continues])
            if again is None or again == entry:
                break
            entry = again
        self.state = entry
        after = None if forever else (self.state if self.block(node.orelse) else None)
        return self._arrive(meet([after, *breaks]))

    def _do_break(self, node: ast.Break) -> bool:
        if self.runs[-1].loops:
            self.runs[-1].loops[-1][0].append(self.state)
        return False

    def _do_continue(self, node: ast.Continue) -> bool:
        if self.runs[-1].loops:
            self.runs[-1].loops[-1][1].append(self.state)
        return False

    def _yield(self, node: ast.Yield) -> Value:
        if node.value is not None:
            self.runs[-1].yields.append((node.value, self.value(node.value)))
        return None

    def _yieldfrom(self, node: ast.YieldFrom) -> Value:
        value = self.value(node.value)
        if isinstance(value, Batches):
            self.runs[-1].yields.extend(value.produced)
        else:
            self.runs[-1].yields.append((node.value, None))
        return None


def _loaded(target: ast.expr) -> ast.expr:
    """An assignment's target as an expression that reads it."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _says_int(parameter: ast.arg) -> bool:
    return isinstance(parameter.annotation, ast.Name) and parameter.annotation.id == "int"


_walks: WeakKeyDictionary[Source, Facts] = WeakKeyDictionary()


def facts_of(source: Source) -> Facts:
    """What the walk through `source` notes; walked once, whichever rule asks first."""
    if source not in _walks:
        _walks[source] = Walk(source).whole_file()
    return _walks[source]
