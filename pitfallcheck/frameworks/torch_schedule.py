"""Says which of many steps are looked at: the first ones, and then ever fewer."""

from __future__ import annotations


class Schedule:
    """The events to look at, counted from 1: the first `each`, and then those `ratio` further on."""

    def __init__(self, each: int, ratio: float) -> None:
        self._each, self._ratio = each, ratio
        self.next = 1

    def reached(self, number: int) -> bool:
        """Whether the event with this number, which only grows, is one to look at."""
        if number < self.next:
            return False
        self.next = number + 1 if number < self._each else max(number + 1, int(number * self._ratio))
        return True
