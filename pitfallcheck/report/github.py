"""Findings as workflow commands: GitHub Actions shows them beside the changed lines of a pull request.

The format is that of https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

from collections.abc import Iterable

from pitfallcheck.finding import Finding, Skipped
from pitfallcheck.identity import path_from
from pitfallcheck.report.wording import said_in

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(findings: Iterable[Finding], *, skipped: Iterable[Skipped] = (), base: str) -> str:
    """A command for each finding, and a warning for whatever was not looked at; paths are relative to `base`."""
    lines = [_annotation(finding, base) for finding in findings]
    lines += [_command("warning", {"title": f"{item.what} skipped"}, item.why) for item in skipped]
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding, base: str) -> str:
    place = finding.location
    fields = {"file": path_from(place.path, base)}
    if place.cell is None:
        fields["line"] = str(place.line)
        if place.end_line not in {None, place.line}:  # columns go with one line: with two, the place is lost
            fields["endLine"] = str(place.end_line)
        else:
            fields["col"] = str(place.column)
            if place.end_column is not None:
                fields["endColumn"] = str(place.end_column)
    fields["title"] = f"{finding.code} {finding.name}"
    return _command(_COMMANDS[finding.level], fields, said_in(finding))


def _command(name: str, fields: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in fields.items())
    return f"::{name} {listed}::{_escaped(message)}"


def _escaped(text: str, also: str = "") -> str:
    """`text` with what would end a command or a field of it as the runner reads it: `%25` for `%` and so on."""
    for char in f"%\r\n{also}":  # the percent sign first: it begins every escape
        text = text.replace(char, f"%{ord(char):02X}")
    return text
