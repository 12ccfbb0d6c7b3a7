"""Words that reports and commands have in common, without what a whole report needs."""

from __future__ import annotations


def count_of(number: int, noun: str, plural: str = "") -> str:
    """`1 error`, `2 errors`, `3 batches`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"
