"""Takes IPython's own syntax out of a notebook cell, so that Python can read the rest; lines and columns stay."""

from __future__ import annotations

import re
from typing import NamedTuple

from pitfallcheck.lint.parse import UnreadableError, tree_of

_PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "python", "python3", "debug"})
"""Cell magics whose cell is Python all the same."""

_RUNS = re.compile(r"%(?:time|timeit|prun|memit)\s+(?=[^-\s])")
"""A line magic that runs the statement behind it."""

_ASKED = re.compile(r"[^#'\"]*\?{1,2}\s*$")
_CAPTURED = re.compile(r"(\s*)([\w.,\s\[\]]+?)(\s*=\s*)([%!])")
_STARTS = ("%", "!", "?")


class Read(NamedTuple):
    """What Python can read of a cell, with as many lines; `why` says why it is nothing, `line` where."""

    text: str
    why: str | None = None
    line: int | None = None


def without_magics(text: str) -> Read:
    """The cell `text` with magics and shell lines replaced by statements that do nothing.

    A cell in another language, and one that is not Python even so, becomes empty lines; of the latter `why` tells.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ")
    if not any(mark in text for mark in "%!?"):
        return _checked(text)
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[first].lstrip().startswith("%%"):
        name = re.match(r"\s*%%([\w!]*)", lines[first])
        if name is None or name[1] not in _PYTHON_CELLS:
            return Read("\n" * text.count("\n"))
        lines[first] = ""
    elif _parses(text):
        # A line that begins with `%` may go on an expression, or stand in a string.
        return Read(text)
    out: list[str] = []
    continued = False
    for line in lines:
        if continued:
            out.append("")
            continued = line.rstrip().endswith("\\")
            continue
        plain = _plain(line)
        continued = plain != line and line.rstrip().endswith("\\")
        out.append(plain)
    return _checked("\n".join(out))


def _plain(line: str) -> str:
    """A line in which IPython's syntax stands for itself no more."""
    stripped = line.lstrip()
    indent = line[: len(line) - len(stripped)]
    if (runs := _RUNS.match(stripped)) is not None:
        # `pass; ` takes no more room than `%time `, so every column stays.
        return f"{indent}{'pass;'.ljust(runs.end())}{stripped[runs.end() :]}"
    if stripped.startswith(_STARTS) or _ASKED.match(stripped):
        return f"{indent}pass"
    captured = _CAPTURED.match(line)
    if captured is not None:
        return f"{captured[1]}{captured[2]}{captured[3]}None"
    return line


def _parses(text: str) -> bool:
    try:
        tree_of(text)
    except UnreadableError:
        return False
    return True


def _checked(text: str) -> Read:
    try:
        tree_of(text)
    except UnreadableError as error:
        return Read("\n" * text.count("\n"), error.why, error.line)
    return Read(text)
