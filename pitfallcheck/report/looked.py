"""What a run looked at, as a table: batches, models, losses, learning rates, and the checks with what they saw."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pitfallcheck.finding import Skipped
from pitfallcheck.observe.events import DataFed, Event, Leaf, Place, SourceWatched
from pitfallcheck.observe.learning import PredictionSeen, TrainingSeen
from pitfallcheck.report.text import wrapped
from pitfallcheck.report.wording import count_of


class Row(NamedTuple):
    """One line of the table: what it is about, and what was seen."""

    about: str
    seen: str


def rows(events: Sequence[Event], checks: Mapping[str, bool], skipped: Iterable[Skipped]) -> list[Row]:
    """The table for the events of a run.

    `checks` says for each pitfall, as `CODE name`, whether its run-time half had anything to judge.
    """
    table: list[Row] = []
    for event in events:
        if isinstance(event, SourceWatched):
            table.extend(_source(event))
    for event in events:
        if isinstance(event, DataFed):
            table.extend(_fed(event))
    for event in events:
        if isinstance(event, TrainingSeen):
            table.extend(_training(event))
    for event in events:
        if isinstance(event, PredictionSeen):
            table.append(_prediction(event))
    done = [name for name, looked in checks.items() if looked]
    idle = [name for name, looked in checks.items() if not looked]
    if done:
        table.append(Row("checked", ", ".join(done)))
    if idle:
        table.append(Row("nothing to judge for", ", ".join(idle)))
    table.extend(Row("skipped", f"{item.what}: {item.why}") for item in skipped)
    return table


def render(table: Sequence[Row], width: int | None = None) -> str:
    """The table as text in two columns, wrapped at `width` where one is given."""
    column = min(max((len(row.about) for row in table), default=0), 20) + 2
    lines = ["", "Looked at:"] if table else []
    for row in table:
        start = f"  {row.about}".ljust(column + 2)
        lines.extend(wrapped(f"{start}{row.seen}", width, " " * (column + 2)))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _source(source: SourceWatched) -> Iterator[Row]:
    taken = source.consumer.name or ("pitfallcheck" if source.consumer.kind == "pitfallcheck" else "the program")
    name = source.defined.function if source.defined is not None else source.at.function
    yield Row("batches", f"{count_of(source.batches, 'batch', 'batches')} of `{name}` to {taken} ({_at(source.at)})")
    yield from _leaves("", source.leaves)


def _fed(fed: DataFed) -> Iterator[Row]:
    call = f"a loop trains `{fed.model}`" if fed.method == "loop" else f"`{fed.model}.{fed.method}`"
    order = {True: ", shuffled", False: ", in order", None: ""}[fed.shuffled]
    yield Row("data", f"{call} ({_at(fed.at)}){order}")
    yield from _leaves("input ", fed.inputs)
    yield from _leaves("target ", fed.targets)


def _leaves(role: str, leaves: Iterable[Leaf]) -> Iterator[Row]:
    for leaf in leaves:
        said = f"`{leaf.name}` {_shape(leaf.shape)} {leaf.dtype}"
        if leaf.values is not None and leaf.values.minima:
            said += f", {_range(leaf.values.minima, leaf.values.maxima)} in {leaf.values.samples} samples"
        yield Row("", role + said)


def _training(training: TrainingSeen) -> Iterator[Row]:
    layers = f" of {_listed(training.layers)}" if training.layers else ""
    made = f" ({_at(training.made)})" if training.made is not None else ""
    yield Row("model", f"`{training.model}`{layers}, {count_of(training.parameters, 'parameter')}{made}")
    yield Row("loss", _loss(training))
    if training.affine is not None:
        fit = training.affine
        yield Row(
            "best affine fit",
            f"mean squared error {fit.error:.4g} (R² {fit.r2:.4f}), best constant {fit.constant:.4g}, "
            f"on {fit.samples} samples",
        )
    if training.optimizer is not None:
        yield Row("learning rate", _rate(training))
    if training.inputs is not None:
        inputs = training.inputs
        yield Row("inputs", f"condition number {inputs.condition:.3g}, {inputs.standardised:.3g} once standardised")


def _loss(training: TrainingSeen) -> str:
    said = [f"`{training.loss}`" if training.loss else "of the program's own"]
    if training.losses is not None:
        seen = training.losses
        said.append(f"{seen.first:.4g} at first, {seen.last:.4g} at the end of {count_of(seen.count, 'value')}")
        if seen.nonfinite_at:
            said.append(f"not finite from value {seen.nonfinite_at} on")
    if not math.isnan(training.baseline):
        said.append(f"{training.baseline:.4g} for the best constant prediction")
    return ", ".join(said)


def _rate(training: TrainingSeen) -> str:
    optimizer = training.optimizer
    assert optimizer is not None, "asked for by the caller"
    where = f", {_at(optimizer.at)}" if optimizer.at is not None else ""
    said = f"{optimizer.learning_rate:.4g} ({optimizer.name}{where})"
    if training.curvature is not None:
        said += f", stable below {training.curvature.limit:.4g}"
    if training.forecast is not None:
        steps = count_of(training.forecast.steps, "step")
        said += f", a loss of {training.forecast.left:.4g} is foreseen after {steps}"
    return said


def _prediction(asked: PredictionSeen) -> Row:
    where = f"`{asked.model}.{asked.method}` ({_at(asked.at)})"
    rows_asked = count_of(asked.samples, "sample")
    return Row("predictions", f"{where}: {rows_asked}, {asked.outside_samples} outside the trained range")


def _at(place: Place | None) -> str:
    return f"{os.path.basename(place.path)}:{place.line}" if place is not None else ""


def _shape(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _range(minima: tuple[float, ...], maxima: tuple[float, ...]) -> str:
    return f"{min(minima):.4g} to {max(maxima):.4g}"


def _listed(names: tuple[str, ...]) -> str:
    """The names in their order, of a long list the first and the last."""
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:3])}, ..., {names[-1]} ({len(names)} layers)"
