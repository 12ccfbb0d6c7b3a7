"""What the sub-commands have in common: their options, and the way from findings to output and exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from pitfallcheck.config import ConfigError, Settings, load
from pitfallcheck.console import CLEAN, FOUND, WRONG, WrongCallError, complain, text_format

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding, Skipped


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Options that choose pitfalls."""
    what = "codes (PF101), their beginnings (PF1) or names, comma-separated; may be given again"
    parser.add_argument("--select", metavar="CODES", action="append", default=[], help=f"only these: {what}")
    parser.add_argument("--ignore", metavar="CODES", action="append", default=[], help="all but these")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Options that say how and where to report."""
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to report (default: text)")
    parser.add_argument("--output", metavar="FILE", help="write the report to FILE instead of standard output")
    parser.add_argument("--no-color", action="store_true", help="no colours, whatever the terminal")
    parser.add_argument("-q", "--quiet", action="store_true", help="print findings and nothing else")


def listed(options: Sequence[str]) -> list[str]:
    """The items of a repeatable, comma-separated option."""
    return [item.strip() for option in options for item in option.split(",") if item.strip()]


def settings_for(options: argparse.Namespace, near: Iterable[str]) -> Settings:
    """The settings of the pyproject.toml nearest to the paths `near` and of the command line; raises WrongCallError."""
    try:
        return load(
            near,
            select=listed(options.select),
            ignore=listed(options.ignore),
            exclude=listed(getattr(options, "exclude", ())),
        )
    except ConfigError as error:
        raise WrongCallError(str(error)) from None


def publish(
    options: argparse.Namespace,
    findings: Sequence[Finding],
    skipped: Sequence[Skipped],
    checked: Mapping[str, int],
    *,
    clean: str,
    more: str = "",
    looked: Sequence[tuple[str, str]] | None = None,
    stream: TextIO | None = None,
) -> None:
    """Write the report where and how the options of `add_output` say; without a file, to `stream` (standard output).

    `clean` is what to say where nothing was found, `more` a last line to add, `looked` a table of what was looked at.
    What was skipped is said on standard error, too, in a line each, so that it is seen whatever becomes of the report.
    """
    report_skipped(skipped)
    if options.format == "json":
        from pitfallcheck.report import json

        write_out(
            options.output, json.render(findings, skipped=skipped, checked=checked, looked=looked), stream or sys.stdout
        )
        return
    stream = stream or sys.stdout
    lines = [more] if findings else [clean, more]
    closing = "" if options.quiet else "".join(f"{line}\n" for line in lines if line)
    table = _table(options, looked, stream) if looked is not None else ""
    write_out(options.output, _text(options, findings, stream) + closing + table, stream)


def _table(options: argparse.Namespace, looked: Sequence[tuple[str, str]], stream: TextIO) -> str:
    from pitfallcheck.report.looked import Row, render

    width = None if options.output is not None else text_format(stream, no_color=options.no_color).width
    return render([Row(*row) for row in looked], width)


def _text(options: argparse.Namespace, findings: Sequence[Finding], stream: TextIO) -> str:
    if not findings:
        return ""
    from pitfallcheck.report import text

    closing = not options.quiet
    if options.output is not None:
        return text.render(findings, closing=closing)
    look = text_format(stream, no_color=options.no_color)
    return text.render(findings, width=look.width, color=look.color, closing=closing)


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
