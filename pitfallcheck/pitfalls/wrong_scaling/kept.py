"""Finds what stays raw beside a scaled copy: the part that a network is tested on, or even what it learns from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.training import Forward
from pitfallcheck.lint.scaling.feeds import Feed, Scaling
from pitfallcheck.lint.scaling.halves import Scaled, held, is_file_method, others, scaled
from pitfallcheck.lint.scaling.values import Span
from pitfallcheck.lint.shapes.vocabulary import words

ASKED_ABOUT = words("shape ndim size dtype dtypes columns index head describe info mean std min max")
"""What is read of an array to know about it."""

CUTTING = ("sklearn.model_selection.", "sklearn.cross_validation.", "numpy.", "pandas.")
"""Libraries whose functions do nothing but return something."""

STEPS = 4
"""Names that a copy is followed through."""


@dataclass(frozen=True, eq=False, slots=True)
class LeftRaw:
    """A network learns from what was `scaled`, and is `asked` about `raw`, another part of the same data, as it is.

    `at` is where the other part is to be scaled.
    """

    scaled: Scaled
    asked: Feed
    raw: str
    at: ast.expr


@dataclass(frozen=True, eq=False, slots=True)
class Unused:
    """A copy that was `scaled` and has a `name`, or none, goes nowhere, and a network is `fed` what it was made of."""

    scaled: Scaled
    name: str
    fed: Feed


class Kept:
    """The arrays of one file that have a scaled copy, or another part of which has one, and what they are fed to."""

    def __init__(self, scaling: Scaling) -> None:
        self.program = scaling.program
        self.copies = list(scaled(scaling))
        self.others = {copy.part: set(others(self.program, copy.part)) for copy in self.copies}
        known = {*self.others, *(other for found in self.others.values() for other in found)}
        spans = {part: held(part, part.value) for part in known if part.value is not None}
        self.feeds = tuple(Scaling(self.program, spans).feeds()) if spans else ()
        self.training = [feed for feed in self.feeds if self._trains(feed)]

    def _trains(self, feed: Feed) -> bool:
        if not feed.by_hand:
            return feed.use == "train"
        return bool(Forward(self.program).follow(feed.call).learns)

    def left_raw(self) -> Iterator[LeftRaw]:
        """Every network that is asked about a raw part of what it learned from scaled."""
        for asked in self.feeds:
            raw = _raw(asked)
            if raw is None or asked in self.training or is_file_method(self.program, asked.call):
                continue
            name = ast.unparse(asked.receiver)
            values = [feed.value for feed in self.training if ast.unparse(feed.receiver) == name]
            parts = {value.part for value in values if isinstance(value, Span) and value.times}
            if len(parts) != 1 or not all(isinstance(value, Span) and value.times for value in values):
                continue
            for copy in self.copies:
                if copy.part in parts and raw in self.others[copy.part]:
                    yield LeftRaw(copy, asked, raw.name, self._place(asked, raw))
                    break

    def _place(self, asked: Feed, raw: Binding) -> ast.expr:
        """Where a raw part would be scaled: where it is handed over, or where it is first read to be put elsewhere."""
        if not asked.by_hand:
            return asked.inputs
        reads = [read for read in self.program.reads(raw) if not self._only_asked(read)]
        return min(reads, key=lambda read: (read.lineno, read.col_offset), default=asked.inputs)

    def unused(self) -> Iterator[Unused]:
        """Every scaled copy that nothing reads, where a network learns from what it was made of."""
        for copy in self.copies:
            if not isinstance(copy.node, ast.Call):
                continue
            fed = next((feed for feed in self.training if _raw(feed) is copy.part and _takes_as_is(feed)), None)
            statement = self.program.statement(copy.node)
            if fed is None or not isinstance(statement, ast.Expr | ast.Assign):
                continue
            bound = self.program.reaching(self.program.scope(statement)).by.get(statement, [])
            alone = statement.value is copy.node
            if isinstance(statement, ast.Expr) and alone:
                yield Unused(copy, "", fed)
            elif len(bound) == 1 and bound[0].kind == "value" and alone and not self._used(bound[0], STEPS):
                yield Unused(copy, bound[0].name, fed)

    def _used(self, bound: Binding, left: int) -> bool:
        """Whether something reads what a name was bound to, other than to bind what is itself not used."""
        if "." in bound.name or not left or bound.name in self.program.shared:
            return True
        for read in self.program.reads(bound):
            if self._only_asked(read):
                continue
            statement = self.program.statement(read)
            if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
                return True
            if read not in statement.value.args or not self.program.called(statement.value).startswith(CUTTING):
                return True
            made = self.program.reaching(self.program.scope(statement)).by.get(statement, [])
            if not made or any(self._used(one, left - 1) for one in made):
                return True
        return False

    def _only_asked(self, read: ast.expr) -> bool:
        """Whether an array is only looked at: its shape, a print of it."""
        above = self.program.source.parents.get(read)
        if isinstance(above, ast.Attribute):
            return above.attr in ASKED_ABOUT
        return self.program.called(above) in ("len", "print", "type") if isinstance(above, ast.Call) else False


def _raw(feed: Feed) -> Binding | None:
    """What bound the numbers that are handed over as they are."""
    return feed.value.part if isinstance(feed.value, Span) and not feed.value.times else None


def _takes_as_is(feed: Feed) -> bool:
    return feed.network is not None and feed.network.takes_as_is
