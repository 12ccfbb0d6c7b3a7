"""Finds the faults that keep a neural network from learning although nothing crashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Finding", "Hunt", "Report", "__version__", "check", "hunt", "observed", "probe"]

if TYPE_CHECKING:
    from pitfallcheck.api import Report, check, observed, probe
    from pitfallcheck.finding import Finding
    from pitfallcheck.hunting import Hunt, hunt

_HOMES = {
    "Finding": "finding",
    "Hunt": "hunting",
    "Report": "api",
    "check": "api",
    "hunt": "hunting",
    "observed": "api",
    "probe": "api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package costs nothing (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
