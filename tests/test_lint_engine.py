"""Which files `lint` reads, and what it says of those that it cannot."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lint_sources import BROKEN, CLEAN, Shell

from pitfallcheck import catalog
from pitfallcheck.config import load
from pitfallcheck.finding import Finding
from pitfallcheck.lint.engine import lint_bytes, lint_paths
from pitfallcheck.lint.screen import Screen


@pytest.mark.parametrize(
    ("name", "read"),
    [
        pytest.param("a.py", True, id="a Python file"),
        pytest.param("a.pyw", True, id="a Python file without a console"),
        pytest.param("deep/er/a.py", True, id="below folders"),
        pytest.param("build/a.py", True, id="a folder called build, which git does not ignore"),
        pytest.param("a.txt", False, id="another suffix"),
        pytest.param(".hidden.py", False, id="a hidden file"),
        pytest.param(".hidden/a.py", False, id="a hidden folder"),
        pytest.param("__pycache__/a.py", False, id="a cache"),
        pytest.param("node_modules/m/a.py", False, id="other people's code"),
        pytest.param("env/lib/a.py", False, id="a virtual environment by any name"),
        pytest.param("conda/lib/a.py", False, id="a conda environment"),
    ],
)
def test_a_folder_stands_for_the_users_own_files(shell: Shell, name: str, read: bool) -> None:
    shell.write("env/pyvenv.cfg", "")
    shell.write("conda/conda-meta/history", "")
    shell.write(name)
    assert bool(shell("lint").found) == read
    assert shell("lint", name).found == [name], "a file that is named is always read"


def test_a_stub_is_left_out_and_said_to_be_one_where_it_is_named(shell: Shell) -> None:
    shell.write("a.pyi")
    assert shell("lint").found == []
    told = shell("lint", "a.pyi")
    assert told.err.startswith("pitfallcheck: a.pyi skipped: a stub file")
    assert (told.status, told.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("line", "has"),
    [
        pytest.param("print 'hello'", "`print` as a statement", id="print"),
        pytest.param("print 'a', b", "`print` as a statement", id="print of two"),
        pytest.param("print >>f, 1", None, id="a print that Python 3 reads as a tuple"),
        pytest.param("if x: print x", "`print` as a statement", id="print behind a colon"),
        pytest.param("print ('%d') % 1, 2", None, id="a print that also is Python 3"),
        pytest.param("try: pass\nexcept E, e: pass", "`except E, e:`", id="except"),
        pytest.param("try:\n    pass\nexcept (A, B), e:\n    pass", "`except E, e:`", id="except of two"),
        pytest.param("raise E, 'no'", "`raise E, text`", id="raise"),
        pytest.param("exec 'a = 1'", "`exec` as a statement", id="exec"),
        pytest.param("if 1 <> 2: pass", "`<>`", id="unequal"),
        pytest.param("x = `y`", "backquotes", id="backquotes"),
        pytest.param("os.chmod(f, 0777)", "numbers such as", id="octal"),
        pytest.param("x = 10L", "numbers such as", id="long"),
        pytest.param("x = ur'a'", "`ur` strings", id="ur"),
        pytest.param("x = = 1", None, id="no Python at all"),
        pytest.param("def f(:", None, id="a slip"),
        pytest.param("print(", None, id="an open parenthesis"),
        pytest.param("x = 'a <> b' +", None, id="signs in a string"),
    ],
)
def test_python_2_is_called_by_its_name(shell: Shell, line: str, has: str | None) -> None:
    shell.write("a.py", f"{line}\n")
    told = shell("lint", "a.py")
    assert (": Python 2, which has " in told.err) == (has is not None)
    assert has is None or has in told.err
    assert told.err.count("\n") <= 1


@pytest.mark.parametrize(
    ("rules", "left_out"),
    [
        pytest.param({".gitignore": "gen/"}, {"gen/a.py", "gen/sub/a.py", "src/gen/a.py"}, id="a folder anywhere"),
        pytest.param({".gitignore": "/gen/"}, {"gen/a.py", "gen/sub/a.py"}, id="a folder at the top"),
        pytest.param({".gitignore": "*.py\n!keep.py"}, {"gen/a.py", "gen/sub/a.py", "src/gen/a.py"}, id="all but one"),
        pytest.param({"src/.gitignore": "gen"}, {"src/gen/a.py"}, id="rules of a sub-folder"),
        pytest.param(
            {".gitignore": "a.py", "src/.gitignore": "!a.py"}, {"gen/a.py", "gen/sub/a.py"}, id="the inner rule decides"
        ),
        pytest.param({".git/info/exclude": "src"}, {"src/gen/a.py", "src/keep.py"}, id="rules of the clone"),
        pytest.param({".gitignore": "# a comment\n\n  \n[\n"}, set(), id="lines that are no rules"),
    ],
)
def test_what_git_ignores_is_left_out(shell: Shell, rules: dict[str, str], left_out: set[str]) -> None:
    files = {"gen/a.py", "gen/sub/a.py", "src/gen/a.py", "src/keep.py"}
    for name in files:
        shell.write(name)
    for name, text in rules.items():
        shell.write(name, text)
    assert set(shell("lint").found) == files - left_out


def test_the_rules_of_the_repository_hold_in_its_folders(shell: Shell) -> None:
    (shell.folder / ".git").mkdir()
    shell.write(".gitignore", "gen/\n")
    shell.write("src/gen/a.py")
    shell.write("src/b.py")
    assert shell("lint", "src").found == ["src/b.py"]
    assert shell("lint", "src/gen").found == ["src/gen/a.py"], "a folder that is named is read"


def test_a_file_is_read_once_however_often_it_is_named(shell: Shell) -> None:
    shell.write("src/a.py")
    os.symlink("a.py", shell.folder / "src" / "b.py")
    assert shell("lint", "src", "src/a.py", ".", "./src/a.py").found == ["src/a.py"]


def test_symbolic_links_to_folders_do_not_lead_in_a_circle(shell: Shell) -> None:
    shell.write("src/a.py")
    os.symlink("..", shell.folder / "src" / "up")
    told = shell("lint")
    assert (told.status, told.found, told.err) == (1, ["src/a.py"], "")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.symlink_to("gone.py")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def content(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


DEEP = BROKEN + "x = "


@pytest.mark.parametrize("by_folder", [False, True], ids=["named", "in a folder"])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(content(BROKEN.encode() + b"def f(:\n"), ":9 skipped: syntax error", id="syntax error"),
        pytest.param(content(BROKEN.encode() + b"'caf\xe9'\n"), ":9 skipped: not UTF-8", id="not UTF-8"),
        pytest.param(content(BROKEN.encode() + b"\0"), ":9 skipped: holds null bytes", id="null bytes"),
        pytest.param(
            content(b"# coding: klingon\n" + BROKEN.encode()), ":1 skipped: declares an", id="unknown encoding"
        ),
        pytest.param(content(b"# coding: rot13\n" + BROKEN.encode()), ":1 skipped: declares", id="no encoding of text"),
        pytest.param(
            content(b"# coding: ascii\n" + BROKEN.encode() + b"'\xe9'"), ":10 skipped: declares", id="wrong declaration"
        ),
        pytest.param(content(f"{DEEP}{'[' * 10_000}".encode()), "nested too deeply", id="10,000 brackets"),
        pytest.param(content(f"{DEEP}{'-' * 10_000}1".encode()), "nested too deeply", id="10,000 minus signs"),
        pytest.param(content(f"{DEEP}a{'.a' * 50_000}".encode()), "nested too deeply", id="50,000 dots"),
        pytest.param(dangling, "a symbolic link to a file that does not exist", id="dangling link"),
        pytest.param(circle, "symbolic links that lead in a circle", id="link to itself"),
        pytest.param(fifo, "not a regular file", id="pipe"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(
    shell: Shell, make: Callable[[Path], object], said: str, by_folder: bool
) -> None:
    make(shell.folder / "bad.py")
    shell.write("good.py")
    told = shell("lint", *([] if by_folder else ["bad.py", "good.py"]))
    assert told.err.startswith("pitfallcheck: bad.py")
    assert said in told.err
    assert told.err.count("\n") == 1
    assert (told.status, told.found) == (2, ["good.py"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("gone.py", "gone.py skipped: no such file or folder", id="missing"),
        pytest.param("", " skipped: no such file or folder", id="no name at all"),
        pytest.param("a\0b.py", "skipped: not a path", id="a name that no file can have"),
        pytest.param("n" * 300 + ".py", "skipped: file name too long", id="a name that is too long"),
        pytest.param("notes.ipynb", "notes.ipynb skipped: no such file or folder", id="a missing notebook"),
    ],
)
def test_a_path_that_is_wrong_is_named_and_the_rest_goes_on(shell: Shell, name: str, said: str) -> None:
    shell.write("good.py")
    told = shell("lint", name, "good.py")
    assert said in told.err
    assert told.err.count("\n") == 1
    assert (told.status, told.found) == (2, ["good.py"])


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"", None, id="empty"),
        pytest.param(b"\xef\xbb\xbf", None, id="a byte order mark alone"),
        pytest.param(b"# coding: latin-1\nname = '\xe9'\n" + BROKEN.encode(), 10, id="declared Latin-1"),
        pytest.param(b"#!/bin/env python\n# vim: set fileencoding=cp1252 :\n'\x80'\n" + BROKEN.encode(), 11, id="vim"),
        pytest.param(b"\xef\xbb\xbf" + BROKEN.encode(), 8, id="byte order mark"),
        pytest.param(BROKEN.replace("\n", "\r\n").encode(), 8, id="CRLF"),
        pytest.param(BROKEN.replace("\n", "\r").encode(), 8, id="CR alone"),
        pytest.param(BROKEN.replace("\n\n\n", "\n\x0c\n\n").encode(), 8, id="form feed"),
        pytest.param(BROKEN.encode() + b"'\\d'\n", 8, id="an escape that Python warns of"),
    ],
)
def test_a_file_that_python_would_run_is_read(
    shell: Shell, recwarn: pytest.WarningsRecorder, data: bytes, line: int | None
) -> None:
    shell.write("a.py", data)
    told = shell("lint", "a.py")
    assert told.err == ""
    assert told.out.startswith(f"a.py:{line}:" if line else "1 file checked, nothing found.\n")
    assert not recwarn.list, "what Python would warn of is not ours to say"


def test_a_named_file_must_be_python_even_without_a_candidate(shell: Shell) -> None:
    shell.write("a.py", "print 'hello'\n")
    assert shell("lint", "a.py").status == 2
    assert shell("lint", ".").status == 0, "in a folder, what the screen stops need not be parsed"


def test_an_unreadable_file_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.write("good.py")
    refused = str(shell.write("bad.py"))

    def refusing(path: str, mode: str) -> object:
        if os.path.abspath(path) == refused:
            raise PermissionError(13, "Permission denied", path)
        return open(path, mode)

    monkeypatch.setattr("pitfallcheck.lint.parse.open", refusing, raising=False)
    told = shell("lint")
    assert told.err.startswith("pitfallcheck: bad.py skipped: no permission to read it")
    assert (told.status, told.found) == (2, ["good.py"])


def test_a_folder_without_python_files_says_so(shell: Shell) -> None:
    shell.write("docs/a.md", "")
    told = shell("lint", "docs")
    assert (told.status, told.out) == (0, "no Python files in `docs`, nothing checked.\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("lost"), "the rule itself failed with KeyError: 'lost' (tests/test_lint_engine.py:"),
        (AssertionError(), "the rule itself failed with AssertionError: "),
        (RecursionError(), "nested too deeply; split the expression"),
    ],
    ids=["KeyError", "AssertionError", "RecursionError"],
)
def test_a_rule_that_fails_is_reported_and_the_others_go_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def broken(source: object) -> Iterator[Finding]:
        raise error
        yield

    half = catalog.static_half
    monkeypatch.setattr(catalog, "static_half", lambda one: broken if one.code == "PF203" else half(one))
    candidates = [catalog.find("PF101"), catalog.find("PF203")]
    monkeypatch.setattr(Screen, "candidates", lambda self, data, tests: candidates)
    shell.write("a.py")
    told = shell("lint", "a.py")
    assert (told.status, told.found) == (2, ["a.py"])
    assert told.err.startswith(f"pitfallcheck: a.py for PF203 skipped: {said}")
    assert told.err.count("\n") == 1


def test_only_what_the_screen_lets_through_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []

    def noted(pitfall: object) -> Callable[[object], Iterator[Finding]]:
        judged.append(getattr(pitfall, "code"))  # noqa: B009
        return lambda source: iter(())

    monkeypatch.setattr(catalog, "static_half", noted)
    settings = load()
    lint_bytes("a.py", CLEAN.encode(), settings)
    assert judged == []
    lint_bytes("a.py", BROKEN.encode(), settings)
    assert "PF101" in judged


def test_a_result_names_its_files_as_the_user_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(BROKEN)
    for path, shown in ((".", "src/a.py"), ("./src", "src/a.py"), (str(tmp_path), str(tmp_path / "src" / "a.py"))):
        result = lint_paths([path], load())
        assert result.files == (shown,)
        assert [finding.location.path for finding in result.findings] == [shown]
