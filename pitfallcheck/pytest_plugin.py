"""The pytest plugin: a fixture that checks batches, and `--pitfallcheck`, which lints; loads neither until used."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pitfallcheck.api import Report
    from pitfallcheck.config import Scopes
    from pitfallcheck.hunting import Hunt


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--pitfallcheck`."""
    group = parser.getgroup("pitfallcheck")
    group.addoption("--pitfallcheck", action="store_true", help="lint the test paths and the sources, a file an item")


class Checker:
    """What the fixture `pitfallcheck` gives to a test."""

    def check(
        self,
        source: Iterable[Any] | Callable[[], Iterable[Any]],
        batches: int = 8,
        *,
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
        **network: Any,
    ) -> Report:
        """Pull `batches` batches from `source` and fail the test with what is found in them.

        The arguments are those of `pitfallcheck.check`; `network` are those of a network by hand (`forward`, `loss` and
        so on). What could not be looked at is a warning of the test. Returns the report, which then holds notes at
        most.
        """
        __tracebackhide__ = True
        from pitfallcheck.api import check

        report = check(source, batches=batches, select=select, ignore=ignore, **network)
        if not report.ok:
            pytest.fail(f"pitfallcheck:\n{report.text()}", pytrace=False)
        for item in report.skipped:
            warnings.warn(f"pitfallcheck skipped {item.what}: {item.why}", stacklevel=2)
        return report

    def hunt(self, source: Callable[..., Iterable[Any]], /, **arguments: Any) -> Hunt:
        """Search the arguments of `source` and fail the test with the smallest call that shows a pitfall.

        The arguments are those of `pitfallcheck.hunt`. Calls that raised are a warning of the test, and a hunt in which
        every call did fails it. Returns what the hunt came to.
        """
        __tracebackhide__ = True
        from pitfallcheck.hunting import hunt

        found = hunt(source, **arguments)
        if found:
            pytest.fail(f"pitfallcheck: {found.text()}", pytrace=False)
        if found.looked == 0 and found.raised:
            pytest.fail(f"pitfallcheck: no call could be looked at: {found.text()}", pytrace=False)
        for one in found.raised:
            warnings.warn(f"pitfallcheck: {one.call} raised {one.error}", stacklevel=2)
        return found


@pytest.fixture
def pitfallcheck() -> Checker:
    """Checks batches: `pitfallcheck.check(train_iterator(), batches=8)` fails the test with the finding's text.

    `pitfallcheck.hunt(train_iterator, batch_size=st.integers(1, 64))` searches for the smallest call that shows one.
    """
    return Checker()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--pitfallcheck`, add an item for each file to lint, before others select among the items."""
    if config.getoption("--pitfallcheck"):
        items.extend(_lint_items(session, config))


def _lint_items(session: pytest.Session, config: pytest.Config) -> Iterator[pytest.Item]:
    from pitfallcheck.config import Choice, ConfigError, Scopes, load
    from pitfallcheck.lint.discover import discover

    try:
        settings = load([str(config.rootpath)])
    except ConfigError as error:
        raise pytest.UsageError(f"pitfallcheck: {error}") from None
    sources = [os.path.join(settings.root, path) for path in settings.paths] or [str(config.rootpath)]
    tests = [str(config.invocation_params.dir / argument.partition("::")[0]) for argument in config.args]
    paths = [os.path.abspath(path) for path in (*tests, *sources)]
    found, skipped = discover(
        (path for path in paths if os.path.exists(path)), exclude=settings.exclude, root=settings.root
    )
    scopes = Scopes(settings, Choice())
    for path, named in sorted((file.path, file.named) for file in found):
        yield LintItem.of(session, path, scopes, named=named)
    for item in skipped:
        warnings.warn(f"pitfallcheck skipped {item.what}: {item.why}", stacklevel=1)


class LintItem(pytest.Item):
    """The lint of one file; it fails with the findings' text, or with the reason for which the file cannot be read."""

    scopes: Scopes
    named: bool

    @classmethod
    def of(cls, session: pytest.Session, path: str, scopes: Scopes, *, named: bool) -> LintItem:
        """The item for `path`, an absolute path; its node id is that of the file, and the word pitfallcheck."""
        shown = os.path.relpath(path, session.config.rootpath).replace(os.sep, "/")
        item: LintItem = cls.from_parent(session, name="pitfallcheck", nodeid=f"{shown}::pitfallcheck")
        item.path = session.config.rootpath / shown
        item.extra_keyword_matches.add(shown)  # so that `-k` finds it by its file
        item.scopes = scopes
        item.named = named
        return item

    def runtest(self) -> None:
        """Lint the file; nothing of it is imported."""
        from pitfallcheck.baseline import BaselineError
        from pitfallcheck.config import ConfigError
        from pitfallcheck.lint.engine import lint_file
        from pitfallcheck.sift import Sieve

        path = os.path.relpath(self.path)
        try:
            result = lint_file(path, self.scopes.of(path), named=self.named)
            findings = [one for one in Sieve(self.scopes).sift(result.findings, result.files) if one.fails]
        except (BaselineError, ConfigError) as error:
            raise LintFailedError(f"pitfallcheck: {error}") from None
        problems = [f"{item.what} skipped: {item.why}" for item in result.skipped]
        if findings or problems:
            from pitfallcheck.report.text import render

            raise LintFailedError("\n".join([*problems, render(findings)]).strip())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The findings' text alone, for what was found."""
        if isinstance(excinfo.value, LintFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], int | None, str]:
        """Where the item stands, for the headline of a failure."""
        return self.path, None, self.name


class LintFailedError(Exception):
    """What was found in a file, as text."""
