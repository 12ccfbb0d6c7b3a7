"""Puts the watch into a file's code: around what its generators yield and its `__next__` and `__getitem__` return.

The functions stay the user's own: same objects, same frames, same lines in a traceback. Each instrumented function gets
one more local variable, named so that no program can meet it, which holds its watch and dies with its frame.
"""

from __future__ import annotations

import ast
import builtins
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any
from weakref import ref

from pitfallcheck.observe.drained import LoopHook
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.functions import Function, HandOvers, leaves_alone, names_one_of
from pitfallcheck.observe.handover import HandOver
from pitfallcheck.observe.hooking import LOOP_HOOK, LoopInstrumenter, may_loop
from pitfallcheck.observe.session import Session

if TYPE_CHECKING:
    from pitfallcheck.observe.watch import Watch

LOCAL = ".watch"
GENERATOR_HOOK, ITEM_HOOK = ".pitfallcheck_generator", ".pitfallcheck_item"
"""Names with a dot: a program's own source cannot spell them, `dir()` of a module does not show them."""

ITEM_METHODS = frozenset({"__next__", "__getitem__", "__getitems__"})
_NOT_BATCHES = ("contextmanager", "fixture", "coroutine", "hookwrapper", "hookimpl", "inlineCallbacks")
_QUIET = 2048
"""Items of a dataset after which, where nothing was wrong yet, only every eighth is looked at."""


def needs_watching(source: bytes) -> bool:
    """Whether the source holds anything that could be instrumented."""
    return any(word in source for word in (b"yield", b"__next__", b"__getitem__", b"__getitems__")) or may_loop(source)


def compiled(source: bytes, filename: str, session: Session) -> CodeType:
    """The code of a file, instrumented; `filename` is absolute. Raises what `compile` raises."""
    if needs_watching(source):
        try:
            tree = ast.parse(source, filename)
            if may_loop(source):
                LoopInstrumenter(filename, leaves_alone).visit(tree)
            _Instrumenter(filename, session).visit(tree)
            return compile(tree, filename, "exec", dont_inherit=True)
        except SyntaxError:
            # The plain compile below raises it again as the program without us would.
            pass
        except (RecursionError, MemoryError, ValueError) as error:
            session.failed(f"watching the generators of {filename}", error)
    return compile(source, filename, "exec", dont_inherit=True)


def install(session: Session) -> None:
    """Let instrumented code find its hooks."""
    setattr(builtins, GENERATOR_HOOK, lambda sites: GeneratorWatch(session, sites, sys._getframe(1)))
    items = ItemWatches(session)
    setattr(builtins, ITEM_HOOK, items)
    setattr(builtins, LOOP_HOOK, LoopHook(session, items.known))


class Sites:
    """What an instrumented function hands over, one entry for each `yield` or `return` in it."""

    def __init__(self, name: str, code_key: int, defined: Place, kind: Any) -> None:
        self.name = name
        self.code_key = code_key
        self.defined = defined
        self.kind = kind
        self.hand_overs: list[HandOver] = []


_SITES: list[Sites] = []


def unstarted(path: str, session: Session) -> dict[int, Place]:
    """Where the instrumented generator functions of a file are defined that have not run, by `started_key`."""
    return {
        sites.code_key: sites.defined
        for sites in _SITES
        if sites.kind == "generator" and sites.defined.path == path and sites.code_key not in session.started
    }


class GeneratorWatch:
    """The watch of one running generator, as its instrumented code sees it."""

    __slots__ = ("__weakref__", "_hand_overs", "_looped", "_name", "_session", "_watch")

    def __init__(self, session: Session, sites: int, frame: Any) -> None:
        known = _SITES[sites]
        session.started.add(known.code_key)
        self._session = session
        self._hand_overs = known.hand_overs
        self._name = known.name
        self._watch: Watch | None = None
        looped = session.looped.pop(id(frame), None)
        self._looped = looped if looped is not None and looped.is_of(frame) else None
        self._runs()

    def out(self, batch: Any, index: int) -> Any:
        """Called with what is about to be yielded; returns it."""
        self._rests()
        if self._looped is not None:
            self._looped.gave += 1
        frame = sys._getframe(1)
        if self._watch is None:
            self._watch = _watch(self._session, frame)
            if self._watch is None:
                return batch
        self._watch.out(batch, self._hand_overs[index], frame, frame.f_back)
        return batch

    def back(self, sent: Any) -> Any:
        """Called with what the `yield` expression gave; returns it."""
        if self._watch is not None:
            self._watch.back(sys._getframe(1))
        self._runs()
        return sent

    def _runs(self) -> None:
        producing = self._session.producing
        if producing is not None:
            producing[id(self)] = (self._name, time.monotonic())

    def _rests(self) -> None:
        producing = self._session.producing
        if producing is not None:
            producing.pop(id(self), None)

    def __del__(self) -> None:
        self._rests()
        if self._watch is not None and not sys.is_finalizing():
            self._watch.end()


