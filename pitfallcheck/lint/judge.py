"""Asks the static halves about one source; a half that fails is reported and does not silence the others."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable

from pitfallcheck import catalog
from pitfallcheck.finding import Finding, Skipped
from pitfallcheck.lint.parse import without_collection
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.testing import is_test, of_tests
from pitfallcheck.pitfall import Pitfall


def judge(source: Source, pitfalls: Iterable[Pitfall]) -> tuple[list[Finding], list[Skipped]]:
    """What the static halves of `pitfalls` find in `source`, and the halves that could not look at it.

    In a file of tests, nothing is graver than a note.
    """
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for pitfall in pitfalls:
        what = f"{source.path} for {pitfall.code}"
        try:
            with without_collection():
                findings.extend(catalog.static_half(pitfall)(source))
        except RecursionError:
            skipped.append(Skipped(what, "nested too deeply; split the expression"))
        except MemoryError:
            skipped.append(Skipped(what, "takes more memory than there is; split the file"))
        except Exception as error:
            skipped.append(Skipped(what, _our_failure(error)))
    return of_tests(findings) if findings and is_test(source) else findings, skipped


def _our_failure(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(os.path.dirname(where.filename))}/{os.path.basename(where.filename)}:{where.lineno}"
    return f"the rule itself failed with {type(error).__name__}: {error} ({place}); please report it"
