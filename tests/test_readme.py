"""What the README shows is what the program says: its finding, its table of pitfalls, its settings and its snippets."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from fixture_files import ROOT

import pitfallcheck
from pitfallcheck import Report, catalog, config

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
    for part in ("-e '.[test]'", "python -m pytest", "PITFALLCHECK_TEST_FRAMEWORKS=tensorflow,keras,torch,jax"):
        assert part in commands[1]
        assert part in ci


@pytest.mark.parametrize(
    ("part", "due"),
    [
        pytest.param("def gradient", ["PF303 note"], id="half a gradient"),
        pytest.param("inputs @ w1 @ w2", ["PF301 error", "PF301 note"], id="two layers"),
    ],
)
def test_a_network_by_hand_is_told_what_the_readme_says(
    part: str, due: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (snippet,) = (block for block in blocks("python") if part in block)
    path = tmp_path / "snippet.py"
    path.write_text(snippet, encoding="utf-8")
    reports: list[Report] = []
    check = pitfallcheck.check

    def collecting(*args: Any, **given: Any) -> Report:
        reports.append(check(*args, **given))
        return reports[-1]

    monkeypatch.setattr(pitfallcheck, "check", collecting)
    exec(compile(snippet, str(path), "exec"), {"__name__": "snippet"})
    assert [f"{finding.code} {finding.level}" for report in reports for finding in report.findings] == due
