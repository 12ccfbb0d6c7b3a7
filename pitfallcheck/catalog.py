"""Finds the pitfalls: one folder of `pitfalls/` each, with nothing to register."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pitfallcheck.pitfall import Pitfall

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding

RETIRED: frozenset[str] = frozenset()
"""Codes that once meant something and are never given out again."""

UNUSED_IGNORE = Pitfall("PF001", "unused-ignore", "an ignore comment holds nothing back", words=None, runtime=False)
"""What is said of a user's own ignore comments: it has a code to be silenced by, and is no pitfall of training."""


class UnknownPitfallError(ValueError):
    """A code or name that is not in the catalogue."""


@cache
def pitfalls() -> dict[str, Pitfall]:
    """Every pitfall by its code, in the order of the codes."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pitfalls")
    found = []
    for entry in os.scandir(root):
        if entry.is_dir() and os.path.exists(os.path.join(entry.path, "__init__.py")):
            found.append(import_module(f"pitfallcheck.pitfalls.{entry.name}").PITFALL)
    return {pitfall.code: pitfall for pitfall in sorted(found, key=lambda pitfall: pitfall.code)}


def known() -> dict[str, Pitfall]:
    """Everything that a finding can be of, by its code: the pitfalls, and what is said of ignore comments."""
    return {UNUSED_IGNORE.code: UNUSED_IGNORE, **pitfalls()}


def explained_by() -> dict[str, tuple[str, ...]]:
    """For each code, the codes or beginnings of codes of the pitfalls that explain it."""
    return {code: pitfall.consequence_of for code, pitfall in pitfalls().items()}


def find(code_or_name: str) -> Pitfall:
    """The pitfall with this code or name; case does not matter, nor `-` or `_`.

    Raises UnknownPitfallError, with the closest right one, where there is none.
    """
    wanted = code_or_name.strip().lower().replace("_", "-")
    names = {}
    for pitfall in known().values():
        names[pitfall.code.lower()] = names[pitfall.name] = pitfall
    if wanted in names:
        return names[wanted]
    import difflib

    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    hint = f"did you mean {names[close[0]].code} {names[close[0]].name}?" if close else "`pitfallcheck list` shows all"
    raise UnknownPitfallError(f"there is no pitfall `{code_or_name}`: {hint}")


def matching(patterns: Iterable[str]) -> frozenset[str]:
    """The codes that `patterns` name: a code, a name, or the beginning of a code such as `PF1`.

    Raises UnknownPitfallError for a pattern that names none.
    """
    chosen: set[str] = set()
    for pattern in patterns:
        prefix = pattern.strip().upper()
        family = {code for code in known() if prefix.startswith("PF") and code.startswith(prefix)}
        chosen |= family or {find(pattern).code}
    return frozenset(chosen)


def static_half(pitfall: Pitfall) -> Callable[[Any], Iterator[Finding]]:
    """The function that judges a parsed source (`pitfallcheck.lint.source.Source`)."""
    return import_module(f"{pitfall.package}.static").judge  # type: ignore[no-any-return]


def runtime_half(pitfall: Pitfall) -> Callable[[Any], Iterator[Finding]]:
    """The function that judges the events of a run (`pitfallcheck.observe.events`)."""
    return import_module(f"{pitfall.package}.runtime").judge  # type: ignore[no-any-return]
