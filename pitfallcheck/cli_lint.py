"""`pitfallcheck lint`: reads files without running them, reports what it finds, and mends it where asked."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pitfallcheck.cli_shared import add_choice, add_output, publish, report_skipped, settings_for, status_of, write_out
from pitfallcheck.config import Settings
from pitfallcheck.console import CLEAN, FOUND, WrongCallError
from pitfallcheck.lint.engine import LintResult, lint_paths
from pitfallcheck.lint.parse import decode, read

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding


def add_lint(subparsers: Any) -> None:
    """`pitfallcheck lint PATHS`."""
    parser = subparsers.add_parser("lint", help="read Python files, without running them")
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files and folders (default: the working directory)")
    parser.add_argument("--fix", action="store_true", help="mend what can be mended without changing anything else")
    parser.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    parser.add_argument(
        "--unsafe-fixes", action="store_true", help="with --fix or --diff, fixes that may change more too"
    )
    add_choice(parser)
    parser.add_argument(
        "--exclude", metavar="PATTERN", action="append", default=[], help="leave out, a pattern as in .gitignore"
    )
    add_output(parser)
    parser.set_defaults(do=do_lint)


def do_lint(options: argparse.Namespace) -> int:
    """Lint, mend if asked, report; returns the exit status."""
    if options.diff and options.format != "text":
        raise WrongCallError("--diff prints a patch, which does not go with --format json")
    settings = settings_for(options, options.paths)
    paths = options.paths or [os.path.relpath(os.path.join(settings.root, path)) for path in settings.paths or (".",)]
    result = lint_paths(paths, settings)
    if result.findings:
        from pitfallcheck.suppress import silence

        result = result._replace(findings=tuple(silence(result.findings)))
    if options.fix or options.diff:
        return _mend(options, result, settings, paths)
    fixable = sum(_is_fixable(finding, options) for finding in result.findings)
    _report(options, result, paths, more=_offer(fixable, len(result.findings)))
    return status_of(result.findings, result.skipped)


def _mend(options: argparse.Namespace, result: LintResult, settings: Settings, paths: list[str]) -> int:
    """Mend the files that have something to mend, or show how; report what is left."""
    from pitfallcheck.finding import Finding, Skipped
    from pitfallcheck.lint.mend import mend, write
    from pitfallcheck.report.wording import count_of

    files = {finding.location.path for finding in result.findings if _is_fixable(finding, options)}
    findings = [finding for finding in result.findings if finding.location.path not in files]
    skipped = list(result.skipped)
    patches: list[str] = []
    count = 0
    for path in sorted(files):
        data = read(path)
        mended = mend(path, data, settings, keep=_silenced, unsafe=options.unsafe_fixes)
        if options.diff:
            patches.append(_patch(path, data, mended.data))
        elif mended.data != data:
            try:
                write(path, mended.data)
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                skipped.append(Skipped(f"{path} for mending", f"{why}; the file is as it was"))
                findings.extend(finding for finding in result.findings if finding.location.path == path)
                continue
        count += mended.count
        findings.extend(mended.left.findings)
        skipped.extend(mended.left.skipped)
    left = LintResult(tuple(sorted(findings, key=Finding.sort_key)), tuple(dict.fromkeys(skipped)), result.files)
    if options.diff:
        report_skipped(left.skipped)
        write_out(options.output, "".join(patches), sys.stdout)
        return max(status_of(left.findings, left.skipped), FOUND if any(patches) else CLEAN)
    _report(options, left, paths, more=f"mended {count_of(count, 'finding')}." if count else "")
    return status_of(left.findings, left.skipped)


def _is_fixable(finding: Finding, options: argparse.Namespace) -> bool:
    return finding.fix is not None and (finding.fix.safe or options.unsafe_fixes)


def _silenced(findings: Sequence[Finding], text: str) -> Sequence[Finding]:
    from pitfallcheck.suppress import silence

    return silence(findings, read=lambda path: text)


def _patch(path: str, before: bytes, after: bytes) -> str:
    """A unified diff; lines are split at `\\n` only, so that a carriage return stays in its line."""
    import difflib

    old, new = (re.findall(r"[^\n]*\n|[^\n]+", decode(data)) for data in (before, after))
    lines = difflib.unified_diff(old, new, path, path)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _report(options: argparse.Namespace, result: LintResult, paths: list[str], *, more: str) -> None:
    from pitfallcheck.report.wording import count_of

    files = len(result.files)
    clean = f"{count_of(files, 'file')} checked, nothing found."
    if not files and not result.skipped:
        clean = f"no Python files in {', '.join(f'`{path}`' for path in paths)}, nothing checked."
    publish(options, result.findings, result.skipped, {"files": files}, clean=clean, more=more)


def _offer(fixable: int, findings: int) -> str:
    if not fixable:
        return ""
    return f"`--fix` mends {'it' if findings == 1 else f'{fixable} of them'}."
