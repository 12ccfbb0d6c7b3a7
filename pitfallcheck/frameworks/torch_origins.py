"""Remembers where the program made its modules and optimizers, without keeping any of them alive."""

from __future__ import annotations

import sys
import weakref
from types import FrameType
from typing import Any, NamedTuple

from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.naming import owner_name
from pitfallcheck.observe.place import Place


class Origin(NamedTuple):
    """Where a thing was made: the user's line, and whether that line itself calls the constructor, not a library."""

    place: Place | None
    by_user: bool


class Origins:
    """The origins of live things, by identity: a user's class may compare or hash as it likes."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[weakref.ref[Any], Origin]] = {}
        self._names: dict[int, tuple[weakref.ref[Any], str]] = {}

    def remember(self, thing: Any) -> None:
        """Note where `thing` is made; called while its constructor runs."""
        key = id(thing)
        if key not in self._made or self._made[key][0]() is not thing:
            made = self._made
            reference = weakref.ref(thing, lambda _: made.pop(key, None))
            made[key] = (reference, _origin(thing, sys._getframe(1)))

    def of(self, thing: Any) -> Place | None:
        """The user's line that made `thing`; None where that is not known."""
        found = self._made.get(id(thing))
        return found[1].place if found is not None and found[0]() is thing else None

    def by_user(self, thing: Any) -> bool:
        """Whether the user's own code called the constructor of `thing`, as far as known."""
        found = self._made.get(id(thing))
        return found is not None and found[0]() is thing and found[1].by_user

    def modules(self) -> list[Any]:
        """The modules that still live, in the order in which they were made."""
        things = [reference() for reference, _ in list(self._made.values())]
        return [thing for thing in things if hasattr(thing, "_modules") and hasattr(thing, "_parameters")]

    def name(self, thing: Any) -> str:
        """The variable that held `thing` when it was first used, or the name of its class."""
        found = self._names.get(id(thing))
        return (found[1] if found is not None and found[0]() is thing else "") or type(thing).__name__

    def note_use(self, thing: Any, frame: FrameType | None) -> None:
        """Learn the name of `thing` from the innermost user's frame around `frame`, once."""
        key = id(thing)
        if key in self._names and self._names[key][0]() is thing:
            return
        while frame is not None and home_of(frame.f_code.co_filename) != "user":
            frame = frame.f_back
        names = self._names
        names[key] = (weakref.ref(thing, lambda _: names.pop(key, None)), owner_name(frame, thing))


def _origin(thing: Any, frame: FrameType | None) -> Origin:
    """The innermost user's line that does not itself belong to the construction of `thing`, as `super().__init__()`."""
    by_user = True
    while frame is not None:
        home = home_of(frame.f_code.co_filename)
        if home == "user":
            if not _constructs(frame, thing):
                return Origin(place_of(frame), by_user)
        elif home == "library" and not str(frame.f_globals.get("__name__", "")).startswith("torch."):
            by_user = False
        frame = frame.f_back
    return Origin(None, by_user=False)


def _constructs(frame: FrameType, thing: Any) -> bool:
    code = frame.f_code
    return code.co_name == "__init__" and code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is thing
