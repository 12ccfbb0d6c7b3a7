"""Goes through many files: takes from the cache what is known, and spreads the rest over processes where that pays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from pitfallcheck.config import Settings
from pitfallcheck.lint import record, workers
from pitfallcheck.lint.cache import Cache, digest_of, fingerprint
from pitfallcheck.lint.engine import How, LintResult, lint_bytes, must_be_parsed, unreadable
from pitfallcheck.lint.parse import UnreadableError, read

if TYPE_CHECKING:
    from pitfallcheck.lint.discover import Found

MANY_FILES = 100
"""Files for which a process of their own pays: screening so many takes longer than making one."""

MANY_CANDIDATES = 6
"""The same for files that are parsed and judged."""

_DIGEST = 32
"""Letters of the digest in front of what a worker answers."""


class Run:
    """One run over files that were found."""

    def __init__(self, found: Sequence[Found], settings_of: Callable[[Found], Settings], how: How) -> None:
        self._found = found
        self._settings = [settings_of(file) for file in found]
        self._how = how
        self._results: dict[int, LintResult] = {}
        self._caches: dict[Settings, Cache] = {}
        if how.cache:
            by_fingerprint: dict[str, Cache] = {}
            for settings in dict.fromkeys(self._settings):
                mark = fingerprint(settings)
                if mark not in by_fingerprint:
                    by_fingerprint[mark] = Cache(os.path.abspath(how.cache), mark)
                self._caches[settings] = by_fingerprint[mark]

    def results(self) -> list[LintResult]:
        """The result of each file, in their order."""
        waiting = [number for number in range(len(self._found)) if not self._untouched(number)]
        try:
            for number, digest, result in self._linted(waiting):
                self._results[number] = result
                self._remember(number, digest)
        finally:
            for cache in set(self._caches.values()):
                cache.save()
        return [self._results[number] for number in range(len(self._found))]

    def _untouched(self, number: int) -> bool:
        """Whether the cache knows a file by its status alone."""
        file, cache = self._found[number], self._caches.get(self._settings[number])
        if cache is None or file.status is None:
            return False
        known = cache.of_status(file.path, file.status, named=file.named)
        if known is not None:
            self._results[number] = LintResult(*known, (file.path,))
        return known is not None

    def _remember(self, number: int, digest: str) -> None:
        """Keep a result for the next time; but what was skipped is tried again, the reason may be gone."""
        file, result = self._found[number], self._results[number]
        if digest and file.status is not None and not result.skipped:
            found = (result.findings, result.skipped)
            self._caches[self._settings[number]].put(file.path, file.status, digest, found, named=file.named)

    def _linted(self, waiting: list[int]) -> Iterator[tuple[int, str, LintResult]]:
        """The number, the digest and the result of each file that is not known yet."""
        jobs = self._how.jobs if waiting and workers.available() else 0
        count = min(jobs, len(waiting) // MANY_FILES)
        if jobs and count < 2:
            # What can be told without parsing is told here, and only the rest needs a process that may die.
            visits = ((number, self._visit(number, parsing=False)) for number in waiting)
            waiting = []
            for number, visit in visits:
                if visit is None:
                    waiting.append(number)
                else:
                    yield number, *visit
            count = min(jobs, max(1, len(waiting) // MANY_CANDIDATES))
        if jobs:
            yield from self._by_workers(waiting, count)
            return
        for number in waiting:
            if (visit := self._visit(number)) is not None:
                yield number, *visit

    def _visit(self, number: int, *, parsing: bool = True) -> tuple[str, LintResult] | None:
        """The digest of a file, if it is asked for, and its result; None where that takes `parsing` and is not to."""
        file, settings = self._found[number], self._settings[number]
        try:
            data = read(file.path)
        except UnreadableError as error:
            return "", unreadable(file.path, error)
        digest = ""
        if (cache := self._caches.get(settings)) is not None:
            digest = digest_of(data)
            known = cache.of_content(file.path, digest, named=file.named)
            if known is not None:
                return digest, LintResult(*known, (file.path,))
        if not parsing and must_be_parsed(file.path, data, settings, named=file.named):
            return None
        return digest, lint_bytes(file.path, data, settings, named=file.named)

    def _by_workers(self, waiting: list[int], count: int) -> Iterator[tuple[int, str, LintResult]]:
        for number, answer in workers.done_by_workers(self._answer, waiting, count=count, timeout=self._how.timeout):
            path = self._found[number].path
            if isinstance(answer, workers.Lost):
                yield number, "", unreadable(path, UnreadableError(answer.why))
                continue
            text = answer.decode("utf-8", "surrogateescape")
            digest, was_read, found = text[:_DIGEST].strip(), text[_DIGEST] == "1", text[_DIGEST + 1 :]
            yield number, digest, LintResult(*record.read(found, path), (path,) if was_read else ())

    def _answer(self, number: int) -> bytes:
        """In a worker: the digest of a file, whether it was read, and what was found in it."""
        visit = self._visit(number)
        assert visit is not None, "a worker parses"
        digest, result = visit
        found = record.written((result.findings, result.skipped), self._found[number].path)
        return f"{digest:{_DIGEST}}{len(result.files)}{found}".encode("utf-8", "surrogateescape")
