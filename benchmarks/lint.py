"""What `lint` costs over folders of library code, cold and warm, and for one file in a hook, against `ruff check`.

    python benchmarks/lint.py [FOLDER ...]

Without folders, over the installed keras, timm and transformers, as far as they are there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from timing import PITFALLCHECK, environment, finish, line

RUNS = 3
PACKAGES = ("keras", "timm", "transformers")
RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent)) or "ruff"


class Cost(NamedTuple):
    """Wall and processor seconds of a command, and the most memory that one of its processes held, in MB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str]) -> Cost:
    """What a command costs, with the processes that it starts; findings are no failure, anything else is."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1, 2):
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def in_turn(first: Sequence[str], second: Sequence[str]) -> tuple[Cost, Cost]:
    """The cheapest of some runs of each command, taken in turn."""
    taken = [(cost(first), cost(second)) for _ in range(RUNS)]
    return min(a for a, _ in taken), min(b for _, b in taken)


def folders() -> list[str]:
    """The folders asked for, or those of the packages that are installed."""
    if sys.argv[1:]:
        return sys.argv[1:]
    found = [find_spec(name) for name in PACKAGES]
    return [place for spec in found if spec is not None for place in spec.submodule_search_locations or ()]


def versus(ruff: Cost, ours: Cost) -> str:
    return f"{ours.wall:.2f} s against {ruff.wall:.2f} s: {ours.wall / ruff.wall:.2f} x"


def main() -> None:
    over = folders()
    if not over:
        raise SystemExit(f"none of {', '.join(PACKAGES)} is installed; name folders to go through")
    files = [path for folder in over for path in Path(folder).rglob("*.py")]
    print(f"{len(files)} files, {sum(path.read_bytes().count(10) for path in files):,} lines", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        caches = {"ruff": os.path.join(folder, "ruff"), "ours": os.path.join(folder, "ours")}
        ruff = [RUFF, "check", "--isolated", "--silent"]
        lint = [PITFALLCHECK, "lint", "--quiet"]
        cold, our_cold = in_turn([*ruff, "--no-cache", *over], [*lint, "--no-cache", *over])
        with_cache = [*ruff, "--cache-dir", caches["ruff"], *over], [*lint, "--cache-dir", caches["ours"], *over]
        for command in with_cache:
            cost(command)
        warm, our_warm = in_turn(*with_cache)
        changed = Path(folder, "train.py")
        changed.write_text((Path(__file__).parent / "programs" / "torch_loop.py").read_text("utf-8"), "utf-8")
        hook = min(cost([*lint, "--no-cache", str(changed)]) for _ in range(RUNS))
        processor = f"{our_cold.cpu:.2f} s against {cold.cpu:.2f} s: {our_cold.cpu / cold.cpu:.2f} x"
        finish(
            [
                line("lint / ruff check, cold", versus(cold, our_cold), "2 x", kept=our_cold.wall <= 2 * cold.wall),
                line("lint / ruff check, processor time, cold", processor, "none", kept=True),
                line("lint / ruff check, warm", versus(warm, our_warm), "1 x", kept=our_warm.wall <= warm.wall),
                line("lint, memory per process", f"{our_cold.memory:.0f} MB", "300 MB", kept=our_cold.memory < 300),
                line("lint of one changed file", f"{hook.wall:.2f} s", "0.4 s", kept=hook.wall < 0.4),
            ]
        )


if __name__ == "__main__":
    main()
