"""How the paths that were followed leave a block of statements."""

from __future__ import annotations

from dataclasses import dataclass, field

from pitfallcheck.pitfalls.reused_buffer.state import State
from pitfallcheck.pitfalls.reused_buffer.values import Value


@dataclass(slots=True)
class Outcome:
    """The paths that leave a block: at its end, and by each kind of jump."""

    ended: list[State] = field(default_factory=list)
    broke: list[State] = field(default_factory=list)
    continued: list[State] = field(default_factory=list)
    returned: list[tuple[State, Value]] = field(default_factory=list)
    raised: list[State] = field(default_factory=list)

    def take(self, other: Outcome) -> None:
        """Add the jumps of another outcome, not its end."""
        self.broke += other.broke
        self.continued += other.continued
        self.returned += other.returned
        self.raised += other.raised
