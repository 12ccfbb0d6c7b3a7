"""Sifts what `lint` found: ignore comments, the configuration and baselines hold findings back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from pitfallcheck.catalog import UNUSED_IGNORE
from pitfallcheck.config_file import shown
from pitfallcheck.lint.discover import MARKDOWN
from pitfallcheck.report.wording import count_of

if TYPE_CHECKING:
    from pitfallcheck.baseline import Baseline, Entry
    from pitfallcheck.config import Scopes
    from pitfallcheck.finding import Finding


class Sieve:
    """Holds back what nobody wants to hear, and remembers how much of it a baseline knew.

    `baseline` is the path of a baseline to use in place of the configured ones; an empty one means none.
    """

    def __init__(self, scopes: Scopes, baseline: str | None = None) -> None:
        self._scopes = scopes
        self._named = baseline
        self._baseline = cache(_read)
        self.held = 0
        self.gone: dict[str, list[Entry]] = {}

    def sift(self, findings: Sequence[Finding], files: Sequence[str]) -> list[Finding]:
        """What is left of the findings in `files`, with a note for each ignore comment that is of no use.

        Raises BaselineError.
        """
        kept = self._wanted(self._unsilenced(findings)) if findings else []
        if self._named or any(settings.baseline for settings in (self._scopes.top, *self._scopes.used())):
            kept = self._new(kept, files)
        order = {path: number for number, path in enumerate(files)} if kept else {}
        return sorted(kept, key=lambda one: (order.get(one.location.path, -1), one.sort_key()))

    def keep(self, findings: Sequence[Finding], text: str) -> list[Finding]:
        """What is left of the findings in one file whose content is `text`, whatever stands in the file itself."""
        from pitfallcheck.suppress import silence

        def line_of(source: str, line: int) -> str:
            return lines[line - 1] if line <= len(lines) else ""

        lines = text.splitlines()
        kept = self._wanted(silence(findings, read=lambda path: text))
        if kept and (path := self._baseline_for(kept[0].location.path)):
            kept = self._baseline(path).sift(kept, line_of=line_of).kept
        return kept

    def said(self) -> list[str]:
        """What to say of the baselines: how many findings they held back, and which entries no longer occur."""
        lines = [f"{count_of(self.held, 'finding')} held back by the baseline."] if self.held else []
        for path, entries in ((shown(path), entries) for path, entries in self.gone.items()):
            listed = ", ".join(f"{entry.code} in {entry.path}" for entry in entries[:3])
            more = ", ..." if len(entries) > 3 else ""
            what = f"1 entry of {path} no longer occurs" if len(entries) == 1 else ""
            what = what or f"{len(entries)} entries of {path} no longer occur"
            lines.append(f"{what} ({listed}{more}): write it again with `--write-baseline {path}`.")
        return lines

    def _unsilenced(self, findings: Iterable[Finding]) -> list[Finding]:
        """Without what comments silence, with notes for those that silence nothing."""
        from pitfallcheck.suppress import Suppression
        from pitfallcheck.unused import unused

        of_file: dict[str, list[Finding]] = {}
        for finding in findings:
            of_file.setdefault(finding.location.path, []).append(finding)
        suppression = Suppression(_read_source)
        kept: list[Finding] = []
        for path, here in of_file.items():
            if any(finding.location.cell is not None for finding in here):
                kept.extend(self._unsilenced_in_cells(path, here))
                continue
            kept.extend(suppression.keep(here))
            if any(finding.code == UNUSED_IGNORE.code for finding in here):
                kept.extend(unused(path, suppression.comments_of(path), self._scopes.of(path).codes))
        return kept

    def _unsilenced_in_cells(self, path: str, findings: Iterable[Finding]) -> list[Finding]:
        """The same for a notebook: its comments hold for the program that its cells are, one at the head for all."""
        from pitfallcheck.lint.cells import in_cells, in_program, opened
        from pitfallcheck.suppress import Suppression
        from pitfallcheck.unused import unused

        notebook = opened(path)
        suppression = Suppression(lambda path: notebook.program)
        kept = suppression.keep(in_program(findings, notebook))
        kept.extend(unused(path, suppression.comments_of(path), self._scopes.of(path).codes))
        return in_cells(kept, notebook)

    def _wanted(self, findings: Iterable[Finding]) -> list[Finding]:
        """Without what the configuration does not want to hear of some files."""
        from pitfallcheck.lint.elsewhere import unwanted

        paths = cache(lambda path: unwanted(path, self._scopes.of(path)))
        return [one for one in findings if one.code not in paths(one.location.path)]

    def _new(self, findings: Iterable[Finding], files: Sequence[str]) -> list[Finding]:
        """Without what the baselines know; raises BaselineError."""
        read: dict[str, list[str]] = {}
        found: dict[str, list[Finding]] = {}
        for path in files:
            read.setdefault(self._baseline_for(path), []).append(path)
        for finding in findings:
            found.setdefault(self._baseline_for(finding.location.path), []).append(finding)
        kept = found.pop("", [])
        for path in {path: None for path in (*read, *found) if path}:
            here = read.get(path, [])
            codes = self._scopes.of(here[0]).codes if here else frozenset[str]()
            sifted = self._baseline(path).sift(found.get(path, []), files=here, codes=codes)
            kept.extend(sifted.kept)
            self.held += sifted.held
            if sifted.gone:
                self.gone[path] = sifted.gone
        return kept

    def _baseline_for(self, path: str) -> str:
        return self._scopes.of(path).baseline if self._named is None else self._named


def _read_source(path: str) -> str:
    """The program in a file."""
    from pitfallcheck.suppress import read_text

    if path.endswith(MARKDOWN):
        from pitfallcheck.lint.passages import program_of

        return program_of(path)
    return read_text(path)


def _read(path: str) -> Baseline:
    from pitfallcheck.baseline import Baseline

    return Baseline.read(path)
