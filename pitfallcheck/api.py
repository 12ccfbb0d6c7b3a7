"""The Python API: `check` judges a generator now, `probe` watches one in use, `observed` tells what it saw."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import FrameType, GeneratorType
from typing import Any, Literal, TypeVar

from pitfallcheck import catalog
from pitfallcheck.finding import Finding, Skipped
from pitfallcheck.judge import judge_events
from pitfallcheck.merge import merge, without_consequences
from pitfallcheck.observe.by_hand import batch_of, measure_by_hand
from pitfallcheck.observe.by_hand_data import Feed
from pitfallcheck.observe.by_hand_random import random_kept
from pitfallcheck.observe.by_hand_request import ByHand, request_of
from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.events import SourceWatched
from pitfallcheck.observe.probe import is_dataset, watched, watched_items
from pitfallcheck.observe.pull import why_unseen
from pitfallcheck.observe.relay import tell_run
from pitfallcheck.observe.session import Session
from pitfallcheck.observe.session import current as current_session

Batch = TypeVar("Batch")

PULLS_BATCHES = True
"""Marks the frames of this module as the consumer `pitfallcheck` (see `observe.consumer.consumer_of`)."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in `batches` batches, and what could not be looked at."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    batches: int

    @property
    def ok(self) -> bool:
        """Whether there is no error and no warning."""
        return not any(finding.fails for finding in self.findings)

    def text(self) -> str:
        """The findings as `pitfallcheck run` prints them; empty where there are none."""
        from pitfallcheck.report.text import render

        return render(self.findings, width=None, color=False, closing=bool(self.findings))


def check(
    source: Iterable[Any] | Callable[[], Iterable[Any]],
    *,
    batches: int = 8,
    forward: Callable[..., Any] | None = None,
    loss: Callable[..., Any] | None = None,
    parameters: Any = None,
    gradient: Callable[..., Any] | None = None,
    learning_rate: float | Callable[[int], float] | None = None,
    steps: int | None = None,
    optimizer: Literal["sgd", "adam"] = "sgd",
    momentum: float = 0.0,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> Report:
    """Pull batches from a generator, an iterable or a data set, hold all of them, and report what happened to them.

    `source` may be a function without arguments that returns one. At most `batches` are pulled; a data set (an object
    with `__getitem__` and `__len__`) is asked by index. `select` and `ignore` are codes or names of pitfalls.

    For a network that no framework trains, say what there is of it; whatever that allows is checked before its first
    step. The batches are then (x, y), or (x, y, weights), and

    - `forward(x)` gives the prediction, an array with a row for each sample;
    - `loss(prediction, y)` gives a number, with a third argument where there are weights;
    - `parameters` are the arrays that `forward` reads: one, or a list or dict of them (also nested; torch tensors on
      the CPU, and objects that keep their array as `data` or `value`, will do). They are changed in place and put back
      bit for bit. Arrays that cannot be changed, as those of JAX, are arguments instead: `forward(x, parameters)`;
    - `gradient(x, y)` is the hand-written backward pass. It returns arrays as `parameters` holds them;
    - `learning_rate` (a number, or a function of the step), `optimizer` and `momentum` say which steps are taken, and
      `steps` how many.

    The arguments of these functions are matched by their names where all of them are common ones (`y_true`, `params`),
    otherwise by position. All are called more often than the training would, on copies of the batches, and what they
    print is dropped. Random states are put back: Python's and NumPy's own, and those of generators that the functions
    hold. What a function keeps for itself (cached activations, counters) is as after its last call.

    Under `pitfallcheck run`, findings are reported there as well. What the source, or a function for a batch of the
    source, raises is raised. Raises TypeError where there is nothing to pull, or an argument or what a function returns
    is of another kind than above; ValueError for an unknown code and for numbers out of range.
    """
    codes = _codes(select, ignore)
    request = request_of(
        forward=forward,
        loss=loss,
        parameters=parameters,
        gradient=gradient,
        learning_rate=learning_rate,
        steps=steps,
        optimizer=optimizer,
        momentum=momentum,
    )
    if isinstance(batches, bool) or not isinstance(batches, int) or batches < 1:
        raise ValueError(f"check(): `batches` must be a whole number of at least 1, not {batches!r}")
    frame = _caller()
    session = Session()
    with random_kept():
        _examine(source, batches, request, session, frame)
    report = _report(session, codes)
    tell_run(session, report.findings, place_of(frame))
    return report


def examine(source: Any, batches: int, codes: frozenset[str]) -> tuple[Report, Session]:
    """`check` for a source alone, told to no run; and the session that saw it."""
    session = Session()
    with random_kept():
        _examine(source, batches, None, session, _caller())
    return _report(session, codes), session


def _caller() -> FrameType:
    """The innermost frame of the user's own files, or else of whoever called us."""
    frame = outside = sys._getframe(2)
    while home_of(frame.f_code.co_filename) != "user":
        if frame.f_back is None:
            return outside
        frame = frame.f_back
    return frame


def _examine(source: Any, batches: int, request: ByHand | None, session: Session, frame: FrameType) -> None:
    """Pull the batches, hold all of them, and measure what the request asks for."""
    if isinstance(source, type) or not (hasattr(source, "__iter__") or hasattr(source, "__getitem__")):
        if not callable(source):
            raise TypeError(f"check() takes a generator, an iterable or a data set, not a {type(source).__name__}")
        source = source()
    items = watched_items(source, session) if is_dataset(source) else watched(source, session, keep=True)
    held: list[Any] = []
    copies = []
    feed = Feed()
    for batch in islice(items, batches):
        held.append(batch)
        if request is not None:
            # What is measured is what was handed over, whatever becomes of its memory.
            copies.append(batch_of(batch))
            feed.add(batch)
    if why := why_unseen(held):
        session.skip("unseen", _name_of(source), why)
    if request is not None:
        measure_by_hand(request, copies, session, frame)
        sources = [event for event in session.events() if isinstance(event, SourceWatched)]
        name = getattr(request.forward, "__name__", "")
        session.emit(feed.event(place_of(frame), name, sources[0] if len(sources) == 1 else None))
    del held


def _name_of(source: Any) -> str:
    return f"{source.__qualname__}()" if isinstance(source, GeneratorType) else f"the {type(source).__name__}"


def probe(source: Iterable[Batch]) -> Iterable[Batch]:
    """Watch batches where they are used: `model.fit(probe(train_iterator()), ...)`.

    Returns a generator that hands on the very same objects. What it saw is told by `observed()`, and printed to
    standard error when the process ends, if there is anything to find. Under `pitfallcheck run` a generator is watched
    already, and returned as it is. Raises TypeError for a data set, whose type its consumer needs: use
    `pitfallcheck run` there.
    """
    if not hasattr(source, "__iter__") or is_dataset(source):
        raise TypeError(
            f"probe() takes an iterable of batches, not a {type(source).__name__}: "
            "`check(dataset)` pulls batches from a data set, `pitfallcheck run` watches one in use"
        )
    running = current_session()
    if running is not None:
        return source if isinstance(source, GeneratorType) else watched(source, running)
    return watched(source, _probes())


def observed() -> Report:
    """What the probes of this process have seen up to now."""
    return _report(_probes(), _codes((), ()))


@cache
def _probes() -> Session:
    """The session of every `probe` in this process."""
    session = Session()
    atexit.register(_tell, session)
    return session


def _tell(session: Session) -> None:
    session.finish()
    report = _report(session, _codes((), ()))
    if report.findings:
        sys.stderr.write(report.text())


def _codes(select: Iterable[str], ignore: Iterable[str]) -> frozenset[str]:
    chosen = catalog.matching(select) or frozenset(catalog.pitfalls())
    return chosen - catalog.matching(ignore)


def _report(session: Session, codes: frozenset[str]) -> Report:
    """Judge what was seen; where the source shows the same fault, its places and its remedy are added."""
    from pitfallcheck.config import Settings
    from pitfallcheck.lint.engine import lint_file
    from pitfallcheck.suppress import silence

    measured, skipped = judge_events(session.events(), codes)
    read: list[Finding] = []
    for path in {finding.location.path for finding in measured}:
        read.extend(lint_file(path, Settings(codes=codes)).findings)
    findings = [finding for finding in merge(read, measured) if "runtime" in finding.sources]
    findings = without_consequences(findings, catalog.explained_by())
    return Report(tuple(silence(findings)), tuple(skipped), session.batches)
