"""Tells which pitfalls the configuration does not want to hear of in a file: `per-file-ignores`."""

from __future__ import annotations

import os
from functools import lru_cache

from pitfallcheck.config import Settings
from pitfallcheck.lint.ignored import Ignored


def unwanted(path: str, settings: Settings) -> frozenset[str]:
    """The codes that are not wanted in the file `path`; patterns are those of .gitignore."""
    if not settings.per_file_ignores:
        return frozenset()
    whole = os.path.abspath(path)
    hidden = (codes for rules, codes in _rules(settings) if rules.hides(whole, is_folder=False))
    return frozenset().union(*hidden)


def excluded(path: str, settings: Settings) -> bool:
    """Whether the settings leave a file out: those of a configuration that stands below the folder that was named."""
    return bool(settings.exclude) and _excluded(settings).hides(os.path.abspath(path), is_folder=False)


@lru_cache(maxsize=64)
def _rules(settings: Settings) -> tuple[tuple[Ignored, frozenset[str]], ...]:
    return tuple((Ignored.patterns((pattern,), settings.root), codes) for pattern, codes in settings.per_file_ignores)


@lru_cache(maxsize=64)
def _excluded(settings: Settings) -> Ignored:
    return Ignored.patterns(settings.exclude, settings.root)
