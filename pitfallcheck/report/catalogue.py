"""Pitfalls as text: the table of them all, and the explanation of one, for a terminal or as Markdown."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Sequence

from pitfallcheck.pitfall import HEADINGS, Pitfall

_LEAST_SUMMARY = 24
"""Columns that a summary needs to stand beside the rest of its row; with less it goes below."""

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def explanation(pitfall: Pitfall, *, color: bool = False) -> str:
    """The explanation as its author wrote it, followed by where the pitfall is seen and whether it is mended."""
    lines = inspect.cleandoc(pitfall.explanation).split("\n")
    if color:
        lines = [
            f"{_BOLD}{line}{_PLAIN}" if number == 0 or line in HEADINGS else line for number, line in enumerate(lines)
        ]
    return "\n".join((*lines, "", _halves(pitfall)))


def markdown(pitfall: Pitfall) -> str:
    """The explanation as Markdown: its headings as such, and its programs in fences."""
    lines: list[str] = []
    code = False
    for line in explanation(pitfall).split("\n"):
        if line and not line.strip("-") and lines and lines[-1] in HEADINGS:
            lines[-1:] = [f"## {lines[-1]}", ""]
            continue
        if not code and line.startswith("    ") and not (lines and lines[-1]):
            lines.append("```python")
            code = True
        elif code and line and not line.startswith("    "):
            while not lines[-1]:
                lines.pop()
            lines.extend(("```", ""))
            code = False
        lines.append(line.removeprefix("    ") if code else line)
    return "\n".join((f"# {lines[0]}", *lines[1:]))


def section(pitfall: Pitfall, heading: str) -> str:
    """What stands below a heading of the explanation; empty where it has none of that name."""
    lines = inspect.cleandoc(pitfall.explanation).split("\n")
    if heading not in lines:
        return ""
    rest = lines[lines.index(heading) + 2 :]
    end = next((number for number, line in enumerate(rest) if line in HEADINGS), len(rest))
    return "\n".join(rest[:end]).strip()


def _halves(pitfall: Pitfall) -> str:
    if pitfall.words is None and not pitfall.runtime:
        return (
            "Said by `pitfallcheck lint`, as a note: it is no pitfall of training. Remove the comment, or leave\n"
            f'the note out with `--ignore {pitfall.code}` or, in the configuration, `ignore = ["{pitfall.name}"]`.'
        )
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
    """One row for each pitfall; summaries are wrapped at `width`, below the rest if need be, and not at all without."""
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
        if width - len(start) >= _LEAST_SUMMARY:
            lines.extend(textwrap.wrap(start + row[4], width, subsequent_indent=" " * len(start)))
        else:
            below = " " * (widths[0] + 2)
            lines.extend((start, *textwrap.wrap(row[4], width, initial_indent=below, subsequent_indent=below)))
    return "".join(f"{line.rstrip()}\n" for line in lines)
