"""The baseline: findings that were there when it was written, and are held back until somebody mends them.

An entry knows a finding by its file, its code and the text of its line, so it survives moved lines and edits elsewhere.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding
    from pitfallcheck.identity import LineOf

ABOUT = (
    "Findings that `pitfallcheck lint --baseline` holds back, as often as `count` says; `--write-baseline` wrote them."
)
VERSION = 1


class BaselineError(Exception):
    """A baseline that cannot be read or written; the message is a line for the user."""


class Entry(NamedTuple):
    """What is held back: findings of `code` on lines that read `line`, in the file `path` as seen from the baseline."""

    path: str
    code: str
    line: str


class Sifted(NamedTuple):
    """What a baseline lets through, how many findings it held back, and its entries that no longer occur."""

    kept: list[Finding]
    held: int
    gone: list[Entry]


class Baseline:
    """The baseline in the file `path`."""

    def __init__(self, path: str, entries: Counter[Entry]) -> None:
        self.path = path
        self._folder = os.path.dirname(os.path.abspath(path))
        self._entries = entries

    @classmethod
    def read(cls, path: str) -> Baseline:
        """Raises BaselineError where there is none, or something else."""
        import json

        try:
            with open(path, encoding="utf-8") as file:
                written = json.load(file)
            if written["version"] != VERSION:
                raise BaselineError(f"the baseline {path} is of version {written['version']}; write it again")
            entries: Counter[Entry] = Counter()
            for item in written["findings"]:
                entries[Entry(str(item["path"]), str(item["code"]), str(item["line"]))] += int(item.get("count", 1))
        except FileNotFoundError:
            raise BaselineError(f"there is no baseline {path}; write it with `--write-baseline {path}`") from None
        except OSError as error:
            raise BaselineError(f"cannot read the baseline {path}: {(error.strerror or str(error)).lower()}") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BaselineError(f"{path} is no baseline; write one with `--write-baseline {path}`") from None
        return cls(path, entries)

    @classmethod
    def of(cls, findings: Iterable[Finding], path: str) -> Baseline:
        """The baseline that holds all of `findings` back, to be written to `path`."""
        from pitfallcheck.identity import identities

        folder = os.path.dirname(os.path.abspath(path))
        return cls(path, Counter(Entry(one.path, one.code, one.text) for _, one in identities(findings, folder)))

    def write(self) -> None:
        """Write it to its file, an entry a line and in order, so that a change reads well. Raises BaselineError."""
        import json

        items = [entry._asdict() | {"count": count} for entry, count in sorted(self._entries.items())]
        lines = ",\n".join(f"    {json.dumps(item, ensure_ascii=False)}" for item in items)
        listed = f"[\n{lines}\n  ]" if items else "[]"
        text = f'{{\n  "about": {json.dumps(ABOUT)},\n  "version": {VERSION},\n  "findings": {listed}\n}}\n'
        try:
            with open(self.path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(text)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise BaselineError(f"cannot write the baseline {self.path}: {why}") from None

    def sift(
        self,
        findings: Iterable[Finding],
        *,
        files: Iterable[str] = (),
        codes: Collection[str] = (),
        line_of: LineOf | None = None,
    ) -> Sifted:
        """Hold back what was there; of more findings on equal lines than there were, the last ones are kept.

        An entry can only be missed if its file is among the `files` that were read, or is gone, and its code among
        `codes`. `line_of` is as for `identities`.
        """
        from pitfallcheck.identity import identities

        left = Counter(self._entries)
        kept: list[Finding] = []
        held = 0
        for finding, one in identities(findings, self._folder, line_of):
            entry = Entry(one.path, one.code, one.text)
            if left[entry] > 0:
                left[entry] -= 1
                held += 1
            else:
                kept.append(finding)
        read = {os.path.realpath(file) for file in files}
        gone = [entry for entry in sorted(left) if left[entry] > 0 and entry.code in codes and self._seen(entry, read)]
        return Sifted(kept, held, gone)

    def _seen(self, entry: Entry, read: Collection[str]) -> bool:
        path = os.path.join(self._folder, *entry.path.split("/"))
        return os.path.realpath(path) in read or not os.path.exists(path)
