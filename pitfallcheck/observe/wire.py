"""Events as lines of JSON, on their way from the observed process to its supervisor."""

from __future__ import annotations

import json
import sys
import types
import typing
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from typing import Any

from pitfallcheck.observe.events import Event

_TYPES: dict[str, Any] = {kind.__name__: kind for kind in typing.get_args(Event)}


def encode(event: Event) -> str:
    """One line for one event. Not-a-number and infinity are written as Python's json does."""
    return json.dumps({"event": type(event).__name__, **asdict(event)})


def decode(line: str) -> Event:
    """The event of a line. Raises ValueError or KeyError for a line that was cut short."""
    values = json.loads(line)
    return _build(_TYPES[values.pop("event")], values)  # type: ignore[no-any-return]


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, vars(sys.modules[kind.__module__]))


def _build(kind: Any, value: Any) -> Any:
    """`value` of JSON as an instance of the annotated type `kind`."""
    if value is None:
        return None
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{field.name: _build(hints[field.name], value[field.name]) for field in fields(kind)})
    origin = typing.get_origin(kind)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        return tuple(_build(item, element) for element in value)
    if origin in (typing.Union, types.UnionType):
        (only,) = (choice for choice in typing.get_args(kind) if choice is not type(None))
        return _build(only, value)
    return value
