"""`pitfallcheck lint`: reads files without running them, reports what it finds, and mends it where asked."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pitfallcheck.baseline import BaselineError
from pitfallcheck.cli_shared import (
    Told,
    add_choice,
    add_output,
    choice_of,
    publish,
    report_skipped,
    reports_wanted,
    settings_for,
    status_of,
    write_out,
)
from pitfallcheck.config import ConfigError, Scopes, Settings
from pitfallcheck.console import CLEAN, FOUND, WrongCallError
from pitfallcheck.lint.cache import FOLDER
from pitfallcheck.lint.engine import How, LintResult, files_of, lint_paths
from pitfallcheck.lint.workers import cores
from pitfallcheck.report.wording import count_of
from pitfallcheck.sift import Sieve

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding


def add_lint(subparsers: Any) -> None:
    """`pitfallcheck lint PATHS`."""
    parser = subparsers.add_parser("lint", help="read Python files, without running them")
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="files (Markdown, too) and folders (default: the working directory)"
    )
    parser.add_argument("--fix", action="store_true", help="mend what can be mended without changing anything else")
    parser.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    parser.add_argument(
        "--unsafe-fixes", action="store_true", help="with --fix or --diff, fixes that may change more too"
    )
    add_choice(parser)
    parser.add_argument(
        "--exclude", metavar="PATTERN", action="append", default=[], help="leave out, a pattern as in .gitignore"
    )
    parser.add_argument("--docstrings", action="store_true", help="read the examples in docstrings, too")
    _add_held_back(parser)
    _add_how(parser)
    add_output(parser)
    parser.add_argument(
        "--statistics", action="store_true", help="in place of findings, say how many there are of each"
    )
    parser.add_argument("--exit-zero", action="store_true", help="exit with status 0 although something was found")
    parser.add_argument("--show-settings", action="store_true", help="print the settings that hold, and do nothing")
    parser.add_argument("--show-files", action="store_true", help="print the files that would be read, and do nothing")
    parser.set_defaults(do=do_lint)


def _add_held_back(parser: argparse.ArgumentParser) -> None:
    """Options for what is known and to be heard no more of."""
    parser.add_argument("--add-ignores", action="store_true", help="write an ignore comment for each finding")
    parser.add_argument("--baseline", metavar="FILE", help="hold back the findings that FILE knows")
    parser.add_argument("--write-baseline", metavar="FILE", help="write what is found to FILE, to be held back later")


def _add_how(parser: argparse.ArgumentParser) -> None:
    """Options that decide how fast it goes, and nothing of what is found."""
    parser.add_argument(
        "--jobs", metavar="N", type=positive, help="at most N processes (default: one a core; one under pre-commit)"
    )
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=positive, default=30, help="give a file up after so long (default: 30)"
    )
    parser.add_argument("--no-cache", action="store_true", help="look at every file, whatever is known of it")
    parser.add_argument("--cache-dir", metavar="FOLDER", help=f"remember results in FOLDER (default: {FOLDER})")


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _how(options: argparse.Namespace, settings: Settings) -> How:
    jobs = options.jobs
    if jobs is None:
        # pre-commit itself runs one of us for each core.
        jobs = 1 if os.environ.get("PRE_COMMIT") else cores()
    folder = options.cache_dir or os.path.join(settings.root, FOLDER)
    return How(jobs=jobs, timeout=options.timeout, cache="" if options.no_cache else folder)


def do_lint(options: argparse.Namespace) -> int:
    """Lint, write what is asked for, report; returns the exit status."""
    _check_call(options)
    settings = settings_for(options, options.paths)
    paths = options.paths or [os.path.relpath(os.path.join(settings.root, path)) for path in settings.paths or (".",)]
    try:
        if options.show_settings or options.show_files:
            return _show(options, paths, settings)
        return _lint(options, paths, settings)
    except (BaselineError, ConfigError) as error:
        raise WrongCallError(str(error)) from None


def _lint(options: argparse.Namespace, paths: list[str], settings: Settings) -> int:
    scopes = Scopes(settings, choice_of(options))
    sieve = Sieve(scopes, "" if options.write_baseline else options.baseline)
    result = lint_paths(paths, settings, _how(options, settings), scopes.of)
    result = result._replace(findings=tuple(sieve.sift(result.findings, result.files)))
    if options.write_baseline:
        return _write_baseline(options, result)
    more = _offer(result.findings, unsafe=options.unsafe_fixes)
    if options.fix or options.diff or options.add_ignores:
        from pitfallcheck import cli_mend

        if options.add_ignores:
            done = cli_mend.ignored(result.findings)
        else:
            done = cli_mend.fixed(result.findings, scopes, sieve, unsafe=options.unsafe_fixes, dry=options.diff)
        skipped = tuple(dict.fromkeys((*result.skipped, *done.skipped)))
        result = result._replace(findings=tuple(done.findings), skipped=skipped)
        if options.diff:
            report_skipped(skipped)
            write_out(options.output, done.patch, sys.stdout)
            return max(_status(options, result), FOUND if done.patch and not options.exit_zero else CLEAN)
        what = "wrote ignore comments for" if options.add_ignores else "mended"
        more = f"{what} {count_of(done.number, 'finding')}." if done.number else ""
    _report(options, result, paths, more=[more, *sieve.said()])
    return _status(options, result)


def _check_call(options: argparse.Namespace) -> None:
    """Raise WrongCallError for options that do not go together."""
    reports_wanted(options)
    if options.diff and options.format:
        raise WrongCallError(f"--diff prints a patch, which does not go with --format {options.format[0].format}")
    given = {
        "--fix": options.fix and not options.diff,
        "--diff": options.diff,
        "--add-ignores": options.add_ignores,
        "--write-baseline": options.write_baseline,
    }
    names = [name for name, wanted in given.items() if wanted]
    if len(names) > 1:
        raise WrongCallError(f"{names[0]} and {names[1]} do not go together: call once for each")


def _write_baseline(options: argparse.Namespace, result: LintResult) -> int:
    from pitfallcheck.baseline import Baseline
    from pitfallcheck.suppress import UNUSED_IGNORE

    found = [finding for finding in result.findings if finding.code != UNUSED_IGNORE]
    Baseline.of(found, options.write_baseline).write()
    report_skipped(result.skipped)
    if not options.quiet:
        where = f"to {options.write_baseline}; hold them back with `--baseline {options.write_baseline}`"
        print(f"wrote {count_of(len(found), 'finding')} {where}.")
    return status_of((), result.skipped)


def _show(options: argparse.Namespace, paths: list[str], settings: Settings) -> int:
    """Print the settings that hold, or the files that would be read."""
    if options.show_settings:
        print(f"configuration     {settings.file or 'none'}")
        for name, value in settings._replace(codes=frozenset())._asdict().items():
            if name not in {"codes", "file", "per_file_ignores", "docstrings"} and value:
                print(f"{name:<16}  {value if isinstance(value, str) else ', '.join(value)}")
        for pattern, codes in settings.per_file_ignores:
            print(f"per-file-ignores  {pattern} = {', '.join(sorted(codes))}")
        print(f"codes             {', '.join(sorted(settings.codes))}")
    if options.show_files:
        found, skipped = files_of(paths, settings, Scopes(settings, choice_of(options)).of)
        report_skipped(skipped)
        print("".join(f"{file.path}\n" for file in found), end="")
    return CLEAN


def _report(options: argparse.Namespace, result: LintResult, paths: list[str], *, more: Sequence[str]) -> None:
    files = len(result.files)
    clean = f"{count_of(files, 'file')} checked, nothing found."
    if not files and not result.skipped:
        clean = f"no Python files in {', '.join(f'`{path}`' for path in paths)}, nothing checked."
    publish(options, Told(result.findings, result.skipped, {"files": files}, clean=clean, more=more))


def _status(options: argparse.Namespace, result: LintResult) -> int:
    return status_of(() if options.exit_zero else result.findings, result.skipped)


def _offer(findings: Sequence[Finding], *, unsafe: bool) -> str:
    fixable = sum(finding.fix is not None and (finding.fix.safe or unsafe) for finding in findings)
    if not fixable:
        return ""
    return f"`--fix` mends {'it' if len(findings) == 1 else f'{fixable} of them'}."
