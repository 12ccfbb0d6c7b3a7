"""Finds out who takes the batches of a source, from the stack at the moment a batch is handed over."""

from __future__ import annotations

import inspect
import os
import sys
import sysconfig
from functools import lru_cache
from types import FrameType

from pitfallcheck.frameworks import TAKES_AHEAD
from pitfallcheck.observe.events import Consumer, Place

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STDLIB = tuple({os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib")})
_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


@lru_cache(maxsize=1024)
def home_of(path: str) -> str:
    """Whose file this is: `ours`, `stdlib`, `library` (an installed package) or `user`."""
    if path.startswith("<"):
        return "stdlib" if path.startswith("<frozen") else "user"
    absolute = os.path.abspath(path)
    if absolute.startswith(_OURS):
        return "ours"
    if any(part in absolute for part in _PACKAGES):
        return "library"
    if absolute.startswith(_STDLIB):
        return "stdlib"
    return "user"


def place_of(frame: FrameType) -> Place:
    """The line that a frame is at."""
    code = frame.f_code
    return Place(os.path.abspath(code.co_filename), frame.f_lineno, code.co_qualname)


def user_place(frame: FrameType | None = None) -> Place | None:
    """The innermost line of the user's own files on the stack, or None where there is none."""
    at: FrameType | None = frame or sys._getframe(1)
    while at is not None:
        if home_of(at.f_code.co_filename) == "user":
            return place_of(at)
        at = at.f_back
    return None


def consumer_of(frame: FrameType | None) -> Consumer:
    """Who asked a producer for its next batch, given the frame that called it.

    A library's generator that hands batches on (`tqdm`) and the standard library are passed through: the code that
    asks them is the consumer. Returns a `library` consumer with the user's line that called into the library.
    """
    library = ""
    while frame is not None:
        home = home_of(frame.f_code.co_filename)
        if home == "user":
            if library:
                return Consumer("library", library, keeps=library in TAKES_AHEAD, at=place_of(frame))
            return Consumer("program", at=place_of(frame))
        if home == "ours" and frame.f_globals.get("PULLS_BATCHES"):
            return Consumer("pitfallcheck", keeps=True)
        if home == "library":
            name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            passes_on = frame.f_code.co_flags & inspect.CO_GENERATOR
            if name in TAKES_AHEAD:
                # Keras hands generators to tf.data: the outermost framework that the user called gives its name.
                library = name
            elif not passes_on:
                library = library or name
        frame = frame.f_back
    if library:
        return Consumer("library", library, keeps=library in TAKES_AHEAD)
    return Consumer("program")


def call_site(frame: FrameType | None) -> tuple[int, int] | None:
    """What tells two calls apart: the code and the instruction that called."""
    return None if frame is None else (id(frame.f_code), frame.f_lasti)
