"""Gathers what probes and adapters observe in this process, and passes it on as events."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pitfallcheck.observe.events import Consumer, Event, NotLooked
from pitfallcheck.observe.handover import HandOver

if TYPE_CHECKING:
    from pitfallcheck.observe.drained import Looped
    from pitfallcheck.observe.tally import Tally
    from pitfallcheck.observe.watch import Watch

Sink = Callable[[list[Event], int], None]
"""Takes the events that are new or have grown since the last call, and the number of batches seen so far."""

INTERVAL = 0.4
"""Seconds between two deliveries to the sink while nothing new is found."""
LEDGER = 4096
"""Batches whose digests are kept for the comparison with what a model received."""


def current() -> Session | None:
    """The session under which `pitfallcheck run` runs this process; None elsewhere."""
    return _CURRENT[0] if _CURRENT else None


def make_current(session: Session) -> None:
    """Let `probe` find the session of this process."""
    _CURRENT[:] = [session]


_CURRENT: list[Session] = []


class Session:
    """The observations of one process.

    A process forked from an observed one has a copy of its session; it is muted, so that nothing is told twice.
    `follows_models` asks for digests of what is handed to a framework, `pulling` says that we are the consumer.
    `producing`, where a time limit asks for it, holds the producers that run now: their names and since when.
    `looped` are the generators that loops go over, by the identity of their frame, until they start.
    `at_finish` are called before the last delivery, for adapters to emit what they know by then; none may raise.
    """

    def __init__(self, sink: Sink | None = None) -> None:
        self._sink = sink
        self._events: dict[str, Event] = {}
        self._tallies: dict[tuple[Any, ...], Tally] = {}
        self._unsent: dict[str, Event] = {}
        self._next = time.monotonic() + INTERVAL
        self._owner = os.getpid()
        self.batches = 0
        self.follows_models = False
        self.pulling = False
        self.producing: dict[int, tuple[str, float]] | None = None
        self.watches: dict[int, Watch] = {}
        self.ledgers: dict[Signature, Ledger] = {}
        self.started: set[int] = set()
        self.looped: dict[int, Looped] = {}
        self.at_finish: list[Callable[[], None]] = []

    def tally(self, hand_over: HandOver, consumer: Consumer) -> Tally:
        """The counts for batches handed over there to that consumer."""
        key = (hand_over.at, hand_over.kind, consumer.kind, consumer.name, consumer.at)
        found = self._tallies.get(key)
        if found is None:
            # Imported here because it needs NumPy, which an observed program may not have asked for yet.
            from pitfallcheck.observe.tally import Tally

            name = f"source:{hand_over.at.path}:{hand_over.at.line}:{len(self._tallies)}"
            found = self._tallies[key] = Tally(name, hand_over, consumer)
        return found

    def emit(self, event: Event) -> None:
        """Take an event; one with the same key replaces it."""
        if self._events.get(event.key) != event:
            self._events[event.key] = event
            self._unsent[event.key] = event

    def knows(self, key: str) -> bool:
        """Whether an event with this key was taken already."""
        return key in self._events

    def skip(self, key: str, what: str, why: str) -> None:
        """Say that something was not looked at, once for each key."""
        if key not in self._events:
            self.emit(NotLooked(key, what, why))

    def failed(self, where: str, error: BaseException) -> None:
        """Report a failure of our own; the program goes on unobserved there."""
        self.skip(f"failed:{where}", where, f"pitfallcheck itself failed here: {type(error).__name__}: {error}")

    def tick(self) -> None:
        """Deliver what has grown, if the last delivery is long enough ago; called at every batch."""
        if time.monotonic() >= self._next:
            self.deliver()

    def hurry(self) -> None:
        """Deliver at the next tick, however short ago the last delivery is."""
        self._next = 0.0

    def deliver(self) -> None:
        """Give everything that is new to the sink."""
        self._next = time.monotonic() + INTERVAL
        if self._sink is None or not self.is_observed_process():
            return
        self._gather()
        unsent, self._unsent = list(self._unsent.values()), {}
        # A full disk or a removed folder: the program must not learn of it, the supervisor will miss the rest.
        with suppress(OSError):
            self._sink(unsent, self.batches)

    def events(self) -> list[Event]:
        """Everything observed so far."""
        self._gather()
        return list(self._events.values())

    def finish(self) -> None:
        """Look at what is still watched for the last time, and deliver."""
        for watch in list(self.watches.values()):
            watch.end()
        for last in self.at_finish if self.is_observed_process() else ():
            last()
        self.deliver()

    def ledger(self, signature: Signature) -> Ledger:
        """The ledger for batches of these shapes and dtypes."""
        return self.ledgers.setdefault(signature, Ledger())

    def is_observed_process(self) -> bool:
        """Whether this is the process the session was made in, and not one forked from it."""
        return os.getpid() == self._owner

    def _gather(self) -> None:
        for tally in list(self._tallies.values()):
            try:
                if tally.batches and tally.sent != tally.version():
                    tally.sent = tally.version()
                    self.emit(tally.event())
            except Exception as error:
                self.failed(f"counting the batches of {tally.hand_over.at.function}", error)


class Ledger:
    """What batches of one shape were handed to a framework, and how they were when they entered a model.

    A batch that enters is right when it is one of those handed over, whatever their order: prefetching, shuffling and
    several workers keep batches whole.
    """

    def __init__(self) -> None:
        self._order: deque[int] = deque(maxlen=LEDGER)
        self._counts: Counter[int] = Counter()
        self._addresses: deque[int] = deque(maxlen=256)
        self._tally: Tally | None = None

    @property
    def source(self) -> str:
        """The key of the `SourceWatched` of the batches that were handed over last; empty before any."""
        return self._tally.key if self._tally is not None else ""

    def add(self, digest: int, addresses: Iterable[int], tally: Tally) -> None:
        """Note a batch that is handed over, and where its arrays lie."""
        if len(self._order) == LEDGER:
            oldest = self._order[0]
            self._counts[oldest] -= 1
            if not self._counts[oldest]:
                del self._counts[oldest]
        self._order.append(digest)
        self._counts[digest] += 1
        self._addresses.extend(addresses)
        self._tally = tally

    def enter(self, digest: int, addresses: Iterable[int]) -> bool:
        """Note a batch that enters a model; returns whether it lies, in part, in memory that was handed over."""
        if self._tally is not None:
            self._tally.received.entered(wrong=digest not in self._counts)
        return any(address in self._addresses for address in addresses)

    def changed_meanwhile(self, digest: int) -> None:
        """Note that a batch that was as `digest` says when it entered was overwritten before its step was done."""
        if self._tally is not None and digest in self._counts:
            self._tally.received.wrong += 1


Signature = tuple[tuple[tuple[int, ...], str], ...]


def signature_and_digest(leaves: Iterable[tuple[tuple[int, ...], str, bytes]]) -> tuple[Signature, int]:
    """What tells batches of different kinds apart, and one number for the content.

    From the shape, the dtype and a sample of each leaf; in an order of their own, as frameworks reorder nests.
    """
    parts = sorted((shape, dtype, hash(held)) for shape, dtype, held in leaves)
    return tuple((shape, dtype) for shape, dtype, _ in parts), hash(tuple(parts))
