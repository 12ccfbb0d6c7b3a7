"""Where a program hands batches over, and the position of a leaf in them; needs no NumPy."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

from pitfallcheck.observe.events import Place

Path = tuple[int | str, ...]
"""The position of a leaf in a batch: `(0, "image")` for `batch[0]["image"]`."""


@dataclass(frozen=True, slots=True, eq=False)
class HandOver:
    """A line of the program that hands batches over: a `yield`, or the `return` of a `__next__` or `__getitem__`.

    `expression` is what stands there; it is read from the file when it is first needed where it is not known.
    """

    at: Place
    kind: Literal["generator", "iterator", "dataset"]
    defined: Place | None = None
    expression: ast.expr | None = field(default=None)


def path_text(path: Path) -> str:
    """A position as it would be written after the batch: `[0]['image']`; empty for the batch itself."""
    return "".join(f"[{step!r}]" for step in path)
