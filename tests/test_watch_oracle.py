"""The watch against an oracle that copies every batch: random producers and consumers, run for real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pitfallcheck.observe.events import SourceWatched
from pitfallcheck.observe.probe import watched
from pitfallcheck.observe.session import Session

ROWS = 6
KINDS = ("buffer", "slice", "transposed", "copy", "constant", "fresh", "ring", "part")


@dataclass(frozen=True)
class Leaf:
    """One array of every batch: how it is made, and before which hand-overs its memory is filled anew."""

    kind: str
    fills: tuple[bool, ...]


@dataclass(frozen=True)
class Program:
    leaves: tuple[Leaf, ...]
    batches: int
    nest: str
    consumer_writes: tuple[bool, ...]
    held: int


@st.composite
def programs(draw: st.DrawFn) -> Program:
    batches = draw(st.integers(1, 9))
    flags = st.tuples(*[st.booleans()] * batches)
    leaves = draw(st.lists(st.builds(Leaf, st.sampled_from(KINDS), flags), min_size=1, max_size=3))
    writes = draw(st.one_of(st.just((False,) * batches), flags))
    return Program(
        tuple(leaves), batches, draw(st.sampled_from(["tuple", "dict", "deep"])), writes, draw(st.integers(0, 9))
    )


def produce(program: Program) -> Iterator[Any]:
    memory = [np.arange(float(2 * ROWS * 2)).reshape(2, ROWS, 2) for _ in program.leaves]
    for turn in range(program.batches):
        arrays = [_leaf(leaf, store, turn) for leaf, store in zip(program.leaves, memory, strict=True)]
        yield _nested(arrays, program.nest)


def _leaf(leaf: Leaf, store: Any, turn: int) -> Any:
    if leaf.kind == "constant":
        return store[0]
    if leaf.kind == "fresh":
        return np.full((ROWS, 2), float(turn))
    place = store[turn % 2] if leaf.kind == "ring" else store[0]
    if leaf.fills[turn]:
        (place[:2] if leaf.kind == "part" else place)[:] = 1000.0 + turn
    if leaf.kind == "slice":
        return place[1:4]
    if leaf.kind == "transposed":
        return place.T
    if leaf.kind == "part":
        return place[3:]
    return place.copy() if leaf.kind == "copy" else place


def _nested(arrays: list[Any], nest: str) -> Any:
    if nest == "tuple":
        return tuple(arrays)
    if nest == "dict":
        return {str(number): array for number, array in enumerate(arrays)}
    return [{"in": [arrays[0]]}, None, *arrays[1:]]


def _arrays(batch: Any, nest: str) -> list[Any]:
    if nest == "tuple":
        return list(batch)
    return list(batch.values()) if nest == "dict" else [batch[0]["in"][0], *batch[2:]]


class Oracle:
    """Copies every leaf of every batch, and compares all of them at every change of sides."""

    def __init__(self, leaves: int) -> None:
        self.batches: list[list[Any]] = []
        self.copies: list[list[Any]] = []
        self.by_producer: list[set[int]] = [set() for _ in range(leaves)]
        self.at_once: list[set[int]] = [set() for _ in range(leaves)]
        self.by_consumer: list[set[int]] = [set() for _ in range(leaves)]

    def compare(self, changed: list[set[int]], newest: list[set[int]] | None = None) -> None:
        for number, (arrays, copies) in enumerate(zip(self.batches, self.copies, strict=True)):
            for leaf, (array, copy) in enumerate(zip(arrays, copies, strict=True)):
                if not np.array_equal(array, copy):
                    changed[leaf].add(number)
                    if newest is not None and number == len(self.batches) - 1:
                        newest[leaf].add(number)
                    copy[...] = array

    def take(self, arrays: list[Any]) -> None:
        self.compare(self.by_producer, self.at_once)
        self.batches.append(arrays)
        self.copies.append([array.copy() for array in arrays])


def consume(program: Program, *, keep: bool) -> tuple[Oracle, SourceWatched]:
    session = Session()
    oracle = Oracle(len(program.leaves))
    held = []
    source = watched(produce(program), session, keep=keep)
    for turn, batch in enumerate(source):
        arrays = _arrays(batch, program.nest)
        oracle.take(arrays)
        if program.consumer_writes[turn]:
            for array in arrays:
                np.add(array, 0.5, out=array)
        oracle.compare(oracle.by_consumer)
        held.append(batch)
        del held[: max(0, len(held) - program.held)]
    oracle.compare(oracle.by_producer, oracle.at_once)
    session.finish()
    (event,) = session.events()
    assert isinstance(event, SourceWatched)
    return oracle, event


@settings(max_examples=300, deadline=None)
@given(programs())
def test_a_watch_that_keeps_batches_sees_what_the_oracle_sees(program: Program) -> None:
    oracle, event = consume(program, keep=True)
    assert event.batches == program.batches
    for number, leaf in enumerate(event.leaves):
        changed = oracle.by_producer[number]
        counted = leaf.by_producer.batches if leaf.by_producer else 0
        assert counted == len(changed), (number, leaf, changed)
        if leaf.by_producer:
            assert leaf.by_producer.first - 1 in changed
        assert (leaf.by_consumer is not None) == bool(oracle.by_consumer[number])


@settings(max_examples=300, deadline=None)
@given(programs())
def test_a_watch_in_passing_never_says_more_than_the_oracle_nor_misses_the_next_turn(program: Program) -> None:
    oracle, event = consume(program, keep=False)
    for number, leaf in enumerate(event.leaves):
        counted = leaf.by_producer.batches if leaf.by_producer else 0
        assert len(oracle.at_once[number]) <= counted <= len(oracle.by_producer[number]), (number, leaf)
        wrote = leaf.by_consumer.batches if leaf.by_consumer else 0
        assert wrote <= len(oracle.by_consumer[number])
        assert bool(wrote) == any(program.consumer_writes)
