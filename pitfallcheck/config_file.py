"""Finds and reads the configuration: `pitfallcheck.toml`, or [tool.pitfallcheck] of `pyproject.toml`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

OWN, SHARED = "pitfallcheck.toml", "pyproject.toml"
"""The names of the files that may hold a configuration; in one folder the first one wins."""

LISTS = ("select", "ignore", "exclude", "paths")
"""Keys that hold a list of strings."""

KEYS = (*LISTS, "per-file-ignores", "baseline", "extend")
"""Everything that a configuration may hold."""

Table = dict[str, Any]


class ConfigError(Exception):
    """A setting that cannot be followed; the message names where it stands and what would be right."""


class ConfigFile(NamedTuple):
    """What one file says, with what it extends: `table` holds only keys that were given, `baseline` as a whole path."""

    path: str
    table: Table

    @property
    def shown(self) -> str:
        """The path as a user in the working directory would write it."""
        return shown(self.path)


def nearest(folder: str) -> ConfigFile | None:
    """The configuration of `folder` (a whole path) or of the closest folder above it that has one."""
    while True:
        found = within(folder)
        parent = os.path.dirname(folder)
        if found is not None or parent == folder:
            return found
        folder = parent


def within(folder: str) -> ConfigFile | None:
    """The configuration in `folder` itself; a pyproject.toml that does not speak of us is none. Raises ConfigError."""
    for name in (OWN, SHARED):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and (table := _read(path)) is not None:
            return ConfigFile(path, _extended(path, _checked(path, table), ()))
    return None


def _extended(path: str, table: Table, below: Sequence[str]) -> Table:
    """`table` of the file `path` on top of what it extends, key by key; `below` are the files that led here."""
    folder = os.path.dirname(path)
    if "baseline" in table:
        table = {**table, "baseline": os.path.normpath(os.path.join(folder, table["baseline"]))}
    if "extend" not in table:
        return table
    target = os.path.normpath(os.path.join(folder, os.path.expanduser(table["extend"])))
    if target in {path, *below}:
        circle = " -> ".join(shown(one) for one in (*below, path, target))
        raise ConfigError(f"{shown(path)}: extend: goes round in a circle: {circle}")
    if os.path.isdir(target) or os.path.splitext(target)[1] != ".toml":
        raise ConfigError(f"{shown(path)}: extend: `{table['extend']}` is no file that ends in .toml; name one")
    read = _read(target)
    if read is None:
        raise ConfigError(f"{shown(path)}: extend: {shown(target)} has no [tool.pitfallcheck]")
    return {**_extended(target, _checked(target, read), (*below, path)), **table}


def _read(path: str) -> Any:
    """The table of a file, or None where it has none. A shared file is parsed only where it speaks of us."""
    own = os.path.basename(path) != SHARED
    try:
        with open(path, "rb") as file:
            data = file.read()
        if not own and b"pitfallcheck" not in data:
            return None
        import tomllib

        table = tomllib.loads(data.decode("utf-8"))
        return table if own else table.get("tool", {}).get("pitfallcheck")
    except OSError as error:
        raise ConfigError(f"{shown(path)}: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:  # of the decoder, or of TOML
        raise ConfigError(f"{shown(path)}: not valid TOML: {error}") from None
    except AttributeError:
        raise ConfigError(f"{shown(path)}: `tool` must be a table") from None


def _checked(path: str, table: Any) -> Table:
    """`table` as it is, or ConfigError with what is wrong with it."""
    where = shown(path)
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: [tool.pitfallcheck] must be a table")
    for key, value in table.items():
        if key not in KEYS:
            lacks = "[tool.pitfallcheck] has" if os.path.basename(path) == SHARED else "there is"
            raise ConfigError(f"{where}: {lacks} no key `{key}`: {_closest(key)}")
        if key in LISTS and not _is_list(value):
            raise ConfigError(f"{where}: `{key}` must be a list of strings, such as {key} = [{_EXAMPLES[key]}]")
        if key in {"baseline", "extend"} and not (isinstance(value, str) and value):
            raise ConfigError(f"{where}: `{key}` must be a path, such as {key} = {_EXAMPLES[key]}")
        if key == "per-file-ignores" and not (isinstance(value, dict) and all(map(_is_list, value.values()))):
            raise ConfigError(f"{where}: `{key}` must be a table of lists, such as {key} = {{{_EXAMPLES[key]}}}")
    return table


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_EXAMPLES = {
    "select": '"PF1"',
    "ignore": '"reused-buffer"',
    "exclude": '"generated/"',
    "paths": '"src"',
    "per-file-ignores": '"examples/" = ["PF404"]',
    "baseline": '"pitfallcheck-baseline.json"',
    "extend": '"../pitfallcheck.toml"',
}


def _closest(key: str) -> str:
    import difflib

    close = difflib.get_close_matches(key.replace("_", "-"), KEYS, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else f"it knows {', '.join(f'`{known}`' for known in KEYS)}"


def shown(path: str) -> str:
    """The path as a user in the working directory would write it."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative
