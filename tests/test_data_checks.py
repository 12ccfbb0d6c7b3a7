"""The run-time halves of the data pitfalls: small programs that are run, and invented events of every kind."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observing import observe

from pitfallcheck import catalog
from pitfallcheck.finding import LEVELS, Finding
from pitfallcheck.judge import judge_events
from pitfallcheck.observe.events import Consumer, DataFed, Event, Leaf, LoopDrained, Place, Rewrite, SourceWatched
from pitfallcheck.observe.learning import Losses, TrainingSeen
from pitfallcheck.observe.values import Coverage, NonFinite, Values
from pitfallcheck.pitfalls.ordered_batches.runtime import is_ordered, tail
from pitfallcheck.pitfalls.unreachable_samples.runtime import left_out

CODES = ["PF103", "PF104", "PF105", "PF108", "PF109", "PF110", "PF504"]


def judged(events: list[Event]) -> list[Finding]:
    """What the checks of these tests find, each of which must have been able to look."""
    due = [code for code in CODES if catalog.pitfalls()[code].runtime]
    findings, skipped = judge_events(events, due)
    assert skipped == []
    return findings


DATA = """
    rng = np.random.default_rng(0)
    data = np.sort(rng.normal(size=(400, 2)), axis=0)
    truth = data.sum(axis=1, keepdims=True)
    w = np.zeros((2, 1))
    def step(x, y):
        global w
        w = w - 0.05 * x.T @ (x @ w - y) / len(x)
