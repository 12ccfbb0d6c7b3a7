"""Times commands side by side: alternating runs, medians, and one line for each ratio with the limit it must keep."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
PITFALLCHECK = str(Path(sys.executable).with_name("pitfallcheck"))


def environment() -> dict[str, str]:
    """The caller's environment, in which Python may keep what it compiled, as it does for an installed package."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3"}


def run(command: Sequence[str], statuses: Sequence[int] = (0,), cwd: Path = ROOT) -> tuple[float, str]:
    """The wall time of a command in seconds and its standard output. Raises SystemExit where its status is another."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode not in statuses:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return seconds, done.stdout


def medians(first: Callable[[], float], second: Callable[[], float], runs: int) -> tuple[float, float]:
    """The medians of two measurements taken in turn, after one of each that does not count (it fills the caches)."""
    first(), second()
    taken = [(first(), second()) for _ in range(runs)]
    return statistics.median(a for a, _ in taken), statistics.median(b for _, b in taken)


def line(what: str, measured: str, limit: str, *, kept: bool) -> bool:
    """Prints one result and hands back whether it kept its limit."""
    print(f"{what:58s} {measured:44s} limit {limit:18s} {'ok' if kept else 'MISSED'}", flush=True)
    return kept


def finish(kept: Sequence[bool]) -> None:
    """Ends the benchmark: status 1 if a limit was missed."""
    sys.exit(0 if all(kept) else 1)
