"""What `pitfallcheck lint` writes into files where it is asked to: fixes, and ignore comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pitfallcheck.config import Scopes
from pitfallcheck.finding import Finding, Skipped
from pitfallcheck.lint.cells import CellChangedError, changed_cells, opened
from pitfallcheck.lint.discover import MARKDOWN, NOTEBOOK
from pitfallcheck.lint.mend import mend, write
from pitfallcheck.lint.notebook import Notebook
from pitfallcheck.lint.parse import UnreadableError, decode, encoding_of, read
from pitfallcheck.sift import Sieve


class Written(NamedTuple):
    """What became of findings: the `number` of those that are settled, what is left to report, and a patch."""

    number: int
    findings: list[Finding]
    skipped: list[Skipped]
    patch: str = ""


def is_fixable(finding: Finding, *, unsafe: bool) -> bool:
    """Whether a fix of this finding may be written."""
    return finding.fix is not None and (finding.fix.safe or unsafe)


def fixed(findings: Sequence[Finding], scopes: Scopes, sieve: Sieve, *, unsafe: bool, dry: bool) -> Written:
    """Mend the files that have something to mend; with `dry`, only tell how."""
    files = sorted({finding.location.path for finding in findings if is_fixable(finding, unsafe=unsafe)})
    left = [finding for finding in findings if finding.location.path not in files]
    skipped: list[Skipped] = []
    patches: list[str] = []
    count = 0
    for path in files:
        data = read(path)
        mended = mend(path, data, scopes.of(path), keep=sieve.keep, unsafe=unsafe)
        if dry:
            patches.append(_patch(path, data, mended.data))
        elif mended.data != data and (why := _written(path, mended.data)):
            skipped.append(Skipped(f"{path} for mending", why))
            left.extend(finding for finding in findings if finding.location.path == path)
            continue
        elif path.endswith(NOTEBOOK):
            opened(path)  # a report on what is left shows the lines as they are now
        count += mended.count
        left.extend(mended.left.findings)
        skipped.extend(mended.left.skipped)
    return Written(count, sorted(left, key=Finding.sort_key), skipped, "".join(patches))


def ignored(findings: Iterable[Finding]) -> Written:
    """Write an ignore comment for each finding; what cannot be written is left to report."""
    from pitfallcheck.suppress import UNUSED_IGNORE

    of_file: dict[str, list[Finding]] = {}
    left: list[Finding] = []
    skipped: list[Skipped] = []
    for finding in findings:
        if finding.code == UNUSED_IGNORE or finding.location.path.endswith(MARKDOWN):
            left.append(finding)
        else:
            of_file.setdefault(finding.location.path, []).append(finding)
    count = 0
    for path, here in of_file.items():
        try:
            why = _written(path, _with_ignores(path, here))
        except (UnreadableError, CellChangedError) as error:
            why = str(error)
        if why:
            skipped.append(Skipped(f"{path} for its ignore comments", why))
            left.extend(here)
        else:
            count += len(here)
    return Written(count, sorted(left, key=Finding.sort_key), skipped)


def _with_ignores(path: str, findings: Sequence[Finding]) -> bytes:
    """The content of a file with an ignore comment for each finding in it."""
    from pitfallcheck.add_ignores import with_ignores

    data = read(path)
    if path.endswith(NOTEBOOK):
        return changed_cells(Notebook(data), findings, with_ignores)
    return with_ignores(decode(data), findings).encode(encoding_of(data))


def _written(path: str, data: bytes) -> str:
    """Write a file; the reason, as a clause, where that cannot be done."""
    try:
        write(path, data)
    except OSError as error:
        return f"{(error.strerror or str(error)).lower()}; the file is as it was"
    return ""


def _patch(path: str, before: bytes, after: bytes) -> str:
    """A unified diff; lines are split at `\\n` only, so that a carriage return stays in its line."""
    import difflib

    old, new = (re.findall(r"[^\n]*\n|[^\n]+", decode(data)) for data in (before, after))
    lines = difflib.unified_diff(old, new, path, path)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
