"""The user's wishes: [tool.pitfallcheck] of the nearest pyproject.toml and the command line, in one frozen Settings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pitfallcheck import catalog

KEYS = ("select", "ignore", "exclude", "paths")
"""What [tool.pitfallcheck] may hold, each a list of strings."""


class ConfigError(Exception):
    """A setting that cannot be followed; the message names where it stands and what would be right."""


class Settings(NamedTuple):
    """What to look for and where.

    `codes` are the pitfalls to judge, `exclude` patterns as in .gitignore and `paths` what to lint where nothing is
    named, both relative to `root`, the folder of the pyproject.toml they came from (or the working directory).
    """

    codes: frozenset[str]
    exclude: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    root: str = ""


def load(
    near: Iterable[str] = (),
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Settings:
    """The settings for the files and folders `near` (the working directory if none).

    `select`, `ignore` and `exclude` are the command line's: a `select` replaces what the file selects and ignores,
    the others add to it. Raises ConfigError.
    """
    file, table = _table(_start(near))
    shown = _shown(file) if file else ""
    chosen = _codes(table["select"], f"{shown}: select: ") if table["select"] else frozenset(catalog.pitfalls())
    chosen -= _codes(table["ignore"], f"{shown}: ignore: ")
    if select:
        chosen = _codes(select, "--select: ")
    chosen -= _codes(ignore, "--ignore: ")
    return Settings(
        codes=chosen,
        exclude=(*table["exclude"], *exclude),
        paths=tuple(table["paths"]),
        root=os.path.dirname(file) if file else os.getcwd(),
    )


def _codes(patterns: Sequence[str], where: str) -> frozenset[str]:
    try:
        return catalog.matching(patterns)
    except catalog.UnknownPitfallError as error:
        raise ConfigError(f"{where}{error}") from None


def _start(near: Iterable[str]) -> str:
    """The folder from which to look for a pyproject.toml: the one that all of `near` have in common."""
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in map(os.path.abspath, near)]
    try:
        return os.path.commonpath(folders)
    except ValueError:  # none given, or on different drives
        return os.getcwd()


def _table(folder: str) -> tuple[str, dict[str, list[str]]]:
    """The path of the nearest pyproject.toml with a [tool.pitfallcheck], and what it says; or "" and nothing."""
    while True:
        path = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(path) and (table := _read(path)) is not None:
            return path, _checked(_shown(path), table)
        parent = os.path.dirname(folder)
        if parent == folder:
            return "", {key: [] for key in KEYS}
        folder = parent


def _read(path: str) -> Any:
    """The [tool.pitfallcheck] of a file, or None. The file is parsed only where it speaks of us."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        if b"pitfallcheck" not in data:
            return None
        import tomllib

        return tomllib.loads(data.decode("utf-8")).get("tool", {}).get("pitfallcheck")
    except OSError as error:
        raise ConfigError(f"{_shown(path)}: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:  # of the decoder, or of TOML
        raise ConfigError(f"{_shown(path)}: not valid TOML: {error}") from None
    except AttributeError:
        raise ConfigError(f"{_shown(path)}: `tool` must be a table") from None


def _checked(path: str, table: Any) -> dict[str, list[str]]:
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [tool.pitfallcheck] must be a table")
    for key, value in table.items():
        if key not in KEYS:
            raise ConfigError(f"{path}: [tool.pitfallcheck] has no key `{key}`: {_closest(key)}")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError(f"{path}: `{key}` must be a list of strings, such as {key} = [{_EXAMPLES[key]}]")
    return {key: table.get(key, []) for key in KEYS}


_EXAMPLES = {"select": '"PF1"', "ignore": '"reused-buffer"', "exclude": '"generated/"', "paths": '"src"'}


def _closest(key: str) -> str:
    import difflib

    close = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else f"it knows {', '.join(f'`{known}`' for known in KEYS)}"


def _shown(path: str) -> str:
    """The path as a user in the working directory would write it."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative
