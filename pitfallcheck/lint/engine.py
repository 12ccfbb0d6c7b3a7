"""Lints files: finds them, screens their bytes, parses what is left and gathers what the static halves say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pitfallcheck import catalog
from pitfallcheck.config import Settings
from pitfallcheck.lint.discover import discover
from pitfallcheck.lint.parse import UnreadableError, decode, parse, read, tree_of

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding, Skipped


class LintResult(NamedTuple):
    """What was found, what could not be looked at, and the files that were read; all in the order of the paths.

    Findings are as the rules gave them: ignore comments are applied by `suppress.silence`, after merging.
    """

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    files: tuple[str, ...] = ()


def lint_paths(paths: Iterable[str], settings: Settings) -> LintResult:
    """Lint files and all Python files below folders. A file that is named is always read, and must be Python."""
    findings: list[Finding] = []
    files: list[str] = []
    found, skipped = discover(paths, exclude=settings.exclude, root=settings.root)
    for file in found:
        result = lint_file(file.path, settings, named=file.named)
        findings.extend(result.findings)
        skipped.extend(result.skipped)
        files.extend(result.files)
    return LintResult(tuple(findings), tuple(skipped), tuple(files))


def lint_file(path: str, settings: Settings, *, named: bool = True) -> LintResult:
    """Lint one file. Of a file that nobody `named`, only what the screen lets through must be readable."""
    try:
        data = read(path)
    except UnreadableError as error:
        return _skipped(path, error)
    return lint_bytes(path, data, settings, named=named)


def lint_bytes(path: str, data: bytes, settings: Settings, *, named: bool = True) -> LintResult:
    """Lint `data` as the content of `path`."""
    candidates = [
        pitfall for code, pitfall in catalog.pitfalls().items() if code in settings.codes and pitfall.may_be_in(data)
    ]
    if not candidates and not named:
        return LintResult(files=(path,))
    try:
        if not candidates:
            tree_of(decode(data))
            return LintResult(files=(path,))
        source = parse(path, data)
    except UnreadableError as error:
        return _skipped(path, error)
    from pitfallcheck.lint.judge import judge

    findings, skipped = judge(source, candidates)
    return LintResult(tuple(sorted(findings, key=lambda finding: finding.sort_key())), tuple(skipped), (path,))


def _skipped(path: str, error: UnreadableError) -> LintResult:
    from pitfallcheck.finding import Skipped

    return LintResult(skipped=(Skipped(path if error.line is None else f"{path}:{error.line}", error.why),))
