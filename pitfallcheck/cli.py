"""The command line: the only place that parses arguments, prints and chooses an exit status."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from pitfallcheck import __version__
from pitfallcheck.console import (
    BROKEN_PIPE,
    CLEAN,
    INTERRUPTED,
    WRONG,
    WrongCallError,
    complain,
    prepare_streams,
    text_format,
    width_of,
)

Command = Callable[[argparse.Namespace], int]
Subparsers = Any


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line that says where to read on."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        # Asked for with every argument that is added; told the width, it need not import what finds it out.
        return argparse.HelpFormatter(prog=self.prog, width=width_of(sys.stdout) - 2)

    def error(self, message: str) -> NoReturn:
        complain(f"{message}; see `{self.prog} --help`")
        raise SystemExit(WRONG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    prepare_streams()
    try:
        status = _dispatch(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        _forget_output()
        complain(f"cannot go on: {error}")
        return WRONG
    except Exception:
        import traceback

        traceback.print_exc()
        complain("this is a fault of pitfallcheck itself; please report it with the lines above")
        return WRONG
    return status


def _forget_output() -> None:
    """Let Python, which flushes standard output once more when it ends, not meet the same failure there."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _dispatch(arguments: Sequence[str]) -> int:
    parser = build_parser(arguments)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        call = " ".join(filter(None, (parser.prog, options.command)))
        complain(f"unrecognized arguments: {' '.join(unknown)}; see `{call} --help`")
        return WRONG
    if options.command is None:
        parser.print_help()
        return CLEAN
    command: Command = options.do
    try:
        return command(options)
    except WrongCallError as error:
        complain(str(error))
        return WRONG


def build_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser for `arguments`: of a call that begins with a sub-command, that one alone, for the speed of it."""
    parser = Parser(
        prog="pitfallcheck",
        description="Finds the faults that keep a neural network from learning although nothing crashes.",
        epilog="Exit status: 0 nothing found, 1 errors or warnings, 2 a wrong call or a file that could not be read.",
    )
    parser.add_argument("-V", "--version", action="version", version=f"pitfallcheck {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    wanted = arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS
    for command in wanted:
        COMMANDS[command](subparsers)
    return parser


def _add_run(subparsers: Subparsers) -> None:
    from pitfallcheck.cli_run import add_run

    add_run(subparsers)


def _add_lint(subparsers: Subparsers) -> None:
    from pitfallcheck.cli_lint import add_lint

    add_lint(subparsers)


def add_explain(subparsers: Subparsers) -> None:
    """`pitfallcheck explain PF101`."""
    parser = subparsers.add_parser("explain", help="explain a pitfall: what it is, why it hurts, what to do instead")
    parser.add_argument("pitfall", metavar="CODE|NAME", nargs="+", help="such as PF101 or reused-buffer")
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.set_defaults(do=do_explain)


def do_explain(options: argparse.Namespace) -> int:
    """Print the explanations asked for."""
    from pitfallcheck import catalog
    from pitfallcheck.report.catalogue import explanation

    try:
        wanted = [catalog.find(name) for name in options.pitfall]
    except catalog.UnknownPitfallError as error:
        raise WrongCallError(str(error)) from None
    look = text_format(sys.stdout, no_color=options.no_color)
    print("\n\n".join(explanation(pitfall, color=look.color) for pitfall in wanted))
    return CLEAN


def add_list(subparsers: Subparsers) -> None:
    """`pitfallcheck list`."""
    parser = subparsers.add_parser(
        "list", help="list the pitfalls: code, name, where each is seen, whether it is fixed"
    )
    parser.set_defaults(do=do_list)


def do_list(options: argparse.Namespace) -> int:
    """Print the table of pitfalls."""
    from pitfallcheck import catalog
    from pitfallcheck.report.catalogue import table

    print(table(list(catalog.pitfalls().values()), width=text_format(sys.stdout).width), end="")
    return CLEAN


COMMANDS: dict[str, Callable[[Subparsers], None]] = {
    "run": _add_run,
    "lint": _add_lint,
    "explain": add_explain,
    "list": add_list,
}
"""Every sub-command: one `add_x` each, which sets `do` to its `do_x`."""
