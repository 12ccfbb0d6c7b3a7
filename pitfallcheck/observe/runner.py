"""Runs the user's program in this process as `python program.py` would, under observation."""

from __future__ import annotations

import atexit
import builtins
import importlib.util
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial, wraps
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Any, Literal

from pitfallcheck.observe.channel import Sender
from pitfallcheck.observe.importer import on_import, watch_imports
from pitfallcheck.observe.pull import name_unpulled, pull
from pitfallcheck.observe.rewrite import compiled, install
from pitfallcheck.observe.session import Session, make_current

Kind = Literal["script", "module", "function"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and how. `target` is a path (`script`, `function`) or a dotted name (`module`).

    `function` names one generator function of the file, which is then imported rather than run as the main program.
    `calls` are expressions whose batches are pulled, `pulls` how many of each, `timeout` how many seconds a pulled
    batch may take; `limit_program` holds the program's own batches to it, too.
    """

    kind: Kind
    target: str
    arguments: tuple[str, ...] = ()
    function: str = ""
    calls: tuple[str, ...] = ()
    pulls: int = 8
    timeout: float = 30.0
    limit_program: bool = False
    channel: str = ""

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def load(text: str) -> Plan:
        """From JSON."""
        values = json.loads(text)
        for name in ("arguments", "calls"):
            values[name] = tuple(values[name])
        return Plan(**values)


FRAMEWORKS = {
    "keras": "pitfallcheck.frameworks.keras",
    "tf_keras": "pitfallcheck.frameworks.tf_keras",
    "torch": "pitfallcheck.frameworks.torch",
}
"""The adapter of each framework, imported when the program has imported the framework."""


def main(plan_path: str, at_start: frozenset[str]) -> None:
    """Run the plan written in the file `plan_path`, which the supervisor removes.

    `at_start` are the modules that Python itself had loaded when the process began.
    """
    with open(plan_path, encoding="utf-8") as file:
        plan = Plan.load(file.read())
    sender = Sender(plan.channel)
    session = Session(sender.send)
    files: list[str] = []
    install(session)
    make_current(session)
    atexit.register(_last_words, session, sender, files)
    _before_sudden_exit(session)
    _attach_when_imported(session)
    roots = {os.getcwd(), os.getcwd() if plan.kind == "module" else os.path.dirname(os.path.abspath(plan.target))}
    watch_imports(session, sorted(roots), files)
    if plan.limit_program:
        _watch_the_clock(session, sender, plan.timeout)
    main_module = ModuleType("__main__")
    ended_well = False
    try:
        code = _prepare(plan, session, main_module, files)
        _give_way(sys.path[0], at_start)
        _run(code, main_module.__dict__)
        ended_well = True
    except NoSuchModuleError as error:
        sender.tell(wrong_call=str(error))
        sys.exit(2)
    finally:
        sender.tell(phase="ended")
        try:
            if ended_well:
                pull(plan, main_module.__dict__, session, sender)
            else:
                name_unpulled(main_module.__dict__, session)
        except KeyboardInterrupt:
            # The program had come to its end: there is no line of it to show, and Python ends as Ctrl-C asks.
            sys.excepthook = lambda *_: None
            raise
        finally:
            session.finish()


class NoSuchModuleError(Exception):
    """What `-m` names cannot be run."""


def _run(code: CodeType, namespace: dict[str, Any]) -> None:
    """Execute the program; returns when it has come to its end, by itself or with status 0.

    What the program raises goes on as it would without us: a SystemExit through us, anything else printed by
    `sys.excepthook` with none of our frames, and the status that Python gives.
    """
    try:
        exec(code, namespace)
    except SystemExit as stop:
        # Compared by type first: the object may be the program's own and not like to be compared.
        if stop.code is not None and not (isinstance(stop.code, int) and stop.code == 0):
            raise
    except BaseException as error:
        traceback = _without_ours(error.__traceback__)
        error.__traceback__ = traceback
        note_as_last = partial(_note_as_last, error, traceback)
        note_as_last()
        _show(error, traceback)
        # Raised again for Python's own way to end (a status of 1, or by the signal of Ctrl-C), but not printed twice.
        sys.excepthook = note_as_last
        raise


def _show(error: BaseException, traceback: TracebackType | None) -> None:
    """What Python does with an error that nobody caught, also where the program's own hook for it fails."""
    try:
        sys.excepthook(type(error), error, traceback)
    except SystemExit:
        raise
    except BaseException as failure:
        failure.__context__ = None
        sys.stderr.write("Error in sys.excepthook:\n")
        theirs = _without_ours(failure.__traceback__)
        sys.__excepthook__(type(failure), failure.with_traceback(theirs), theirs)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, traceback)


