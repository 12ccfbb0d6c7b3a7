"""What the README shows is what the program says: its finding, its table of pitfalls, its settings and its snippets."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib

import pytest
from fixture_files import ROOT

from pitfallcheck import catalog, config

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The contents of the README's code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_the_finding_shown_is_what_running_the_program_prints() -> None:
    (shown,) = blocks("console")
    command, _, output = shown.partition("\n")
    arguments = command.removeprefix("$ pitfallcheck ").split()
    done = subprocess.run(
        [sys.executable, "-m", "pitfallcheck", *arguments],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    # The README's lines are those of a terminal; in a pipe they are not wrapped.
    assert output.split() == (done.stdout + done.stderr).split()
    assert done.returncode == 1


def test_the_table_of_pitfalls_is_the_catalogue() -> None:
    rows = re.findall(
        r"^\| (PF\d{3}) \| (\S+) \| (.+?) \| (yes)? ?\| (yes)? ?\| ?(safe|unsafe)? ?\|$", README, re.MULTILINE
    )
    expected = [
        (p.code, p.name, p.summary, "yes" if p.words else "", "yes" if p.runtime else "", p.fix or "")
        for p in catalog.pitfalls().values()
    ]
    assert rows == expected


def test_the_settings_shown_are_those_that_are_read() -> None:
    (shown,) = blocks("toml")
    assert set(tomllib.loads(shown)["tool"]["pitfallcheck"]) == set(config.KEYS)


@pytest.mark.parametrize("snippet", blocks("python"))
def test_a_python_snippet_parses(snippet: str) -> None:
    ast.parse(snippet)


def test_the_commands_that_try_it_are_in_one_line_each_and_ci_runs_the_same_tests() -> None:
    commands = [block.strip() for block in blocks("sh") if "venv" in block]
    assert [command.count("\n") for command in commands] == [0, 0]
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    for part in ("-e '.[test]'", "python -m pytest", "PITFALLCHECK_TEST_FRAMEWORKS=tensorflow,keras"):
        assert part in commands[1]
        assert part in ci
