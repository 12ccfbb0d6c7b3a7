"""Watches one producer: whether the memory of the batches it hands over is written again, and by whom.

Time is cut at the hand-overs. What changed while the consumer had control was written by the consumer, what changed
while the producer ran by the producer. A generator's turn ends at its `yield`; an object's with the `return` of its
`__next__` or `__getitem__`.
"""

from __future__ import annotations

import sys
from collections import deque
from types import FrameType
from typing import Any

from pitfallcheck.observe.consumer import call_site, consumer_of
from pitfallcheck.observe.handover import HandOver
from pitfallcheck.observe.leaves import leaves_of
from pitfallcheck.observe.memory import FULL, sample_plan
from pitfallcheck.observe.naming import owner_name, references_from
from pitfallcheck.observe.record import Record
from pitfallcheck.observe.returning import holds_what_was_written
from pitfallcheck.observe.session import Session, signature_and_digest
from pitfallcheck.observe.tally import Slot, Tally

WINDOW = 24
"""Batches that are remembered: a ring of up to so many buffers is seen through."""
_FEW = 3
"""Batches after which the references at the end of the last consumer's turn add nothing to those counted before."""
WHOLE = 8 * 1024 * 1024
"""Bytes up to which a leaf is compared whole when we pull the batches ourselves and time is ours."""


