"""Tells by the bytes of a file which pitfalls may be in it; nearly every file ends here, unparsed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from functools import cache, lru_cache

from pitfallcheck import catalog
from pitfallcheck.pitfall import Pitfall

LEARNED_AFTER = 50
"""Files after which the groups of words are put in the order in which they end most, and again after twice as many."""

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

    def candidates(self, data: bytes) -> list[Pitfall]:
        """The pitfalls that may be in `data`: it holds their words, and not only in comments and docstrings."""
        self._files += 1
        if self._files > self._learn_at:
            self._learn_at *= 2
            self._sort()
        raw = _Bytes(data)
        rules = [rule for rule in self._rules if raw.holds_all(rule[1])]
        for group, held in raw.groups.items():
            self._asked[group] += 1
            self._held[group] += held
        if not rules:
            return []
        code = _Bytes(code_of(data))
        return [
            pitfall
            for pitfall, words in rules
            if code.holds_all(words) and code.matches_all(pitfall.shapes) and pitfall.is_hinted_at(code.data)
        ]

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


class _Bytes:
    """Some bytes, and what they were found to hold: what was looked for for one pitfall serves the next."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._words: dict[bytes, bool] = {}
        self._shapes: dict[bytes, bool] = {}
        self.groups: dict[Group, bool] = {}

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
                held = self._words[word] = word in self.data
            if held:
                return True
        return False

    def matches_all(self, shapes: Iterable[bytes | Group]) -> bool:
        """Whether each regular expression matches; of a group of them, one."""
        groups = (shape if isinstance(shape, tuple) else (shape,) for shape in shapes)
        return all(any(self._matches(shape) for shape in group) for group in groups)

    def _matches(self, shape: bytes) -> bool:
        if shape not in self._shapes:
            self._shapes[shape] = re.search(shape, self.data) is not None
        return self._shapes[shape]


@lru_cache(maxsize=8)
def screen_of(codes: frozenset[str]) -> Screen:
    """The screen for the pitfalls of these codes."""
    return Screen(pitfall for code, pitfall in catalog.pitfalls().items() if code in codes)


@cache
def _comments_and_strings() -> re.Pattern[bytes]:
    """Strings of all kinds, so that what looks like a comment in one is none; those that go are in the group `left`."""
    return re.compile(
        rb"""
        (?P<left> \#[^\n]*+ | \"{3} (?:[^"\\]++ | \\. | "(?!""))*+ \"{3} | '{3} (?:[^'\\]++ | \\. | '(?!''))*+ '{3} )
        | "(?:[^"\\\n]++ | \\.)*+" | '(?:[^'\\\n]++ | \\.)*+'
        """,
        re.VERBOSE | re.DOTALL,
    )


def code_of(data: bytes) -> bytes:
    """A source without its comments and without its strings in triple quotes, which nearly all are documentation.

    Each of its lines, the first and the last as well, has a line end in front and behind.
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    code = _comments_and_strings().sub(lambda match: b"" if match["left"] is not None else match[0], data)
    return b"\n" + code.removeprefix(codecs.BOM_UTF8) + b"\n"
