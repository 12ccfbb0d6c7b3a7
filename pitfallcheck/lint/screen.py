"""Tells by the bytes of a file which pitfalls may be in it; nearly every file ends here, unparsed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from pitfallcheck import catalog
from pitfallcheck.pitfall import BRIEF, BRIEF_BYTES, Pitfall

LEARNED_AFTER = 50
"""Files after which the groups of words are put in the order in which they end most, and again after twice as many."""

TESTING = re.compile(
    rb"\bTestCase\)|\n[ \t]*(?:import|from) +(?:pytest|unittest|absl\.testing|hypothesis|nose|keras\.src\.testing"
    rb"|torch\.testing\._internal)\b|\nfrom keras\.src import testing|\nfrom absl import testing"
)
"""What files of tests import and derive from; what is found in one is at most a note (`lint.testing`)."""

_TESTING_NAMES = frozenset({b"TestCase", b"pytest", b"unittest", b"testing", b"hypothesis", b"nose"})
"""A name of these is in all that `TESTING` matches."""

Group = tuple[bytes, ...]


class Screen:
    """The words of some pitfalls, asked for in the order that ends a search soonest."""

    def __init__(self, pitfalls: Iterable[Pitfall]) -> None:
        self._rules = [(pitfall, pitfall.words) for pitfall in pitfalls if pitfall.words is not None]
        groups = {group for _, words in self._rules for group in words}
        self._asked = dict.fromkeys(groups, 0)
        self._held = dict.fromkeys(groups, 0)
        self._files = 0
        self._learn_at = LEARNED_AFTER
        self._sort()

    def candidates(self, data: bytes, *, tests: bool = True) -> list[Pitfall]:
        """The pitfalls that may be in `data`: it holds their words, and not only in comments and docstrings.

        None are in a file of tests, unless `tests` are asked for.
        """
        self._files += 1
        if self._files > self._learn_at:
            self._learn_at *= 2
            self._sort()
        code = _Code(code_of(data))
        rules = [pitfall for pitfall, words in self._rules if code.holds_all(words)]
        for group, held in code.groups.items():
            self._asked[group] += 1
            self._held[group] += held
        if not rules or (not tests and code.is_of_tests()):
            return []
        return [rule for rule in rules if code.matches_all(rule.shapes) and rule.is_hinted_at(code.text)]

    def _sort(self) -> None:
        """Ask first for what is seldom there and quickly looked for, and for what ends many rules at once."""
        rules = dict.fromkeys(self._asked, 0)
        for _, words in self._rules:
            for group in words:
                rules[group] += 1

        def worth(group: Group) -> float:
            share = self._held[group] / self._asked[group] if self._asked[group] else 0.5
            return (1 - share) * rules[group] / len(group)

        sorted_words = [(pitfall, tuple(sorted(words, key=worth, reverse=True))) for pitfall, words in self._rules]
        self._rules = sorted(sorted_words, key=lambda rule: max(map(worth, rule[1]), default=1.0), reverse=True)


class _Code:
    """The bytes of a source, and what they were found to hold: what was looked for for one pitfall serves the next."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        # Each name once: a word is looked for in a fifth of the bytes, or in none where it names something whole.
        self._names = frozenset(text.translate(_SPACED).split())
        self._joined = b" ".join(self._names)
        self._words: dict[bytes, bool] = {}
        self._shapes: dict[bytes, bool] = {}
        self.groups: dict[Group, bool] = {}

    def is_of_tests(self) -> bool:
        """Whether this is a file of tests."""
        return not self._names.isdisjoint(_TESTING_NAMES) and TESTING.search(self.text) is not None

    def holds_all(self, groups: Iterable[Group]) -> bool:
        """Whether there is a word of each group."""
        known = self.groups
        for group in groups:
            if known.get(group) is False:
                return False
        for group in groups:
            if group not in known:
                known[group] = self._holds_one(group)
            if not known[group]:
                return False
        return True

    def _holds_one(self, group: Group) -> bool:
        for word in group:
            held = self._words.get(word)
            if held is None:
                held = self._words[word] = self._holds(word)
            if held:
                return True
        return False

    def _holds(self, word: bytes) -> bool:
        if word is BRIEF:
            return len(self.text) <= BRIEF_BYTES
        parts = _parts(word)
        for name in parts.whole:
            if name not in self._names:
                return False
        for name in parts.open:
            if name not in self._joined:
                return False
        return parts.told or word in self.text

    def matches_all(self, shapes: Iterable[bytes | Group]) -> bool:
        """Whether each regular expression matches; of a group of them, one."""
        groups = (shape if isinstance(shape, tuple) else (shape,) for shape in shapes)
        return all(any(self._matches(shape) for shape in group) for group in groups)

    def _matches(self, shape: bytes) -> bool:
        if shape not in self._shapes:
            self._shapes[shape] = re.search(shape, self.text) is not None
        return self._shapes[shape]


class _Parts(NamedTuple):
    """The names in a word: those it holds `whole`, with something before and behind, and those that are `open`.

    `told` says that the word is one name, so that looking for it among the names is enough.
    """

    whole: Group
    open: Group
    told: bool


_SPACED = bytes(
    sign if chr(sign).isascii() and (chr(sign).isalnum() or sign == ord("_")) else 32 for sign in range(256)
)


@cache
def _parts(word: bytes) -> _Parts:
    names = [(name[0], name.start() > 0 and name.end() < len(word)) for name in re.finditer(rb"\w+", word)]
    whole = tuple(name for name, is_whole in names if is_whole)
    return _Parts(whole, tuple(name for name, is_whole in names if not is_whole), [name for name, _ in names] == [word])


@lru_cache(maxsize=8)
def screen_of(codes: frozenset[str]) -> Screen:
    """The screen for the pitfalls of these codes."""
    return Screen(pitfall for code, pitfall in catalog.pitfalls().items() if code in codes)


@cache
def _pieces() -> re.Pattern[bytes]:
    """Comments and strings in triple quotes, and as its only group what stands between them, other strings included."""
    return re.compile(
        rb"""
        \#[^\n]*+ | "{3} (?:[^"\\]++ | \\. | "(?!""))*+ "{3} | '{3} (?:[^'\\]++ | \\. | '(?!''))*+ '{3}
        | ( (?: [^"'\#]++ | "(?!"") (?:[^"\\\n]++ | \\.)*+ "? | '(?!'') (?:[^'\\\n]++ | \\.)*+ '? )++ )
        """,
        re.VERBOSE | re.DOTALL,
    )


def code_of(data: bytes) -> bytes:
    """A source without its comments and without its strings in triple quotes, which nearly all are documentation.

    Each of its lines, the first and the last as well, has a line end in front and behind.
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"\n%b\n" % b"".join(_pieces().findall(data.removeprefix(codecs.BOM_UTF8)))
