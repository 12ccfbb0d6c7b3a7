"""What watching costs a PyTorch loop: 2000 steps of a small network under `pitfallcheck run` and alone, weights too."""

from __future__ import annotations

import json

from timing import PITFALLCHECK, PYTHON, finish, line, medians, run

PROGRAM = "benchmarks/programs/torch_loop.py"
RUNS, LIMIT = 7, 1.15

weights: set[tuple[str, ...]] = set()
"""The weights that each run came to; one element, if looking changes nothing."""


def loop_seconds(command: list[str]) -> float:
    told = json.loads(run([*command, PROGRAM], (0, 1))[1].splitlines()[-1])
    weights.add(tuple(told["weights"]))
    return float(told["seconds"])


if __name__ == "__main__":
    alone, watched = medians(
        lambda: loop_seconds([PYTHON]),
        lambda: loop_seconds([PITFALLCHECK, "run", "--quiet", "--output", "/dev/null"]),
        RUNS,
    )
    measured = f"{watched:.2f} s against {alone:.2f} s: {watched / alone:.2f} x"
    finish(
        [
            line("torch loop under run / alone, 2000 steps", measured, f"{LIMIT} x", kept=watched <= LIMIT * alone),
            line("weights after the loop", f"{len(weights)} different over all runs", "1", kept=len(weights) == 1),
        ]
    )
