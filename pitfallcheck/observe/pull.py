"""Pulls a few batches from the generators a program defines and did not use, as a consumer that keeps them would."""

from __future__ import annotations

import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, Any

from pitfallcheck.observe.channel import Sender
from pitfallcheck.observe.consumer import home_of
from pitfallcheck.observe.rewrite import started_key, unstarted
from pitfallcheck.observe.session import Session

if TYPE_CHECKING:
    from pitfallcheck.observe.runner import Plan

PULLS_BATCHES = True
"""Marks the frames of this module as the consumer `pitfallcheck` (see `consumer.consumer_of`)."""

HELD_AT_MOST = 1 << 30
"""Bytes of batches to hold; past them, and three batches, pulling ends early."""


class _TookTooLong(BaseException):
    """No batch came within the time allowed."""


class WrongCallError(Exception):
    """What the user asked to be called cannot be."""


def name_unpulled(namespace: dict[str, Any], session: Session) -> None:
    """Say which generators stay unseen because the program failed."""
    for place in unstarted(_path_of(namespace), session).values():
        session.skip(f"unpulled:{place.function}", _called(place.function), "it was not used before the program failed")


def pull(plan: Plan, namespace: dict[str, Any], session: Session, sender: Sender) -> None:
    """Pull what the plan names, or else every generator function of the main file that was not started."""
    session.pulling = True
    kept = _random_states()
    try:
        # What a pulled generator prints is none of the program's output.
        with redirect_stdout(sys.stderr):
            _pull_all(plan, namespace, session, sender)
    except WrongCallError as error:
        sender.tell(wrong_call=str(error))
    finally:
        session.pulling = False
        for restore, state in kept:
            restore(state)
        sender.tell(phase="done")


def _random_states() -> list[tuple[Callable[[Any], None], Any]]:
    """The states of the generators that a program may draw from when it ends, and what puts them back."""
    states: list[tuple[Callable[[Any], None], Any]] = []
    for name, get, put in (("random", "getstate", "setstate"), ("numpy.random", "get_state", "set_state")):
        # A program may have a `random` of its own.
        module = sys.modules.get(name)
        if hasattr(module, get) and hasattr(module, put):
            states.append((getattr(module, put), getattr(module, get)()))
    return states


def _pull_all(plan: Plan, namespace: dict[str, Any], session: Session, sender: Sender) -> None:
    """What the user named, then what nobody used."""
    for expression in plan.calls or ([plan.function] if plan.function else []):
        if not _pull_expression(expression, plan, namespace, session, sender):
            sender.tell(in_vain=True)
    if plan.kind != "function":
        _pull_unused(plan, namespace, session, sender)


def _pull_unused(plan: Plan, namespace: dict[str, Any], session: Session, sender: Sender) -> None:
    """Pull from the generator functions that nobody has called, in the order of their lines; name the others."""
    within_reach = {
        started_key(value.__code__): value for value in list(namespace.values()) if isinstance(value, FunctionType)
    }
    for key, place in unstarted(_path_of(namespace), session).items():
        function = within_reach.get(key)
        name = place.function
        if key in session.started:
            continue
        if function is None:
            owner = "inside a function" if "<locals>" in name else "in a class" if "." in name else "out of reach"
            why = f'it was not used in this process, and is defined {owner}; say how to get it with `--call "..."`'
            session.skip(f"unpulled:{name}", _called(name), why)
        elif inspect.isasyncgenfunction(function):
            why = "it was not used in this process, and asynchronous generators are not pulled"
            session.skip(f"unpulled:{name}", _called(name), why)
        elif missing := _required(function):
            call = f"{name}({', '.join(f'{parameter}=...' for parameter in missing)})"
            needs = f"it was not used in this process and needs {_listed(missing)}"
            why = f'{needs}; say how to call it with `--call "{call}"`'
            session.skip(f"unpulled:{name}", _called(name), why)
        else:
            _pull(name, function, plan, session, sender)


def _path_of(namespace: dict[str, Any]) -> str:
    return os.path.abspath(namespace.get("__file__") or "")


def _called(name: str) -> str:
    return f"{name.replace('.<locals>', '')}()"


