"""Fixes: what `--fix` and `--diff` make of a file, and that nothing else in it changes."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lint_sources import BROKEN, MENDED, Shell

from pitfallcheck import catalog
from pitfallcheck.config import load
from pitfallcheck.finding import Edit, Finding, Fix
from pitfallcheck.lint.fix import FixError, apply, compatible
from pitfallcheck.lint.mend import mend
from pitfallcheck.lint.source import Source


def span(text: str, part: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Start and end of the outermost expression of `text` that reads `part`, as a rule gives them."""
    source = Source("a.py", text, ast.parse(text))
    node = next(one for one in source.nodes if isinstance(one, ast.expr) and ast.unparse(one) == part)
    return source.span(node)


def inserted(text: str, *places: tuple[int, int]) -> str:
    return apply(text, [Fix((Edit(place, place, f"clear{number}()"),)) for number, place in enumerate(places, 1)])


@pytest.mark.parametrize(
    ("text", "places", "mended"),
    [
        pytest.param("a\nb\n", [(2, 1)], "a\nclear1()\nb\n", id="in front of a line"),
        pytest.param("for i in x:\n\ta  # c\n", [(2, 2)], "for i in x:\n\tclear1()\n\ta  # c\n", id="indented"),
        pytest.param("a\r\nb", [(2, 1)], "a\r\nclear1()\r\nb", id="with line ends of Windows"),
        pytest.param("a\nb\n", [(1, 1), (2, 1)], "clear1()\na\nclear2()\nb\n", id="two of them"),
        pytest.param("a", [(1, 1)], "clear1()\na", id="on the only line"),
    ],
)
def test_a_statement_goes_in_front_of_a_line(text: str, places: list[tuple[int, int]], mended: str) -> None:
    assert inserted(text, *places) == mended


def test_a_statement_goes_in_front_of_no_half_line() -> None:
    with pytest.raises(FixError, match="line 1 begins with another statement"):
        inserted("a; b\n", (1, 4))


def test_what_moves_lines_is_mended_alone() -> None:
    statement, expression = Fix((Edit((2, 1), (2, 1), "f()"),)), Fix((Edit((1, 1), (1, 2), "{}.copy()"),))
    assert compatible([statement, expression]) == [statement]
    assert compatible([expression, statement]) == [expression]


def edited(text: str, part: str, replacement: str) -> str:
    return apply(text, [Fix((Edit(*span(text, part), replacement),))])


@pytest.mark.parametrize(
    ("text", "part", "replacement", "mended"),
    [
        pytest.param("yield x", "x", "{}.copy()", "yield x.copy()", id="a name"),
        pytest.param("yield a.b[1](2)", "a.b[1](2)", "{}.copy()", "yield a.b[1](2).copy()", id="a chain"),
        pytest.param("yield x , y", "y", "{}.copy()", "yield x , y.copy()", id="in a bare tuple"),
        pytest.param("yield (x, [y])", "y", "{}.copy()", "yield (x, [y.copy()])", id="nested"),
        pytest.param("yield a + b", "a + b", "{}.copy()", "yield (a + b).copy()", id="an operation"),
        pytest.param("yield (a +\n  b)", "a + b", "{}.copy()", "yield (a +\n  b).copy()", id="in its own parentheses"),
        pytest.param("yield a + b", "a + b", "np.copy({})", "yield np.copy(a + b)", id="as an argument"),
        pytest.param("yield a, b", "(a, b)", "f({})", "yield f((a, b))", id="a bare tuple as an argument"),
        pytest.param("yield (a, b)", "(a, b)", "f({})", "yield f((a, b))", id="a tuple as an argument"),
        pytest.param("yield ( a, b, )", "(a, b)", "f({})", "yield f(( a, b, ))", id="a spaced tuple"),
        pytest.param("y = (i for i in z)", "(i for i in z)", "f({})", "y = f((i for i in z))", id="a generator"),
        pytest.param("y = -x", "-x", "{}.copy()", "y = (-x).copy()", id="a sign"),
        pytest.param("y = 1", "1", "{}.real", "y = (1).real", id="a number"),
        pytest.param("y = x", "x", "{} + {}", "y = (x + x)", id="an operation instead"),
        pytest.param("y = x ** 2", "x", "-{}", "y = (-x) ** 2", id="an operation within another"),
        pytest.param("y = x", "x", "{}", "y = x", id="itself"),
        pytest.param("f(shape=(1,))", "(1,)", "(1, 1)", "f(shape=(1, 1))", id="without the old text"),
        pytest.param("y = lambda: x", "lambda: x", "f({})", "y = f(lambda: x)", id="a lambda"),
        pytest.param("f(*x)", "x", "{}.copy()", "f(*x.copy())", id="starred"),
        pytest.param("'é', x", "x", "{}.copy()", "'é', x.copy()", id="behind a wide character"),
        pytest.param(
            "'''\n\x0c\u2028'''; f(x)", "x", "{}.copy()", "'''\n\x0c\u2028'''; f(x.copy())", id="odd line ends"
        ),
        pytest.param("'''\r\r''', x", "x", "{}.copy()", "'''\r\r''', x.copy()", id="CR in a string"),
        pytest.param("a\r\nf(\r\n x)", "x", "{}.copy()", "a\r\nf(\r\n x.copy())", id="CRLF"),
        pytest.param("\tx  # x", "x", "{}.copy()", "\tx.copy()  # x", id="beside a comment"),
    ],
)
def test_an_expression_is_replaced(text: str, part: str, replacement: str, mended: str) -> None:
    text, mended = (f"if 1:\n{line}\n" if line.startswith("\t") else f"{line}\n" for line in (text, mended))
    assert edited(text, part, replacement) == mended


