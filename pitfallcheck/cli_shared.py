"""What the sub-commands have in common: their options, and the way from findings to output and exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from pitfallcheck.config import Choice, ConfigError, Settings, load
from pitfallcheck.console import CLEAN, FOUND, WRONG, Format, WrongCallError, complain, text_format

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding, Skipped


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Options that choose pitfalls."""
    what = "codes (PF101), their beginnings (PF1) or names, comma-separated; may be given again"
    parser.add_argument("--select", metavar="CODES", action="append", default=[], help=f"only these: {what}")
    parser.add_argument("--ignore", metavar="CODES", action="append", default=[], help="all but these")


FORMATS = ("text", "concise", "json", "sarif", "github", "gitlab", "junit")
DOCUMENTS = frozenset({"json", "sarif", "gitlab", "junit"})
"""Formats that a program reads: what else stands on the same stream would spoil them."""


class Wanted(NamedTuple):
    """A report that was asked for; without a `file` it goes to a stream."""

    format: str
    file: str | None

    @property
    def alone(self) -> bool:
        """Whether it needs standard output for itself."""
        return self.file is None and self.format in DOCUMENTS


def add_output(parser: argparse.ArgumentParser) -> None:
    """Options that say how and where to report."""
    parser.add_argument(
        "--format",
        metavar="FORMAT[:FILE]",
        action="append",
        type=_wanted,
        help=f"how to report, and to which file: {', '.join(FORMATS)} (default: text); may be given again",
    )
    parser.add_argument("--output", metavar="FILE", help="write the report to FILE instead of standard output")
    parser.add_argument("--no-color", action="store_true", help="no colours, whatever the terminal")
    parser.add_argument("-q", "--quiet", action="store_true", help="print findings and nothing else")


def _wanted(text: str) -> Wanted:
    name, colon, file = text.partition(":")
    if name not in FORMATS:
        raise argparse.ArgumentTypeError(f"invalid choice: '{name}' (choose from {', '.join(FORMATS)})")
    if colon and not file:
        raise argparse.ArgumentTypeError(f"name a file behind the colon, such as {name}:report")
    return Wanted(name, file or None)


def reports_wanted(options: argparse.Namespace) -> list[Wanted]:
    """The reports that the options of `add_output` ask for; raises WrongCallError where they cannot stand together."""
    wanted = list(dict.fromkeys(options.format or [Wanted("text", None)]))
    if options.output is not None:
        wanted = [one if one.file else one._replace(file=options.output) for one in wanted]
    files = [one.file for one in wanted if one.file]
    for file in files:
        if files.count(file) > 1:
            raise WrongCallError(f"two reports go to {file}: name a file for each, as in --format sarif:FILE")
    streamed = [one.format for one in wanted if not one.file]
    if len(streamed) > 1 and (document := next((name for name in streamed if name in DOCUMENTS), None)):
        raise WrongCallError(f"{document} needs standard output for itself: give it a file, as in {document}:FILE")
    return wanted


def listed(options: Sequence[str]) -> list[str]:
    """The items of a repeatable, comma-separated option."""
    return [item.strip() for option in options for item in option.split(",") if item.strip()]


def settings_for(options: argparse.Namespace, near: Iterable[str]) -> Settings:
    """The settings of the configuration nearest to `near` and of the command line; raises WrongCallError."""
    choice = choice_of(options)
    try:
        return load(near, **choice._asdict())
    except ConfigError as error:
        raise WrongCallError(str(error)) from None


def choice_of(options: argparse.Namespace) -> Choice:
    """What the options of `add_choice` say."""
    return Choice(
        listed(options.select),
        listed(options.ignore),
        listed(getattr(options, "exclude", ())),
        docstrings=getattr(options, "docstrings", False),
    )


