"""Counts, for one hand-over line and one consumer, what happened to each leaf of the batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pitfallcheck.observe.events import Consumer, Leaf, Rewrite, SourceWatched
from pitfallcheck.observe.handover import HandOver, Path
from pitfallcheck.observe.memory import (
    BOUNDARY,
    ORDERED_SLICES,
    ORDERED_WHOLE,
    Array,
    first_change,
    rows_changed,
    sample_shape,
    unordered_digest,
)
from pitfallcheck.observe.naming import expression_at, leaf_name
from pitfallcheck.observe.reach import Reach, Reaches
from pitfallcheck.observe.record import Record
from pitfallcheck.observe.repeats import Repeats
from pitfallcheck.observe.returning import Returning
from pitfallcheck.observe.statistics import Statistics
from pitfallcheck.observe.values import Values


class Changes:
    """How often one side, the producer or the consumer, changed a leaf after it was handed over, and the first time."""

    __slots__ = ("became", "count", "first", "reordered", "rows", "rows_compared", "turns", "was")

    def __init__(self) -> None:
        self.count = self.first = self.rows = self.rows_compared = self.turns = 0
        self.reordered = True
        self.was = self.became = ""

    def add(self, record: Record, now: bytes, turns: int, reordered: bool) -> None:
        """Count one batch whose leaf was changed `turns` hand-overs after its own."""
        if not self.count:
            shape = sample_shape(record.shape, record.plan)
            self.first = record.number
            self.rows, self.rows_compared = rows_changed(record.held, now, shape)
            self.was, self.became = first_change(record.held, now, shape, record.dtype)
        self.turns = min(self.turns, turns) if self.count else turns
        self.count += 1
        self.reordered = self.reordered and reordered

    def summary(self, compared: int) -> Rewrite | None:
        """The counts as an event carries them, or None where nothing changed."""
        if not self.count:
            return None
        return Rewrite(
            batches=self.count,
            compared=max(compared, self.count),
            first=self.first,
            rows=self.rows,
            rows_compared=self.rows_compared,
            turns=self.turns,
            reordered=self.reordered,
            was=self.was,
            became=self.became,
        )


class Slot:
    """One leaf position of one hand-over line."""

    __slots__ = (
        "baselines",
        "by_consumer",
        "by_producer",
        "dtype",
        "kept",
        "library",
        "offset",
        "owner_name",
        "path",
        "reach",
        "refs",
        "repeats",
        "returning",
        "shape",
        "statistics",
        "whole",
    )

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: str, offset: int) -> None:
        self.path = path
        self.shape = shape
        self.dtype = dtype
        self.offset = offset
        self.owner_name = ""
        self.library = "numpy"
        self.whole = True
        self.statistics = Statistics()
        self.repeats = Repeats()
        self.returning = Returning()
        self.reach: Reach | None = None
        self.by_producer = Changes()
        self.by_consumer = Changes()
        self.kept = 0
        self.refs: dict[int, int] = {}
        self.baselines: dict[int, int | None] = {}

    def values(self) -> Values:
        """What the arrays held, and where they came from."""
        values = self.statistics.values()
        if self.reach is not None:
            values = replace(values, coverage=self.reach.coverage())
        return self.repeats.told(values)

    def consumer_wrote(self, batches: int) -> Rewrite | None:
        """The consumer's writes, and what of them came back."""
        wrote = self.by_consumer.summary(batches)
        back = self.returning
        if wrote is None or not back.returned:
            return wrote
        return replace(wrote, returned=back.returned, changed_again=back.changed_again, places=back.places)

    def count_references(self, owner_id: int, references: int) -> bool:
        """Note the references that its consumer's turn left on a buffer; more than at first means it was kept.

        Returns whether that is new.
        """
        known = self.kept
        fewest = self.refs.setdefault(owner_id, references)
        if references > fewest:
            self.kept = max(self.kept, references - fewest)
        elif self.kept == 1:
            # One more only now and then: `zip` and `enumerate` use a tuple again, and let the old one go a turn late.
            self.kept = 0
            self.refs[owner_id] = fewest + 1
        if len(self.refs) > 16:
            self.refs.clear()
        return self.kept > 0 and not known

    def remember_order(self, owner: Any, record: Record) -> None:
        """Digest the rows of a buffer that is handed out a second time, so that a later shuffle is known as one."""
        if id(owner) not in self.baselines and not self.by_producer.count:
            if len(self.baselines) > 8:
                self.baselines.clear()
            in_slices = isinstance(owner, np.ndarray) and record.high - record.low < owner.nbytes
            self.baselines[id(owner)] = unordered_digest(owner, ORDERED_SLICES if in_slices else ORDERED_WHOLE)

    def only_reordered(self, record: Record, now: bytes) -> bool:
        """Whether every row is still there, if elsewhere: in the whole buffer where that is known, else in the leaf."""
        owner = record.owner_now()
        before = self.baselines.get(id(owner))
        if isinstance(owner, np.ndarray) and before is not None:
            after = unordered_digest(owner)
            self.baselines[id(owner)] = after
            return after == before
        return record.only_reordered(now)


