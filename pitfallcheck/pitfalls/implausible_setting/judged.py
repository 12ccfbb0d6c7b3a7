"""What is said of one setting: how grave it is, what was seen, and what to write."""

from __future__ import annotations

import ast
from typing import NamedTuple

from pitfallcheck.finding import Level


class Judged(NamedTuple):
    """A verdict on the argument `node`: a level, a message and a remedy as a finding wants them, and its subject."""

    level: Level
    node: ast.expr
    message: str
    remedy: str
    subject: str


def shown(node: ast.expr, value: object) -> str:
    """`10`, or `LR = 10` where a name stands for the number."""
    text = ast.unparse(node)
    number = f"{value:g}" if isinstance(value, float) else repr(value)
    written = isinstance(node, ast.Constant | ast.UnaryOp)
    return f"`{text}`" if written else f"`{text}`, which is {number},"
