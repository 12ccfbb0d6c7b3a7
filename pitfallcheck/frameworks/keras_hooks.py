"""Hooks into Keras that are off the stack while Keras or the program runs, so that no traceback shows them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from inspect import CO_OPTIMIZED
from types import FrameType, ModuleType, TracebackType
from typing import Any

from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.session import Session

Before = Callable[[Any, FrameType], Callable[..., Any] | None]
"""Told of the object whose method is asked for and the frame that asks; may give another method for this one call."""
Failed = Callable[[BaseException, TracebackType | None, FrameType | None], None]
"""Told of an error, of its traceback up to where it was caught, and of the frame that caught it."""


class Announced:
    """A method that is announced whenever it is looked up on an object, which is just before it is called.

    A wrapper around the method would stand in every traceback through it. A descriptor has given the method back by
    the time it is called. Looked up on the class, it is the plain function, which Keras and `inspect` may ask about.
    """

    def __init__(self, original: Any, before: Before, failed: Callable[[Exception], None]) -> None:
        self._original = original
        self._before = before
        self._failed = failed

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        other = None
        try:
            frame = sys._getframe(1)
            while frame.f_code is _GET and frame.f_back is not None:
                # Announced twice: the other one asks for the method, for whoever asks it.
                frame = frame.f_back
            other = self._before(instance, frame)
        except Exception as error:
            self._failed(error)
        return self._original.__get__(instance, owner) if other is None else other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


_GET = Announced.__get__.__code__


class Hooks:
    """Installs hooks, and says of each that finds nothing to hold on to what is not looked at for want of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def before(self, owner: type, name: str, tell: Before) -> None:
        """Call `tell(object, frame)` before the method `name` of `owner` is called on an object."""
        original = getattr(owner, name, None)
        if original is None:
            self._missing(owner.__name__, name)
            return
        # From the class that defines it, so that what is announced binds as the original does.
        original = next(vars(of)[name] for of in owner.__mro__ if name in vars(of))
        failed = functools.partial(self._session.failed, f"looking at `{owner.__name__}.{name}`")
        setattr(owner, name, Announced(original, tell, failed))

    def after(self, owner: Any, name: str, tell: Callable[..., None]) -> None:
        """Call `tell(*arguments)` after the function or method `name` of `owner`, which itself never raises."""
        original = getattr(owner, name, None)
        if original is None:
            self._missing(getattr(owner, "__name__", str(owner)), name)
            return
        failed = functools.partial(self._session.failed, f"looking at `{owner.__name__}.{name}`")

        @functools.wraps(original)
        def told(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            try:
                tell(*args, **kwargs)
            except Exception as error:
                failed(error)
            return result

        setattr(owner, name, told)

    def on_error(self, traceback_utils: ModuleType, tell: Failed) -> None:
        """Call `tell(error, traceback, frame)` where Keras shortens the traceback of what a call of it raised.

        The traceback that it makes of it is the program's, without a frame of ours.
        """
        original = getattr(traceback_utils, "_process_traceback_frames", None)
        if original is None:
            self._missing("traceback_utils", "_process_traceback_frames")
            return
        session = self._session

        def process(traceback: TracebackType | None) -> TracebackType | None:
            error = sys.exc_info()[1]
            if error is not None:
                try:
                    tell(error, traceback, sys._getframe(1))
                except Exception as own:
                    session.failed("looking at a call that failed", own)
            return _without_ours(original(traceback))

        traceback_utils._process_traceback_frames = process  # type: ignore[attr-defined]

    def _missing(self, owner: str, name: str) -> None:
        self._session.skip(
            f"keras:{owner}.{name}", f"Keras's `{owner}.{name}`", "this version of Keras has no such thing"
        )


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    frames = []
    while traceback is not None:
        if home_of(traceback.tb_frame.f_code.co_filename) != "ours":
            frames.append(traceback)
        traceback = traceback.tb_next
    rest: TracebackType | None = None
    for one in reversed(frames):
        rest = TracebackType(rest, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return rest


def locals_of(frame: FrameType) -> dict[str, Any]:
    """The local variables of a frame, with no trace left of the look.

    Before Python 3.13 the frame keeps the dictionary that is made for it, and with it every object in it.
    """
    seen = frame.f_locals
    found = dict(seen)
    if sys.version_info < (3, 13) and frame.f_code.co_flags & CO_OPTIMIZED and sys.getrefcount(seen) <= 3:
        seen.clear()
    return found


def made_at(thing: Any, frame: FrameType | None) -> Place | None:
    """The user's line that constructs `thing`, of which `frame` is a constructor or below: no line of a constructor."""
    at = frame
    while at is not None:
        code = at.f_code
        if home_of(code.co_filename) == "user":
            own = code.co_name == "__init__" and code.co_argcount and at.f_locals.get(code.co_varnames[0]) is thing
            if not own:
                return place_of(at)
        at = at.f_back
    return None
