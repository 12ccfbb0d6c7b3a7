"""Mends a file in rounds, until nothing is left to mend, and puts the result in the file's place in one step."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pitfallcheck.config import Settings
from pitfallcheck.finding import Finding, Fix, Skipped
from pitfallcheck.lint.discover import NOTEBOOK
from pitfallcheck.lint.engine import LintResult, lint_program
from pitfallcheck.lint.parse import decode, encoding_of

_ROUNDS = 10
"""Fixes that overlap wait for the next round; more rounds than this would be two rules that undo each other."""

Keep = Callable[[Sequence[Finding], str], Sequence[Finding]]
"""Of the findings in a text, those that nobody silenced."""


@dataclass(frozen=True, slots=True)
class Mended:
    """The new content of a file, how many findings were mended, and what is left to report."""

    data: bytes
    count: int
    left: LintResult


def mend(path: str, data: bytes, settings: Settings, *, keep: Keep, unsafe: bool = False) -> Mended:
    """Apply the fixes for what is found in `data`, the content of `path`; nothing is written.

    Only safe fixes unless `unsafe`; only for findings that `keep` keeps, and `left` holds only those.
    """
    if path.endswith(NOTEBOOK):
        return _mend_notebook(path, data, settings, keep=keep, unsafe=unsafe)
    count = 0
    skipped: tuple[Skipped, ...] = ()
    for past in range(_ROUNDS + 1):
        result = lint_program(path, data, settings)
        kept = keep(result.findings, decode(data)) if result.findings else ()
        fixes = _fixes(kept, unsafe=unsafe)
        if not fixes or past == _ROUNDS:
            break
        try:
            data, done = _round(data, fixes)
        except _NotMendedError as error:
            skipped = (_not_mended(path, error),)
            break
        count += done
    return Mended(data, count, LintResult(tuple(kept), (*result.skipped, *skipped), result.files))


def _mend_notebook(path: str, data: bytes, settings: Settings, *, keep: Keep, unsafe: bool) -> Mended:
    """The same for a notebook, as the program that its cells are."""
    from pitfallcheck.lint.cells import CellChangedError, in_cells, mended
    from pitfallcheck.lint.fix import FixError, compatible
    from pitfallcheck.lint.notebook import Notebook

    count = 0
    skipped: tuple[Skipped, ...] = ()
    for past in range(_ROUNDS + 1):
        notebook = Notebook(data)
        result = lint_program(path, notebook.program.encode("utf-8"), settings)
        kept = keep(result.findings, notebook.program)
        fixes = compatible(_fixes(kept, unsafe=unsafe))
        if not fixes or past == _ROUNDS:
            break
        try:
            changed = mended(notebook, fixes)
        except (FixError, CellChangedError) as error:
            skipped = (_not_mended(path, error),)
            break
        if changed == data:
            skipped = (_not_mended(path, _NotMendedError("the fix changes nothing")),)
            break
        data, count = changed, count + len(fixes)
    return Mended(data, count, LintResult(tuple(in_cells(kept, notebook)), (*result.skipped, *skipped), result.files))


def _fixes(findings: Sequence[Finding], *, unsafe: bool) -> list[Fix]:
    return [one.fix for one in findings if one.fix is not None and (one.fix.safe or unsafe)]


def _not_mended(path: str, error: Exception) -> Skipped:
    return Skipped(f"{path} for mending", f"{error}; mend it by hand")


class _NotMendedError(Exception):
    """The reason, as a clause, for which a file stays as it is."""


def _round(data: bytes, fixes: Sequence[Fix]) -> tuple[bytes, int]:
    """The content after as many of the fixes as go together, and their number."""
    from pitfallcheck.lint.fix import FixError, apply, compatible

    encoding, text = encoding_of(data), decode(data)
    chosen = compatible(fixes)
    try:
        if text.encode(encoding) != data:
            raise _NotMendedError(f"its {encoding} would not be written as it was read")
        mended = apply(text, chosen).encode(encoding)
    except FixError as error:
        raise _NotMendedError(str(error)) from None
    except UnicodeEncodeError:
        raise _NotMendedError(f"the fix cannot be written in {encoding}") from None
    if mended == data:
        raise _NotMendedError("the fix changes nothing")
    return mended, len(chosen)


def write(path: str, data: bytes) -> None:
    """Replace the content of a file in one step; its permissions stay, and a symbolic link stays one.

    Raises OSError, and then the file is as it was.
    """
    target = os.path.realpath(path)
    status = os.stat(target)
    if not os.access(target, os.W_OK):
        raise PermissionError(13, "read-only file", path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(data)
        if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, stat.S_IMODE(status.st_mode))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
