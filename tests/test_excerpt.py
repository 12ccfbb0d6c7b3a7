"""The source line below a headline, and its carets: under what was found, whatever the line holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitfallcheck.finding import Finding, Location
from pitfallcheck.report import text
from pitfallcheck.report.excerpt import excerpt


def shown(tmp_path: Path, line: str | bytes, column: int, end: int | None, width: int | None = None) -> list[str]:
    path = tmp_path / "a.py"
    path.write_bytes(b"import os\n" + (line.encode("utf-8") if isinstance(line, str) else line))
    place = Location(str(path), 2, column, 2 if end else None, end)
    return [gutter + beside for gutter, beside in excerpt(place, "", width)]


@pytest.mark.parametrize(
    ("line", "column", "end", "rows"),
    [
        pytest.param("yield x\n", 7, 8, ["2 | yield x", "  |       ^"], id="a name"),
        pytest.param("    yield x, y\n", 11, 15, ["2 | yield x, y", "  |       ^^^^"], id="indented"),
        pytest.param("\tyield\tx\n", 8, 9, ["2 | yield x", "  |       ^"], id="tabs"),
        pytest.param("yield x\r\n", 7, 8, ["2 | yield x", "  |       ^"], id="CRLF"),
        pytest.param("yield x", 7, 8, ["2 | yield x", "  |       ^"], id="no final line end"),
        pytest.param("yield x\n", 1, None, ["2 | yield x", "  | ^^^^^^^"], id="no end known"),
        pytest.param("yield x\n", 99, 120, ["2 | yield x", "  |       ^"], id="beyond the line"),
        pytest.param("f('日本', x)\n", 9, 10, ["2 | f('日本', x)", "  |           ^"], id="wide characters"),
        pytest.param("f('e\u0301', x)\n", 9, 10, ["2 | f('e\u0301', x)", "  |        ^"], id="combining characters"),
        pytest.param("f('\x1b[31m')\n", 1, 2, ["2 | f(' [31m')", "  | ^"], id="an escape sequence"),
        pytest.param(b"f('\xff')\n", 1, 2, [], id="not the declared encoding"),
        pytest.param("   \n", 1, 2, [], id="an empty line"),
    ],
)
def test_carets_stand_below_the_place(
    tmp_path: Path, line: str | bytes, column: int, end: int | None, rows: list[str]
) -> None:
    assert shown(tmp_path, line, column, end) == rows


@pytest.mark.parametrize("column", [1, 30, 200, 390])
@pytest.mark.parametrize("length", [1, 10, 200])
@pytest.mark.parametrize("width", [40, 80])
def test_a_long_line_is_cut_around_the_carets(tmp_path: Path, column: int, length: int, width: int) -> None:
    line = "".join(f"{number:04}" for number in range(100))
    code, carets = shown(tmp_path, line, column, min(column + length, 401), width)
    assert max(len(code), len(carets)) <= width
    start = carets.index("^")
    marked = code[start : len(carets)]
    assert line[column - 1 :].startswith(marked[:1])
    assert code[start:].rstrip(".")[: len(marked)] in line


def test_several_lines_are_marked_on_their_first(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("f(x,\n  y)\n")
    (_, code), (_, carets) = excerpt(Location(str(path), 1, 1, 2, 5), "", None)
    assert (code, carets) == ("f(x,", "^^^^")


def test_a_report_has_it_below_the_headline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("    yield x\n")
    finding = Finding("PF101", "reused-buffer", "error", Location("a.py", 1, 11, 1, 12), "it is", "mend it")
    assert text.render([finding], closing=False).splitlines()[1:] == ["    1 | yield x", "      |       ^"]
    colored = text.render([finding], closing=False, color=True).splitlines()[1:]
    assert colored == ["\x1b[2m    1 | \x1b[0myield x", "\x1b[2m      | \x1b[0m\x1b[1;31m      ^\x1b[0m"]
