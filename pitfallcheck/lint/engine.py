"""Lints files: finds them, screens their bytes, parses what is left and gathers what the static halves say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pitfallcheck.config import Settings
from pitfallcheck.lint.commented import commented
from pitfallcheck.lint.discover import MARKDOWN, NOTEBOOK, SUFFIXES, Found, discover
from pitfallcheck.lint.elsewhere import excluded
from pitfallcheck.lint.parse import UnreadableError, decode, parse, read, tree_of
from pitfallcheck.lint.screen import screen_of

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding, Skipped


class LintResult(NamedTuple):
    """What was found, what could not be looked at, and the files that were read; all in the order of the paths.

    Findings are as the rules gave them: ignore comments are applied by `suppress.silence`, after merging.
    """

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    files: tuple[str, ...] = ()


class How(NamedTuple):
    """How to go about it; what is found does not depend on it.

    At most `jobs` processes besides this one do the work; with 0 it is done in this one, and no file can be given up
    after `timeout` seconds. `cache` is the folder that remembers results, empty for none.
    """

    jobs: int = 0
    timeout: float = 30.0
    cache: str = ""


def lint_paths(
    paths: Iterable[str],
    settings: Settings,
    how: How = How(),  # noqa: B008 (immutable)
    settings_of: Callable[[str], Settings] | None = None,
) -> LintResult:
    """Lint files and all Python files below folders. A file that is named is always read, and must be Python.

    `settings_of` gives those of a file where others than `settings`, those for the folders that were named, may hold.
    """
    of = settings_of or (lambda path: settings)
    found, skipped = files_of(paths, settings, of)
    return joined([LintResult(skipped=tuple(skipped)), *lint_files(found, lambda file: of(file.path), how)])


def files_of(
    paths: Iterable[str], settings: Settings, settings_of: Callable[[str], Settings]
) -> tuple[list[Found], list[Skipped]]:
    """The files that `paths` stand for, without those that nobody named and their own settings exclude."""
    found, skipped = discover(paths, exclude=settings.exclude, root=settings.root)
    wanted = [
        file
        for file in found
        if file.named or (own := settings_of(file.path)) is settings or not excluded(file.path, own)
    ]
    return wanted, skipped


def lint_files(found: Sequence[Found], settings_of: Callable[[Found], Settings], how: How) -> list[LintResult]:
    """The result of each file, each judged by its own settings."""
    from pitfallcheck.lint.run import Run

    return Run(found, settings_of, how).results()


def joined(results: Iterable[LintResult]) -> LintResult:
    """Several results as one."""
    findings, skipped, files = zip(*results, strict=True)
    return LintResult(*(tuple(item for items in each for item in items) for each in (findings, skipped, files)))


def lint_file(path: str, settings: Settings, *, named: bool = True) -> LintResult:
    """Lint one file. Of a file that nobody `named`, only what the screen lets through must be readable."""
    try:
        data = read(path)
    except UnreadableError as error:
        return unreadable(path, error)
    return lint_bytes(path, data, settings, named=named)


def lint_bytes(path: str, data: bytes, settings: Settings, *, named: bool = True) -> LintResult:
    """Lint `data` as the content of `path`: a program, a notebook, or text with programs in it."""
    if path.endswith(NOTEBOOK):
        from pitfallcheck.lint.cells import lint_notebook

        return lint_notebook(path, data, settings, named=named)
    if path.endswith(MARKDOWN):
        from pitfallcheck.lint.passages import lint_markdown

        return lint_markdown(path, data, settings)
    result = lint_program(path, data, settings, named=named)
    if settings.docstrings:
        from pitfallcheck.lint.passages import found_in_docstrings

        found = (*result.findings, *found_in_docstrings(path, data, settings))
        result = result._replace(findings=tuple(sorted(found, key=lambda finding: finding.sort_key())))
    return result


def lint_program(path: str, data: bytes, settings: Settings, *, named: bool = True) -> LintResult:
    """Lint `data` as a Python program, the content of `path` or of a part of it."""
    candidates = screen_of(settings.codes).candidates(data, tests=named)
    comments = commented(path, data, settings)
    if not candidates and not named:
        return LintResult(comments, files=(path,))
    try:
        if not candidates:
            tree_of(decode(data))
            return LintResult(comments, files=(path,))
        source = parse(path, data)
    except UnreadableError as error:
        return unreadable(path, error)
    from pitfallcheck.lint.judge import judge

    findings, skipped = judge(source, candidates)
    findings.extend(comments)
    return LintResult(tuple(sorted(findings, key=lambda finding: finding.sort_key())), tuple(skipped), (path,))


def must_be_parsed(path: str, data: bytes, settings: Settings, *, named: bool) -> bool:
    """Whether `lint_bytes` would have to parse `data`: it was named, or something may be in it."""
    if named or settings.docstrings or not path.endswith(SUFFIXES):
        return True
    return bool(screen_of(settings.codes).candidates(data))


def unreadable(path: str, error: UnreadableError) -> LintResult:
    """What is said of a file that cannot be judged."""
    from pitfallcheck.finding import Skipped

    return LintResult(skipped=(Skipped(path if error.line is None else f"{path}:{error.line}", error.why),))