class _Unwatched:
    """Stands for the watch where nothing is observed."""

    @staticmethod
    def out(item: Any, index: int) -> Any:
        """Gives the item back."""
        return item

    @staticmethod
    def back(sent: Any) -> Any:
        """Gives what was sent back."""
        return sent


UNWATCHED = _Unwatched()


def _watch(session: Session, frame: FrameType | None) -> Watch | None:
    """A watch, or None while the program has not imported NumPy: it then has no arrays, and we do not import it."""
    session.batches += 1
    if getattr(sys.modules.get("numpy"), "ndarray", None) is None:
        session.tick()
        return None
    session.batches -= 1
    try:
        from pitfallcheck.observe.watch import Watch

        return Watch(session, frame, keep=session.pulling)
    except Exception as error:
        # A NumPy that is not the NumPy we know: the program may well do with it, we do not.
        session.failed("watching a generator", error)
        return None


class ItemWatches:
    """The watches of objects whose `__next__` or `__getitem__` hands batches over, by object."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[int, tuple[Any, ItemWatch]] = {}

    def __call__(self, instance: Any, sites: int) -> ItemWatch:
        watch = self.known(instance)
        if watch is None:
            watch = ItemWatch(self._session)
            key = id(instance)
            # Without a weak reference to it, it is watched for this call alone, which sees nothing and harms nothing.
            with suppress(TypeError):
                self._known[key] = (ref(instance, self._forget(key)), watch)
        known = _SITES[sites]
        self._session.started.add(known.code_key)
        watch.enter(known.hand_overs)
        return watch

    def known(self, instance: Any) -> ItemWatch | None:
        """The watch of an object that has handed something over."""
        entry = self._known.get(id(instance))
        return entry[1] if entry is not None and entry[0]() is instance else None

    def _forget(self, key: int) -> Callable[[Any], None]:
        def forget(_: Any) -> None:
            self._known.pop(key, None)

        return forget


class ItemWatch:
    """The watch of one object; `enter` when its method is called, `out` with what the method returns.

    It was `asked` so many times, and `answered` with an item.
    """

    __slots__ = ("__weakref__", "_hand_overs", "_inside", "_lock", "_session", "_watch", "answered", "asked")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watch: Watch | None = None
        self._hand_overs: list[HandOver] = []
        self.asked = self.answered = self._inside = 0
        self._lock = threading.RLock()

    def enter(self, hand_overs: list[HandOver]) -> None:
        """The consumer is back and asks for the next item."""
        self._hand_overs = hand_overs
        self.asked += 1
        with self._lock:
            if self._looks():
                # While another thread is inside the method, what changes is the producer's doing.
                if self._watch is None:
                    pass
                elif self._inside:
                    self._watch.ran()
                else:
                    self._watch.back()
            self._inside += 1

    def out(self, item: Any, index: int) -> Any:
        """Called with what is about to be returned; returns it."""
        with self._lock:
            self._inside = max(0, self._inside - 1)
            self.answered += 1
            if self._watch is None:
                self._watch = _watch(self._session, None)
            if self._watch is not None and self._looks():
                frame = sys._getframe(1)
                self._watch.out(item, self._hand_overs[index], frame, frame.f_back)
        return item

    def _looks(self) -> bool:
        return self.asked < _QUIET or self.asked % 8 < 2


class _Instrumenter(ast.NodeTransformer):
    def __init__(self, path: str, session: Session) -> None:
        self._path = path
        self._session = session
        self._names: list[str] = []
        self._class: list[bool] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node, node.name, is_class=True)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def _function(self, node: Function) -> ast.AST:
        in_class = bool(self._class) and self._class[-1]
        qualified = ".".join([*self._names, node.name])
        kinds = HandOvers()
        for statement in node.body:
            kinds.visit(statement)
        wraps = not kinds.sees_locals and not any(names_one_of(d, _NOT_BATCHES) for d in node.decorator_list)
        if kinds.yields and kinds.sees_locals:
            self._session.skip(f"locals:{self._path}:{node.lineno}", qualified, "it looks at its own local variables")
        if kinds.yields and wraps:
            self._instrument(node, qualified, "generator")
        elif in_class and node.name in ITEM_METHODS and node.args.args and not kinds.yields and wraps:
            self._instrument(node, qualified, "iterator" if node.name == "__next__" else "dataset")
        return self._inside(node, f"{node.name}.<locals>", is_class=False)

    def _inside(self, node: Any, name: str, *, is_class: bool) -> ast.AST:
        self._names.append(name)
        self._class.append(is_class)
        self.generic_visit(node)
        self._class.pop()
        self._names.pop()
        return node  # type: ignore[no-any-return]

    def _instrument(self, node: Function, qualified: str, kind: Any) -> None:
        first_line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        defined = Place(self._path, node.lineno, qualified)
        sites = Sites(f"{qualified}()", hash((self._path, first_line, qualified)), defined, kind)
        wrapper = _Wrapper(self._path, qualified, kind, defined, sites)
        node.body = [wrapper.visit(statement) for statement in node.body]
        if not sites.hand_overs and kind != "generator":
            return
        index = ast.Constant(len(_SITES))
        _SITES.append(sites)
        if kind == "generator":
            start = ast.Call(ast.Name(GENERATOR_HOOK, ast.Load()), [index], [])
        else:
            start = ast.Call(ast.Name(ITEM_HOOK, ast.Load()), [ast.Name(node.args.args[0].arg, ast.Load()), index], [])
        # Where the code is run without its hooks, as in a worker to which the function was pickled by value.
        bare = ast.ImportFrom(__name__, [ast.alias("UNWATCHED", LOCAL)], 0)
        begin = ast.Try(
            [ast.Assign([ast.Name(LOCAL, ast.Store())], start)],
            [ast.ExceptHandler(ast.Name("NameError", ast.Load()), None, [bare])],
            [],
            [],
        )
        anchor = node.body[0]
        for part in ast.walk(begin):
            ast.copy_location(part, anchor)
        docstring = isinstance(anchor, ast.Expr) and isinstance(anchor.value, ast.Constant)
        node.body.insert(1 if docstring and len(node.body) > 1 else 0, begin)


def started_key(code: CodeType) -> int:
    """What `Session.started` holds once the generator function with this code has run."""
    return hash((code.co_filename, code.co_firstlineno, code.co_qualname))


class _Wrapper(ast.NodeTransformer):
    """Wraps what one function hands over, not what functions nested in it do."""

    def __init__(self, path: str, qualified: str, kind: Any, defined: Place, sites: Sites) -> None:
        self._path, self._qualified, self._kind, self._defined, self._sites = path, qualified, kind, defined, sites

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        self.generic_visit(node)
        if self._kind != "generator" or node.value is None or isinstance(node.value, ast.Constant):
            return node
        node.value = self._call("out", node.value, node, self._hand_over(node, node.value))
        return self._call("back", node, node)

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        if self._kind == "generator" or node.value is None or isinstance(node.value, ast.Constant):
            return node
        node.value = self._call("out", node.value, node.value, self._hand_over(node, node.value))
        return node

    def _stop(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _stop
    visit_GeneratorExp = visit_ListComp = visit_SetComp = visit_DictComp = _stop

    def _hand_over(self, node: ast.Yield | ast.Return, value: ast.expr) -> ast.expr:
        place = Place(self._path, node.lineno, self._qualified)
        self._sites.hand_overs.append(HandOver(place, self._kind, self._defined, value))
        return ast.Constant(len(self._sites.hand_overs) - 1)

    @staticmethod
    def _call(method: str, value: ast.expr, at: ast.AST, *more: ast.expr) -> ast.Call:
        function = ast.Attribute(ast.Name(LOCAL, ast.Load()), method, ast.Load())
        call = ast.Call(function, [value, *more], [])
        for part in (call, function, function.value, *more):
            ast.copy_location(part, at)
        return call
