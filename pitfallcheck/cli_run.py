"""`pitfallcheck run`: runs a program under observation and reports what its batches, shapes and losses really were."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pitfallcheck.cli_shared import Told, add_choice, add_output, publish, reports_wanted, settings_for
from pitfallcheck.console import CLEAN, FOUND, WRONG, WrongCallError, complain

if TYPE_CHECKING:
    from pitfallcheck.finding import Skipped
    from pitfallcheck.observe.events import Event
    from pitfallcheck.observe.supervisor import Observed
    from pitfallcheck.report.looked import Row


def add_run(subparsers: Any) -> None:
    """`pitfallcheck run TARGET [ARGS...]`."""
    parser = subparsers.add_parser(
        "run",
        help="run a program and report what really happened to its batches",
        usage="pitfallcheck run [OPTIONS] (PROGRAM.py | PROGRAM.py::GENERATOR | -m MODULE) [ARGS...]",
        description="Runs the program as `python PROGRAM.py ARGS...` would, observes its generators, data sets and "
        "models, and pulls a few batches from the generators that it defines and does not use.",
        epilog="The report goes to standard error, standard output stays the program's own; a report for a program, as "
        "with --format json, is alone on standard output. Exit status: the program's own where it fails, else 1 for "
        "errors or warnings, 2 for a wrong call, 0.",
    )
    parser.add_argument("-m", dest="module", action="store_true", help="TARGET is a module, as in `python -m`")
    parser.add_argument("--batches", metavar="N", type=_positive(int), default=8, help="batches to pull (default: 8)")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_positive(float),
        help="give up a generator that needs longer for one batch (default: 30 for those that are pulled)",
    )
    parser.add_argument(
        "--call",
        metavar="EXPRESSION",
        action="append",
        default=[],
        help='how to call a generator of the program, such as "train_iterator(batch_size=8)"; may be given again',
    )
    parser.add_argument(
        "--report", action="store_true", help="add a table of all that was looked at, and how it was found"
    )
    add_choice(parser)
    add_output(parser)
    parser.add_argument("target", metavar="TARGET", help="the program, one generator function in it, or a module")
    parser.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="the program's own arguments")
    parser.set_defaults(do=do_run)


def _positive(kind: type) -> Any:
    def parse(text: str) -> Any:
        value = kind(text)
        if not value > 0:
            raise ValueError
        return value

    parse.__name__ = f"positive {'number' if kind is float else 'integer'}"
    return parse


def do_run(options: argparse.Namespace) -> int:
    """Run, watch, report; returns the exit status."""
    from pitfallcheck.observe.supervisor import Supervision, signal_that_ended

    plan = _plan(options)
    settings = settings_for(options, [] if options.module else [plan.target])
    to_stderr = any(wanted.alone for wanted in reports_wanted(options))
    sys.stdout.flush()
    supervision = Supervision(plan, stdout=sys.stderr if to_stderr else None)
    # The child is on its way; what the parent needs for the report is loaded and linted meanwhile.
    from pitfallcheck.catalog import explained_by
    from pitfallcheck.judge import judge_events
    from pitfallcheck.lint.elsewhere import unwanted
    from pitfallcheck.lint.engine import lint_paths
    from pitfallcheck.merge import merge, without_consequences
    from pitfallcheck.observe.places import shown_path
    from pitfallcheck.suppress import silence

    linted: dict[str, Any] = {}
    if not options.module:
        path = os.path.abspath(plan.target)
        linted[path] = lint_paths([shown_path(path)], settings)
    seen = supervision.wait(_progress(options))
    if seen.wrong_call:
        raise WrongCallError(seen.wrong_call)
    if not seen.stopped and (end := signal_that_ended(seen.status)):
        complain(end)
    for path in seen.files:
        if os.path.abspath(path) not in linted and os.path.isfile(path):
            linted[os.path.abspath(path)] = lint_paths([shown_path(path)], settings)
    measured, skipped = judge_events(seen.events, settings.codes)
    static = [finding for result in linted.values() for finding in result.findings]
    if plan.function:
        lines = _lines_of(plan.target, plan.function)
        static = [finding for finding in static if finding.location.line in lines]
    skipped += [item for result in linted.values() for item in result.skipped]
    findings = silence(without_consequences(merge(static, measured), explained_by()))
    findings = [one for one in findings if one.code not in unwanted(one.location.path, settings)]
    told = Told(
        findings,
        skipped,
        {"files": len(linted), "batches": seen.batches},
        clean=_clean(seen.batches, len(linted)),
        looked=_looked(seen.events, settings.codes, skipped) if options.report else None,
    )
    publish(options, told, stream=sys.stderr)
    return _status(seen, any(finding.fails for finding in findings))


def _looked(events: Sequence[Event], codes: Iterable[str], skipped: Iterable[Skipped]) -> list[Row]:
    from pitfallcheck.judge import had_events
    from pitfallcheck.report.looked import rows

    return rows(events, had_events(events, codes), skipped)


def _plan(options: argparse.Namespace) -> Any:
    """What to run, or WrongCall with one line that says why it cannot be run."""
    from pitfallcheck.observe.runner import Kind, Plan

    target, _, function = options.target.partition("::")
    kind: Kind = "module" if options.module else "function" if "::" in options.target else "script"
    if kind == "module":
        target, function = options.target, ""
    else:
        _check_file(target)
    if kind == "function" and not function:
        raise WrongCallError(f"{options.target} names no generator: write one behind the colons, or leave them out")
    return Plan(
        kind=kind,
        target=target,
        arguments=tuple(options.arguments),
        function=function,
        calls=tuple(options.call),
        pulls=options.batches,
        timeout=options.timeout or 30.0,
        limit_program=options.timeout is not None,
    )


def _lines_of(path: str, function: str) -> range:
    """The lines of the generator or data set that was asked for alone; every line where it is made by a call."""
    from pitfallcheck.observe.naming import tree_of

    tree = tree_of(os.path.abspath(path))
    for node in tree.body if tree is not None else ():
        if getattr(node, "name", None) == function:
            return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return range(sys.maxsize)


def _check_file(path: str) -> None:
    """Raise WrongCall for a file that Python could not run either, before anything is started."""
    if os.path.isdir(path):
        raise WrongCallError(f"{path} is a folder: name the program in it, or a package with -m")
    if path.endswith(".ipynb"):
        raise WrongCallError(
            f"{path}: notebooks are not run; export it with `jupyter nbconvert --to script` and run that"
        )
    from pitfallcheck.lint.parse import UnreadableError, parse, read

    try:
        parse(path, read(path))
    except UnreadableError as error:
        where = path if error.line is None else f"{path}:{error.line}"
        raise WrongCallError(f"{where}: {error.why}") from None


def _progress(options: argparse.Namespace) -> Any:
    """What to show meanwhile: on a terminal only, and never in the way of what the program itself writes there."""
    if options.quiet or not sys.stderr.isatty():
        return None
    said: set[str] = set()

    def show(seconds: float, state: dict[str, Any]) -> None:
        name = state.get("pulling") if state.get("phase") == "pulling" else ""
        what = f"pulling batches from `{name}`" if name else f"watching {options.target}"
        if seconds > 1 and what not in said:
            said.add(what)
            complain(f"{what} ...")

    return show


def _clean(batches: int, files: int) -> str:
    from pitfallcheck.report.wording import count_of

    looked = f"{batches} batch{'es' if batches != 1 else ''} observed" if batches else "no generator seen"
    return f"{looked}, {count_of(files, 'file')} read, nothing found."


def _status(seen: Observed, fails: bool) -> int:
    """The program's own failure first (128 and the signal where one ended it, as a shell says it), then ours."""
    if not seen.stopped and seen.status:
        return seen.status if seen.status > 0 else 128 - seen.status
    if fails:
        return FOUND
    return WRONG if seen.stopped or seen.in_vain else CLEAN
