"""Notes `for` loops over generators and iterators that had ended before the loop began, so that it runs no turn.

Where a loop goes over what a variable holds, a hook sees it first and gives it back: the very same object.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, GeneratorType
from typing import Any, Protocol
from weakref import ref

from pitfallcheck.observe.events import LoopDrained, Place
from pitfallcheck.observe.naming import locals_of
from pitfallcheck.observe.session import Session

_NEVER_END = frozenset({list, tuple, dict, set, frozenset, range, str, bytes})
"""What can be gone over again and again; asked first, as most loops go over one of these."""


@dataclass(frozen=True, slots=True)
class Site:
    """One expression that a loop goes over: where, and what it is called; `binds` is a variable that each turn binds,
    if any, and `breaks` whether the loop may leave off early."""

    at: Place
    name: str
    binds: str
    breaks: bool


_SITES: list[Site] = []


def number_of(site: Site) -> int:
    """Make a site known; gives the number that its code hands to the hook."""
    _SITES.append(site)
    return len(_SITES) - 1


class Items(Protocol):
    """What is known of an iterator of the user's own class: how often it was asked, and how often it answered."""

    asked: int
    answered: int


class Looped:
    """A generator that a loop has gone over: how many items it gave, as far as its own code tells, or that it gave
    some before; `site` is the newest such loop."""

    __slots__ = ("_generator", "gave", "gave_some", "site")

    def __init__(self, generator: ref[Any]) -> None:
        self._generator = generator
        self.gave = 0
        self.gave_some = False
        self.site = -1

    def is_of(self, thing: Any) -> bool:
        """Whether `thing` is the generator, or its frame."""
        generator = self._generator()
        return generator is not None and (generator is thing or generator.gi_frame is thing)


class LoopHook:
    """Called with what a loop is about to go over; returns it."""

    def __init__(self, session: Session, items_of: Callable[[Any], Items | None]) -> None:
        self._session = session
        self._items_of = items_of
        self._looped: dict[int, Looped] = {}
        self._begun: dict[int, tuple[Items, int, int, int]] = {}
        self._alive: dict[int, tuple[type, int]] = {}
        self._times: dict[int, int] = {}
        session.at_finish.append(self._look_for_the_last_time)

    def __call__(self, iterable: Any, index: int) -> Any:
        kind = type(iterable)
        if kind in _NEVER_END:
            return iterable
        try:
            if kind is GeneratorType:
                self._over_generator(iterable, index)
            elif kind in _BUILT_IN:
                self._over_built_in(iterable, index)
            elif hasattr(kind, "__next__"):
                self._over_items(iterable, index)
        except Exception as error:
            self._session.failed("watching a loop", error)
        return iterable

    def _over_generator(self, generator: GeneratorType[Any, Any, Any], index: int) -> None:
        key = id(generator)
        known = self._looped.get(key)
        if known is not None and not known.is_of(generator):
            known = None
        frame = generator.gi_frame
        if frame is None:
            if known is None or (known.site != index and _SITES[known.site].breaks):
                # Whoever left a loop early may ask for what is left, and find nothing.
                return
            if known.gave or known.gave_some or _is_bound(sys._getframe(2), _SITES[index].binds):
                code = generator.gi_code
                defined = Place(os.path.abspath(code.co_filename), code.co_firstlineno, code.co_qualname)
                self._drained(index, known.gave, None if "<" in code.co_name else defined)
            return
        if known is None:
            known = self._looped[key] = Looped(ref(generator, self._forget(key, id(frame))))
            self._session.looped[id(frame)] = known
        known.site = index
        known.gave_some = known.gave_some or generator.gi_suspended

    def _over_built_in(self, iterator: Any, index: int) -> None:
        """Begin a loop over a `zip` or the like, which allows no weak reference: its identity has to do."""
        if not _has_ended(iterator):
            self._alive[id(iterator)] = (type(iterator), index)
            return
        kind, before = self._alive.get(id(iterator), (None, index))
        left_early = before != index and _SITES[before].breaks
        if kind is type(iterator) and not left_early and _is_bound(sys._getframe(2), _SITES[index].binds):
            self._drained(index, 0, None)

    def _forget(self, key: int, frame: int) -> Callable[[Any], None]:
        def forget(_: Any) -> None:
            known = self._looped.pop(key, None)
            if known is not None and self._session.looped.get(frame) is known:
                del self._session.looped[frame]

        return forget

    def _over_items(self, iterable: Any, index: int) -> None:
        """Begin a loop over an iterator of the user's class: did the loop before this one get anything out of it?"""
        items = self._items_of(iterable)
        if items is None:
            return
        before = self._begun.get(id(items))
        if before is not None:
            self._look_back(*before)
        self._begun[id(items)] = (items, index, items.asked, items.answered)

    def _look_back(self, items: Items, index: int, asked: int, answered: int) -> None:
        if answered and items.answered == answered and items.asked > asked:
            self._drained(index, answered, None)

    def _look_for_the_last_time(self) -> None:
        for before in self._begun.values():
            self._look_back(*before)
        self._begun.clear()

    def _drained(self, index: int, batches: int, defined: Place | None) -> None:
        site = _SITES[index]
        times = self._times[index] = self._times.get(index, 0) + 1
        key = f"drained:{site.at.path}:{site.at.line}:{site.name}"
        self._session.emit(LoopDrained(key, site.at, site.name, times, defined, batches))


def _is_bound(frame: FrameType, name: str) -> bool:
    """Whether the loop's variable has a value before the loop begins: it has run a turn before."""
    return bool(name) and name in (frame.f_globals if frame.f_code.co_name == "<module>" else locals_of(frame))


class _Sequence:
    """Gone over by its indices, as NumPy's arrays are."""

    def __getitem__(self, index: int) -> int:
        raise IndexError


_OVER_OTHERS: dict[type, slice] = {zip: slice(None), map: slice(1, None), filter: slice(1, None), enumerate: slice(1)}
"""Which of what they are made of these go over."""
_TELLING = frozenset({type(iter([])), type(iter(())), type(iter(range(0)))})
_BY_INDEX: type = type(iter(_Sequence()))
_BUILT_IN = frozenset({*_OVER_OTHERS, *_TELLING, _BY_INDEX})
"""Iterators of Python's own that tell, without being asked for an item, whether one is left."""


def _has_ended(iterator: Any) -> bool:
    """Whether an iterator is known to have no item left."""
    kind = type(iterator)
    if kind is GeneratorType:
        return iterator.gi_frame is None
    if kind in _OVER_OTHERS or kind is _BY_INDEX:
        # What a copy of it would be made of; one that went by index and has ended, of nothing.
        parts = iterator.__reduce__()[1]
        if kind is _BY_INDEX:
            return len(parts) == 1 and type(parts[0]) is tuple and not parts[0]
        return any(_has_ended(part) for part in parts[_OVER_OTHERS[kind]])
    return kind in _TELLING and iterator.__length_hint__() == 0


class _Unhooked:
    """Stands for the hook where nothing is observed."""

    def __call__(self, iterable: Any, index: int) -> Any:
        return iterable


UNHOOKED = _Unhooked()
