"""`hunt`: finds the smallest call of a generator function or data set that shows a pitfall, the same one every time."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from programs import lay, python, report_of

import pitfallcheck
from pitfallcheck import hunt


def refilled_from(smallest: int, batch_size: int, steps: int = 4) -> Iterator[Any]:
    """Refills one buffer where the batch is large enough."""
    x = np.zeros((batch_size, 2))
    for step in range(steps):
        if batch_size < smallest:
            x = np.zeros((batch_size, 2))
        x[:] = np.arange(batch_size * 2).reshape(-1, 2) * (step + 1) + step
        yield x, x.sum(axis=1, keepdims=True)


def train_iterator(batch_size: int) -> Iterator[Any]:
    return refilled_from(2, batch_size)


def fresh(batch_size: int) -> Iterator[Any]:
    return refilled_from(1000, batch_size)


def two(rows: int, columns: int, copy: bool) -> Iterator[Any]:
    x = np.zeros((rows, columns))
    for step in range(4):
        x[:] = step + np.arange(columns)
        yield x.copy() if copy or rows < 3 or columns < 4 else x


def fussy(batch_size: int) -> Iterator[Any]:
    if batch_size > 4:
        raise ValueError("too large")
    if batch_size == 1:
        raise KeyError
    return fresh(batch_size)


def drawing(batch_size: int) -> Iterator[Any]:
    if np.random.random() < 0.5 or random.random() < 0.5:
        return fresh(batch_size)
    return refilled_from(0, batch_size)


class Buffered:
    def __init__(self, width: int) -> None:
        self.buffer = np.zeros(width)
        self.width = width

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        buffer = self.buffer if self.width > 6 else np.zeros(self.width)
        buffer[:] = np.arange(self.width) + index
        return buffer


SIZES = st.integers(1, 64)
FOUND: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a generator function": (train_iterator, {"batch_size": SIZES}, "train_iterator(batch_size=2)"),
    "a large limit": (lambda n: refilled_from(40, n), {"n": SIZES}, "<lambda>(n=40)"),
    "a rare one": (lambda n: refilled_from(63, n), {"n": SIZES}, "<lambda>(n=63)"),
    "plain values beside": (
        refilled_from,
        {"smallest": 5, "batch_size": SIZES, "steps": 3},
        "refilled_from(smallest=5, batch_size=5, steps=3)",
    ),
    "several arguments": (
        two,
        {"rows": st.integers(1, 8), "columns": st.integers(1, 8), "copy": st.booleans()},
        "two(rows=3, columns=4, copy=False)",
    ),
    "a data set": (Buffered, {"width": st.integers(1, 20)}, "Buffered(width=7)"),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_smallest_call_is_found(name: str) -> None:
    source, arguments, call = FOUND[name]
    found = hunt(source, **arguments)
    assert found
    assert found.call == call
    assert found.report is not None
    assert [finding.code for finding in found.report.findings] == ["PF101"]
    assert call in found.text() and "PF101 reused-buffer" in found.text()
    assert found.tried >= found.looked > 0


def test_a_hunt_gives_the_same_every_time() -> None:
    one, other = hunt(train_iterator, batch_size=SIZES), hunt(train_iterator, batch_size=SIZES)
    assert (one.call, one.tried, one.text()) == (other.call, other.tried, other.text())


def test_a_hunt_that_finds_nothing_is_false() -> None:
    found = hunt(fresh, batch_size=SIZES, max_examples=20)
    assert not found
    assert (found.call, found.report, found.raised) == ("", None, ())
    assert found.tried <= 20
    assert found.text() == f"no pitfall in {found.tried} calls\n"


def test_calls_that_raise_are_no_pitfall_and_are_told() -> None:
    found = hunt(fussy, batch_size=SIZES)
    assert not found
    assert {(one.call, one.error) for one in found.raised} == {
        ("fussy(batch_size=5)", "ValueError: too large"),
        ("fussy(batch_size=1)", "KeyError"),
    }
    assert "fussy(batch_size=5) raised ValueError: too large" in found.text()


def test_random_numbers_are_the_same_in_every_call_and_afterwards() -> None:
    np.random.seed(3)
    random.seed(4)
    before = (np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index]
    calls = {bool(hunt(drawing, batch_size=SIZES, max_examples=30)) for _ in range(2)}
    assert len(calls) == 1
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # type: ignore[index]


def test_what_is_found_first_is_what_is_followed_to_the_smallest_call() -> None:
    def either(n: int) -> Iterator[Any]:
        batches = refilled_from(10, n)
        return batches if n >= 10 else (np.full((n, 2), np.nan) for _ in range(4))

    found = hunt(either, n=st.integers(1, 64).filter(lambda n: n >= 1), select=["PF101"])
    assert found.call == "either(n=10)"


def test_pitfalls_can_be_chosen() -> None:
    assert not hunt(train_iterator, batch_size=SIZES, ignore=["reused-buffer"], max_examples=10)
    with pytest.raises(ValueError, match="PF999"):
        hunt(train_iterator, batch_size=SIZES, select=["PF999"])


def test_arguments_of_the_names_of_options_are_given_apart() -> None:
    def source(batches: int) -> Iterator[Any]:
        return refilled_from(3, batches)

    assert hunt(source, arguments={"batches": SIZES}).call == "source(batches=3)"


@pytest.mark.parametrize(
    ("source", "arguments", "text"),
    [
        (train_iterator(2), {}, "not a generator"),
        (3, {}, "not a int"),
        (train_iterator, {}, "missing a required argument: 'batch_size'"),
        (train_iterator, {"size": 1}, "missing a required argument|unexpected keyword"),
    ],
    ids=["a generator", "a number", "an argument missing", "another argument"],
)
def test_what_cannot_be_hunted_is_named(source: Any, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        hunt(source, **arguments)


def test_without_hypothesis_one_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "hypothesis.py").write_text("raise ImportError('not here')\n")
    program = "import numpy as np\nfrom pitfallcheck import hunt\nhunt(lambda n: [np.zeros(n)], n=1)\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith("hunt() needs hypothesis: install `pitfallcheck[hunt]`, or hypothesis itself")


def test_importing_the_package_or_its_name_loads_no_hypothesis() -> None:
    program = "import sys; from pitfallcheck import hunt; print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert callable(pitfallcheck.hunt)


PROGRAM = """
    import numpy as np
    from hypothesis import strategies as st
    from pitfallcheck import hunt
    class Feed:
        def __init__(self, n):
            self.x = np.zeros(n)
        def __len__(self):
            return 4
        def __getitem__(self, index):
            if len(self.x) < 3:
                return np.arange(2.0) + index
            self.x[:] = np.arange(len(self.x)) + index
            return self.x
    print(hunt(Feed, n=st.integers(1, 9)).call)
