"""The rim: exit statuses, wrong calls, and where output goes, how wide that is and whether it has colours."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple, TextIO

CLEAN, FOUND, WRONG = 0, 1, 2
"""Exit statuses: nothing found, findings, and a wrong call or a failure of our own."""

INTERRUPTED, BROKEN_PIPE = 130, 141
"""Exit statuses as a shell gives them to a program that SIGINT or SIGPIPE ended."""


class WrongCallError(Exception):
    """A call that cannot be followed; the message is one line for the user."""


class Format(NamedTuple):
    """How text is to look: lines are wrapped at `width` unless that is None."""

    width: int | None
    color: bool


def text_format(stream: TextIO, *, no_color: bool = False) -> Format:
    """The look of text on `stream`: wrapped on a terminal, coloured there unless NO_COLOR, wherever FORCE_COLOR."""
    terminal = stream.isatty()
    return Format(width_of(stream) if terminal else None, not no_color and _wants_color(terminal))


def _wants_color(terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int:
    """The width of the terminal that `stream` is, 80 where it is none; COLUMNS overrules."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def complain(message: str) -> None:
    """Say on standard error, in one line, what is wrong."""
    print(f"pitfallcheck: {message}", file=sys.stderr)


def prepare_streams() -> None:
    """Let output never fail for want of a stream, or of a character in its encoding: that is escaped instead."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
