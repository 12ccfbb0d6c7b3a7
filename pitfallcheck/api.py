"""The Python API: `check` judges a generator now, `probe` watches one in use, `observed` tells what it saw."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import GeneratorType
from typing import Any, TypeVar

from pitfallcheck import catalog
from pitfallcheck.finding import Finding, Skipped
from pitfallcheck.judge import judge_events
from pitfallcheck.merge import merge, without_consequences
from pitfallcheck.observe.probe import is_dataset, watched, watched_items
from pitfallcheck.observe.pull import why_unseen
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
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> Report:
    """Pull batches from a generator, an iterable or a data set, hold all of them, and report what happened to them.

    `source` may be a function without arguments that returns one. At most `batches` are pulled; a data set (an object
    with `__getitem__` and `__len__`) is asked by index. `select` and `ignore` are codes or names of pitfalls. What the
    source raises is raised. Raises TypeError where there is nothing to pull, ValueError for an unknown code.
    """
    codes = _codes(select, ignore)
    if isinstance(source, type) or not (hasattr(source, "__iter__") or hasattr(source, "__getitem__")):
        if not callable(source):
            raise TypeError(f"check() takes a generator, an iterable or a data set, not a {type(source).__name__}")
        source = source()
    session = Session()
    items = watched_items(source, session) if is_dataset(source) else watched(source, session, keep=True)
    held = list(islice(items, batches))
    if why := why_unseen(held):
        session.skip("unseen", _name_of(source), why)
    report = _report(session, codes)
    del held
    return report


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
