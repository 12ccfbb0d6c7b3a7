"""`hunt`: searches the arguments of a generator function or data set for the smallest call that shows a pitfall."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pitfallcheck import catalog
from pitfallcheck.api import Report, examine
from pitfallcheck.finding import LEVELS, Finding
from pitfallcheck.observe.by_hand_random import random_kept
from pitfallcheck.observe.relay import tell_run
from pitfallcheck.observe.session import Session

PULLS_BATCHES = True
"""Marks the frames of this module as the consumer `pitfallcheck` (see `observe.consumer.consumer_of`)."""
_MOST_RAISED = 8


class HuntNeedsHypothesisError(ImportError):
    """The search is hypothesis's, which is not installed."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A call that raised; of all that raised the same kind of error, the shortest."""

    call: str
    error: str


@dataclass(frozen=True, slots=True)
class Hunt:
    """What a hunt came to: true where a call shows a pitfall.

    `call` is the smallest one found, as it would be written, with its `arguments` and the `report` on its batches;
    empty and None where there is none. `tried` counts the calls, `looked` those whose batches could be judged; `raised`
    holds those that raised instead, which is no pitfall and may hide one.
    """

    call: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    report: Report | None = None
    tried: int = 0
    looked: int = 0
    raised: tuple[Raised, ...] = ()

    def __bool__(self) -> bool:
        return self.report is not None

    def text(self) -> str:
        """The call and its findings, as `pitfallcheck run` prints them; or that there are none, and what raised."""
        raised = "".join(f"{one.call} raised {one.error}\n" for one in self.raised)
        if self.report is None:
            return f"no pitfall in {self.tried} call{'s' if self.tried != 1 else ''}\n{raised}"
        return f"the smallest call that shows it: {self.call}\n{self.report.text()}"


def hunt(
    source: Callable[..., Iterable[Any]],
    /,
    *,
    batches: int = 8,
    max_examples: int = 200,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    arguments: Mapping[str, Any] | None = None,
    **strategies: Any,
) -> Hunt:
    """Search for a call of `source`, a generator function or the class of a data set, whose batches show a pitfall.

    Each keyword argument is one of `source`'s: a hypothesis strategy, such as `batch_size=st.integers(1, 64)`, or a
    plain value. `arguments` holds those that are called as an option of this function is. Each call's batches are
    judged as `check(source(...), batches=batches)` judges them, and an error or a warning counts. What is found first
    is then looked for in ever smaller calls. At most `max_examples` calls are tried before something is found. Nothing
    is drawn from a clock or a database: the same hunt gives the same call. Before each call, Python's and NumPy's
    random states are what they were at first; afterwards, too.

    Raises HuntNeedsHypothesisError (an ImportError) without hypothesis, TypeError where `source` cannot be called with
    such arguments, ValueError for an unknown code.
    """
    prey = _Prey(source, {**strategies, **(arguments or {})}, batches, select, ignore)
    return prey.searched(max_examples)


class _Prey:
    """One hunt: what was tried, what raised, and which pitfall is being followed."""

    def __init__(
        self, source: Any, given: Mapping[str, Any], batches: int, select: Iterable[str], ignore: Iterable[str]
    ) -> None:
        if not callable(source) or hasattr(source, "__next__"):
            kind = type(source).__name__
            raise TypeError(f"hunt() takes a generator function or the class of a data set, not a {kind}")
        self.source = source
        self.given = given
        self.batches = batches
        self.codes = (catalog.matching(select) or frozenset(catalog.pitfalls())) - catalog.matching(ignore)
        self.tried = self.looked = 0
        self.raised: dict[str, Raised] = {}
        self.followed = ""
        self.best: tuple[dict[str, Any], Report, Session] | None = None

    def searched(self, max_examples: int) -> Hunt:
        """Let hypothesis search and shrink."""
        self._bind()
        try:
            import hypothesis
            from hypothesis import strategies as st
            from hypothesis.errors import Flaky, NoSuchExample
        except ImportError:
            raise HuntNeedsHypothesisError(
                "hunt() needs hypothesis: install `pitfallcheck[hunt]`, or hypothesis itself"
            ) from None
        wanted = {name: v if isinstance(v, st.SearchStrategy) else st.just(v) for name, v in self.given.items()}
        settings = hypothesis.settings(
            max_examples=max_examples,
            derandomize=True,
            database=None,
            deadline=None,
            verbosity=hypothesis.Verbosity.quiet,
        )
        # A source that draws anew at every call may show a pitfall once and not again; the smallest call stands.
        with random_kept(), suppress(NoSuchExample, Flaky):
            hypothesis.find(st.fixed_dictionaries(wanted), self.shows, settings=settings)
        raised = tuple(self.raised.values())
        if self.best is None:
            return Hunt(tried=self.tried, looked=self.looked, raised=raised)
        arguments, report, session = self.best
        tell_run(session, report.findings, None)
        return Hunt(self.call(arguments), arguments, report, self.tried, self.looked, raised)

    def shows(self, arguments: dict[str, Any]) -> bool:
        """Whether the batches of this call show the pitfall that is followed, or any where none is yet."""
        self.tried += 1
        try:
            with random_kept():
                report, session = examine(lambda: self.source(**arguments), self.batches, self.codes)
        except Exception as error:
            self._note(arguments, error)
            return False
        self.looked += 1
        found = [finding for finding in report.findings if finding.fails]
        if not self.followed and found:
            self.followed = max(found, key=_gravity).code
        if not any(finding.code == self.followed for finding in found):
            return False
        self.best = (arguments, report, session)
        return True

    def call(self, arguments: Mapping[str, Any]) -> str:
        """A call as it would be written."""
        written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        return f"{getattr(self.source, '__name__', type(self.source).__name__)}({written})"

    def _bind(self) -> None:
        """Raise TypeError where the source cannot take the arguments, rather than find each call to raise."""
        try:
            signature = inspect.signature(self.source)
        except ValueError:
            return
        try:
            signature.bind(**self.given)
        except TypeError as error:
            raise TypeError(f"hunt(): `{self.call({})[:-2]}` cannot be called so: {error}") from None

    def _note(self, arguments: Mapping[str, Any], error: Exception) -> None:
        call, kind = self.call(arguments), type(error).__name__
        known = self.raised.get(kind)
        shorter = known is not None and (len(call), call) < (len(known.call), known.call)
        if shorter or (known is None and len(self.raised) < _MOST_RAISED):
            self.raised[kind] = Raised(call, f"{kind}: {error}" if str(error) else kind)


def _gravity(finding: Finding) -> int:
    return LEVELS.index(finding.level)
