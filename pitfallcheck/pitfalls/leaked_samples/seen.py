"""What one way of meeting the training samples again says to the user."""

from __future__ import annotations

import ast
from typing import NamedTuple

from pitfallcheck.finding import Evidence, Level


class Seen(NamedTuple):
    """Training samples come again at `node`; a message, a remedy, the subject and what shows it."""

    level: Level
    node: ast.expr
    message: str
    remedy: str
    subject: str
    evidence: tuple[Evidence, ...] = ()
