"""Reads .gitignore files as git does, so that what a user keeps out of the repository is kept out of a report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Ignored:
    """The .gitignore files that have a say in one folder, the outermost first."""

    def __init__(self, specs: tuple[tuple[str, GitIgnoreSpec], ...] = ()) -> None:
        self._specs = specs

    @classmethod
    def above(cls, folder: str) -> Ignored:
        """The rules of the git repository around `folder` (an absolute path), without those of the folder itself.

        Empty outside a repository, and for a folder that is itself ignored: who names it wants it read.
        """
        parents = []
        parent = folder
        while not os.path.exists(os.path.join(parent, ".git")):
            parent, child = os.path.dirname(parent), parent
            if parent == child:
                return cls()
            parents.append(parent)
        rules = cls()
        for parent in reversed(parents):
            rules = rules.within(parent)
        return cls() if rules.hides(folder, is_folder=True) else rules

    @classmethod
    def patterns(cls, lines: tuple[str, ...], root: str) -> Ignored:
        """Rules that are given as the lines of a .gitignore in `root`."""
        return cls(((os.path.abspath(root), _spec(lines)),)) if lines else cls()

    def within(self, folder: str) -> Ignored:
        """These rules and those of `folder` (an absolute path)."""
        lines: list[str] = []
        for name in (os.path.join(".git", "info", "exclude"), ".gitignore"):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                try:
                    with open(path, encoding="utf-8", errors="surrogateescape") as file:
                        lines.extend(file)
                except OSError:
                    continue  # git, too, goes on without a .gitignore that it may not read
        return Ignored((*self._specs, (folder, _spec(lines)))) if lines else self

    def hides(self, path: str, *, is_folder: bool) -> bool:
        """Whether the rules leave `path` (absolute) out; the innermost rule that speaks of it decides."""
        for folder, spec in reversed(self._specs):
            if not path.startswith(folder.rstrip(os.sep) + os.sep):
                continue
            relative = os.path.relpath(path, folder).replace(os.sep, "/")
            verdict = spec.check_file(f"{relative}/" if is_folder else relative).include
            if verdict is not None:
                return verdict
        return False


def _spec(lines: list[str] | tuple[str, ...]) -> GitIgnoreSpec:
    """Patterns compiled one by one: git passes over a line it cannot read, and so do we."""
    from pathspec import GitIgnoreSpec

    good = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        good.append(line)
    return GitIgnoreSpec.from_lines(good)
