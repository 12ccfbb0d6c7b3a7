"""Finds gradients that are clipped when the step has already used them as they were."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import Steps


class Late(NamedTuple):
    """A clipping, the step in front of it, and the clearing behind it, None where the gradients are kept."""

    clip: Moment
    step: Moment
    clear: Moment | None


def late_clips(steps: Steps, moments: list[Moment]) -> Iterator[Late]:
    """Each clipping behind `backward` and `step`, of gradients that no other step uses."""
    for clip in moments:
        if clip.kind != "clip" or not clip.loops or not isinstance(steps.source.parents.get(clip.node), ast.Expr):
            continue
        inner = [one for one in moments if one.within(clip.loops[-1])]
        if any(one.kind in ("unknown", "written", "moved") for one in inner):
            continue
        before = [one for one in inner if one.at < clip.at]
        taken = [one for one in before if one.kind == "step" and set(one.conditions) <= set(clip.conditions)]
        if not taken or any(one.kind in ("step", "backward", "clip") for one in inner if one.at > clip.at):
            continue
        backwards = [one for one in before if one.kind == "backward"]
        if not backwards or backwards[-1].at > taken[-1].at:
            continue
        if any(one.kind in ("step", "clip") and one.at < backwards[0].at for one in before):
            # That step uses what the turn before has clipped.
            continue
        between = [one for one in before if one.kind in ("clip", "clear") and one.at > backwards[-1].at]
        if not between:
            yield Late(clip, taken[-1], _cleared(steps, inner, taken[-1]))


def _cleared(steps: Steps, inner: list[Moment], step: Moment) -> Moment | None:
    """What clears the gradients between this step and the next backward."""
    return next((one for one in inner if one.kind == "clear" and steps.concerns(one, step) is not False), None)
