"""Writes down what was found in a file, as text, for a cache or for another process, and reads it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pitfallcheck.finding import Finding, Skipped

Found = tuple[tuple["Finding", ...], tuple["Skipped", ...]]


class NotARecordError(ValueError):
    """A text that `written` did not write."""


def written(found: Found, path: str) -> str:
    """The findings and the skipped of the file `path` on one line; empty where there are none."""
    if not any(found):
        return ""
    import json

    return json.dumps(_plain(found, path), separators=(",", ":"))


def read(text: str, path: str) -> Found:
    """What was written, as it is for the file when it is called `path`; raises NotARecordError."""
    if not text:
        return (), ()
    import json

    try:
        findings, skipped = _again(json.loads(text), path)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise NotARecordError(str(error)) from None
    return findings, skipped


def _classes() -> dict[str, Any]:
    from pitfallcheck import finding

    return {name: getattr(finding, name) for name in ("Finding", "Location", "Evidence", "Edit", "Fix", "Skipped")}


def _plain(value: Any, path: str) -> Any:
    """Lists for tuples and for our own objects, with the object's name in front. The file's own path is left out."""
    if isinstance(value, tuple):
        return ["", *(_plain(item, path) for item in value)]
    if hasattr(type(value), "__slots__") and type(value).__name__ in _classes():
        fields = type(value).__slots__
        own = {name: getattr(value, name) for name in fields}
        if own.get("path") == path:
            own["path"] = True
        return [type(value).__name__, *(_plain(own[name], path) for name in fields)]
    return value


def _again(value: Any, path: str) -> Any:
    if not isinstance(value, list):
        return value
    name, *parts = value
    if not name:
        return tuple(_again(part, path) for part in parts)
    of = _classes()[name]
    own = dict(zip(of.__slots__, (_again(part, path) for part in parts), strict=True))
    if own.get("path") is True:
        own["path"] = path
    return of(**own)
