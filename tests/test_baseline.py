"""The baseline: it holds back what was there, wherever that moves to, and nothing that is new."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from lint_sources import BROKEN, CLEAN, Shell

SECOND = (
    BROKEN.replace("import numpy as np\n", "").replace("def batches", "def others").replace("yield x", "yield x, n")
)
THIRD = SECOND.replace("others", "still_others")


@pytest.fixture
def baseline(shell: Shell) -> str:
    """A baseline for a file with a finding, written by the command."""
    shell.write("src/a.py", BROKEN)
    told = shell("lint", "src", "--write-baseline", "known.json")
    assert (told.status, told.err) == (0, "")
    assert told.out.startswith("wrote 1 finding to known.json")
    return "known.json"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BROKEN, id="as it was"),
        pytest.param("import os\n\n\n" + BROKEN, id="moved down"),
        pytest.param(BROKEN.replace("\n\n\n", "\n"), id="moved up"),
        pytest.param(BROKEN.replace("batches", "renamed"), id="another line edited"),
        pytest.param(BROKEN.replace("    ", "\t"), id="indented otherwise"),
        pytest.param(BROKEN.replace("yield x", "yield   x"), id="spaced otherwise"),
        pytest.param(BROKEN.replace("\n", "\r\n"), id="other line ends"),
        pytest.param(CLEAN + BROKEN, id="more code above"),
    ],
)
def test_what_was_there_is_held_back(shell: Shell, baseline: str, text: str) -> None:
    shell.write("src/a.py", text)
    told = shell("lint", "src", "--baseline", baseline)
    assert (told.status, told.found) == (0, [])
    assert "1 finding held back by the baseline." in told.out
    assert "no longer" not in told.out


@pytest.mark.parametrize(
    ("files", "found", "gone"),
    [
        pytest.param({"src/a.py": BROKEN + SECOND}, ["src/a.py:15"], False, id="another one in the file"),
        pytest.param({"src/b.py": BROKEN}, ["src/b.py:8"], False, id="the same in another file"),
        pytest.param({"src/a.py": BROKEN.replace("yield x", "yield x, 1")}, ["src/a.py:8"], True, id="the line edited"),
        pytest.param({"src/a.py": BROKEN.replace("x", "y")}, ["src/a.py:8"], True, id="another buffer"),
        pytest.param({"src/a.py": CLEAN}, [], True, id="mended"),
    ],
)
def test_what_is_new_is_found(shell: Shell, baseline: str, files: dict[str, str], found: list[str], gone: bool) -> None:
    for name, text in files.items():
        shell.write(name, text)
    told = shell("lint", "src", "--baseline", baseline)
    places = [":".join(line.split(":")[:2]) for line in told.out.splitlines() if ": PF" in line]
    assert places == found
    assert told.status == bool(found)
    assert ("1 entry of known.json no longer occurs (PF101 in src/a.py): write it again" in told.out) == gone


def test_of_equal_lines_as_many_are_held_back_as_there_were(shell: Shell) -> None:
    twice = BROKEN + THIRD.replace("yield x, n", "yield x")
    shell.write("a.py", twice)
    shell("lint", "--write-baseline", "known.json")
    assert json.loads(Path("known.json").read_text())["findings"] == [
        {"path": "a.py", "code": "PF101", "line": "yield x", "count": 2}
    ]
    assert shell("lint", "--baseline", "known.json").found == []
    shell.write("a.py", twice + SECOND.replace("yield x, n", "yield x"))
    assert len(shell("lint", "--baseline", "known.json").found) == 1
    shell.write("a.py", BROKEN)
    told = shell("lint", "--baseline", "known.json")
    assert told.found == []
    assert "1 entry of known.json no longer occurs" in told.out


def test_only_what_was_looked_at_can_be_missed(shell: Shell, baseline: str) -> None:
    shell.write("src/a.py", CLEAN)
    shell.write("src/b.py", CLEAN)
    assert "no longer" not in shell("lint", "src/b.py", "--baseline", baseline).out
    assert "no longer" not in shell("lint", "src", "--select", "PF2", "--baseline", baseline).out
    os.unlink("src/a.py")
    assert "no longer" in shell("lint", "src", "--baseline", baseline).out


def test_a_baseline_holds_from_any_folder(shell: Shell, baseline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("src")
    assert shell("lint", "a.py", "--baseline", f"../{baseline}").status == 0


def test_the_configuration_names_the_baseline(shell: Shell, baseline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.write("pyproject.toml", f'[tool.pitfallcheck]\nbaseline = "{baseline}"\n')
    assert shell("lint").status == 0
    monkeypatch.chdir("src")
    assert shell("lint").status == 0
    shell.write("src/a.py", CLEAN)
    assert "of ../known.json no longer occurs" in shell("lint").out.replace(str(shell.folder), "..")
    assert shell("lint", "--write-baseline", "../known.json").out.startswith("wrote 0 findings")


def test_a_baseline_is_written_anew_with_what_the_old_one_held_back(shell: Shell, baseline: str) -> None:
    shell.write("pyproject.toml", f'[tool.pitfallcheck]\nbaseline = "{baseline}"\n')
    before = Path(baseline).read_text()
    shell("lint", "--write-baseline", baseline)
    assert Path(baseline).read_text() == before


def test_a_held_back_finding_is_not_mended(shell: Shell, baseline: str) -> None:
    path = shell.write("src/a.py", BROKEN + SECOND)
    shell("lint", "src", "--fix", "--baseline", baseline)
    assert path.read_text() == BROKEN + SECOND.replace("yield x, n", "yield x.copy(), n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "there is no baseline known.json; write it with `--write-baseline known.json`", id="none"),
        pytest.param("{", "known.json is no baseline; write one with", id="no JSON"),
        pytest.param("[]", "known.json is no baseline; write one with", id="a list"),
        pytest.param('{"version": 1, "findings": [{}]}', "known.json is no baseline", id="an entry without keys"),
        pytest.param('{"version": 9}', "the baseline known.json is of version 9; write it again", id="another version"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_a_wrong_call(shell: Shell, content: str | None, said: str) -> None:
    shell.write("a.py")
    if content is not None:
        shell.write("known.json", content)
    told = shell("lint", "--baseline", "known.json")
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith(f"pitfallcheck: {said}")
    assert told.err.count("\n") == 1


def test_a_baseline_that_cannot_be_written_is_said(shell: Shell) -> None:
    told = shell("lint", "--write-baseline", "no/such/folder.json")
    assert told.status == 2
    assert told.err == "pitfallcheck: cannot write the baseline no/such/folder.json: no such file or directory\n"
