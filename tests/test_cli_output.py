"""Where reports go, several of them at once, and the options that show or count in place of reporting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lint_sources import BROKEN, CLEAN, Shell

GENERATOR = BROKEN + "\n\nnext(batches(2))\nprint('[said by the program]')\n"


def kind_of(text: str) -> str:
    """The format that a report is in."""
    if text.startswith("::"):
        return "github"
    if text.startswith("<?xml"):
        return "junit" if ElementTree.fromstring(text).tag == "testsuites" else ""
    if text.startswith(("{", "[")):
        report = json.loads(text)
        return "gitlab" if isinstance(report, list) else "sarif" if "runs" in report else "json"
    return "text" if "\n    8 | " in text else "concise"


@pytest.mark.parametrize("form", ["text", "concise", "json", "sarif", "github", "gitlab", "junit"])
def test_every_format_goes_to_standard_output_and_to_files(shell: Shell, form: str) -> None:
    shell.write("a.py")
    told = shell("lint", "--format", form)
    assert (kind_of(told.out), told.status, told.err) == (form, 1, "")
    for arguments in (["--format", f"{form}:report"], ["--format", form, "--output", "report"]):
        assert shell("lint", *arguments).out == ""
        assert Path("report").read_text() == told.out


def test_several_reports_at_once(shell: Shell) -> None:
    shell.write("a.py")
    told = shell("lint", "--format", "sarif:out.sarif", "--format", "junit:out.xml", "--format", "github")
    assert told.status == 1
    assert [kind_of(text) for text in (told.out, Path("out.sarif").read_text(), Path("out.xml").read_text())] == [
        *("github", "sarif", "junit")
    ]
    lines = shell("lint", "--format", "concise", "--format", "github", "-q").out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["a.py:8:15:", "::warning"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--format", "json", "--format", "github"],
            "json needs standard output for itself: give it a file, as in json:",
        ),
        (["--format", "sarif:a", "--format", "junit:a"], "two reports go to a: name a file for each"),
        (["--format", "sarif", "--format", "text", "--output", "a"], "two reports go to a: name a file for each"),
        (["--format", "sarif:"], "argument --format: name a file behind the colon, such as sarif:report"),
        (["--format", "yaml"], "argument --format: invalid choice: 'yaml' (choose from text, concise, json, sarif,"),
        (["--diff", "--format", "sarif"], "--diff prints a patch, which does not go with --format sarif"),
        (["--fix", "--add-ignores"], "--fix and --add-ignores do not go together: call once for each"),
        (["--diff", "--write-baseline", "a"], "--diff and --write-baseline do not go together: call once for each"),
    ],
)
def test_what_does_not_go_together_is_a_wrong_call(shell: Shell, arguments: list[str], said: str) -> None:
    before = shell.write("a.py").read_text()
    told = shell("lint", *arguments)
    assert (told.status, told.out, told.err.count("\n")) == (2, "", 1)
    assert told.err.startswith(f"pitfallcheck: {said}")
    assert Path("a.py").read_text() == before
    assert [path.name for path in shell.folder.iterdir()] == ["a.py"]


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_in_a_ci_job_paths_start_at_the_checkout(shell: Shell, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.write("part/a.py")
    monkeypatch.chdir("part")
    monkeypatch.setenv(variable, str(shell.folder / "elsewhere"))
    assert "file=a.py," in shell("lint", "--format", "github").out
    monkeypatch.setenv(variable, str(shell.folder))
    assert "file=part/a.py," in shell("lint", "--format", "github").out
    assert json.loads(shell("lint", "--format", "gitlab").out)[0]["location"]["path"] == "part/a.py"


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "pitfallcheck", "run", *options, "gen.py"]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("form", ["sarif", "gitlab", "junit", "github", "concise"])
def test_run_reports_in_every_format(shell: Shell, form: str) -> None:
    shell.write("gen.py", GENERATOR)
    done = run(shell.folder, "--format", f"{form}:report", "--format", form)
    report = Path("report").read_text()
    assert kind_of(report) == form
    if form in {"github", "concise"}:
        assert (done.stdout, done.stderr) == ("[said by the program]\n", report)
    else:
        assert (done.stdout, done.stderr) == (report, "[said by the program]\n")


def test_statistics_stand_in_place_of_findings(shell: Shell) -> None:
    shell.write("a.py")
    shell.write("b.py")
    told = shell("lint", "--statistics", "-q")
    assert (told.status, told.out) == (1, "2  PF101  reused-buffer  2 warnings\n")
    assert json.loads(shell("lint", "--statistics", "--format", "json").out)["findings"]


@pytest.mark.parametrize(
    ("options", "sources", "status"),
    [
        pytest.param(["--exit-zero"], {"a.py": BROKEN}, 0, id="a finding"),
        pytest.param(["--exit-zero", "--diff"], {"a.py": BROKEN}, 0, id="a patch"),
        pytest.param(["--exit-zero"], {"a.py": "def f(:\n"}, 2, id="what cannot be read"),
        pytest.param(["--exit-zero", "--select", "zzz"], {"a.py": CLEAN}, 2, id="a wrong call"),
    ],
)
def test_findings_need_not_fail(shell: Shell, options: list[str], sources: dict[str, str], status: int) -> None:
    for name, text in sources.items():
        shell.write(name, text)
    assert shell("lint", *options, *sources).status == status


def test_files_and_settings_can_be_shown(shell: Shell) -> None:
    shell.write("pitfallcheck.toml", 'select = ["PF101"]\nbaseline = "b.json"\n[per-file-ignores]\n"x/" = ["PF1"]\n')
    shell.write("a.py")
    shell.write("src/b.py")
    assert shell("lint", "--show-files").out == "a.py\nsrc/b.py\n"
    told = shell("lint", "--show-settings")
    assert (told.status, told.err) == (0, "")
    assert told.out.splitlines()[0] == f"configuration     {shell.folder / 'pitfallcheck.toml'}"
    assert told.out.splitlines()[-1] == "codes             PF101"
    assert f"baseline          {shell.folder / 'b.json'}" in told.out
    assert "per-file-ignores  x/ = PF1" in told.out