def _note_as_last(error: BaseException, traceback: TracebackType | None, *_: object) -> None:
    """Leave the error where `pdb.pm()` and exit functions look for it."""
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, traceback


def _prepare(plan: Plan, session: Session, main_module: ModuleType, files: list[str]) -> CodeType:
    """Set the process up as Python does for a script or for `-m`, and give the program's code."""
    namespace = main_module.__dict__
    namespace["__builtins__"] = builtins
    if "__annotations__" in vars(sys.modules["__main__"]):
        namespace["__annotations__"] = {}
    if plan.kind == "module":
        sys.path.insert(0, os.getcwd())
        sys.argv = [plan.target, *plan.arguments]
        spec = _module_spec(plan.target)
        path = spec.origin or ""
        main_module.__spec__ = spec
        main_module.__loader__ = spec.loader
        main_module.__package__ = spec.parent
        main_module.__file__ = path
        namespace["__cached__"] = spec.cached
        sys.argv[0] = path
    else:
        path = os.path.abspath(plan.target)
        sys.path.insert(0, os.path.dirname(os.path.realpath(plan.target)))
        sys.argv = [plan.target, *plan.arguments]
        main_module.__file__ = path
        main_module.__loader__ = SourceFileLoader("__main__", path)
        namespace["__cached__"] = None
    sys.orig_argv = [sys.executable, *(["-m"] if plan.kind == "module" else []), *sys.argv]
    if plan.kind == "function":
        # Only its definitions are wanted: what stands under `if __name__ == "__main__"` stays undone.
        main_module.__name__ = os.path.splitext(os.path.basename(path))[0]
    sys.modules[main_module.__name__] = main_module
    sys.modules["__main__"] = main_module
    files.append(path)
    with open(path, "rb") as file:
        return compiled(file.read(), path, session)


def _give_way(folder: str, at_start: frozenset[str]) -> None:
    """Forget what we have loaded under names that the program has in its own folder: it would load its own.

    Our modules keep what they have imported.
    """
    for name in set(sys.modules) - at_start:
        own = os.path.join(folder, name)
        if "." not in name and (os.path.isfile(f"{own}.py") or os.path.isfile(os.path.join(own, "__init__.py"))):
            for module in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
                if module != "__main__" and not module.startswith("pitfallcheck"):
                    del sys.modules[module]


def _module_spec(name: str) -> Any:
    """The spec that `python -m name` would run. Raises NoSuchModuleError where there is none."""
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise NoSuchModuleError(f"no module named `{name}` can be run from here: {error}") from None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise NoSuchModuleError(f"no module named `{name}` can be run from here")
    return spec


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback from the first frame of the program on."""
    while traceback is not None and traceback.tb_frame.f_globals.get("__package__") == __package__:
        traceback = traceback.tb_next
    return traceback


def _attach_when_imported(session: Session) -> None:
    def attach(adapter: str) -> Callable[[ModuleType], None]:
        return lambda module: importlib.import_module(adapter).attach(module, session)

    on_import(session, {name: attach(adapter) for name, adapter in FRAMEWORKS.items()})


def _before_sudden_exit(session: Session) -> None:
    """These functions end the program, or replace it, without a word; what was seen is delivered first."""

    def with_delivery(end: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(end)
        def ending(*arguments: Any, **named: Any) -> Any:
            session.deliver()
            return end(*arguments, **named)

        return ending

    for name in ("_exit", "abort", "execv", "execve"):
        if hasattr(os, name):
            setattr(os, name, with_delivery(getattr(os, name)))


def _watch_the_clock(session: Session, sender: Sender, seconds: float) -> None:
    """Tell the supervisor when a generator has been at one batch for longer than `seconds`."""
    producing: dict[int, tuple[str, float]] = {}
    session.producing = producing

    def watch() -> None:
        while True:
            time.sleep(min(0.2, seconds / 4))
            for name, since in list(producing.values()):
                if time.monotonic() - since > seconds:
                    session.deliver()
                    sender.tell(hung=name)
                    return

    threading.Thread(target=watch, name="pitfallcheck clock", daemon=True).start()


def _last_words(session: Session, sender: Sender, files: list[str]) -> None:
    session.finish()
    if session.is_observed_process():
        sender.tell(files=sorted(set(files)))
