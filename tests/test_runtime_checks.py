"""The run-time halves, asked with invented events: levels, places and wording, and that no event upsets them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitfallcheck import catalog
from pitfallcheck.finding import LEVELS, Finding
from pitfallcheck.judge import judge_events
from pitfallcheck.observe.events import (
    Consumer,
    Event,
    LayerRan,
    Leaf,
    LossMeasured,
    NotLooked,
    Place,
    Rewrite,
    SourceWatched,
)

_SMALL = catalog.__file__.replace("catalog", "judge")
CODES = sorted(catalog.pitfalls())
NAMES = st.sampled_from(["x", "self.buf", "batch[0]", "batch['image']", "x[i:j]"])
PLACES = st.builds(
    Place, st.sampled_from(["/nowhere/feed.py", _SMALL, ""]), st.integers(0, 300), st.sampled_from(["feed", ""])
)
SHAPES = st.lists(st.integers(0, 70), max_size=3).map(tuple)
COUNTS = st.integers(1, 50)
REWRITES = st.builds(
    Rewrite, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.booleans(), st.just("[1.]"), st.just("[2.]")
)
LEAVES = st.builds(
    Leaf, NAMES, SHAPES, st.just("float32"), NAMES | st.just(""), st.none() | REWRITES, st.none() | REWRITES,
    st.integers(0, 63), st.sampled_from(["numpy", "torch", "tensorflow", "jax"]),
)  # fmt: skip
CONSUMERS = st.builds(
    Consumer, st.sampled_from(["program", "library", "pitfallcheck"]), st.sampled_from(["keras", "torch", "tqdm"]),
    st.booleans(), st.none() | PLACES, *[st.integers(0, 9)] * 3,
)  # fmt: skip
SOURCES = st.builds(
    SourceWatched, st.uuids().map(str), st.sampled_from(["generator", "iterator", "dataset"]), PLACES, COUNTS,
    st.lists(LEAVES, max_size=4).map(tuple), CONSUMERS, st.none() | PLACES,
)  # fmt: skip
NUMBERS = st.floats() | st.sampled_from([0.0, 1.0, 1.5])
LOSSES = st.builds(
    LossMeasured, st.uuids().map(str), st.just("mse"), SHAPES, SHAPES, COUNTS, *[NUMBERS] * 5,
    st.sampled_from(["mean", "sum"]), *[st.none() | PLACES] * 3, NAMES, st.none() | PLACES,
)  # fmt: skip
LAYERS = st.builds(
    LayerRan, st.uuids().map(str), PLACES, st.just("mean"), st.just("Lambda"),
    st.lists(st.none() | st.integers(0, 9), max_size=3).map(tuple), SHAPES,
)  # fmt: skip
SKIPS = st.builds(NotLooked, st.uuids().map(str), st.just("feed()"), st.just("it is never used"))
EVENTS = st.lists(SOURCES | LOSSES | LAYERS | SKIPS, max_size=6)
NONSENSE = re.compile(r"\bnan\b|\binf\b|``|  |<[a-z]|\(None\)|\bNone\b(?!,)")


def texts_of(finding: Finding) -> list[str]:
    return [finding.message, finding.remedy, *(fact.text for fact in finding.evidence)]


@settings(max_examples=100, deadline=None)
@given(EVENTS)
def test_no_event_upsets_a_check(events: list[Event]) -> None:
    findings, skipped = judge_events(events, CODES)
    assert len(skipped) == sum(isinstance(event, NotLooked) for event in events), skipped
    for finding in findings:
        assert finding.level in LEVELS
        assert finding.location.line >= 0 and finding.location.column >= 1
        assert finding.sources == ("runtime",)
        for text in texts_of(finding):
            assert text and not text.endswith(".")


@settings(max_examples=100, deadline=None)
@given(st.lists(SOURCES, max_size=4))
def test_a_reused_buffer_is_graver_where_it_was_kept(events: list[SourceWatched]) -> None:
    findings, _ = judge_events(events, ["PF101"])
    expected: dict[tuple[str, int, str], str] = {}
    for event in events:
        for leaf in event.leaves:
            if leaf.by_producer is not None:
                harmless = leaf.by_producer.reordered and event.consumer.kind != "program"
                level = "error" if event.consumer.keeps and not harmless else "note"
                key = (event.at.path, event.at.line, leaf.name)
                expected[key] = max(level, expected.get(key, "note"), key=LEVELS.index)  # type: ignore[call-overload]
    assert sorted(finding.level for finding in findings) == sorted(expected.values())
    for finding in findings:
        for text in texts_of(finding):
            assert not NONSENSE.search(text), text


HERE = Place(str(Path(__file__)), 1)
REWRITE = Rewrite(9, 9, 1, 64, 64, was="[1. 2.]", became="[3. 4.]")
SOURCE = SourceWatched(
    "a", "generator", HERE, 10, (Leaf("x", (64, 2), "float32", "", REWRITE),), Consumer("program", keeps=True, at=HERE)
)


SHUFFLED = replace(SOURCE, leaves=(replace(SOURCE.leaves[0], by_producer=replace(REWRITE, reordered=True)),))


def told(event: Event) -> str:
    findings, _ = judge_events([event], CODES)
    return " ".join(f"{finding.level}: {'. '.join(texts_of(finding))}" for finding in findings)


WORDING: dict[str, tuple[Event, list[str]]] = {
    "a kept batch": (
        SOURCE,
        ["error: `x` was rewritten after it was yielded: 9 of 10 batches", "batch 1: 64 of 64 rows"],
    ),
    "a batch that nobody kept": (replace(SOURCE, consumer=Consumer("program")), ["note: `x` was rewritten"]),
    "an item": (replace(SOURCE, kind="dataset"), ["after it was returned", "Return a copy"]),
    "a shuffle of what the program holds": (SHUFFLED, ["error: `x` was shuffled in place"]),
    "a shuffle of what was pulled": (
        replace(SHUFFLED, consumer=Consumer("pitfallcheck", keeps=True)),
        ["note: `x` was shuffled in place"],
    ),
    "a ring": (
        replace(SOURCE, leaves=(replace(SOURCE.leaves[0], by_producer=replace(REWRITE, turns=3)),)),
        ["the memory came round again after 3 batches"],
    ),
    "a sampled leaf": (
        replace(SOURCE, leaves=(replace(SOURCE.leaves[0], shape=(640, 2)),)),
        ["64 of 64 rows compared"],
    ),
    "a single number": (replace(SOURCE, leaves=(replace(SOURCE.leaves[0], shape=()),)), ["(batch 1)"]),
    "a torch tensor": (replace(SOURCE, leaves=(replace(SOURCE.leaves[0], library="torch"),)), ["`x.clone()`"]),
    "an expression": (replace(SOURCE, leaves=(replace(SOURCE.leaves[0], name="x + y"),)), ["`(x + y).copy()`"]),
    "a broadcast mean": (
        LossMeasured("b", "mse", (8,), (8, 1), 8, 1.66, 0.0, 0.0, 1.66, 1.8, compiled=HERE, target_name="y"),
        [
            "error: the loss `mse` compares every prediction with every target",
            "`y` (8,)",
            "(8, 1)",
            "1.66",
            "alone is 0",
        ],
    ),
    "a broadcast loss that is no mean of its samples": (
        LossMeasured("b", "RMSE", (8,), (8, 1), 8, 1.92, 1.4, 1.95, 1.92, 2.3, compiled=HERE),
        ["error: the loss `RMSE` compares every prediction with every target", "is 1.92", "it is 1.95 once both"],
    ),
    "a loss that minds the order of its targets": (
        LossMeasured("b", "ranking", (8,), (8, 1), 8, 1.9, 0.0, 1.4, 2.3, 1.8, compiled=HERE),
        [],
    ),
    "a loss that never minds the order": (
        LossMeasured("b", "distance of sets", (8,), (8, 1), 8, 1.9, 0.0, 1.4, 1.9, 1.4, compiled=HERE),
        [],
    ),
    "a loss that means all pairs, whatever the shape": (
        LossMeasured("b", "kernel", (8,), (8, 1), 8, 1.9, 0.7, 1.9, 1.9, 1.9, fed=HERE),
        [],
    ),
    "a flat target that is aligned": (
        LossMeasured("b", "mse", (8,), (8, 1), 8, 1.66, 1.66, 1.66, 1.9, 1.9, fed=HERE, target_name="y"),
        ["note: `y` has shape (8,)"],
    ),
    "a layer of another rank": (
        LayerRan("c", HERE, "mean", "Lambda", (None, 1), (8,)),
        ["error: the Lambda `mean` declares the output shape (None, 1) and returns (None,)"],
    ),
}


@pytest.mark.parametrize("name", WORDING)
def test_what_is_said(name: str) -> None:
    event, parts = WORDING[name]
    assert bool(parts) == bool(told(event))
    for part in parts:
        assert part in told(event)


SILENT: dict[str, Event] = {
    "nothing rewritten": replace(SOURCE, leaves=(Leaf("x", (3,), "f4"),)),
    "the consumer wrote": replace(SOURCE, leaves=(Leaf("x", (3,), "f4", by_consumer=REWRITE),)),
    "a layer that keeps its word": LayerRan("c", HERE, "mean", "Lambda", (None, 1), (8, 1)),
    "a layer with an unknown axis": LayerRan("c", HERE, "mean", "Lambda", (None, None, 3), (8, 5, 3)),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_not_said(name: str) -> None:
    assert judge_events([SILENT[name]], CODES) == ([], [])


def test_a_check_that_fails_is_reported_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(events: object) -> list[Finding]:
        raise KeyError("oops")

    plain = catalog.runtime_half
    monkeypatch.setattr(catalog, "runtime_half", lambda pitfall: fail if pitfall.code == "PF203" else plain(pitfall))
    findings, skipped = judge_events([SOURCE], CODES)
    assert [finding.code for finding in findings] == ["PF101"]
    assert [item.what for item in skipped] == ["PF203 lambda-output-shape"]


def test_only_what_was_chosen_is_judged() -> None:
    assert judge_events([SOURCE], ["PF203"]) == ([], [])
