"""Says of ignore comments that they hold nothing back, or name what does not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pitfallcheck import catalog
from pitfallcheck.finding import Finding, Location
from pitfallcheck.suppress import Comments, Ignore


def unused(path: str, comments: Comments, judged: Collection[str]) -> Iterator[Finding]:
    """A note for each ignore comment in `path` that held nothing back, once every finding was asked for.

    `judged` are the codes that were looked for: a comment that names another one may well be of use.
    """
    for ignore in comments.ignores:
        if ignore.noqa:
            continue
        reasons = [_reason(pattern, judged) for pattern in sorted(ignore.patterns - ignore.used)]
        if said := [reason for reason in reasons if reason]:
            place = Location(path, ignore.line, ignore.column, ignore.line, ignore.end_column)
            yield catalog.UNUSED_IGNORE.finding(
                "note", place, "; ".join(said), remedy=_remedy(ignore, len(said)), source="static"
            )


def _reason(pattern: str, judged: Collection[str]) -> str:
    """Why a comment needs not name `pattern`; empty where it may need to."""
    if not pattern:
        codes, what = frozenset(catalog.pitfalls()), "nothing"
    else:
        try:
            codes = catalog.matching([pattern])
        except catalog.UnknownPitfallError as error:
            return str(error)
        what = f"no {catalog.find(pattern).name}" if len(codes) == 1 else f"nothing of {pattern.upper()}"
    pitfalls = [catalog.pitfalls()[code] for code in codes if code in catalog.pitfalls()]
    seen = [pitfall for pitfall in pitfalls if pitfall.words is not None]
    if not seen or not {pitfall.code for pitfall in seen} <= frozenset(judged):
        return ""
    unless = ", unless it is for what `run` measures" if any(pitfall.runtime for pitfall in pitfalls) else ""
    return f"`lint` finds {what} here that this comment could hold back{unless}"


def _remedy(ignore: Ignore, count: int) -> str:
    if count == len(ignore.patterns):
        return "remove the comment"
    return "take it out of the list" if count == 1 else "take them out of the list"