"""

PROGRAMS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "indices drawn once, before the loop": (
        """
        def feed():
            chosen = rng.integers(0, 400, 16)
            for _ in range(20):
                yield data[chosen], truth[chosen]  # here
        for x, y in feed(): w -= 0.1 * x.T @ (x @ w - y)
        """,
        [("PF103", "error")],
    ),
    "a generator seeded anew in each turn": (
        """
        def feed():
            while True:
                x = np.random.default_rng(3).normal(size=(16, 2))
                yield x, x.sum(axis=1, keepdims=True)  # here
        for x, y in zip(feed(), range(20)): pass
        """,
        [("PF103", "error")],
    ),
    "all rows in each batch, in one shuffled order": (
        """
        def feed():
            order = rng.permutation(len(data))
            for _ in range(20):
                yield data[order], truth[order]
        for x, y in feed(): w -= 0.1 * x.T @ (x @ w - y) / len(x)
        """,
        [],
    ),
    "one drawn batch handed out as copies": (
        """
        def feed():
            x = rng.normal(size=(16, 2))
            y = x.sum(axis=1)
            while True:
                yield x.copy(), y.copy()
        for pair, _ in zip(feed(), range(20)): pass
        """,
        [],
    ),
    "a fixed validation set, cycled": (
        """
        def feed():
            chosen = rng.permutation(400)[:64].reshape(4, 16)
            while True:
                for rows in chosen:
                    yield data[rows], truth[rows]
        for pair, _ in zip(feed(), range(40)): pass
        """,
        [],
    ),
    "a constant mask beside changing inputs": (
        """
        def feed():
            for _ in range(20):
                chosen = rng.integers(0, 400, 16)
                yield data[chosen], np.ones((16, 1)) * 2
        for x, mask in feed(): pass
        """,
        [("PF504", "warning")],
    ),
    "one batch in each epoch": (
        """
        def feed():
            chosen = rng.permutation(400)[:16]
            yield data[chosen], truth[chosen]
        for _ in range(30):
            for x, y in feed(): w -= 0.1 * x.T @ (x @ w - y) / len(x)
        """,
        [],
    ),
    "windows that never begin at the last place": (
        """
        shuffled = rng.permutation(data[:100])
        def feed():
            for _ in range(2500):
                start = rng.integers(0, 100 - 8)
                yield shuffled[start : start + 8]  # here
        for x in feed(): pass
        """,
        [("PF104", "error")],
    ),
    "windows of a training part at the beginning": (
        """
        part = rng.permutation(data)[:100]
        whole = np.concatenate([part, part])
        train = whole[:100]
        def feed():
            for _ in range(2500):
                start = rng.integers(0, 100 - 8 + 1)
                yield train[start : start + 8]
        for x in feed(): pass
        """,
        [],
    ),
    "whole batches in order, the rest left out": (
        """
        shuffled = rng.permutation(data[:100])
        def feed():
            for _ in range(300):
                for start in range(0, 100 - 7, 8):
                    yield shuffled[start : start + 8]
        for x in feed(): pass
        """,
        [],
    ),
    "inputs that leave the last row to the targets": (
        """
        series = rng.normal(size=(100, 1))
        def feed():
            for _ in range(2500):
                start = rng.integers(0, 100 - 8)
                yield series[start : start + 8], series[start + 1 : start + 9]
        for x, y in feed(): pass
        """,
        [],
    ),
    "training on windows of sorted rows": (
        """
        def feed():
            for _ in range(40):
                start = rng.integers(0, 385)
                yield data[start : start + 16], truth[start : start + 16]  # here
        for x, y in feed(): w -= 0.1 * x.T @ (x @ w - y) / len(x)
        """,
        [("PF105", "warning")],
    ),
    "evaluating on windows of sorted rows": (
        """
        def feed():
            for start in range(0, 400, 16):
                yield data[start : start + 16], truth[start : start + 16]
        total = 0
        for x, y in feed(): total += ((x @ w - y) ** 2).sum()
        """,
        [],
    ),
    "training on rows drawn from sorted ones": (
        """
        def feed():
            for _ in range(40):
                chosen = rng.integers(0, 400, 16)
                yield data[chosen], truth[chosen]
        for x, y in feed(): w -= 0.1 * x.T @ (x @ w - y) / len(x)
        """,
        [],
    ),
    "rows that are sorted only inside their batch": (
        """
        def feed():
            for _ in range(40):
                chosen = np.sort(rng.integers(0, 400, 16))
                yield data[chosen], truth[chosen]
        for x, y in feed(): w -= 0.1 * x.T @ (x @ w - y) / len(x)
        """,
        [],
    ),
    "one NaN in the seventh batch": (
        """
        def feed():
            for turn in range(20):
                x = rng.normal(size=(16, 2))
                if turn == 6: x[3, 1] = np.nan
                yield x, x.sum(axis=1)  # here
        for x, y in feed(): step(x, y[:, None])
        """,
        [("PF108", "error")],
    ),
    "targets that are missing and masked": (
        """
        def feed():
            for turn in range(20):
                x = rng.normal(size=(16, 2))
                y = x.sum(axis=1)
                y[rng.random(16) < 0.2] = np.nan
                yield x, y
        for x, y in feed(): step(x[~np.isnan(y)], y[~np.isnan(y)][:, None])
        """,
        [],
    ),
    "a program that looks for NaN in its loss alone": (
        """
        def feed():
            for turn in range(20):
                x = rng.normal(size=(16, 2))
                yield x, np.log(np.abs(x).sum(axis=1) * (turn != 4))  # here
        for x, y in feed():
            step(x, y[:, None])
            loss = ((x @ w - y[:, None]) ** 2).mean()
            if np.isnan(loss): break
        """,
        [("PF108", "error")],
    ),
    "a generator that hands on the NaN of another": (
        """
        def rows():
            for turn in range(20):
                yield np.full((16, 2), np.nan if turn == 3 else 1.0 * turn)  # here
        def feed():
            for x in rows():
                yield x * 2, x.sum(axis=1)
        for x, y in feed(): pass
        """,
        [("PF108", "error")],
    ),
    "a generator made once for all epochs": (
        """
        def feed():
            for _ in range(5): yield rng.normal(size=(4, 2))
        batches = feed()
        for epoch in range(3):
            for x in batches:  # here
                pass
        """,
        [("PF109", "error")],
    ),
    "the same under enumerate, in a function": (
        """
        def feed():
            for _ in range(5): yield rng.normal(size=(4, 2))
        def epoch(batches):
            for i, x in enumerate(batches):  # here
                pass
        batches = feed()
        epoch(batches); epoch(batches)
        """,
        [("PF109", "error")],
    ),
    "an expression that generates, made once": (
        """
        batches = (data[i : i + 8] for i in range(0, 80, 8))
        for epoch in range(3):
            for x in batches:  # here
                pass
        """,
        [("PF109", "error")],
    ),
    "an iterator that does not begin again": (
        """
        class Feed:
            at = 0
            def __iter__(self): return self
            def __next__(self):
                if self.at == 5: raise StopIteration
                self.at += 1
                return rng.normal(size=(4, 2))
        feed = Feed()
        for epoch in range(3):
            for x in feed:  # here
                pass
        """,
        [("PF109", "error")],
    ),
    "an iterator that does": (
        """
        class Feed:
            def __iter__(self):
                self.at = 0
                return self
            def __next__(self):
                if self.at == 5: raise StopIteration
                self.at += 1
                return rng.normal(size=(4, 2))
        feed = Feed()
        for epoch in range(3):
            for x in feed: pass
        """,
        [],
    ),
    "a generator that has nothing to give": (
        """
        def feed(): yield from ()
        batches = feed()
        for epoch in range(3):
            for x in batches: pass
        """,
        [],
    ),
    "what is left after the first few": (
        """
        def feed():
            for _ in range(3): yield rng.normal(size=(4, 2))
        batches = feed()
        for i, x in enumerate(batches):
            if i == 5: break
        for x in batches: pass
        """,
        [],
    ),
    "a generator made for each epoch": (
        """
        def feed():
            for _ in range(5): yield rng.normal(size=(4, 2))
        for epoch in range(3):
            batches = feed()
            for x in batches: pass
        """,
        [],
    ),
    "slices of the data scaled in place": (
        """
        shuffled = rng.permutation(data)
        def feed():
            for start in range(0, 400, 16):
                yield shuffled[start : start + 16], truth[start : start + 16]
        for _ in range(3):
            for x, y in feed():
                x *= 0.5  # here
                step(x, y)
        """,
        [("PF110", "error")],
    ),
    "the whole data scaled in place, in a function": (
        """
        shuffled = rng.permutation(data)
        def scaled(batch):
            np.divide(batch, 2, out=batch)  # here
            return batch
        def feed():
            while True: yield shuffled, truth
        for _, (x, y) in zip(range(5), feed()):
            step(scaled(x), y)
        """,
        [("PF110", "error")],
    ),
    "copies scaled in place": (
        """
        shuffled = rng.permutation(data)
        def feed():
            for start in range(0, 400, 16):
                yield shuffled[start : start + 16].copy(), truth[start : start + 16]
        for _ in range(3):
            for x, y in feed():
                x *= 0.5
                step(x, y)
        """,
        [],
    ),
    "slices clipped in place, the same again": (
        """
        shuffled = rng.permutation(data)
        def feed():
            for start in range(0, 400, 16):
                yield shuffled[start : start + 16], truth[start : start + 16]
        for _ in range(3):
            for x, y in feed():
                np.maximum(x, 0, out=x)
                step(x, y)
        """,
        [],
    ),
    "a buffer that is filled again": (
        """
        def feed():
            x = np.zeros((16, 2))
            for _ in range(20):
                x[:] = rng.normal(size=(16, 2))
                yield x, x.sum(axis=1, keepdims=True)
        for x, y in feed():
            x *= 0.5
            step(x, y)
        """,
        [],
    ),
    "parameters that are handed out to be updated": (
        """
        params = [rng.normal(size=(2, 2)), rng.normal(size=(2, 1))]
        def parameters():
            for p in params: yield p, np.ones_like(p)
        for _ in range(5):
            for p, slope in parameters(): p -= 0.1 * slope
        """,
        [],
    ),
    "a column that is never filled": (
        """
        def feed():
            for _ in range(20):
                x = np.zeros((16, 3))
                x[:, 0] = rng.normal(size=16)
                x[:, 2] = rng.normal(size=16)
                yield x, x.sum(axis=1)  # here
        for x, y in feed(): pass
        """,
        [("PF504", "warning")],
    ),
    "a column of ones, and a code of categories": (
        """
        def feed():
            for _ in range(20):
                x = np.ones((16, 2))
                x[:, 1] = rng.normal(size=16)
                yield x, x.sum(axis=1)
        def codes():
            for _ in range(20): yield np.eye(4)[rng.integers(0, 3, 16)], rng.normal(size=16)
        for x, y in feed(): pass
        for x, y in codes(): pass
        """,
        [],
    ),
    "one label from each of two sources": (
        """
        def real():
            for _ in range(20): yield rng.normal(size=(16, 2)), np.ones(16)
        def made_up():
            for _ in range(20): yield rng.normal(size=(16, 2)), np.zeros(16)
        for one, other in zip(real(), made_up()): pass
        """,
        [],
    ),
    "too few samples to tell": (
        """
        def feed():
            for _ in range(50): yield np.array([[1.0, 5.0], [2.0, 5.0]]), np.array([1.0, 2.0])
        for x, y in feed(): pass
        """,
        [],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_found_in_a_program(name: str, tmp_path: Path) -> None:
    program, due = PROGRAMS[name]
    seen = observe(tmp_path, dedent(DATA) + dedent(program))
    found = judged(seen.events)
    assert [(finding.code, finding.level) for finding in found] == due, found
    lines = (tmp_path / "program.py").read_text().splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith("# here")]
    if marked:
        assert {finding.location.line for finding in found} == set(marked)


AT = Place("/nowhere/train.py", 7, "feed")
SHUFFLED = Values(50, 800, 1, batch_means_spread=1.1, spread_batches=50)
SORTED = replace(SHUFFLED, batch_means_spread=15.9, sorted_inside=1.0)

ORDERED = {
    "rows drawn at random": (SHUFFLED, False),
    "windows of sorted rows": (SORTED, True),
    "windows that are shuffled inside": (replace(SORTED, sorted_inside=0.1), False),
    "half of the variance between the batches": (replace(SORTED, batch_means_spread=8.1), True),
    "less than half of it": (replace(SORTED, batch_means_spread=7.9), False),
    "too few batches": (replace(SORTED, spread_batches=4), False),
    "batches of one row": (Values(50, 50, 1, batch_means_spread=1.0, spread_batches=50, sorted_inside=1.0), False),
}


@pytest.mark.parametrize("name", ORDERED)
def test_when_batches_count_as_ordered(name: str) -> None:
    values, due = ORDERED[name]
    assert is_ordered(values) == due


@settings(max_examples=100, deadline=None)
@given(st.integers(5, 400), st.integers(4, 200), st.floats(0.2, 2))
def test_independent_draws_do_not_count_as_ordered(batches: int, rows: int, ratio: float) -> None:
    assert not is_ordered(Values(batches, batches * rows, 1, batch_means_spread=ratio, spread_batches=batches))


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 10_000), st.data())
def test_the_chance_of_rows_left_out_is_that_of_evenly_drawn_beginnings(rows: int, data: st.DataObject) -> None:
    window = data.draw(st.integers(1, rows - 1))
    starts = rows - window + 1
    left = data.draw(st.integers(1, min(window, starts - 1)))
    draws = data.draw(st.integers(1, 10_000))
    seen = Coverage("x", rows, draws, window, left, rows - left, rows - 1, drawn=True)
    assert left_out(seen) == pytest.approx(((starts - left) / starts) ** draws, rel=1e-6)
    assert left_out(replace(seen, drawn=False)) == 1
    assert left_out(replace(seen, first_unreached=rows - left - 1)) == 1


def training(*nonfinite_at: int) -> list[Event]:
    losses = [Losses(50, 1.0, 0.1, 0.1, at) for at in nonfinite_at]
    return [
        TrainingSeen(f"t{i}", "torch", "Linear", AT, None, None, 3, "mse", "mse", 16, 50, losses=loss)
        for i, loss in enumerate(losses)
    ]


SPOILT = replace(SHUFFLED, nonfinite=NonFinite(2, 9, 3, (4, 1), "nan"), handed_over=50)


def source(values: Values, *, name: str = "x", key: str = "s", path: str = "/nowhere/feed.py") -> SourceWatched:
    return SourceWatched(
        key, "generator", Place(path, 3, "feed"), 50, (Leaf(name, (16, 2), "float32", values=values),),
        Consumer("program", at=AT),
    )  # fmt: skip


def given_to_fit(values: Values, **more: object) -> DataFed:
    leaf = Leaf("x", (800, 2), "float32", values=values)
    return replace(DataFed("d", AT, "fit", "model", (leaf,)), **more)  # type: ignore[arg-type]


TOLD: dict[str, tuple[list[Event], list[tuple[str, str, int]]]] = {
    "NaN, and a loss that became NaN": ([source(SPOILT), *training(10)], [("PF108", "error", 3)]),
    "NaN, and losses that stayed finite": ([source(SPOILT), *training(0, 0)], []),
    "NaN, and no loss followed": ([source(SPOILT)], [("PF108", "error", 3)]),
    "NaN in what fit was given": ([given_to_fit(SPOILT)], [("PF108", "error", 7)]),
    "NaN in a source and in the call it feeds": (
        [source(SPOILT), given_to_fit(SPOILT, source="s")],
        [("PF108", "error", 3)],
    ),
    "NaN in what is only predicted for": ([given_to_fit(SPOILT, training=False, method="predict")], []),
    "a call that ran dry": ([given_to_fit(SHUFFLED, steps_asked=30, steps_had=20)], [("PF109", "error", 7)]),
    "a call that had as many": ([given_to_fit(SHUFFLED, steps_asked=30, steps_had=30)], []),
    "a call of which it is not known": ([given_to_fit(SHUFFLED)], []),
    "a drained loop": ([LoopDrained("l", AT, "data", 2, batches=5)], [("PF109", "error", 7)]),
    "sorted rows that are never shuffled": ([given_to_fit(SORTED, shuffled=False)], [("PF105", "warning", 7)]),
    "the same, where the loader is made": (
        [given_to_fit(SORTED, shuffled=False, made=Place("/nowhere/train.py", 2))],
        [("PF105", "warning", 2)],
    ),
    "sorted rows to evaluate": ([given_to_fit(SORTED, shuffled=False, training=False)], []),
    "a sorted source that feeds training": (
        [source(SORTED), given_to_fit(SORTED, source="s")],
        [("PF105", "warning", 3)],
    ),
    "a sorted source that feeds an evaluation": (
        [source(SORTED), given_to_fit(SORTED, source="s", training=False)],
        [],
    ),
    "a feature that never varies": (
        [given_to_fit(Values(1, 800, 2, (0.0, -3.0), (0.0, 3.0), constant=(0,), distinct=1))],
        [("PF504", "warning", 7)],
    ),
    "a column of ones": ([given_to_fit(Values(1, 800, 2, (1.0, -3.0), (1.0, 3.0), constant=(0,), distinct=1))], []),
    "a table of codes": ([given_to_fit(Values(1, 800, 2, (0.0, 0.0), (0.0, 1.0), constant=(0,), distinct=1))], []),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_of_events(name: str) -> None:
    events, due = TOLD[name]
    found = judged(events)
    assert [(finding.code, finding.level, finding.location.line) for finding in found] == due


def test_the_numbers_of_a_finding_are_those_of_the_event() -> None:
    (finding,) = judged([source(SPOILT), *training(10)])
    assert finding.message.startswith("batch 9: `x` holds 3 values that are NaN or infinite, the first (NaN) at [4, 1]")
    assert [fact.text for fact in finding.evidence] == [
        "2 batches held some in `x`",
        "the training loss was NaN or infinite from step 10 on",
    ]


PLACES = st.builds(
    Place,
    st.sampled_from(["/nowhere/feed.py", catalog.__file__, ""]),
    st.integers(0, 90),
    st.sampled_from(["feed", ""]),
)
COUNTS = st.integers(0, 60)
NUMBERS = st.floats(-1e30, 1e30) | st.sampled_from([0.0, 1.0])
RANGES = st.lists(NUMBERS, max_size=3).map(tuple)
NONFINITE = st.builds(NonFinite, COUNTS, COUNTS, COUNTS, st.just((0, 1)), st.sampled_from(["nan", "inf", "-inf"]))
COVERAGES = st.builds(Coverage, st.sampled_from(["x", ""]), *[COUNTS] * 6, st.booleans())


@st.composite
def values(draw: st.DrawFn) -> Values:
    minima = draw(RANGES)
    return Values(
        draw(COUNTS), draw(COUNTS), len(minima), minima, tuple(low + draw(st.floats(0, 3)) for low in minima),
        tuple(sorted(draw(st.sets(st.integers(0, len(minima) - 1))))) if minima else (), draw(st.none() | NONFINITE),
        draw(COUNTS), draw(COUNTS), draw(st.floats(0, 1e6)), draw(COUNTS), draw(st.floats(0, 1)),
        draw(st.none() | COVERAGES), handed_over=draw(COUNTS), remade=draw(COUNTS),
        part_of=draw(st.sampled_from(["", "data"])), part_rows=draw(COUNTS), whole_of=draw(st.sampled_from(["", "x"])),
    )  # fmt: skip


REWRITES = st.builds(
    Rewrite, *[st.integers(1, 60)] * 6, st.booleans(), st.just("[1.]"), st.just("[2.]"), COUNTS, COUNTS, COUNTS
)
LEAVES = st.builds(
    Leaf, st.sampled_from(["x", "batch[0]"]), st.lists(st.integers(0, 40), max_size=3).map(tuple),
    st.sampled_from(["float32", "int64"]), st.sampled_from(["x", ""]), st.none(), st.none() | REWRITES,
    values=st.none() | values(),
)  # fmt: skip
NESTS = st.lists(LEAVES, max_size=3).map(tuple)
CONSUMERS = st.builds(
    Consumer, st.sampled_from(["program", "library", "pitfallcheck"]), st.just("keras"), at=st.none() | PLACES
)
KEYS = st.sampled_from(["a", "b", "c"])
SOURCES = st.builds(
    SourceWatched, KEYS, st.sampled_from(["generator", "iterator", "dataset"]), PLACES, COUNTS, NESTS, CONSUMERS,
    passes=st.integers(1, 5),
)  # fmt: skip
FED = st.builds(
    DataFed, KEYS, PLACES, st.just("fit"), st.just("model"), NESTS, NESTS, NESTS, st.none() | PLACES, KEYS,
    st.none() | st.booleans(), COUNTS, COUNTS, st.booleans(),
)  # fmt: skip
DRAINED = st.builds(LoopDrained, KEYS, PLACES, st.just("data"), st.integers(1, 9), st.none() | PLACES, COUNTS)
NONSENSE = re.compile(r"``|  |<[a-z]|\bNone\b|\bnan\b")


@settings(max_examples=100, deadline=None)
@given(st.lists(SOURCES | FED | DRAINED, max_size=6))
def test_no_event_upsets_a_check(events: list[Event]) -> None:
    for finding in judged(events):
        assert finding.level in LEVELS
        assert finding.sources == ("runtime",)
        for text in (finding.message, finding.remedy, *(fact.text for fact in finding.evidence)):
            assert text and not text.endswith(".") and not NONSENSE.search(text), text


def test_the_tail_of_the_spread_is_that_of_chi_square() -> None:
    # Quantiles of chi-square over its degrees, from the tables: 31.41 / 20 at 5 %, 124.3 / 100 at 5 %.
    assert math.isclose(tail(31.41 / 20, 20), 0.05, rel_tol=0.02)
    assert math.isclose(tail(124.34 / 100, 100), 0.05, rel_tol=0.02)
