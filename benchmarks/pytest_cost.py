"""What the pytest plugin costs a project that does not use it: a test run with it loaded, against one without."""

from __future__ import annotations

import tempfile
from pathlib import Path

from timing import PYTHON, finish, line, medians, run

RUNS, LIMIT = 21, 1.05

TESTS = """import pytest


@pytest.mark.parametrize("number", range(100))
def test_that_a_number_is_itself(number):
    assert number == number
"""

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_numbers.py").write_text(TESTS, "utf-8")
        command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        without, loaded = medians(
            lambda: run([*command, "-p", "no:pitfallcheck"], cwd=Path(folder))[0],
            lambda: run(command, cwd=Path(folder))[0],
            RUNS,
        )
    measured = f"{loaded:.3f} s against {without:.3f} s: {loaded / without:.3f} x"
    finish([line("pytest with the plugin / without", measured, f"{LIMIT} x", kept=loaded <= LIMIT * without)])