def _required(function: FunctionType | type) -> list[str]:
    return [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _listed(names: list[str]) -> str:
    plural = "arguments" if len(names) > 1 else "the argument"
    return f"{plural} {', '.join(f'`{name}`' for name in names)}"


def _pull_expression(expression: str, plan: Plan, namespace: dict[str, Any], session: Session, sender: Sender) -> bool:
    """Pull what the user asked for; returns whether its batches could all be looked at."""
    where = os.path.basename(plan.target)
    try:
        source = eval(expression, namespace)
    except (Exception, SystemExit) as error:
        if isinstance(error, NameError) and expression.isidentifier():
            raise WrongCallError(f"{where} defines no `{expression}`") from None
        raise WrongCallError(f"`{expression}` cannot be called in {where}: {type(error).__name__}: {error}") from None
    if isinstance(source, FunctionType | type):
        if missing := _required(source):
            call = f"{expression}({', '.join(f'{parameter}=...' for parameter in missing)})"
            raise WrongCallError(f'`{expression}` in {where} needs {_listed(missing)}: say how with `--call "{call}"`')
        return _pull(expression, source, plan, session, sender)
    if hasattr(source, "__iter__") or hasattr(source, "__getitem__"):
        return _pull(expression, lambda: source, plan, session, sender)
    raise WrongCallError(f"`{expression}` in {where} is {_described(source)}, which hands out no batches")


def _pull(name: str, function: Any, plan: Plan, session: Session, sender: Sender) -> bool:
    """Pull batches and hold them, so that a buffer written again is seen for every one of them.

    Returns whether as many came as were asked for, or all there are, with something to see in them.
    """
    sender.tell(phase="pulling", pulling=name)
    held: list[Any] = []
    shown = name if name.endswith(")") else f"{name}()"
    try:
        with _time_limit(plan.timeout) as restart:
            for batch in _batches(function(), session):
                held.append(batch)
                session.tick()
                if len(held) >= plan.pulls or (len(held) >= 3 and _size(held) > HELD_AT_MOST):
                    break
                restart()
    except _TookTooLong:
        session.skip(f"pull:{name}", shown, f"no batch within {plan.timeout:g} s after {_batches_text(len(held))}")
    except (Exception, SystemExit) as error:
        why = f"it raised {type(error).__name__}: {error}{_where(error)} after {_batches_text(len(held))}"
        session.skip(f"pull:{name}", shown, why)
    except KeyboardInterrupt:
        session.skip(f"pull:{name}", shown, f"interrupted after {_batches_text(len(held))}")
        raise
    else:
        why = why_unseen(held)
        if not why:
            return True
        session.skip(f"pull:{name}", shown, why)
    finally:
        session.deliver()
    return False


def _batches(source: Any, session: Session) -> Iterator[Any]:
    """The items of whatever hands out batches; a dataset without `__iter__` is asked by index."""
    if isinstance(source, list | tuple):
        return iter(source)
    if hasattr(source, "__getitem__") and hasattr(source, "__len__") and not hasattr(source, "__next__"):
        # Instrumented where it is the user's own class; watching it here as well would count its batches twice.
        return (source[index] for index in range(len(source)))
    if inspect.isgenerator(source) and home_of(source.gi_code.co_filename) == "user":
        return iter(source)
    from pitfallcheck.observe.probe import watched

    return watched(source, session, keep=True)


@contextmanager
def _time_limit(seconds: float) -> Iterator[Any]:
    """Raise _TookTooLong where the block has not called what it is given within `seconds`; where signals allow it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise _TookTooLong

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield lambda: signal.setitimer(signal.ITIMER_REAL, seconds)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _size(batches: list[Any]) -> int:
    from pitfallcheck.observe.leaves import leaves_of

    return sum(array.nbytes for batch in batches for _, _, array in leaves_of(batch))


def why_unseen(batches: list[Any]) -> str:
    """Why nothing could be seen in the batches of a source; empty where there is an array in one of them."""
    if not batches:
        return "it ended without a batch"
    if any(map(_has_arrays, batches)):
        return ""
    return f"its batches hold no arrays (the first is {_described(batches[0])})"


def _has_arrays(batch: Any) -> bool:
    if "numpy" not in sys.modules:
        return False
    from pitfallcheck.observe.leaves import leaves_of

    return bool(leaves_of(batch))


def _described(batch: Any) -> str:
    if batch is None:
        return "None"
    name = type(batch).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _batches_text(count: int) -> str:
    return "the first batch" if count == 1 else f"{count} batches" if count else "no batch at all"


def _where(error: BaseException) -> str:
    """The line of the user's file that raised."""
    place, traceback = "", error.__traceback__
    while traceback is not None:
        path = traceback.tb_frame.f_code.co_filename
        if home_of(path) == "user":
            place = f" ({os.path.basename(path)}:{traceback.tb_lineno})"
        traceback = traceback.tb_next
    return place
