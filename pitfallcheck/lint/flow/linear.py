"""Whole numbers as sums of known ones and named unknowns, so that `n - batch` and `n - 1` can be compared."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Atom:
    """A whole number that is not known; two atoms with one `key` are the same number. `text` is the user's word."""

    key: Hashable
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atom) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, slots=True)
class Linear:
    """`constant` plus atoms, each times a factor that is not 0."""

    constant: int = 0
    terms: frozenset[tuple[Atom, int]] = frozenset()

    @staticmethod
    def of(atom: Atom) -> Linear:
        """The number that an atom stands for."""
        return Linear(0, frozenset({(atom, 1)}))

    @property
    def value(self) -> int | None:
        """The number, where no atom is left."""
        return None if self.terms else self.constant

    @property
    def atoms(self) -> list[Atom]:
        """The unknowns in it."""
        return [atom for atom, _ in self.terms]

    def factor(self, atom: Atom) -> int:
        """How often an atom is counted; 0 where it is not in it."""
        return dict(self.terms).get(atom, 0)

    def plus(self, other: Linear | int, times: int = 1) -> Linear:
        """The sum of this and `times` the other."""
        if isinstance(other, int):
            return Linear(self.constant + times * other, self.terms)
        factors = dict(self.terms)
        for atom, factor in other.terms:
            factors[atom] = factors.get(atom, 0) + times * factor
        terms = frozenset((atom, factor) for atom, factor in factors.items() if factor)
        return Linear(self.constant + times * other.constant, terms)

    def minus(self, other: Linear | int) -> Linear:
        """The difference of this and the other."""
        return self.plus(other, -1)

    def times(self, factor: int) -> Linear:
        """The product of this and a known number."""
        return Linear().plus(self, factor)

    def replaced(self, atom: Atom, by: Linear) -> Linear:
        """This, with another number in the place of an atom."""
        factor = self.factor(atom)
        return self.plus(Linear.of(atom), -factor).plus(by, factor) if factor else self

    def text(self) -> str:
        """The number as a user would write it: `n - batch - 1`."""
        terms = sorted(((factor < 0, atom.text, factor) for atom, factor in self.terms), key=lambda term: term[:2])
        words = [
            (negative, text if abs(factor) == 1 else f"{abs(factor)} * {text}") for negative, text, factor in terms
        ]
        if self.constant or not words:
            first = self.constant > 0 and bool(words) and words[0][0]
            words.insert(0 if first else len(words), (self.constant < 0, str(abs(self.constant))))
        joined = " ".join(f"{'-' if negative else '+'} {word}" for negative, word in words)
        return joined[2:] if joined.startswith("+ ") else f"-{joined[2:]}"


def opaque(kind: str, *parts: Hashable, text: str) -> Linear:
    """A number that is some function of others: the same function of the same numbers is the same number."""
    return Linear.of(Atom((kind, *parts), text))


def multiplied(left: Linear, right: Linear) -> Linear:
    """The product, multiplied out: `(i + 1) * batch` is `i * batch` and `batch`."""
    total = right.times(left.constant)
    for atom, factor in left.terms:
        total = total.plus(Linear.of(atom).times(factor * right.constant))
        for other, other_factor in right.terms:
            pair = opaque("*", frozenset({atom, other}), text=f"{atom.text} * {other.text}")
            total = total.plus(pair.times(factor * other_factor))
    return total


def divided(number: Linear, by: Linear, *, up: bool) -> Linear | None:
    """The quotient, rounded up or down; None for a division by zero."""
    if number.value is not None and by.value is not None:
        if by.value == 0:
            return None
        return Linear(-(-number.value // by.value) if up else number.value // by.value)
    return opaque("quotient", number, by, text=f"{number.text()} // {by.text()}")
