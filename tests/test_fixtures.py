"""Every fixture is linted and run: the findings are those that its marks announce, on their lines, and no others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fixture_files import ROOT, Mark, frameworks, installed, marks, paths

Findings = list[dict[str, Any]]

SECONDS = 240
"""After which a fixture is taken to hang: Keras takes most of a minute on a busy machine."""

CASES = [
    pytest.param(path, id=f"{path.parent.name}/{path.stem}", marks=pytest.mark.frameworks(*frameworks(path)))
    for path in paths()
]

EFFECTS = {
    "B1 learns nothing": ("reused_buffer/broken_keras_fit", r"loss [5-9]\d\d\.\d+, predicted 5\d\."),
    "B2 never settles": ("reused_buffer/broken_keras_two_buffers", r"loss [1-9]\d*\.\d+, "),
    "B3 the first pair changes": ("reused_buffer/broken_next_twice", r"first pair matches its mean: False"),
    "B4 learns": ("reused_buffer/fixed_keras_fit", r"loss 0\.00\d, predicted 64\.9"),
    "B5 learns": ("reused_buffer/fixed_keras_fit_copy", r"loss 0\.00\d, predicted 64\.9"),
    "B6 a compiled loss aligns": ("flat_target/broken_flat_mean", r"shape \(64,\), predicted 6[45]\."),
    "B6 a subclass does not": ("broadcast_loss/broken_loss_subclass", r"equals its target: 1\.66"),
    "B7 keeps the axis": ("lambda_output_shape/fixed_dropped_axis", r"predicted \[\[46\.\]\].*\n.*loss 0\.0"),
    "B8 claims another shape": ("lambda_output_shape/broken_dropped_axis", r"declared \(None, 1\), predicted \[46\.\]"),
    "B8 right, at a loss of 820": ("lambda_output_shape/broken_dropped_axis_loss_subclass", r"loss 8\d\d\."),
    "A1 learns its weights": ("stacked_inputs/fixed_two_columns", r"weights \[ ?1\.? -1\.?\]"),
    "A2 diverges at 0.0305": ("unstable_learning_rate/broken_torch_subtraction", r"loss 2\.2\de\+16"),
    "A2 at 0.01 is slow for its bias": (
        "stalled_learning_rate/broken_torch_slow_bias",
        r"loss 0\.0060\d, the bias is off by 0\.076",
    ),
    "A2 stalls at 0.0001": ("stalled_learning_rate/broken_torch_subtraction", r"loss 25\.6"),
    "A2 learns at 0.025": ("stalled_learning_rate/fixed_torch_subtraction", r"loss 1\.\de-05"),
    "A2 stalls with Adam at 0.01": ("stalled_learning_rate/broken_torch_adam", r"loss 12\.1"),
    "A2 learns with Adam at 0.1": ("stalled_learning_rate/fixed_torch_adam", r"loss 0\.0008\d"),
    "A3 converges by half the gradient": ("wrong_gradient/lookalike_half_gradient", r"weights 1\.0000 and -1\.0000"),
    "C1 a line is enough": ("linear_collapse/lookalike_line_by_hand", r"error 0\.0005"),
    "C2 a line is not": ("linear_collapse/broken_sine_by_hand", r"error 0\.748, of the best line 0\.662"),
    "C3 the last sample never comes": ("unreachable_samples/broken_window_start", r"last sample was drawn 0 times"),
    "C4 the means spread": ("ordered_batches/broken_sorted_windows", r"spread 9\.7 times"),
    "C5 the first type rules": ("truncated_values/broken_vectorize", r"\[0 0 1 1\]"),
    "C7 ten times the step": ("unstable_learning_rate/broken_by_hand_summed", r"error 5\.66e\+45"),
}


@dataclass(frozen=True)
class Told:
    """What one call of pitfallcheck said: its JSON report, its exit status, and the standard error beside it."""

    report: dict[str, Any]
    status: int
    errors: str

    @property
    def findings(self) -> Findings:
        return list(self.report["findings"])


def call(*arguments: str) -> Told:
    """Runs `pitfallcheck ARGUMENTS --format json` in the repository."""
    done = subprocess.run(
        [sys.executable, "-m", "pitfallcheck", *arguments],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=SECONDS,
        check=False,
    )
    try:
        return Told(json.loads(done.stdout), done.returncode, done.stderr)
    except ValueError:
        raise AssertionError(
            f"`pitfallcheck {' '.join(arguments)}` ended with {done.returncode} and no JSON object\n"
            f"--- standard output\n{done.stdout[-2000:]}\n--- standard error\n{done.stderr[-4000:]}"
        ) from None


@pytest.fixture(scope="session")
def linted() -> Told:
    """All fixtures, linted in one call."""
    return call("lint", "--format", "json", "fixtures")


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[Path, Future[Told]]]:
    """A run of each fixture that a selected test asks for, two at a time."""
    wanted: dict[Path, None] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and "runs" in item.fixturenames:
            path = Path(str(item.callspec.params["path"]))
            if installed(*frameworks(path)):
                wanted[path] = None
    pool = ThreadPoolExecutor(2)
    yield {path: pool.submit(call, "run", "--format", "json", str(path)) for path in wanted}
    pool.shutdown(cancel_futures=True)


def differences(due: list[Mark], findings: Findings) -> list[str]:
    """What is due and missing, and what was said and is not due; empty where the two agree."""
    left = list(findings)
    missing = []
    for mark in due:
        for finding in left:
            if (finding["code"], finding["line"]) == (mark.code, mark.line) and finding["level"] in mark.levels:
                left.remove(finding)
                break
        else:
            missing.append(f"missing: {mark.code} in line {mark.line} ({' or '.join(sorted(mark.levels))})")
    said = [f"{f['path']}:{f['line']}: {f['code']} {f['level']}: {f['message']}" for f in left]
    return missing + [f"not due: {text}" for text in said]


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in paths()])
def test_linting_a_fixture_finds_what_its_marks_say(path: Path, linted: Told) -> None:
    due = [mark for mark in marks(path) if "static" in mark.sources]
    found = [finding for finding in linted.findings if Path(finding["path"]) == path]
    assert differences(due, found) == []
    assert all(finding["sources"] == ["static"] for finding in found)


def test_linting_the_fixtures_fails_and_skips_none(linted: Told) -> None:
    assert linted.status == 1
    assert linted.report["skipped"] == []
    assert linted.report["checked"]["files"] == len(paths())


@pytest.mark.parametrize("path", CASES)
def test_running_a_fixture_finds_what_its_marks_say(path: Path, runs: dict[Path, Future[Told]]) -> None:
    told = runs[path].result(SECONDS)
    due = marks(path)
    assert differences(due, told.findings) == []
    assert all(Path(finding["path"]) == path for finding in told.findings)
    for mark in due:
        sources = [set(f["sources"]) for f in told.findings if (f["code"], f["line"]) == (mark.code, mark.line)]
        assert all(seen == mark.sources for seen in sources), f"line {mark.line}: seen by {sources}"
    assert told.status == (1 if any(finding["level"] != "note" for finding in told.findings) else 0)


@pytest.mark.parametrize(
    ("path", "printed"),
    [
        pytest.param(
            path := Path("fixtures", f"{fixture}.py"),
            printed,
            id=case,
            marks=pytest.mark.frameworks(*frameworks(path)),
        )
        for case, (fixture, printed) in EFFECTS.items()
    ],
)
def test_a_case_of_the_articles_shows_its_numbers_while_watched(
    path: Path, printed: str, runs: dict[Path, Future[Told]]
) -> None:
    assert re.search(printed, runs[path].result(SECONDS).errors)


@pytest.mark.parametrize(
    ("due", "found", "said"),
    [
        pytest.param([], [], 0, id="nothing due, nothing found"),
        pytest.param(["PF101"], [("PF101", 1, "error")], 0, id="found as due"),
        pytest.param(["PF101"], [], 1, id="missing"),
        pytest.param([], [("PF101", 1, "note")], 1, id="a note that is not due"),
        pytest.param(["PF101"], [("PF101", 2, "error")], 2, id="on another line"),
        pytest.param(["PF101"], [("PF201", 1, "error")], 2, id="of another code"),
        pytest.param(["PF101"], [("PF101", 1, "note")], 2, id="at another level"),
        pytest.param(["PF101"], [("PF101", 1, "error")] * 2, 1, id="twice where one is due"),
        pytest.param(["PF101", "PF101"], [("PF101", 1, "error")], 1, id="once where two are due"),
    ],
)
def test_the_comparison_can_fail(due: list[str], found: list[tuple[str, int, str]], said: int) -> None:
    expected = [Mark(code, 1, frozenset({"error", "warning"}), frozenset({"static"})) for code in due]
    findings = [{"code": c, "line": n, "level": level, "path": "a.py", "message": ""} for c, n, level in found]
    assert len(differences(expected, findings)) == said
