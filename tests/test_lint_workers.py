"""Work in several processes: the same result, and a file whose worker dies or dawdles costs only itself."""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lint_sources import BROKEN, CLEAN, Shell, write

from pitfallcheck.config import load
from pitfallcheck.lint import run, workers
from pitfallcheck.lint.engine import How, lint_paths
from pitfallcheck.lint.workers import Lost, done_by_workers

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes can be forked here")


@pytest.fixture(autouse=True)
def forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests' libraries leave threads behind, for which `lint` would stay in one process."""
    monkeypatch.setattr(workers, "available", lambda: True)


def square(number: int) -> bytes:
    return str(number * number).encode()


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("items", [0, 1, 7, 300])
def test_every_item_is_done_once(items: int, count: int) -> None:
    done = list(done_by_workers(square, range(items), count=count, timeout=30))
    assert sorted(done) == [(number, square(number)) for number in range(items)]


def crash(number: int) -> bytes:
    faulthandler.disable()  # pytest's, which would print where
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def kill(number: int) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def leave(number: int) -> bytes:
    os._exit(3)


def fail(number: int) -> bytes:
    raise KeyError("gone")


def swallow(number: int) -> bytes:
    return bytes(workers.MOST_MEMORY + (1 << 28))


def dawdle(number: int) -> bytes:
    time.sleep(60)
    return b""


@pytest.mark.parametrize(
    ("end", "why"),
    [
        pytest.param(crash, "crashed (SIGSEGV)", id="a segmentation fault"),
        pytest.param(kill, "was killed (SIGKILL), as happens where memory runs out", id="killed"),
        pytest.param(leave, "ended with status 3", id="left"),
        pytest.param(fail, "failed with KeyError: 'gone'; please report it", id="an exception"),
        pytest.param(swallow, "failed with MemoryError", id="too much memory"),
        pytest.param(dawdle, "took longer than 0.2 s, which `--timeout` sets", id="too slow"),
    ],
)
@pytest.mark.parametrize("bad", [{0}, {5, 6}, {29}], ids=["the first", "two in a row", "the last"])
def test_an_item_whose_worker_is_lost_costs_only_itself(end: Callable[[int], bytes], why: str, bad: set[int]) -> None:
    def work(number: int) -> bytes:
        return end(number) if number in bad else square(number)

    done = dict(done_by_workers(work, range(30), count=2, timeout=0.2 if end is dawdle else 30))
    lost = {number: answer.why for number, answer in done.items() if isinstance(answer, Lost)}
    assert lost.keys() == bad
    assert all(why in said for said in lost.values())
    assert {number: done[number] for number in done.keys() - bad} == {n: square(n) for n in range(30) if n not in bad}


def test_a_large_answer_arrives_whole() -> None:
    done = dict(done_by_workers(lambda number: bytes([number]) * 3_000_000, range(4), count=2, timeout=30))
    assert all(answer == bytes([number]) * 3_000_000 for number, answer in done.items())


def test_who_stops_listening_leaves_no_process_behind() -> None:
    work = done_by_workers(
        lambda number: square(number) if number < 2 else dawdle(number), range(8), count=2, timeout=30
    )
    next(work)
    work.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "MANY_FILES", 5)
    monkeypatch.setattr(run, "MANY_CANDIDATES", 2)
    for number in range(30):
        write(tmp_path, f"src/m{number:02d}.py", BROKEN if number % 3 else CLEAN)
    write(tmp_path, "src/bad.py", BROKEN + "def f(:\n")
    return tmp_path


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_the_result_does_not_depend_on_the_number_of_processes(many: Path, jobs: int) -> None:
    assert lint_paths(["src"], load(), How(jobs=jobs)) == lint_paths(["src"], load(), How())


def test_a_file_that_kills_its_reader_is_reported_and_the_rest_goes_on(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [finding for finding in lint_paths(["src"], load()).findings if finding.location.path != "src/m10.py"]
    real = run.lint_bytes

    def deadly(path: str, *given: object, **named: object) -> object:
        if path == "src/m10.py":
            faulthandler.disable()
            os.kill(os.getpid(), signal.SIGSEGV)
        return real(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "lint_bytes", deadly)
    result = lint_paths(["src"], load(), How(jobs=2))
    assert list(result.findings) == expected
    assert [item.what for item in result.skipped if "SIGSEGV" in item.why] == ["src/m10.py"]


def test_under_pre_commit_there_is_one_process(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from pitfallcheck import cli_lint

    asked: list[int] = []
    real = cli_lint.lint_paths
    monkeypatch.setattr(cli_lint, "lint_paths", lambda *given: [asked.append(given[2].jobs), real(*given)][1])
    monkeypatch.setattr(cli_lint, "cores", lambda: 8)
    shell.write("a.py")
    shell("lint")
    monkeypatch.setenv("PRE_COMMIT", "1")
    shell("lint")
    shell("lint", "--jobs", "3")
    assert asked == [8, 1, 3]


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_a_wrong_number_of_jobs_is_refused(shell: Shell, jobs: str) -> None:
    told = shell("lint", f"--jobs={jobs}")
    assert (told.status, told.err.count("\n")) == (2, 1)
    assert "--jobs" in told.err
