"""What `lint` remembers: when a result is taken from the cache, when not, and that a broken cache does no harm."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lint_sources import BROKEN, CLEAN, Shell

from pitfallcheck.config import load
from pitfallcheck.lint.cache import FOLDER
from pitfallcheck.lint.engine import How, lint_paths

HOUR_AGO = time.time() - 3600


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were linted rather than remembered, in this process."""
    from pitfallcheck.lint import run

    seen: list[str] = []
    real = run.lint_bytes

    def noted(path: str, *given: object, **named: object) -> object:
        seen.append(path)
        return real(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "lint_bytes", noted)
    return seen


def settled(path: Path) -> None:
    """Make a file look as if it had been written long ago, so that its time tells it from a newer version."""
    os.utime(path, (HOUR_AGO, HOUR_AGO))


def lint(*paths: str) -> list[tuple[str, int]]:
    result = lint_paths(paths or ("src",), load(), How(cache=FOLDER))
    return [(finding.location.path, finding.location.line) for finding in result.findings if finding.fails]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    for name, text in (("a.py", BROKEN), ("b.py", CLEAN)):
        (tmp_path / "src" / name).write_text(text)
        settled(tmp_path / "src" / name)
    return tmp_path


def test_what_did_not_change_is_not_looked_at_again(folder: Path, judged: list[str]) -> None:
    first = lint()
    assert (first, judged) == ([("src/a.py", 8)], ["src/a.py", "src/b.py"])
    judged.clear()
    assert (lint(), judged) == (first, [])


def change(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


@pytest.mark.parametrize(
    ("edit", "again", "found"),
    [
        pytest.param(change(CLEAN), True, [], id="another content"),
        pytest.param(change("\n" + BROKEN), True, [("src/a.py", 9)], id="moved lines"),
        pytest.param(lambda path: path.touch(), False, [("src/a.py", 8)], id="only touched"),
        pytest.param(change(BROKEN.replace("n, 2", "n, 3")), True, [("src/a.py", 8)], id="another content, as long"),
        pytest.param(lambda path: path.unlink(), False, [], id="removed"),
    ],
)
def test_the_content_decides(
    folder: Path, judged: list[str], edit: Callable[[Path], object], again: bool, found: list[tuple[str, int]]
) -> None:
    lint()
    judged.clear()
    edit(folder / "src" / "a.py")
    assert (lint(), judged) == (found, ["src/a.py"] if again else [])


def test_a_change_in_the_same_moment_is_seen(folder: Path, judged: list[str]) -> None:
    path = folder / "src" / "a.py"
    path.write_text(BROKEN)
    assert lint() == [("src/a.py", 8)]
    path.write_text(BROKEN.replace("yield x\n", "yield 1\n"))
    assert lint() == []


def test_a_file_that_is_named_is_asked_for_more(folder: Path) -> None:
    (folder / "src" / "b.py").write_text("def f(:\n")
    assert lint_paths(["src"], load(), How(cache=FOLDER)).skipped == ()
    assert len(lint_paths(["src/b.py"], load(), How(cache=FOLDER)).skipped) == 1


def test_other_settings_have_other_results(shell: Shell) -> None:
    shell.write("a.py")
    assert shell("lint", ".").found == ["a.py"]
    assert shell("lint", ".", "--ignore", "PF1").found == []
    assert shell("lint", ".").found == ["a.py"]


def test_what_was_skipped_is_tried_again(folder: Path, judged: list[str]) -> None:
    (folder / "src" / "a.py").write_text(BROKEN + "def f(:\n")
    settled(folder / "src" / "a.py")
    for _ in range(2):
        judged.clear()
        lint()
        assert "src/a.py" in judged


def test_entries_of_files_that_are_gone_are_removed(folder: Path) -> None:
    lint()
    (folder / "src" / "a.py").unlink()
    (folder / "src" / "c.py").write_text(CLEAN)
    lint()
    (cache,) = (folder / FOLDER).glob("*.cache")
    text = cache.read_text()
    assert "src/b.py" in text and "src/c.py" in text and "src/a.py" not in text


def test_the_folder_marks_itself_as_a_cache(folder: Path) -> None:
    lint()
    assert (folder / FOLDER / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert (folder / FOLDER / ".gitignore").read_text().endswith("*\n")


def spoil(folder: Path, make: Callable[[bytes], bytes]) -> None:
    for path in folder.glob("*.cache"):
        path.write_bytes(make(path.read_bytes()))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut short"),
        pytest.param(lambda data: data.replace(b"PF101", b"PF999"), id="changed"),
        pytest.param(lambda data: os.urandom(4096), id="noise"),
        pytest.param(lambda data: data.partition(b"\n")[2], id="without its head"),
    ],
)
def test_a_spoiled_cache_is_none(folder: Path, judged: list[str], make: Callable[[bytes], bytes]) -> None:
    first = lint()
    spoil(folder / FOLDER, make)
    judged.clear()
    assert (lint(), judged) == (first, ["src/a.py", "src/b.py"])


def test_a_folder_that_cannot_be_written_does_no_harm(folder: Path) -> None:
    (folder / FOLDER).write_text("a file where the folder should be")
    assert lint() == [("src/a.py", 8)]


def test_no_cache_and_another_folder(shell: Shell) -> None:
    shell.write("a.py", CLEAN)
    shell("lint", "--no-cache")
    assert not (shell.folder / FOLDER).exists()
    shell("lint", "--cache-dir", "elsewhere")
    assert not (shell.folder / FOLDER).exists()
    assert list((shell.folder / "elsewhere").glob("*.cache"))


def test_several_at_once_do_not_harm_each_other(folder: Path) -> None:
    for number in range(20):
        (folder / "src" / f"m{number}.py").write_text(BROKEN)
    call = [sys.executable, "-m", "pitfallcheck", "lint", "-q", "src"]
    running = [subprocess.Popen(call, cwd=folder, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [1, 1, 1]
    assert told[0].count(": PF101") == 21
    assert told[0] == told[1] == told[2]


def test_a_warm_run_loads_no_parser(folder: Path) -> None:
    (folder / "src" / "a.py").write_text(CLEAN)
    settled(folder / "src" / "a.py")
    lint()
    program = "import sys; from pitfallcheck.cli import main; main(['lint', 'src']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    loaded = eval(done.stdout.splitlines()[-1])
    assert not {"ast", "libcst", "numpy", "json", "inspect"} & set(loaded)
