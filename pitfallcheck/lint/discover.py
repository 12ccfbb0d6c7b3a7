"""Finds the Python files that paths stand for, leaving out what no user means by "my code"."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from pitfallcheck.lint.ignored import Ignored

if TYPE_CHECKING:
    from pitfallcheck.finding import Skipped

SUFFIXES = (".py", ".pyw")
NOTEBOOK = ".ipynb"
MARKDOWN = (".md", ".markdown", ".mdx", ".qmd", ".rmd")
"""Files that are read only if they are named: most of what they show is no program."""

LEFT_OUT = frozenset({"__pycache__", "__pypackages__", "node_modules", "site-packages"})
"""Folders that hold other people's or generated code; hidden folders and virtual environments are known otherwise."""


class Found(NamedTuple):
    """A file to read; `named` says that the user named it, rather than a folder above it.

    `status` is what the file system says of it; None where it says nothing, and reading the file will say why.
    """

    path: str
    named: bool
    status: os.stat_result | None = None


def discover(
    paths: Iterable[str], *, exclude: tuple[str, ...] = (), root: str = ""
) -> tuple[list[Found], list[Skipped]]:
    """The files to read, each once, and what cannot be one.

    A file that is named is taken whatever it is called. Below a folder, git-ignored files, hidden files and folders,
    virtual environments, caches, and what `exclude` (patterns as in .gitignore, relative to `root`) matches are left
    out; folders behind symbolic links are not entered.
    """
    excluded = Ignored.patterns(exclude, root or os.getcwd())
    found: list[Found] = []
    skipped: list[Skipped] = []
    seen: set[tuple[int, int]] = set()
    for path in paths:
        folder = os.path.isdir(path)
        entries = _below(os.path.normpath(path), excluded) if folder else iter((Found(_tidy(path), True),))
        for entry in entries:
            if not isinstance(entry, Found):
                skipped.append(entry)
                continue
            try:
                status = os.stat(entry.path)
            except (OSError, ValueError):
                found.append(entry)
                continue
            identity = (status.st_dev, status.st_ino)
            if identity not in seen:
                seen.add(identity)
                found.append(entry._replace(status=status))
    return found, skipped


def _tidy(path: str) -> str:
    """The path without a leading `./`, as people write it."""
    return os.path.normpath(path) if path else path


def _below(top: str, excluded: Ignored) -> Iterator[Found | Skipped]:
    """The Python files below `top`, each folder's files before its sub-folders, both by name."""
    absolute_top = os.path.abspath(top)
    pending = [(top, absolute_top, Ignored.above(absolute_top))]
    while pending:
        folder, absolute, outer = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            from pitfallcheck.finding import Skipped

            why = (error.strerror or str(error)).lower()
            yield Skipped(folder, f"{why}; change its permissions or leave it out with `exclude`")
            continue
        rules = outer.within(absolute)
        folders = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = entry.name if folder == os.curdir else os.path.join(folder, entry.name)
            whole = os.path.join(absolute, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if not _is_left_out(path, entry.name) and not _hidden(whole, rules, excluded, is_folder=True):
                    folders.append((path, whole, rules))
            elif (
                entry.name.endswith((*SUFFIXES, NOTEBOOK))
                and not _is_folder(entry)
                and not _hidden(whole, rules, excluded, is_folder=False)
            ):
                yield Found(path, False)
        pending.extend(reversed(folders))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads in a circle; reading it will say so


def _is_left_out(path: str, name: str) -> bool:
    return (
        name in LEFT_OUT
        or name.endswith(".egg-info")
        or os.path.exists(os.path.join(path, "pyvenv.cfg"))
        or os.path.exists(os.path.join(path, "conda-meta"))
    )


def _hidden(path: str, rules: Ignored, excluded: Ignored, *, is_folder: bool) -> bool:
    return rules.hides(path, is_folder=is_folder) or excluded.hides(path, is_folder=is_folder)
