"""What starting costs: `--version` and `lint` of a file with no candidate, against `python -c pass`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from timing import PITFALLCHECK, PYTHON, finish, line, medians, run

RUNS = 31

NO_CANDIDATE = '''"""A module without a generator, a loss or a layer."""


def mean(values: list[float]) -> float:
    return sum(values) / len(values)
'''


def ratio(what: str, command: list[str], limit: float) -> bool:
    bare, ours = medians(lambda: run([PYTHON, "-c", "pass"])[0], lambda: run(command)[0], RUNS)
    measured = f"{ours * 1000:.0f} ms against {bare * 1000:.0f} ms: {ours / bare:.2f} x"
    return line(what, measured, f"{limit} x", kept=ours <= limit * bare)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "plain.py")
        file.write_text(NO_CANDIDATE, "utf-8")
        finish(
            [
                ratio("pitfallcheck --version / python -c pass", [PITFALLCHECK, "--version"], 2.5),
                ratio("pitfallcheck lint plain.py / python -c pass", [PITFALLCHECK, "lint", str(file)], 4.0),
            ]
        )