def test_an_edit_that_meets_no_expression_is_refused() -> None:
    with pytest.raises(FixError, match="line 1 is not where"):
        apply("yield x\n", [Fix((Edit((1, 1), (1, 3), "{}"),))])


def test_a_result_that_would_not_parse_is_refused() -> None:
    with pytest.raises(FixError, match="would not parse"):
        edited("x = 1\n", "x", "f({})")


def test_of_fixes_that_overlap_the_first_is_made() -> None:
    outer, inner, other = (Edit((1, a), (1, b), "{}") for a, b in ((1, 9), (3, 5), (11, 12)))
    fixes = [Fix((outer,)), Fix((inner, other)), Fix((outer,)), Fix((other,))]
    assert compatible(fixes) == [fixes[0], fixes[2], fixes[3]]


@given(
    before=st.text("ab#'\t é\r\n\x0c\\", max_size=20),
    after=st.text("ab#'\t é\r\n\x0c\\", max_size=20),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_everything_else_stays_as_it_is(before: str, after: str, end: str) -> None:
    text = f"{before}{end}f(marked)  {after}"
    try:
        ast.parse(text)
        position = span(text, "marked")
    except (SyntaxError, ValueError, StopIteration):
        return
    try:
        mended = apply(text, [Fix((Edit(*position, "{}.copy()"),))])
    except FixError:
        return
    assert mended == f"{before}{end}f(marked.copy())  {after}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(BROKEN.encode(), MENDED.encode(), id="plain"),
        pytest.param(BROKEN.rstrip().encode(), MENDED.rstrip().encode(), id="no end of line at the end"),
        pytest.param(BROKEN.replace("\n", "\r\n").encode(), MENDED.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + BROKEN.encode(), b"\xef\xbb\xbf" + MENDED.encode(), id="byte order mark"),
        pytest.param(
            b"# coding: latin-1\n'\xe9'\n" + BROKEN.encode(),
            b"# coding: latin-1\n'\xe9'\n" + MENDED.encode(),
            id="Latin-1",
        ),
        pytest.param(
            BROKEN.replace("\n", "\r\n", 3).replace("x = ", "x  =  ").encode(),
            MENDED.replace("\n", "\r\n", 3).replace("x = ", "x  =  ").encode(),
            id="mixed line ends and odd spaces",
        ),
    ],
)
def test_a_file_is_mended_and_a_second_time_left_alone(shell: Shell, before: bytes, after: bytes) -> None:
    path = shell.write("a.py", before)
    told = shell("lint", "--fix", "a.py")
    assert (told.status, told.err) == (0, "")
    assert told.out == "1 file checked, nothing found.\nmended 1 finding.\n"
    assert path.read_bytes() == after
    modified = path.stat().st_mtime_ns
    assert shell("lint", "--fix", "a.py").out == "1 file checked, nothing found.\n"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (after, modified)


