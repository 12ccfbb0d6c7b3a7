"""Joins the outputs of a model that is one of several, and knows what they agree on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pitfallcheck.lint.objectives.facts import Output

Outputs = tuple[Output | None, ...]
"""The outputs of a model, in their order; one that does not show is None."""


def one(outputs: Outputs | None) -> Output | None:
    """The output of a model that has one."""
    return outputs[0] if outputs is not None and len(outputs) == 1 else None


def merged(found: Iterable[Outputs | None]) -> Outputs | None:
    """What all alternatives of a model agree on."""
    alternatives = list(found)
    first = alternatives[0] if alternatives else None
    if first is None or any(other is None or len(other) != len(first) for other in alternatives):
        return None
    return tuple(_common([other[place] for other in alternatives if other is not None]) for place in range(len(first)))


def _common(alternatives: list[Output | None]) -> Output | None:
    first = alternatives[0]
    for other in alternatives[1:]:
        if first is None or other is None:
            return None
        if first != other:
            first = replace(
                first,
                activation=first.activation if first.activation == other.activation else None,
                units=first.units if first.units == other.units else None,
                axis=first.axis if first.axis == other.axis else None,
                rank=first.rank if first.rank == other.rank else None,
            )
    return first
