"""Pitfalls as text: the table of them all, and the explanation of one."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Sequence

from pitfallcheck.pitfall import HEADINGS, Pitfall

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def explanation(pitfall: Pitfall, *, color: bool = False) -> str:
    """The explanation as its author wrote it, followed by where the pitfall is seen and whether it is mended."""
    lines = inspect.cleandoc(pitfall.explanation).split("\n")
    if color:
        lines = [
            f"{_BOLD}{line}{_PLAIN}" if number == 0 or line in HEADINGS else line for number, line in enumerate(lines)
        ]
    return "\n".join((*lines, "", _halves(pitfall)))


def _halves(pitfall: Pitfall) -> str:
    seen = " and ".join(
        half
        for half, there in (
            ("in source (`pitfallcheck lint`)", pitfall.words is not None),
            ("at run time (`pitfallcheck run`)", pitfall.runtime),
        )
        if there
    )
    mended = {
        "safe": "`pitfallcheck lint --fix` mends it.",
        "unsafe": "`pitfallcheck lint --fix --unsafe-fixes` mends it.",
        None: "It has no automatic fix.",
    }[pitfall.fix]
    return f"Seen {seen}. {mended}\nSilence it with `# pitfallcheck: ignore[{pitfall.name}]`."


def table(pitfalls: Sequence[Pitfall], *, width: int | None = None) -> str:
    """One row for each pitfall; summaries are wrapped at `width`, and stay on one line without it."""
    rows = [("code", "name", "seen in", "fix", "summary")]
    for pitfall in pitfalls:
        halves = [half for half, there in (("source", pitfall.words is not None), ("run", pitfall.runtime)) if there]
        rows.append((pitfall.code, pitfall.name, ", ".join(halves), pitfall.fix or "-", pitfall.summary))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines: list[str] = []
    for row in rows:
        start = "".join(f"{cell:<{widths[column]}}  " for column, cell in enumerate(row[:4]))
        if width is None:
            lines.append(start + row[4])
            continue
        hang = len(start) if width - len(start) >= 24 else 8
        lines.extend(textwrap.wrap(start + row[4], width, subsequent_indent=" " * hang) or [start])
    return "".join(f"{line.rstrip()}\n" for line in lines)
