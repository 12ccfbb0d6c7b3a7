"""Remembers what a consumer wrote into a batch, and knows it again when its producer hands it out once more."""

from __future__ import annotations

from pitfallcheck.observe.record import Record

_MOST = 4096


class Returning:
    """The places in memory that the consumer of one leaf wrote into, and how often they came back as it left them.

    `returned` counts such hand-overs, `places` the places they lie at, and `changed_again` those of them into which the
    consumer wrote once more.
    """

    __slots__ = ("_again", "_written", "changed_again", "returned")

    def __init__(self) -> None:
        self._written: dict[tuple[int, tuple[int, ...]], int] = {}
        self._again: set[int] = set()
        self.returned = self.changed_again = 0

    @property
    def places(self) -> int:
        """How many different places have come back."""
        return len(self._again)

    def written(self, record: Record, now: bytes) -> None:
        """The consumer has left `now` in the memory of a record."""
        if len(self._written) < _MOST:
            self._written[record.low, record.shape] = hash(now)
        self.changed_again += record.returned
        record.returned = False

    def handed_over(self, record: Record) -> None:
        """A record is handed over: it comes back if it lies where the consumer wrote, and holds what that left."""
        if self._written and self._written.get((record.low, record.shape)) == hash(record.held):
            self.comes_back(record)

    def comes_back(self, record: Record) -> None:
        """Count a record that holds what the consumer wrote into another one before."""
        if not record.returned:
            record.returned = True
            self.returned += 1
            self._again.add(record.low)


def holds_what_was_written(record: Record, known: Record) -> bool:
    """Whether `record` shares memory with `known`, into which the consumer wrote, and still holds that there."""
    if record.plan is not None or known.plan is not None:
        return False
    if record.high - record.low != len(record.held) or known.high - known.low != len(known.held):
        return False
    low, high = max(record.low, known.low), min(record.high, known.high)
    return (
        low < high
        and record.held[low - record.low : high - record.low] == known.held[low - known.low : high - known.low]
    )
