"""Instruments the user's own modules when the observed program imports them, and tells when a framework arrives."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import machinery
from types import CodeType, ModuleType
from typing import Any

from pitfallcheck.observe.consumer import home_of
from pitfallcheck.observe.rewrite import compiled, needs_watching
from pitfallcheck.observe.session import Session


class _NotingLoader(machinery.SourceFileLoader):
    """Loads a module of the user's as always, and notes its path."""

    used: list[str]

    def create_module(self, spec: machinery.ModuleSpec) -> ModuleType | None:
        self.used.append(os.path.abspath(self.path))
        return None


class _WatchingLoader(_NotingLoader):
    """Loads a module of the user's with instrumented code."""

    code: CodeType

    def get_code(self, fullname: str) -> CodeType | None:
        return self.code


def watch_imports(session: Session, roots: Sequence[str], used: list[str]) -> None:
    """Instrument what is imported from below `roots`; the paths of the user's modules are appended to `used`.

    A path hook, not a finder: other imports do not pass through it, and pay nothing.
    """

    def loader_for(name: str, path: str) -> machinery.SourceFileLoader:
        # Decided when the module is found: were its code made when it is loaded, we would stand in the traceback of
        # a syntax error in it.
        code = _instrumented(os.path.abspath(path), session)
        loader = _NotingLoader(name, path) if code is None else _WatchingLoader(name, path)
        loader.used = used
        if isinstance(loader, _WatchingLoader) and code is not None:
            loader.code = code
        return loader

    details: list[tuple[Any, list[str]]] = [
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (loader_for, machinery.SOURCE_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
    ]
    inside = tuple(os.path.join(os.path.realpath(root), "") for root in roots)

    def hook(path: str) -> Any:
        folder = os.path.realpath(path or os.curdir)
        if not os.path.isdir(folder) or not os.path.join(folder, "").startswith(inside):
            raise ImportError("not a folder of the observed program")
        if home_of(os.path.join(folder, "module.py")) != "user":
            raise ImportError("not the user's own code")
        return machinery.FileFinder(path or os.curdir, *details)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def _instrumented(path: str, session: Session) -> CodeType | None:
    """The code of a file with something to watch in it; None where it is to be loaded as always."""
    try:
        with open(path, "rb") as file:
            source = file.read()
        return compiled(source, path, session) if needs_watching(source) else None
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Arrivals:
    """Calls back when a module that is waited for has been imported, whoever imports it."""

    def __init__(
        self, waiting: dict[str, Callable[[ModuleType], None]], failed: Callable[[str, Exception], None]
    ) -> None:
        self._waiting = waiting
        self._failed = failed

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> machinery.ModuleSpec | None:
        if name not in self._waiting:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self else None
            if spec is not None:
                if spec.loader is not None:
                    self._announce(spec.loader, name)
                return spec
        return None

    def _announce(self, loader: Any, name: str) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            # Taken off the list only now: TensorFlow asks where Keras is long before it imports it.
            callback = self._waiting.pop(name, None)
            if callback is None:
                return
            try:
                callback(module)
            except Exception as error:
                self._failed(name, error)

        # On this one loader object only: the module's `__loader__` stays of its own type.
        loader.exec_module = exec_module


def on_import(session: Session, waiting: dict[str, Callable[[ModuleType], None]]) -> None:
    """Call `waiting[name](module)` once the module `name` has been imported."""
    sys.meta_path.insert(0, _Arrivals(waiting, lambda name, error: session.failed(f"attaching to {name}", error)))
