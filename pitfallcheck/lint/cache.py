"""Remembers what was found in a file, for as long as its content, the settings and pitfallcheck stay the same."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from pitfallcheck.config import Settings
from pitfallcheck.lint import record

FOLDER = ".pitfallcheck_cache"
"""What the folder is called where nobody says otherwise; it stands beside the configuration."""

_SUFFIX = ".cache"

_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of pitfallcheck; it may be removed.\n"
"""What marks a folder as a cache, so that backups leave it out: https://bford.info/cachedir/"""

_SETTLED = 2 * 10**9
"""Nanoseconds after its last change from which a file's time tells it from a version written in the same moment."""

_KEPT = 30 * 24 * 3600
"""Seconds after which a cache that nobody used, of other settings or another version, is removed."""

_NOT_ASKED = frozenset({"root", "file", "paths", "exclude", "per_file_ignores", "baseline"})
"""Settings that decide which files are read and what becomes of their findings, and not what is found in a file."""


class Entry(NamedTuple):
    """What is known of a file: the `stamp` of its status, the digest of its content and what was found, written down.

    `named` says that the file was read as one that the user named, which asks for more.
    """

    stamp: str
    digest: str
    named: bool
    found: str


class Cache:
    """The results of one folder of caches under one fingerprint. What cannot be read or written is no cache."""

    def __init__(self, folder: str, fingerprint: str) -> None:
        self._folder = folder
        self._root = os.path.join(os.path.dirname(folder), "")
        self._file = os.path.join(folder, f"{_digest(fingerprint.encode('utf-8', 'replace'))}{_SUFFIX}")
        self._entries = dict(self._read())
        self._new: dict[str, Entry] = {}
        self._seen: set[str] = set()

    def of_status(self, path: str, status: os.stat_result, *, named: bool) -> record.Found | None:
        """What is known of the file if it was not touched since; None where it must be read."""
        key = self._key(path)
        self._seen.add(key)
        entry = self._entries.get(key)
        if entry is None or not entry.stamp or entry.stamp != _stamp(status):
            return None
        return _found(entry, path, named=named)

    def of_content(self, path: str, digest: str, *, named: bool) -> record.Found | None:
        """What is known of the file if its content is as it was."""
        entry = self._entries.get(self._key(path))
        return _found(entry, path, named=named) if entry is not None and entry.digest == digest else None

    def put(self, path: str, status: os.stat_result, digest: str, found: record.Found, *, named: bool) -> None:
        """Remember what was found in a file of this digest; its `status` was taken before it was read."""
        if not any(sign in path for sign in "\t\n\r"):
            self._new[self._key(path)] = Entry(_stamp(status), digest, named, record.written(found, path))

    def save(self) -> None:
        """Write what is new, in one step; entries of files that are gone are left out."""
        if not self._new:
            return
        kept = {
            key: entry
            for key, entry in self._entries.items()
            if key in self._seen or os.path.exists(os.path.join(self._root, key))
        }
        lines = [f"{key}\t{e.stamp}\t{e.digest}\t{int(e.named)}\t{e.found}\n" for key, e in (kept | self._new).items()]
        body = "".join(sorted(lines)).encode("utf-8", "surrogateescape")
        temporary = f"{self._file}.{os.getpid()}"
        try:
            _made(self._folder)
            with open(temporary, "wb") as file:
                file.write(f"{_digest(body)}\n".encode() + body)
            os.replace(temporary, self._file)
            _without_old(self._folder)
        except OSError:
            return

    def _key(self, path: str) -> str:
        """The path from the root on, so that a cache can be carried along with a checkout."""
        whole = os.path.abspath(path)
        return whole.removeprefix(self._root)

    def _read(self) -> Iterator[tuple[str, Entry]]:
        """The entries that were saved; none where anything about the file is not as it was written."""
        try:
            with open(self._file, "rb") as file:
                digest, _, body = file.read().partition(b"\n")
        except OSError:
            return
        if digest.decode("ascii", "replace") != _digest(body):
            return
        for line in body.decode("utf-8", "surrogateescape").split("\n"):
            fields = line.split("\t", 4)
            if len(fields) == 5:
                key, stamp, content, named, found = fields
                yield key, Entry(stamp, content, named == "1", found)


def digest_of(data: bytes) -> str:
    """What tells one content of a file from another."""
    return _digest(data)


def _digest(data: bytes) -> str:
    from _blake2 import blake2b  # of `hashlib`, without loading the rest of it

    return blake2b(data, digest_size=16).hexdigest()


def _found(entry: Entry, path: str, *, named: bool) -> record.Found | None:
    if named and not entry.named:
        return None
    try:
        return record.read(entry.found, path)
    except record.NotARecordError:
        return None


def _stamp(status: os.stat_result) -> str:
    """What changes with a file's content; nothing in particular where the last change is too fresh to tell."""
    last = max(status.st_mtime_ns, status.st_ctime_ns)
    if abs(time.time_ns() - last) < _SETTLED:
        return ""
    return f"{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_size}.{status.st_ino}"


def fingerprint(settings: Settings) -> str:
    """Everything but the file on which a result depends: pitfallcheck itself, Python, and what is looked for."""
    from pitfallcheck import __version__

    asked = {name: value for name, value in settings._asdict().items() if name not in _NOT_ASKED}
    told = [(name, sorted(value) if isinstance(value, frozenset) else value) for name, value in asked.items()]
    return repr((__version__, sys.version, told, _own()))


@cache
def _own() -> list[tuple[str, int, int]]:
    return sorted(_own_files(os.path.dirname(os.path.dirname(__file__))))


def _own_files(folder: str) -> Iterator[tuple[str, int, int]]:
    """Our own modules with their sizes and times: whoever changes a rule wants to see it at work."""
    for entry in os.scandir(folder):
        if entry.name.endswith(".py"):
            status = entry.stat()
            yield entry.path, status.st_size, status.st_mtime_ns
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _own_files(entry.path)


def _made(folder: str) -> None:
    """Make the folder, if need be, as one that git and backups pass over."""
    if os.path.isdir(folder):
        return
    os.makedirs(folder, exist_ok=True)
    for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "# made by pitfallcheck\n*\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


def _without_old(folder: str) -> None:
    """Remove the caches that were not written for long, of other settings and versions."""
    for entry in list(os.scandir(folder)):
        if _SUFFIX in entry.name and time.time() - entry.stat().st_mtime > _KEPT:
            os.unlink(entry.path)
