"""What `probe` costs for each batch, against `np.copy` of that batch, and whether its memory grows with the batches."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from timing import finish, line

from pitfallcheck import probe

SIZES = {"1 KB": 10**3, "10 KB": 10**4, "100 KB": 10**5, "1 MB": 10**6, "10 MB": 10**7, "100 MB": 10**8}
FIXED, SHARE = 20e-6, 0.05
"""A batch may cost this many seconds and this share of the time that copying it takes."""
SEARCHED, READ = 10**6, 2.0
"""Floats in a batch of up to so many bytes are all searched for NaN, which may cost so many copies of it more."""
ROUNDS = 15


def per_batch(source: Iterable[Any], batches: int) -> float:
    start = time.perf_counter()
    for _ in source:
        pass
    return (time.perf_counter() - start) / batches


def fresh(arrays: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Batches that were written just before they are handed over, each in memory of its own."""
    for number, array in enumerate(arrays):
        array.fill(number % 251)
        yield array


def same_again(arrays: list[np.ndarray]) -> Iterator[np.ndarray]:
    """A constant, handed over again and again."""
    yield from arrays


def floats(arrays: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Batches as a network takes them: 32-bit floats, two to a row, each in memory of its own."""
    for number, array in enumerate(arrays):
        values = array[: array.size // 8 * 8].view(np.float32).reshape(-1, 2)
        values.fill(number % 251)
        yield values


def copying(array: np.ndarray, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        np.copy(array)
    return (time.perf_counter() - start) / times


def cost(batches_of: Callable[[list[np.ndarray]], Iterator[np.ndarray]], label: str, size: int) -> bool:
    """One row: batches of `size` bytes."""
    batches = max(8, min(2000, 8 * 10**8 // size))
    arrays = [np.ones(size, np.uint8) for _ in range(batches if batches_of is not same_again else 1)]
    arrays *= batches // len(arrays)
    taken = []
    for _ in range(ROUNDS):
        gc.collect()
        bare = per_batch(batches_of(arrays), batches)
        probed = per_batch(probe(batches_of(arrays)), batches)
        taken.append((probed - bare, copying(arrays[0], max(3, batches // 10))))
    extra, copy = (statistics.median(column) for column in zip(*taken, strict=True))
    allowed = FIXED + (SHARE + (READ if batches_of is floats and size <= SEARCHED else 0)) * copy
    measured = f"{extra * 1e6:.1f} us; np.copy takes {copy * 1e6:.1f} us"
    kind = batches_of.__name__.replace("_", " ")
    return line(f"probe, {label} batches, {kind}", measured, f"{allowed * 1e6:.1f} us", kept=extra <= allowed)


def memory_growth() -> bool:
    """Traced memory during the last batch of ten thousand, beside that of a thousand."""

    def held_at_the_end(batches: int) -> int:
        held = 0
        tracemalloc.start()
        for number, _ in enumerate(probe(np.full(128, k, "float64") for k in range(batches)), 1):
            if number == batches:
                held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return held

    held_at_the_end(1000)
    few, many = held_at_the_end(1000), held_at_the_end(10_000)
    measured = f"{few / 1024:.0f} KB after 1,000, {many / 1024:.0f} KB after 10,000"
    return line("probe, memory held", measured, "16 KB more", kept=many - few <= 16 * 1024)


if __name__ == "__main__":
    rows = [cost(kind, label, size) for kind in (fresh, same_again, floats) for label, size in SIZES.items()]
    finish([*rows, memory_growth()])