class Told(NamedTuple):
    """What there is to report: findings, what was skipped, and how much was `checked`, by its kind.

    `clean` is what to say where nothing was found, `more` are last lines to add, `looked` is a table of what was looked
    at, where one was asked for.
    """

    findings: Sequence[Finding]
    skipped: Sequence[Skipped]
    checked: Mapping[str, int]
    clean: str
    more: Sequence[str] = ()
    looked: Sequence[tuple[str, str]] | None = None


def publish(options: argparse.Namespace, told: Told, *, stream: TextIO | None = None) -> None:
    """Write the reports where and how the options of `add_output` say; without a file, text goes to `stream`.

    What was skipped is said on standard error, too, in a line each, so that it is seen whatever becomes of the report.
    """
    report_skipped(told.skipped)
    for wanted in reports_wanted(options):
        to = sys.stdout if wanted.alone or stream is None else stream
        write_out(wanted.file, _rendered(wanted, options, told, to), to)


def _rendered(wanted: Wanted, options: argparse.Namespace, told: Told, stream: TextIO) -> str:
    findings, skipped = told.findings, told.skipped
    match wanted.format:
        case "json":
            from pitfallcheck.report import json

            return json.render(findings, skipped=skipped, checked=told.checked, looked=told.looked)
        case "sarif":
            from pitfallcheck import catalog
            from pitfallcheck.report import sarif

            return sarif.render(findings, skipped=skipped, pitfalls=catalog.known(), base=_base())
        case "github":
            from pitfallcheck.report import github

            return github.render(findings, skipped=skipped, base=_base())
        case "gitlab":
            from pitfallcheck.report import gitlab

            return gitlab.render(findings, base=_base())
        case "junit":
            from pitfallcheck.report import junit

            return junit.render(findings, skipped=skipped, checked=told.checked, base=_base())
    look = text_format(stream, no_color=options.no_color) if wanted.file is None else Format(None, False)
    closing = [*([] if findings else [told.clean]), *told.more]
    return "".join(
        (
            _body(wanted, options, findings, look),
            "" if options.quiet else "".join(f"{line}\n" for line in closing if line),
            _table(told.looked, look) if told.looked is not None else "",
        )
    )


def _body(wanted: Wanted, options: argparse.Namespace, findings: Sequence[Finding], look: Format) -> str:
    if not findings:
        return ""
    if getattr(options, "statistics", False):
        from pitfallcheck.report import statistics

        return statistics.render(findings)
    if wanted.format == "concise":
        from pitfallcheck.report import concise

        return concise.render(findings)
    from pitfallcheck.report import text

    return text.render(findings, width=look.width, color=look.color, closing=not options.quiet)


def _table(looked: Sequence[tuple[str, str]], look: Format) -> str:
    from pitfallcheck.report.looked import Row, render

    return render([Row(*row) for row in looked], look.width)


def _base() -> str:
    """The folder that paths in a report for a machine start from: the checkout of a CI job, if we are in one."""
    here = os.getcwd()
    for variable in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        root = os.environ.get(variable)
        if root and os.path.join(os.path.realpath(here), "").startswith(os.path.join(os.path.realpath(root), "")):
            return os.path.realpath(root)
    return here


def report_skipped(skipped: Iterable[Skipped]) -> None:
    """Say on standard error what was not looked at, in a line each."""
    for item in skipped:
        complain(f"{item.what} skipped: {item.why}")


def write_out(path: str | None, report: str, stream: TextIO) -> None:
    """Write a report to the file `path`, or to `stream` without one; raises WrongCallError where it cannot."""
    if path is None:
        stream.write(report)
        return
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(report)
    except OSError as error:
        raise WrongCallError(f"cannot write the report to {path}: {(error.strerror or str(error)).lower()}") from None


def status_of(findings: Iterable[Finding], skipped: Sequence[Skipped]) -> int:
    """The exit status: what could not be looked at outweighs what was found."""
    if skipped:
        return WRONG
    return FOUND if any(finding.fails for finding in findings) else CLEAN
