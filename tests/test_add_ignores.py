"""Ignore comments that are written, and those that hold nothing back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lint_sources import BROKEN, CLEAN, Shell

from pitfallcheck.add_ignores import with_ignores
from pitfallcheck.finding import Finding, Location
from pitfallcheck.suppress import silence


def finding(line: int, name: str = "reused-buffer", code: str = "PF101") -> Finding:
    return Finding(code, name, "error", Location("a.py", line), "seen", "mend it")


@pytest.mark.parametrize(
    ("text", "line", "written"),
    [
        pytest.param("x = 1\n", 1, "x = 1  # pitfallcheck: ignore[reused-buffer]\n", id="a line"),
        pytest.param("x = 1", 1, "x = 1  # pitfallcheck: ignore[reused-buffer]", id="without a line end"),
        pytest.param("x = 1  \r\ny\r\n", 1, "x = 1  # pitfallcheck: ignore[reused-buffer]\r\ny\r\n", id="CRLF"),
        pytest.param("f(\n  x,\n)\n", 2, "f(\n  x,\n)  # pitfallcheck: ignore[reused-buffer]\n", id="a statement"),
        pytest.param('f("""\nx\n""")\n', 1, 'f("""\nx\n""")  # pitfallcheck: ignore[reused-buffer]\n', id="a string"),
        pytest.param("x = \\\n  1\n", 1, "x = \\\n  1  # pitfallcheck: ignore[reused-buffer]\n", id="a backslash"),
        pytest.param("if x:\n    y\n", 1, "if x:  # pitfallcheck: ignore[reused-buffer]\n    y\n", id="a block's head"),
        pytest.param(
            "x = 1  # type: ignore\n", 1, "x = 1  # type: ignore  # pitfallcheck: ignore[reused-buffer]\n", id="beside"
        ),
        pytest.param(
            "x = 1  # pitfallcheck: ignore[PF2] why\n",
            1,
            "x = 1  # pitfallcheck: ignore[PF2, reused-buffer] why\n",
            id="into a list",
        ),
        pytest.param(
            "x  # pitfallcheck: ignore[]\n", 1, "x  # pitfallcheck: ignore[reused-buffer]\n", id="into an empty list"
        ),
        pytest.param("x  # pitfallcheck: ignore[PF101]\n", 1, "x  # pitfallcheck: ignore[PF101]\n", id="there already"),
        pytest.param("x  # noqa\n", 1, "x  # noqa\n", id="a noqa"),
        pytest.param("x = '#'\n", 1, "x = '#'  # pitfallcheck: ignore[reused-buffer]\n", id="no comment"),
    ],
)
def test_a_comment_is_written_where_it_holds(text: str, line: int, written: str) -> None:
    assert with_ignores(text, [finding(line)]) == written
    assert silence([finding(line)], read=lambda path: written) == []
    assert with_ignores(written, [finding(line)]) == written


def test_findings_of_one_line_share_a_comment() -> None:
    found = [finding(1), finding(1, "flat-target", "PF201"), finding(1)]
    assert with_ignores("x\n", found) == "x  # pitfallcheck: ignore[flat-target, reused-buffer]\n"


def test_every_finding_of_a_call_is_ignored_once(shell: Shell) -> None:
    a = shell.write("a.py", BROKEN)
    shell.write("b.py", CLEAN)
    told = shell("lint", "--add-ignores")
    assert (told.status, told.found) == (0, [])
    assert "wrote ignore comments for 1 finding." in told.out
    assert a.read_text() == BROKEN.replace("yield x", "yield x  # pitfallcheck: ignore[reused-buffer]")
    before = a.read_text()
    assert "wrote" not in shell("lint", "--add-ignores").out
    assert a.read_text() == before


def test_the_encoding_of_a_file_stays(shell: Shell) -> None:
    text = f"# coding: latin-1\n# caf\xe9\n{BROKEN}"
    path = shell.write("a.py", text.encode("latin-1"))
    shell("lint", "--add-ignores")
    assert path.read_bytes() == text.replace("yield x", "yield x  # pitfallcheck: ignore[reused-buffer]").encode(
        "latin-1"
    )


def test_a_file_that_cannot_be_written_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise OSError(28, "No space left on device")

    shell.write("a.py")
    monkeypatch.setattr("pitfallcheck.cli_mend.write", fail)
    told = shell("lint", "--add-ignores")
    assert (told.status, told.found) == (2, ["a.py"])
    assert "a.py for its ignore comments skipped: no space left on device; the file is as it was" in told.err


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        pytest.param("# pitfallcheck: ignore[PF101]", None, id="of use"),
        pytest.param("# pitfallcheck: ignore", None, id="of use for all"),
        pytest.param("# pitfallcheck: ignore[PF1]", None, id="of use for a family"),
        pytest.param(
            "# pitfallcheck: ignore[PF107] # pitfallcheck: ignore[PF101]", "no truncated-values", id="a second"
        ),
        pytest.param("# pitfallcheck: ignore[PF101, PF107]", "no truncated-values here", id="one of two"),
        pytest.param(
            "# pitfallcheck: ignore[PF101, reused-bufer]", "there is no pitfall `reused-bufer`: did", id="typo"
        ),
        pytest.param("# pitfallcheck: ignore[PF101, PF2]", "nothing of PF2 here", id="a family"),
        pytest.param("# pitfallcheck: ignore[PF101, PF108]", None, id="seen at run time only"),
        pytest.param("# noqa: PF101, PF107", None, id="noqa"),
        pytest.param("# noqa", None, id="noqa for all"),
    ],
)
def test_a_comment_that_holds_nothing_back_is_noted(shell: Shell, comment: str, said: str | None) -> None:
    shell.write("a.py", BROKEN.replace("yield x", f"yield x  {comment}"))
    told = shell("lint", "--format", "json")
    notes = json.loads(told.out)["findings"]
    assert told.status == 0
    assert [note["code"] for note in notes] == ([] if said is None else ["PF001"])
    if said is not None:
        assert said in notes[0]["message"]
        assert (notes[0]["line"], notes[0]["level"]) == (8, "note")
        column = notes[0]["column"]
        assert f"yield x  {comment}"[column - 9 :].startswith("# pitfallcheck")


@pytest.mark.parametrize(
    ("text", "options", "noted"),
    [
        pytest.param("x = 1  # pitfallcheck: ignore[PF101]\n", [], True, id="in a file without a candidate"),
        pytest.param("# pitfallcheck: ignore-file\nx = 1\n", [], True, id="for a file"),
        pytest.param("x = 1  # pitfallcheck: ignore[PF101]\n", ["--select", "PF2"], False, id="not looked for"),
        pytest.param("x = 1  # pitfallcheck: ignore[PF101]\n", ["--ignore", "PF001"], False, id="not wanted"),
        pytest.param("x = 1  # pitfallcheck: ignore[PF101]\n", ["--select", "PF101,PF001"], True, id="asked for"),
        pytest.param("x = '# pitfallcheck: ignore[PF101]'\n", [], False, id="in a string"),
        pytest.param("x = 1  # see pitfallcheck: it knows\n", [], False, id="another comment"),
    ],
)
def test_what_makes_a_comment_useless(shell: Shell, text: str, options: list[str], noted: bool) -> None:
    shell.write("a.py", text)
    for _ in range(2):  # the second time, what is known of the file comes from the cache
        assert shell("lint", *options).found == (["a.py"] if noted else [])


def test_notes_on_comments_are_no_part_of_a_baseline(shell: Shell) -> None:
    shell.write("a.py", "x = 1  # pitfallcheck: ignore[PF101]\n")
    shell("lint", "--write-baseline", "known.json")
    assert json.loads(Path("known.json").read_text())["findings"] == []
    assert "PF001" in shell("explain", "unused-ignore").out
