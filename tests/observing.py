"""Runs a small program in this process as `pitfallcheck run` would in its own, and gives what was seen."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from pitfallcheck.finding import Finding
from pitfallcheck.judge import judge_events
from pitfallcheck.observe.events import Event, SourceWatched
from pitfallcheck.observe.hooking import LOOP_HOOK
from pitfallcheck.observe.rewrite import GENERATOR_HOOK, ITEM_HOOK, compiled, install
from pitfallcheck.observe.session import Session


@contextmanager
def installed() -> Iterator[Session]:
    """A session whose hooks instrumented code finds, and which is gone afterwards."""
    session = Session()
    install(session)
    try:
        yield session
    finally:
        session.finish()
        for name in (GENERATOR_HOOK, ITEM_HOOK, LOOP_HOOK):
            delattr(builtins, name)


class Seen:
    """What came of one program: its events, the findings in them, and its global names."""

    def __init__(self, events: list[Event], namespace: dict[str, object]) -> None:
        self.events = events
        self.namespace = namespace
        findings, self.skipped = judge_events(events, ["PF101"])
        self.findings: list[Finding] = findings

    @property
    def sources(self) -> list[SourceWatched]:
        """The generators and data sets that were watched."""
        return [event for event in self.events if isinstance(event, SourceWatched)]

    @property
    def told(self) -> list[str]:
        """Level and subject of every finding."""
        return [f"{finding.level} {finding.subject}" for finding in self.findings]


def observe(folder: Path, program: str) -> Seen:
    """Run `program`, which has `np` and ends in this process, as the file program.py of `folder`."""
    path = folder / "program.py"
    path.write_text("import numpy as np\n" + dedent(program), encoding="utf-8")
    namespace: dict[str, object] = {"__name__": "__main__", "__file__": str(path)}
    with installed() as session:
        exec(compiled(path.read_bytes(), str(path), session), namespace)
    return Seen(session.events(), namespace)