"""


def test_under_run_the_finding_is_reported_once(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": PROGRAM})
    assert python(tmp_path, "program.py").out == "Feed(n=3)\n"
    ran = report_of(tmp_path, "program.py")
    assert ran.err == "Feed(n=3)\n"
    assert [(code, level) for code, level, _ in ran.found] == [("PF101", "error")]


IN_A_TEST = """
    import numpy as np
    from hypothesis import strategies as st

    def feed(n):
        x = np.zeros((n, 2))
        for step in range(4):
            if n == 9:
                raise ValueError("nine")
            x[:] = np.arange(2) + step
            yield {batch}

    def test_it(pitfallcheck):
        found = pitfallcheck.hunt(feed, n=st.integers(1, 64))
        assert not found
"""


def test_the_fixture_fails_a_test_with_the_smallest_call(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(IN_A_TEST.replace("{batch}", "x if n > 4 else x.copy()"))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["pitfallcheck: *feed(n=5)", "*PF101 reused-buffer: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_fixture_passes_a_test_without_one_and_warns_of_calls_that_raised(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(IN_A_TEST.replace("{batch}", "x.copy()"))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*UserWarning: pitfallcheck: feed(n=9) raised ValueError: nine"])


def test_the_fixture_fails_where_no_call_could_be_looked_at(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(IN_A_TEST.replace("n == 9", "n > 0").replace("{batch}", "x"))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["pitfallcheck: no call could be looked at: no pitfall in 64 calls", "feed(n=1) raised ValueError: nine"]
    )