class Received:
    """Counts the batches that were looked at as they entered a model; see `events.Consumer`."""

    __slots__ = ("batches", "wrong", "wrong_at_entry")

    def __init__(self) -> None:
        self.batches = self.wrong = self.wrong_at_entry = 0

    def entered(self, *, wrong: bool) -> None:
        """Count one batch."""
        self.batches += 1
        self.wrong += wrong
        self.wrong_at_entry += wrong


class Tally:
    """Everything counted for one hand-over line and one consumer; becomes one `SourceWatched` event."""

    def __init__(self, key: str, hand_over: HandOver, consumer: Consumer) -> None:
        self.key = key
        self.hand_over = hand_over
        self.consumer = consumer
        self.batches = 0
        self.sources = 0
        self.slots: dict[Path, Slot] = {}
        self.reaches = Reaches()
        self.asked_apart = False
        self.received = Received()
        self.sent = -1

    def slot(self, path: Path, thing: Any, array: Array) -> Slot:
        """The slot of a leaf position, made from its first array."""
        offset = array.__array_interface__["data"][0] % BOUNDARY
        self.slots[path] = slot = Slot(path, array.shape, str(array.dtype), offset)
        slot.whole = array.base is None
        slot.library = type(thing).__module__.partition(".")[0]
        return slot

    def version(self) -> int:
        """A number that grows with everything that is counted."""
        return (
            self.batches
            + self.received.batches
            + sum(s.by_producer.count + s.by_consumer.count for s in self.slots.values())
        )

    def event(self) -> SourceWatched:
        """What was counted up to now."""
        expression = self.hand_over.expression or expression_at(self.hand_over.at)
        compared = max(1, self.batches - max(1, self.sources))
        leaves = tuple(
            Leaf(
                name=leaf_name(expression, slot.path, slot.owner_name if slot.whole else ""),
                shape=slot.shape,
                dtype=slot.dtype,
                owner=slot.owner_name,
                by_producer=slot.by_producer.summary(compared),
                by_consumer=slot.consumer_wrote(self.batches),
                offset=slot.offset,
                library=slot.library,
                values=slot.values(),
            )
            for slot in self.slots.values()
        )
        kept = any(slot.kept and slot.by_producer.count for slot in self.slots.values()) or self.asked_apart
        consumer = Consumer(
            kind=self.consumer.kind,
            name=self.consumer.name,
            keeps=self.consumer.keeps or kept,
            at=self.consumer.at,
            received=self.received.batches,
            received_wrong=self.received.wrong,
            wrong_at_entry=self.received.wrong_at_entry,
        )
        return SourceWatched(
            key=self.key,
            kind=self.hand_over.kind,
            at=self.hand_over.at,
            batches=self.batches,
            leaves=leaves,
            consumer=consumer,
            defined=self.hand_over.defined,
            passes=self.sources,
        )
