"""What watching costs a training: Keras `fit` under `pitfallcheck run` and the same `fit` alone, weights included."""

from __future__ import annotations

import json

from timing import PITFALLCHECK, PYTHON, finish, line, medians, run

PROGRAM = "benchmarks/programs/mean_of_two.py"
RUNS, LIMIT = 5, 1.10

weights: set[tuple[str, ...]] = set()
"""The weights that each run came to; one element, if looking changes nothing."""


def fit_seconds(command: list[str]) -> float:
    told = json.loads(run([*command, PROGRAM])[1].splitlines()[-1])
    weights.add(tuple(told["weights"]))
    return float(told["seconds"])


if __name__ == "__main__":
    alone, watched = medians(lambda: fit_seconds([PYTHON]), lambda: fit_seconds([PITFALLCHECK, "run"]), RUNS)
    measured = f"{watched:.2f} s against {alone:.2f} s: {watched / alone:.2f} x"
    finish(
        [
            line("keras fit under run / alone, 5 x 1000 steps", measured, f"{LIMIT} x", kept=watched <= LIMIT * alone),
            line("weights after fit", f"{len(weights)} different over all runs", "1", kept=len(weights) == 1),
        ]
    )