class Watch:
    """One generator, iterator or dataset under observation.

    `keep` holds on to every batch, as `check` does, and looks at all of them each time.
    """

    def __init__(self, session: Session, frame: FrameType | None = None, *, keep: bool = False) -> None:
        self._session = session
        self._frame_id = id(frame) if frame is not None else 0
        self._keep = keep
        self._full = WHOLE if keep else FULL
        self._newest: list[Record] = []
        self._window: deque[list[Record]] = deque()
        self._by_owner: dict[int, list[Record]] = {}
        self._spoilt: dict[Slot, deque[Record]] = {}
        self._views: dict[Slot, int] = {}
        self._tallies: dict[HandOver, Tally] = {}
        self._container: Any = None
        self._container_id = 0
        self._callers: list[tuple[int, int] | None] = []
        self._first_held = False
        self._number = 0
        self._period = 1
        self._broken = False
        if frame is not None:
            session.watches[self._frame_id] = self

    def out(self, batch: Any, hand_over: HandOver, frame: FrameType | None, caller: FrameType | None) -> None:
        """The producer hands `batch` over; `frame` is the producer's, `caller` that of whoever asked for the batch."""
        if self._broken:
            return
        try:
            self._producer_ran(frame)
            self._hand_over(batch, hand_over, frame, caller)
        except Exception as error:
            self._fail(error)

    def back(self, frame: FrameType | None = None) -> None:
        """The consumer is back: the producer, whose frame it is, is about to run again."""
        if self._broken:
            return
        try:
            if self._number == 1:
                self._first_held = frame is None or self._held_beyond(frame)
            self._consumer_ran()
        except Exception as error:
            self._fail(error)

    def ran(self) -> None:
        """The producer has run since the last look, without handing anything over yet."""
        if self._broken:
            return
        try:
            self._producer_ran(None)
        except Exception as error:
            self._fail(error)

    def end(self) -> None:
        """The producer is gone or will not be asked again."""
        if not self._broken:
            if self._number <= _FEW:
                self._count_references()
            self.ran()
            self._forget()
            self._session.tick()

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.end()

    def _hand_over(self, batch: Any, hand_over: HandOver, frame: FrameType | None, caller: FrameType | None) -> None:
        session = self._session
        self._number = number = self._number + 1
        session.batches += 1
        tally = self._tallies.get(hand_over)
        if tally is None:
            tally = self._tallies[hand_over] = self._first_batch(hand_over, caller)
        tally.batches += 1
        if number <= 3:
            self._note_caller(tally, caller)
        slots = tally.slots
        self._newest = newest = []
        if type(batch) is dict or type(batch) is list:
            # The very container of the batch before: whoever keeps batches keeps references to it, not to its arrays.
            self._container = batch if id(batch) == self._container_id else None
            self._container_id = id(batch)
        leaves = leaves_of(batch)
        for path, thing, array in leaves:
            slot = slots.get(path)
            if slot is None:
                slot = tally.slot(path, thing, array)
            record = Record(
                slot, number, thing, array, sample_plan(array.shape, array.itemsize, self._full), self._keep
            )
            newest.append(record)
            again = slot.statistics.add(array, record.held)
            slot.repeats.add(thing, again, frame, leaves)
            if hand_over.kind == "generator":
                slot.reach = tally.reaches.add(record, array, frame) or slot.reach
            slot.returning.handed_over(record)
            same_owner = self._by_owner.get(record.owner_id)
            if same_owner is None:
                self._by_owner[record.owner_id] = [record]
            else:
                self._handed_out_again(record, same_owner, frame)
                same_owner.append(record)
            if self._spoilt:
                self._look_for_kept(slot, number, thing)
        self._window.append(newest)
        if len(self._window) > WINDOW and not self._keep:
            for record in self._window.popleft():
                self._drop(record)
        if session.follows_models and tally.consumer.kind == "library":
            signature, digest = signature_and_digest((r.shape, r.dtype.str, r.held) for r in newest)
            session.ledger(signature).add(digest, [record.low for record in newest], tally)
        session.tick()

    def _look_for_kept(self, slot: Slot, number: int, thing: Any) -> None:
        """Note whether a leaf that was rewritten, and is no longer the newest, is still held as batch `number` is made.

        A buffer that is handed out as it is says nothing that way, as it is one object for many batches; a view or a
        tensor made for each batch does.
        """
        for earlier in list(self._spoilt.get(slot, ())):
            held = earlier.thing() if earlier.thing is not None else None
            if held is None or held is thing:
                self._spoilt[slot].remove(earlier)
            elif earlier.number < number - 1:
                slot.kept = max(slot.kept, 2)

    def _handed_out_again(self, record: Record, same_owner: list[Record], frame: FrameType | None) -> None:
        """Compare what was handed out before in the same memory, and learn after how many turns that comes round."""
        earlier = False
        for known in list(same_owner):
            if known.number == record.number:
                continue
            if known.low < record.high and record.low < known.high:
                self._period = record.number - known.number
                if known.number < record.number - 1:
                    self._compare(known, frame, by_producer=True)
                earlier = earlier or not known.gone
                if known.touched and holds_what_was_written(record, known):
                    record.slot.returning.comes_back(record)
                same = known.low == record.low and known.shape == record.shape and known.held == record.held
                if same and not self._keep:
                    # The new record watches the very same memory; one of the two is enough.
                    self._drop(known)
            else:
                earlier = earlier or not known.gone
        if earlier:
            owner = record.owner_now()
            if owner is not None:
                record.slot.remember_order(owner, record)

    def _due(self) -> list[Record]:
        """The batch that a ring of buffers would write next, when it is not the newest itself."""
        period = self._period
        return self._window[-period] if 1 < period <= len(self._window) else []

    def _producer_ran(self, frame: FrameType | None) -> None:
        """What has changed now, of the newest batch or of the one a ring would write next, the producer wrote."""
        for batch in self._window if self._keep else (self._newest, self._due()):
            for record in batch:
                if not record.gone:
                    self._compare(record, frame, by_producer=True)

    def _consumer_ran(self) -> None:
        self._count_references()
        if self._container is not None:
            references = sys.getrefcount(self._container)
            for record in self._newest:
                record.slot.count_references(id(self._container), references)
        for batch in self._window if self._keep else (self._newest, self._due()):
            for record in batch:
                if not record.gone:
                    self._compare(record, None, by_producer=False)

    def _count_references(self) -> None:
        """Learn whether the consumer, at the end of its turn, still holds more than the newest batch."""
        for record in self._newest:
            if not record.gone:
                owner = record.owner_now()
                held = owner is not None and sys.getrefcount(owner)
                if held and record.slot.count_references(record.owner_id, held):
                    self._session.hurry()
                if record.thing is not record.owner:
                    self._count_views(record)

    def _count_views(self, record: Record) -> None:
        """Where one view is handed out again and again, references to it are what tells, not those to its owner."""
        view = record.thing() if record.thing is not None else None
        if view is not None and self._views.get(record.slot) == id(view):
            record.slot.count_references(id(view), sys.getrefcount(view))
        self._views[record.slot] = id(view)

    def _compare(self, record: Record, frame: FrameType | None, *, by_producer: bool) -> None:
        now = record.look()
        if now == record.held:
            return
        if now is None:
            self._drop(record)
            return
        slot = record.slot
        if not by_producer:
            if not record.touched:
                slot.by_consumer.add(record, now, 1, reordered=record.only_reordered(now))
            slot.returning.written(record, now)
            record.touched = True
            record.held = now
            return
        changes = slot.by_producer
        turns = max(1, self._number + 1 - record.number)
        changes.add(record, now, turns, reordered=changes.reordered and slot.only_reordered(record, now))
        self._spoilt.setdefault(slot, deque(maxlen=4)).append(record)
        self._drop(record)
        if changes.count == 1:
            self._found(slot, record, frame)

    def _drop(self, record: Record) -> None:
        if record.gone:
            return
        record.gone = True
        same_owner = self._by_owner.get(record.owner_id)
        if same_owner is not None and record in same_owner:
            same_owner.remove(record)
            if not same_owner:
                del self._by_owner[record.owner_id]

    def _found(self, slot: Slot, record: Record, frame: FrameType | None) -> None:
        """The first change of a leaf: find the name of its memory, and tell at once in case the program dies."""
        if frame is not None and not slot.owner_name:
            slot.owner_name = owner_name(frame, record.owner_now())
        self._session.hurry()

    def _first_batch(self, hand_over: HandOver, caller: FrameType | None) -> Tally:
        consumer = consumer_of(caller)
        tally = self._session.tally(hand_over, consumer)
        tally.sources += 1
        for slot in tally.slots.values():
            # Another generator's buffer may have the address, and so the identity, of one that is gone.
            slot.refs.clear()
            slot.statistics.begin()
        return tally

    def _note_caller(self, tally: Tally, caller: FrameType | None) -> None:
        """Two batches asked for at two places, and no loop after: the first was at hand when the second was made."""
        self._callers.append(call_site(caller))
        if len(self._callers) > 1 and self._callers[-1] != self._callers[-2]:
            # Asked for elsewhere, after a peek: what that consumer holds at its first turn is no measure for this one.
            for slot in tally.slots.values():
                slot.refs.clear()
        if tally.consumer.kind == "program" and len(self._callers) > 1:
            tally.asked_apart = self._first_held and len(set(self._callers)) == len(self._callers)

    def _held_beyond(self, frame: FrameType) -> bool:
        """Whether a leaf of the newest batch is referred to by more than its producer's variables."""
        for record in self._newest:
            owner = record.owner_now()
            # Two references are our own: the variable here, and the argument of `getrefcount`.
            if owner is not None and sys.getrefcount(owner) - 2 > references_from(frame, owner):
                return True
        return False

    def _forget(self) -> None:
        self._broken = True
        self._newest = []
        self._container = None
        self._window.clear()
        self._by_owner.clear()
        self._spoilt.clear()
        if self._session.watches.get(self._frame_id) is self:
            del self._session.watches[self._frame_id]

    def _fail(self, error: Exception) -> None:
        self._forget()
        self._session.failed("watching a generator", error)
