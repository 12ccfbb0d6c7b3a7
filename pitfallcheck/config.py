"""The user's wishes: the nearest configuration and the command line, in one frozen Settings for each file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pitfallcheck import catalog
from pitfallcheck.config_file import KEYS, ConfigError, ConfigFile, nearest, within

__all__ = ["KEYS", "Choice", "ConfigError", "Scopes", "Settings", "load"]


class Settings(NamedTuple):
    """What to look for and where.

    `codes` are the pitfalls to judge, `exclude` patterns as in .gitignore and `paths` what to lint where nothing is
    named, both relative to `root`, the folder of the configuration they came from (or the working directory), and so
    are the patterns of `per_file_ignores`, each with the codes that are not wanted there. `baseline` is the path of the
    baseline and `file` that of the configuration; both are empty where there is none. With `docstrings`, the examples
    in docstrings are judged, too.
    """

    codes: frozenset[str]
    exclude: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    root: str = ""
    per_file_ignores: tuple[tuple[str, frozenset[str]], ...] = ()
    baseline: str = ""
    file: str = ""
    docstrings: bool = False


class Choice(NamedTuple):
    """What the command line says: a `select` replaces what a configuration selects and ignores, the others add."""

    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    exclude: Sequence[str] = ()
    docstrings: bool = False


def load(
    near: Iterable[str] = (),
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    exclude: Sequence[str] = (),
    docstrings: bool = False,
) -> Settings:
    """The settings for the files and folders `near` (the working directory if none): of their nearest configuration.

    All other arguments are the command line's, as in `Choice`. Raises ConfigError.
    """
    return _settings(nearest(_start(near)), Choice(select, ignore, exclude, docstrings))


class Scopes:
    """The settings of every file of one call: those of the configuration nearest to it, which `top` need not be."""

    def __init__(self, top: Settings, choice: Choice) -> None:
        self.top = top
        self._choice = choice
        self._of_folder = {top.root: top} if top.file else {}
        self._as_written: dict[str, Settings] = {}

    def of(self, path: str) -> Settings:
        """The settings for a file; raises ConfigError."""
        folder = os.path.dirname(path)
        if folder not in self._as_written:
            self._as_written[folder] = self._of(os.path.abspath(folder))
        return self._as_written[folder]

    def used(self) -> frozenset[Settings]:
        """All settings that some file was given."""
        return frozenset(self._as_written.values())

    def _of(self, folder: str) -> Settings:
        if folder not in self._of_folder:
            parent = os.path.dirname(folder)
            file = within(folder)
            if file is not None:
                found = _settings(file, self._choice)
            elif parent != folder:
                found = self._of(parent)
            else:
                found = _settings(None, self._choice)
            self._of_folder[folder] = found
        return self._of_folder[folder]


def _settings(file: ConfigFile | None, choice: Choice) -> Settings:
    table = file.table if file is not None else {}
    shown = file.shown if file is not None else ""
    everything = frozenset(catalog.known())
    chosen = _codes(table["select"], f"{shown}: select: ") if table.get("select") else everything
    chosen -= _codes(table.get("ignore", ()), f"{shown}: ignore: ")
    if choice.select:
        chosen = _codes(choice.select, "--select: ")
    chosen -= _codes(choice.ignore, "--ignore: ")
    return Settings(
        codes=chosen,
        exclude=(*table.get("exclude", ()), *choice.exclude),
        paths=tuple(table.get("paths", ())),
        root=os.path.dirname(file.path) if file is not None else os.getcwd(),
        per_file_ignores=tuple(
            (pattern, _codes(codes, f'{shown}: per-file-ignores: "{pattern}": '))
            for pattern, codes in table.get("per-file-ignores", {}).items()
        ),
        baseline=table.get("baseline", ""),
        file=file.path if file is not None else "",
        docstrings=choice.docstrings,
    )


def _codes(patterns: Sequence[str], where: str) -> frozenset[str]:
    try:
        return catalog.matching(patterns)
    except catalog.UnknownPitfallError as error:
        raise ConfigError(f"{where}{error}") from None


def _start(near: Iterable[str]) -> str:
    """The folder from which to look for a configuration: the one that all of `near` have in common."""
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in map(os.path.abspath, near)]
    try:
        return os.path.commonpath(folders)
    except ValueError:  # none given, or on different drives
        return os.getcwd()
