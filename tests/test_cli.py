"""The command line: its commands and options, its exit statuses, and what it does when it is cut short."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lint_sources import BROKEN, CLEAN, Shell, write

from pitfallcheck import __version__, catalog, cli_lint
from pitfallcheck.lint.engine import LintResult

COMMAND = [sys.executable, "-m", "pitfallcheck"]
FLAT = """import numpy as np
import keras

model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x[:, 0], output_shape=(1,))])
"""


@pytest.mark.parametrize(
    ("sources", "status", "out"),
    [
        pytest.param({"a.py": CLEAN}, 0, "1 file checked, nothing found.\n", id="clean"),
        pytest.param({"a.py": CLEAN, "b.py": ""}, 0, "2 files checked, nothing found.\n", id="clean and empty"),
        pytest.param({"a.py": BROKEN}, 1, "a.py:8:15: PF101 reused-buffer: ", id="a finding"),
        pytest.param({"a.py": "def f(:\n"}, 2, "", id="what is no Python"),
        pytest.param({"a.py": "def f(:\n", "b.py": BROKEN}, 2, "b.py:8:15: PF101", id="both"),
    ],
)
def test_the_exit_status_says_what_came_out(shell: Shell, sources: dict[str, str], status: int, out: str) -> None:
    for name, content in sources.items():
        shell.write(name, content)
    told = shell("lint", *sources)
    assert told.status == status
    assert told.out.startswith(out)


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        pytest.param([], {"PF101", "PF203"}, id="everything"),
        pytest.param(["--select", "PF101"], {"PF101"}, id="a code"),
        pytest.param(["--select", "pf2"], {"PF203"}, id="a family"),
        pytest.param(["--select", "reused-buffer, PF2"], {"PF101", "PF203"}, id="a list"),
        pytest.param(["--select", "PF101", "--select", "PF203"], {"PF101", "PF203"}, id="again"),
        pytest.param(["--ignore", "PF1"], {"PF203"}, id="all but a family"),
        pytest.param(["--select", "PF", "--ignore", "lambda_output_shape"], {"PF101"}, id="both"),
    ],
)
def test_pitfalls_are_chosen(shell: Shell, options: list[str], codes: set[str]) -> None:
    shell.write("a.py")
    shell.write("b.py", FLAT)
    report = json.loads(shell("lint", "--format", "json", *options, "a.py", "b.py").out)
    assert {finding["code"] for finding in report["findings"]} == codes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lint", "--select", "PF102"], "--select: there is no pitfall `PF102`: did you mean PF"),
        (["lint", "--ignore", "bufer"], "--ignore: there is no pitfall `bufer`: "),
        (["lint", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
        (["lint", "--fixx"], "unrecognized arguments: --fixx; see `pitfallcheck lint --help`"),
        (["lnt"], "argument COMMAND: invalid choice: 'lnt'"),
        (["explain"], "the following arguments are required: CODE|NAME; see `pitfallcheck explain --help`"),
        (["explain", "reused-bufer"], "there is no pitfall `reused-bufer`: did you mean PF101 reused-buffer?"),
        (["explain", "zzz"], "there is no pitfall `zzz`: `pitfallcheck list` shows all"),
        (["lint", "--output", "no/such/folder.txt"], "cannot write the report to no/such/folder.txt: no such file"),
    ],
)
def test_a_wrong_call_is_answered_in_one_line(shell: Shell, arguments: list[str], said: str) -> None:
    told = shell(*arguments)
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith(f"pitfallcheck: {said}")
    assert told.err.count("\n") == 1


def test_json_holds_all_that_is_said(shell: Shell) -> None:
    shell.write("a.py")
    shell.write("b.py", "def f(:\n")
    told = shell("lint", "--format", "json", "a.py", "b.py")
    report = json.loads(told.out)
    assert report["checked"] == {"files": 1}
    assert [item["what"] for item in report["skipped"]] == ["b.py:1"]
    assert [(one["path"], one["line"], one["column"], one["fix"]) for one in report["findings"]] == [
        ("a.py", 8, 15, "safe")
    ]
    assert told.status == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_report_goes_to_a_file(shell: Shell, form: str) -> None:
    shell.write("a.py")
    expected = shell("lint", "--format", form, "a.py")
    told = shell("lint", "--format", form, "--output", "report", "a.py")
    assert (told.status, told.out, told.err) == (1, "", "")
    assert Path("report").read_text() == expected.out


def test_quiet_prints_findings_and_nothing_else(shell: Shell) -> None:
    shell.write("a.py")
    shell.write("b.py", CLEAN)
    assert shell("lint", "-q", "b.py").out == ""
    assert shell("lint", "--quiet", "a.py").out.splitlines()[-1].startswith("    a.py:")


@pytest.mark.parametrize(
    ("environment", "options", "colored"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "1"}, ["--no-color"], False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"FORCE_COLOR": "1"}, ["--output", "/dev/stdout"], False),
    ],
)
def test_colour_is_for_those_who_want_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: list[str], colored: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shell.write("a.py")
    assert ("\x1b" in shell("lint", *options, "a.py").out) == colored


def on_a_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What a call prints on a terminal of 80 columns."""
    import pty

    front, back = pty.openpty()
    clean = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, stdout=back, env={**clean, "TERM": "xterm", "COLUMNS": "80", **environment}
    )
    os.close(back)
    said = b""
    try:
        while chunk := os.read(front, 65536):
            said += chunk
    except OSError:  # how a terminal tells that nobody writes to it any more
        pass
    process.wait()
    os.close(front)
    return said.decode()


