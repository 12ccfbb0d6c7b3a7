"""Instruments the user's own modules when the observed program imports them, and tells when a framework arrives."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import machinery
from importlib.abc import Loader, MetaPathFinder
from types import CodeType, ModuleType
from typing import Any

from pitfallcheck.observe.consumer import home_of
from pitfallcheck.observe.rewrite import compiled, needs_watching
from pitfallcheck.observe.session import Session


class _WatchingLoader(machinery.SourceFileLoader):
    """Loads a module of the user's from its source, instrumented; one with nothing to watch is loaded as always."""

    session: Session
    used: list[str]

    def get_code(self, fullname: str) -> CodeType | None:
        path = os.path.abspath(self.get_filename(fullname))
        try:
            source = self.get_data(path)
        except OSError:
            return super().get_code(fullname)
        self.used.append(path)
        if not needs_watching(source):
            return super().get_code(fullname)
        return compiled(source, path, self.session)


def watch_imports(session: Session, roots: Sequence[str], used: list[str]) -> None:
    """Instrument what is imported from below `roots`; the paths of the user's modules are appended to `used`.

    A path hook, not a finder: other imports do not pass through it, and pay nothing.
    """
    loader = type("WatchingLoader", (_WatchingLoader,), {"session": session, "used": used})
    details: list[tuple[type[Loader], list[str]]] = [
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (loader, machinery.SOURCE_SUFFIXES),
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


class _Arrivals(MetaPathFinder):
    """Calls back when a module that is waited for has been imported, whoever imports it."""

    def __init__(
        self, waiting: dict[str, Callable[[ModuleType], None]], failed: Callable[[str, Exception], None]
    ) -> None:
        self._waiting = waiting
        self._failed = failed

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> machinery.ModuleSpec | None:
        if name not in self._waiting:
            return None
        callback = self._waiting.pop(name)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self else None
            if spec is not None:
                if spec.loader is not None:
                    self._announce(spec.loader, name, callback)
                return spec
        return None

    def _announce(self, loader: Any, name: str, callback: Callable[[ModuleType], None]) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            try:
                callback(module)
            except Exception as error:
                self._failed(name, error)

        # On this one loader object only: the module's `__loader__` stays of its own type.
        loader.exec_module = exec_module


def on_import(session: Session, waiting: dict[str, Callable[[ModuleType], None]]) -> None:
    """Call `waiting[name](module)` once the module `name` has been imported."""
    sys.meta_path.insert(0, _Arrivals(waiting, lambda name, error: session.failed(f"attaching to {name}", error)))
