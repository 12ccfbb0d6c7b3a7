"""The Python API: `check` judges a source now, `probe` watches one in use and changes nothing about it."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import lay, python, report_of

import pitfallcheck
from pitfallcheck import check, probe


def refilled(n: int = 20) -> Iterator[Any]:
    x = np.zeros((4, 2))
    for i in range(n):
        x[:] = i + 1
        yield x, np.full(4, i)


def fresh(n: int = 20) -> Iterator[Any]:
    for i in range(n):
        yield np.full((4, 2), i)


def raises_on_the_third() -> Iterator[Any]:
    yield np.zeros(2)
    yield np.zeros(2)
    raise OSError("gone")


class Dataset:
    def __init__(self, shared: bool) -> None:
        self.shared = shared
        self.buf = np.zeros(4)
        self.asked: list[int] = []

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        self.asked.append(index)
        buf = self.buf if self.shared else np.zeros(4)
        buf[:] = index + 1
        return {"x": buf, "y": index}


class Endless:
    def __init__(self) -> None:
        self.buf = np.zeros(3)

    def __iter__(self) -> Endless:
        return self

    def __next__(self) -> Any:
        self.buf += 1
        return self.buf


BROKEN: dict[str, Any] = {
    "a generator": refilled,
    "a generator function": lambda: refilled,
    "a data set": lambda: Dataset(shared=True),
    "an iterator without end": Endless,
    "a map over a generator": lambda: map(itemgetter(0), refilled()),
    "a generator expression over one": lambda: (x for x, _ in refilled()),
}
CLEAN: dict[str, Any] = {
    "a generator": fresh,
    "a data set": lambda: Dataset(shared=False),
    "a list": lambda: [np.zeros(2), np.ones(2)],
    "a list of one array": lambda: [np.zeros(2)] * 5,
}


@pytest.mark.parametrize("name", BROKEN)
def test_check_finds_a_buffer_that_is_used_again(name: str) -> None:
    report = check(BROKEN[name]())
    assert [(finding.code, finding.level) for finding in report.findings] == [("PF101", "error")]
    assert not report.ok
    assert "PF101 reused-buffer" in report.text()
    assert report.skipped == ()


@pytest.mark.parametrize("name", CLEAN)
def test_check_is_silent_about_clean_sources(name: str) -> None:
    report = check(CLEAN[name]())
    assert (report.findings, report.skipped, report.ok, report.text()) == ((), (), True, "")


def test_check_names_the_line_and_the_variable() -> None:
    (finding,) = check(refilled()).findings
    first = refilled.__code__.co_firstlineno
    assert finding.location.line == first + 4
    assert finding.location.path == str(Path(__file__).relative_to(Path.cwd()))
    assert finding.subject == "x"
    assert "7 of 8 batches" in finding.message


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_check_pulls_as_many_batches_as_it_is_told(count: int) -> None:
    source = refilled(20)
    assert check(source, batches=count).batches == min(count, 20)
    assert len(list(source)) == 20 - min(count, 20)


def test_check_asks_a_data_set_by_index() -> None:
    data = Dataset(shared=True)
    check(data, batches=3)
    assert data.asked == [0, 1, 2]


UNSEEN: dict[str, tuple[Any, str]] = {
    "no batches": (lambda: fresh(0), "it ended without a batch"),
    "an empty list": (list, "it ended without a batch"),
    "batches of lists": (lambda: [[1, 2], [3, 4]], "its batches hold no arrays (the first is a list)"),
    "batches of nothing": (lambda: iter([None]), "its batches hold no arrays (the first is None)"),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_check_says_what_it_could_not_look_at(name: str) -> None:
    make, why = UNSEEN[name]
    report = check(make())
    assert report.ok
    assert [item.why for item in report.skipped] == [why]


def test_check_chooses_among_pitfalls() -> None:
    assert check(refilled(), ignore=["reused-buffer"]).ok
    assert check(refilled(), select=["PF203"]).ok
    assert not check(refilled(), select=["PF1"]).ok
    with pytest.raises(ValueError, match="PF999"):
        check(refilled(), select=["PF999"])


def test_check_raises_what_the_source_raises() -> None:
    with pytest.raises(OSError, match="gone"):
        check(raises_on_the_third())


@pytest.mark.parametrize("nothing", [3, None, object()])
def test_check_wants_something_to_pull_from(nothing: Any) -> None:
    with pytest.raises(TypeError, match="check"):
        check(nothing)


def test_a_suppressed_line_is_silent_here_too(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            "program.py": """
                import numpy as np
                from pitfallcheck import check
                def feed():
                    x = np.zeros(2)
                    while True:
                        x += 1
                        yield x  # pitfallcheck: ignore[reused-buffer]
                print(check(feed()).ok)
            """
        },
    )
    assert python(tmp_path, "program.py").out == "True\n"


def talkative() -> Iterator[Any]:
    said = []
    try:
        while len(said) < 3:
            try:
                said.append((yield np.full(2, len(said))))
            except KeyError as error:
                said.append(repr(error))
        return said
    finally:
        LOG.append("closed")


LOG: list[str] = []


def drive(generator: Any, steps: list[Any]) -> list[Any]:
    """What a generator gives, raises and returns, step by step."""
    came: list[Any] = []
    for step in steps:
        try:
            if step == "next":
                got = next(generator)
            elif step == "throw":
                got = generator.throw(KeyError("k"))
            elif step == "fail":
                got = generator.throw(ValueError("v"))
            elif step == "close":
                got = generator.close()
            else:
                got = generator.send(step)
        except (StopIteration, KeyError, ValueError, TypeError) as error:
            came.append((type(error).__name__, str(error)))
        else:
            came.append(None if got is None else got.tolist())
    came.append(list(LOG))
    return came


@given(st.lists(st.sampled_from(["next", "throw", "fail", "close", 1, None]), max_size=7))
def test_a_probed_generator_is_driven_like_the_plain_one(steps: list[Any]) -> None:
    LOG.clear()
    plain = drive(talkative(), steps)
    LOG.clear()
    assert drive(probe(talkative()), steps) == plain


def test_a_probe_hands_on_the_very_same_objects() -> None:
    batches = [(np.zeros(2), {"a": [np.ones(1)]}), None, "text", np.float64(3)]
    assert all(one is other for one, other in zip(probe(batches), batches, strict=True))
    assert isinstance(probe(fresh()), type(fresh()))


@pytest.mark.parametrize("source", [3, Dataset(shared=True), np.zeros(3)])
def test_a_probe_refuses_what_it_would_have_to_replace(source: Any) -> None:
    with pytest.raises(TypeError, match="probe"):
        probe(source)


PROBED = """
import numpy as np
from pitfallcheck import observed, probe
def feed():
    x = np.zeros(2)
    for i in range(5):
        x[:] = i + 1
        yield x
held = list(probe(feed()))
print(len(observed().findings), observed().batches)
"""


def test_what_a_probe_saw_is_told_at_the_end(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": PROBED, "quiet.py": PROBED.replace("yield x", "yield x.copy()")})
    ran = python(tmp_path, "program.py")
    assert (ran.out, ran.status) == ("1 5\n", 0)
    assert "program.py:8:15: PF101 reused-buffer" in ran.err
    ran = python(tmp_path, "quiet.py")
    assert (ran.out, ran.err) == ("0 5\n", "")


def test_a_probe_under_run_counts_once(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": PROBED.replace("print(", "#")})
    ran = report_of(tmp_path, "program.py")
    assert ran.found == [("PF101", "error", 8)]
    assert ran.report["checked"]["batches"] == 5
    assert ran.err == ""


def test_the_public_names_are_there() -> None:
    assert set(pitfallcheck.__all__) <= set(dir(pitfallcheck))
    assert all(getattr(pitfallcheck, name) is not None for name in pitfallcheck.__all__)
