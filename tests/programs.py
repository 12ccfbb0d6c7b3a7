"""Runs small programs, with Python and with `pitfallcheck run`, and tells what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any

from lint_sources import write

COMMAND = os.path.join(os.path.dirname(sys.executable), "pitfallcheck")
"""The command as it is installed beside this Python: `python -m pitfallcheck` has the working directory on its path."""
LIMIT = 60
"""Seconds after which a program that hangs fails its test."""


@dataclass(frozen=True)
class Ran:
    """The end of a process: its status and what it wrote."""

    status: int
    out: str
    err: str

    @cached_property
    def report(self) -> dict[str, Any]:
        """The report that stands on standard output."""
        report: dict[str, Any] = json.loads(self.out)
        return report

    @property
    def found(self) -> list[tuple[str, str, int]]:
        """Code, level and line of every finding of the report."""
        return [(found["code"], found["level"], found["line"]) for found in self.report["findings"]]

    @property
    def skipped(self) -> dict[str, str]:
        """What was not looked at, with the reason."""
        return {item["what"]: item["why"] for item in self.report["skipped"]}


def lay(folder: Path, files: dict[str, str]) -> None:
    """Put programs into a folder, their text freed of its indentation."""
    for name, text in files.items():
        write(folder, name, dedent(text))


def environment(**changes: str) -> dict[str, str]:
    """The environment of a user's terminal, without colours and without the machine's own settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "NO_COLOR", "FORCE_"))}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1", **changes}


def python(folder: Path, *arguments: str, stdin: str = "", **changes: str) -> Ran:
    """`python ARGUMENTS` in `folder`."""
    return _ran(folder, [sys.executable, *arguments], stdin, changes)


def _ran(folder: Path, call: list[str], stdin: str, changes: dict[str, str]) -> Ran:
    ended = subprocess.run(
        call,
        cwd=folder,
        input=stdin.encode(),
        capture_output=True,
        timeout=LIMIT,
        check=False,
        env=environment(**changes),
    )
    return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def run(folder: Path, *arguments: str, stdin: str = "", **changes: str) -> Ran:
    """`pitfallcheck run ARGUMENTS` in `folder`."""
    return _ran(folder, [COMMAND, "run", *arguments], stdin, changes)


def report_of(folder: Path, *arguments: str, stdin: str = "", **changes: str) -> Ran:
    """`pitfallcheck run --format json ARGUMENTS`, whose report can then be asked."""
    return run(folder, "--format", "json", *arguments, stdin=stdin, **changes)