def test_what_cannot_be_mended_is_still_reported(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    half = catalog.static_half

    def unsafe(source: Source) -> Iterator[Finding]:
        for finding in half(catalog.find("PF101"))(source):
            assert finding.fix is not None
            yield replace(finding, fix=replace(finding.fix, safe=False))

    monkeypatch.setattr(catalog, "static_half", lambda one: unsafe if one.code == "PF101" else half(one))
    path = shell.write("a.py")
    told = shell("lint", "--fix", "a.py")
    assert (told.status, told.found, path.read_text()) == (1, ["a.py"], BROKEN)
    assert shell("lint", "--fix", "--unsafe-fixes", "a.py").status == 0
    assert path.read_text() == MENDED


@pytest.mark.parametrize(
    ("unsafe", "count", "after"), [(False, 1, "yield x.copy(), x\n"), (True, 2, "yield x.copy(), x.copy()\n")]
)
def test_beside_a_safe_fix_an_unsafe_one_waits_to_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, unsafe: bool, count: int, after: str
) -> None:
    half = catalog.static_half(catalog.find("PF101"))

    def mixed(source: Source) -> Iterator[Finding]:
        for finding in half(source):
            assert finding.fix is not None
            yield replace(finding, fix=replace(finding.fix, safe=finding.location.column == 15))

    monkeypatch.setattr(catalog, "static_half", lambda one: mixed)
    data = BROKEN.replace("yield x\n", "yield x, x\n").encode()
    mended = mend("a.py", data, load(select=["PF101"]), keep=lambda findings, text: findings, unsafe=unsafe)
    assert (mended.count, mended.data.decode()[-len(after) :]) == (count, after)


def test_a_file_that_cannot_be_mended_is_named_and_the_others_are(shell: Shell) -> None:
    deep = BROKEN + f"y = a{' + a' * 800}\n"
    path = shell.write("a.py", deep)
    other = shell.write("b.py")
    told = shell("lint", "--fix", ".")
    assert told.err == "pitfallcheck: a.py for mending skipped: nested too deeply; mend it by hand\n"
    assert (told.status, told.found) == (2, ["a.py"])
    assert (path.read_text(), other.read_text()) == (deep, MENDED)


def test_a_file_keeps_its_permissions_and_its_link(shell: Shell) -> None:
    path = shell.write("real/a.py")
    path.chmod(0o751)
    os.symlink("real/a.py", shell.folder / "link.py")
    shell("lint", "--fix", "link.py")
    assert (shell.folder / "link.py").is_symlink()
    assert path.read_text() == MENDED
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert os.listdir(path.parent) == ["a.py"], "no temporary file is left"


@pytest.mark.parametrize("step", ["open", "chmod", "replace"])
def test_a_file_that_cannot_be_written_is_as_it_was(shell: Shell, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    path = shell.write("a.py")
    monkeypatch.setattr(f"pitfallcheck.lint.mend.os.{step}", full)
    told = shell("lint", "--no-cache", "--fix", "a.py")
    monkeypatch.undo()
    assert "a.py for mending skipped: no space left on device; the file is as it was" in told.err
    assert (told.status, told.found) == (2, ["a.py"])
    assert (path.read_text(), os.listdir(path.parent)) == (BROKEN, ["a.py"])


def test_diff_shows_what_fix_would_change_and_changes_nothing(shell: Shell) -> None:
    path = shell.write("src/a.py", BROKEN.rstrip("\n"))
    shell.write("src/b.py", "print()\n")
    told = shell("lint", "--diff", ".")
    assert (told.status, told.err) == (1, "")
    assert path.read_text() == BROKEN.rstrip("\n")
    subprocess.run(["git", "apply", "-p0", "-"], cwd=shell.folder, input=told.out, text=True, check=True)
    assert path.read_text() == MENDED.rstrip("\n")
    assert shell("lint", "--diff", ".").status == 0


def test_diff_is_a_patch_and_nothing_else(shell: Shell) -> None:
    shell.write("a.py")
    told = shell("lint", "--diff", "--format", "json", "a.py")
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith("pitfallcheck: --diff prints a patch")


def test_a_fixture_that_can_be_mended_is_clean_afterwards(shell: Shell) -> None:
    fixtures = Path(__file__).resolve().parent.parent / "fixtures"
    for path in sorted(fixtures.glob("*/broken_*.py")):
        shell.write(path.name, path.read_bytes())
    before = shell("lint", ".")
    told = shell("lint", "--fix", ".")
    assert told.err == ""
    assert len(told.found) < len(before.found)
    assert "fix` mends" not in shell("lint", ".").out
    for path in shell.folder.glob("*.py"):
        ast.parse(path.read_bytes())
