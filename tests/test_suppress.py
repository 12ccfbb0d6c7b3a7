"""Ignore comments: which findings they silence, and which not."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_sources import BROKEN, Shell

from pitfallcheck.finding import Finding, Location, Source
from pitfallcheck.suppress import silence


def finding(line: int = 1, end_line: int | None = None, path: str = "a.py", source: Source = "static") -> Finding:
    return Finding(
        "PF101", "reused-buffer", "error", Location(path, line, 1, end_line), "seen", "mend it", sources=(source,)
    )


def is_silenced(text: str, line: int = 1, end_line: int | None = None) -> bool:
    return not silence([finding(line, end_line)], read=lambda path: text)


@pytest.mark.parametrize(
    ("comment", "silenced"),
    [
        ("# pitfallcheck: ignore", True),
        ("# pitfallcheck:ignore", True),
        ("#pitfallcheck: ignore", True),
        ("# Pitfallcheck: Ignore[pf101]", True),
        ("# pitfallcheck: ignore[PF101]", True),
        ("# pitfallcheck: ignore[reused-buffer]", True),
        ("# pitfallcheck: ignore[reused_buffer]", True),
        ("# pitfallcheck: ignore[PF1]", True),
        ("# pitfallcheck: ignore[PF201, reused-buffer]", True),
        ("# pitfallcheck: ignore[PF201 PF101]", True),
        ("# pitfallcheck: ignore[PF101] because the consumer copies", True),
        ("# type: ignore # pitfallcheck: ignore[PF101]", True),
        ("# pitfallcheck: ignore[PF201] # pitfallcheck: ignore[PF101]", True),
        ("# pitfallcheck: ignore[PF201]", False),
        ("# pitfallcheck: ignore[flat-target]", False),
        ("# pitfallcheck: ignore[reused]", False),
        ("# pitfallcheck: ignore[]", False),
        ("# pitfallcheck: ignored", False),
        ("# pitfallcheck: ignore-file", False),
        ("# see pitfallcheck", False),
        ("# noqa", True),
        ("#noqa", True),
        ("# NOQA", True),
        ("# noqa: PF101", True),
        ("# noqa:PF101", True),
        ("# noqa : PF101", True),
        ("# noqa: E501,PF101", True),
        ("# noqa: E501, PF101", True),
        ("# noqa: E501 PF101", True),
        ("# noqa: PF1", True),
        ("# noqa: PF101 the consumer copies", True),
        ("# noqa: reused-buffer", True),
        ("# noqa: E501", False),
        ("# noqa: PF201", False),
        ("# noqa: P", False),
        ("# noqa:", False),
        ("# noqabene", False),
        ("# noqa-like", False),
    ],
)
def test_a_comment_says_what_it_silences(comment: str, silenced: bool) -> None:
    assert is_silenced(f"yield x  {comment}\n") == silenced


MANY_LINES = """def f():
    yield (
        x,
        y,
    )
    z = 1
"""


@pytest.mark.parametrize(
    ("at", "silenced"),
    [
        pytest.param(1, False, id="the line above"),
        pytest.param(2, True, id="the first line of the statement"),
        pytest.param(3, True, id="the line of the finding"),
        pytest.param(4, False, id="another line of the statement"),
        pytest.param(5, True, id="the last line of the statement"),
        pytest.param(6, False, id="the line below"),
    ],
)
def test_a_comment_speaks_for_its_statement(at: int, silenced: bool) -> None:
    lines = MANY_LINES.splitlines()
    lines[at - 1] += "  # pitfallcheck: ignore"
    assert is_silenced("\n".join(lines), line=3) == silenced


@pytest.mark.parametrize(
    ("text", "line", "end_line", "silenced"),
    [
        pytest.param("f(\n  a,  # noqa\n  b)\n", 1, 3, True, id="a line within the finding"),
        pytest.param(
            "def f():\n    a = 1  # noqa\n    yield a\n", 1, 3, False, id="a line of the block below the head"
        ),
        pytest.param("def f(\n    a,\n):  # noqa\n    yield a\n", 1, 4, True, id="the end of the head"),
        pytest.param("x = a + \\\n    b  # noqa\n", 1, 1, True, id="a continued line"),
        pytest.param("x = '''\n# noqa\n'''\n", 1, 3, False, id="in a string"),
        pytest.param("x = '''\n'''  # noqa\n", 1, 1, True, id="behind a long string"),
        pytest.param("x = '# noqa'\n", 1, 1, False, id="in a short string"),
        pytest.param("# noqa\nx = 1\n", 2, 2, False, id="a line of its own above"),
        pytest.param("x = 1\r\ny = 2  # noqa\r\n", 2, 2, True, id="CRLF"),
        pytest.param("x = 1\ry = 2  # noqa\r", 2, 2, True, id="CR alone"),
        pytest.param("x = 1\n\x0cy = 2  # noqa\n", 2, 2, True, id="form feed"),
        pytest.param("x = 1  # noqa\ny = (\n", 1, 1, True, id="before what does not parse"),
        pytest.param("x = 1  # noqa", 9, 9, False, id="a line that is not there"),
    ],
)
def test_what_a_comment_belongs_to(text: str, line: int, end_line: int, silenced: bool) -> None:
    assert is_silenced(text, line, end_line) == silenced


@pytest.mark.parametrize(
    ("text", "silenced"),
    [
        ("# pitfallcheck: ignore-file\nx = 1\n", True),
        ("#!/bin/sh\n# -*- coding: utf-8 -*-\n\n# pitfallcheck: ignore-file\nx = 1\n", True),
        ('"""Docs."""\n# pitfallcheck: ignore-file\nx = 1\n', True),
        ("import a\nfrom b import (c,\n  d)\n# pitfallcheck: ignore-file\nx = 1\n", True),
        ("# pitfallcheck: ignore-file[PF101]\nx = 1\n", True),
        ("# pitfallcheck: ignore-file[PF2]\nx = 1\n", False),
        ("x = 1\n# pitfallcheck: ignore-file\n", False),
        ("import a  # pitfallcheck: ignore-file\n", False),
        ('"""\n# pitfallcheck: ignore-file\n"""\nx = 1\n', False),
    ],
)
def test_a_file_is_ignored_at_its_head(text: str, silenced: bool) -> None:
    assert is_silenced(text, line=99) == silenced


def test_a_measured_finding_is_silenced_by_the_comment_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"# coding: latin-1\nx = '\xe9'  # pitfallcheck: ignore\ny = 2\n")
    kept = silence([finding(2, path=str(path), source="runtime"), finding(3, path=str(path), source="runtime")])
    assert [one.location.line for one in kept] == [3]


def test_a_finding_outside_any_file_is_kept() -> None:
    assert silence([finding(path="<string>")]) == [finding(path="<string>")]


def test_a_silenced_finding_is_neither_reported_nor_mended(shell: Shell) -> None:
    text = BROKEN.replace("yield x", "yield x  # noqa: PF101")
    path = shell.write("a.py", text)
    told = shell("lint", "--fix", "a.py")
    assert (told.status, told.found, path.read_text()) == (0, [], text)
