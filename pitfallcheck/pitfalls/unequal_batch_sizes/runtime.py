"""Reports batches whose inputs, targets and sample weights hold different numbers of samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.observe.events import DataFed, Event, Leaf, Place, SourceWatched
from pitfallcheck.observe.learning import CallFailed
from pitfallcheck.observe.places import location_of, scope_of, shown_path
from pitfallcheck.observe.supply import supply_of
from pitfallcheck.pitfalls.unequal_batch_sizes import PITFALL


class _Part(NamedTuple):
    """One array of a batch: its role, what the user calls it, and its shape."""

    role: str
    name: str
    shape: tuple[int, ...]


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each line that gives a model such data."""
    told: set[Place] = set()
    for failed in events:
        if isinstance(failed, CallFailed) and (apart := _apart(_parts_of(failed))) is not None:
            told.add(failed.at)
            source = supply_of(events, failed.at)
            yield _finding(failed.at, apart, f"and `{failed.method}` raised {failed.error.partition(':')[0]}", source)
    for fed in events:
        if isinstance(fed, DataFed) and fed.at not in told and (apart := _silently_apart(fed)) is not None:
            told.add(fed.at)
            what = "and that one is repeated for every sample" if apart[1].shape[0] == 1 else "in the first batch"
            yield _finding(fed.at, apart, what, supply_of(events, fed.at, fed.source))


def _parts_of(call: CallFailed) -> list[_Part]:
    roles = (("input", call.inputs), ("target", call.targets), ("sample weight", call.weights))
    return [_Part(role, "", shape) for role, shapes in roles for shape in shapes]


def _apart(parts: Sequence[_Part]) -> tuple[_Part, _Part] | None:
    """The first input, and the first array that holds another number of samples."""
    sized = [part for part in parts if part.shape]
    if not sized or sized[0].role != "input":
        return None
    other = next((part for part in sized if part.shape[0] != sized[0].shape[0]), None)
    return (sized[0], other) if other is not None else None


def _silently_apart(fed: DataFed) -> tuple[_Part, _Part] | None:
    """The arrays that disagree, where that is no way to say that one value is meant for all samples."""
    roles = (("input", fed.inputs), ("target", fed.targets), ("sample weight", fed.weights))
    leaves = [(role, leaf) for role, group in roles for leaf in group]
    if fed.method == "loop" and any(len(leaf.shape) < 2 for leaf in fed.inputs):
        # One sample at a time, without an axis for the batch.
        return None
    if fed.method == "loop":
        # Sequences may come with the time first, and targets flattened: there only one target for all is a fault.
        leaves = [
            (role, leaf) for role, leaf in leaves if role == "input" or (leaf.shape[:1] == (1,) and _varies(leaf))
        ]
    leaves = [(role, leaf) for role, leaf in leaves if leaf.shape[:1] != (1,) or not _stands_still(leaf)]
    return _apart([_Part(role, leaf.name, leaf.shape) for role, leaf in leaves])


def _varies(leaf: Leaf) -> bool:
    return leaf.values is not None and leaf.values.batches > 1 and not _stands_still(leaf)


def _stands_still(leaf: Leaf) -> bool:
    """Whether every value that was seen is the same in all batches."""
    values = leaf.values
    return values is not None and values.features > 0 and len(values.constant) == values.features


def _finding(at: Place, apart: tuple[_Part, _Part], what: str, source: SourceWatched | None) -> Finding:
    one, other = apart
    place = source.at if source is not None else at
    evidence = [Evidence("measured", f"{part.role} of shape {part.shape}") for part in apart]
    if source is not None:
        evidence.append(Evidence("fed", "the model is given them here", shown_path(at.path), at.line))
    return PITFALL.finding(
        "error",
        location_of(place),
        f"{_count(one)} {_meet(one)} {_count(other)}{_called(other)}, {what}",
        remedy="cut, filter and shift all of them alike: one index for every array, such as `x[i:j]` and `y[i:j]`",
        source="runtime",
        scope=scope_of(place),
        evidence=tuple(evidence),
    )


def _count(part: _Part) -> str:
    size = part.shape[0]
    return f"{size} {part.role}{'' if size == 1 else 's'}"


def _meet(part: _Part) -> str:
    return "meets" if part.shape[0] == 1 else "meet"


def _called(part: _Part) -> str:
    return f" (`{part.name}`)" if part.name and part.name not in ("x", "y", "sample_weight") else ""
