"""Compares rendered output with golden files; with PITFALLCHECK_WRITE_GOLDEN set, writes them instead."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def assert_golden(name: str, text: str) -> None:
    """Assert that `text` is what `golden/NAME` holds."""
    path = GOLDEN / name
    if os.environ.get("PITFALLCHECK_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode("utf-8")