def test_a_terminal_gets_colours_and_lines_that_fit(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    assert "\x1b[" in on_a_terminal(tmp_path, "lint", "a.py")
    assert "\x1b[" not in on_a_terminal(tmp_path, "lint", "a.py", TERM="dumb")
    plain = on_a_terminal(tmp_path, "lint", "a.py", NO_COLOR="1")
    assert "\x1b[" not in plain
    for said in (plain, on_a_terminal(tmp_path, "list"), on_a_terminal(tmp_path, "lint", "--help")):
        assert max(len(line) for line in said.splitlines()) <= 80


def test_explain_and_list_know_every_pitfall(shell: Shell) -> None:
    table = shell("list").out
    for code, pitfall in catalog.pitfalls().items():
        assert f"{code}  {pitfall.name}" in table
        by_code = shell("explain", code.lower())
        assert (by_code.status, by_code.err) == (0, "")
        assert by_code.out.startswith(f"{code} {pitfall.name}")
        assert shell("explain", pitfall.name.upper()).out == by_code.out
    both = shell("explain", "PF101", "PF203").out
    assert "PF101 reused-buffer" in both
    assert "PF203 lambda-output-shape" in both


def test_help_and_version(shell: Shell) -> None:
    told = shell()
    assert (told.status, told.err) == (0, "")
    for command in ("run", "lint", "explain", "list"):
        assert f"\n    {command} " in told.out
        assert shell(command, "--help").out.startswith(f"usage: pitfallcheck {command}")
    assert shell("--help").out == told.out
    assert shell("--version").out == f"pitfallcheck {__version__}\n"


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    process = subprocess.Popen([*COMMAND, "lint"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "lint"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith("pitfallcheck: cannot go on: ")
    assert done.stderr.count("\n") == 1


def test_an_interrupt_ends_it_quietly(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, pitfallcheck.cli, pitfallcheck.cli_lint as lint\n"
        f"lint.lint_paths = lambda *given: os.kill(os.getpid(), {int(signal.SIGINT)})\n"
        "sys.exit(pitfallcheck.cli.main(['lint']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_a_fault_of_our_own_is_no_finding(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> LintResult:
        raise ZeroDivisionError

    monkeypatch.setattr(cli_lint, "lint_paths", broken)
    told = shell("lint")
    assert told.status == 2
    assert told.err.splitlines()[-1].startswith("pitfallcheck: this is a fault of pitfallcheck itself")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_reason_to_fail(tmp_path: Path, closed: str) -> None:
    write(tmp_path, "a.py")
    done = subprocess.run(f'"{sys.executable}" -m pitfallcheck lint {closed}', shell=True, cwd=tmp_path, check=False)
    assert done.returncode == 1


def test_a_character_that_the_output_lacks_is_escaped(tmp_path: Path) -> None:
    write(tmp_path, "é.py", BROKEN.replace("x", "größe"))
    done = subprocess.run(
        [*COMMAND, "lint", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\\xe9.py:8:15: PF101" in done.stdout
