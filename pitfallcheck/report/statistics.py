"""How often each pitfall was found, the most frequent first: what to look at before what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pitfallcheck.finding import LEVELS, Finding
from pitfallcheck.report.wording import count_of


def render(findings: Iterable[Finding]) -> str:
    """A line for each pitfall: how often, its code, its name, and how many findings of which level."""
    levels: dict[tuple[str, str], Counter[str]] = {}
    for finding in findings:
        levels.setdefault((finding.code, finding.name), Counter())[finding.level] += 1
    rows = sorted(levels.items(), key=lambda row: (-row[1].total(), row[0]))
    numbers = max((len(str(counts.total())) for _, counts in rows), default=0)
    names = max((len(name) for (_, name), _ in rows), default=0)
    lines = []
    for (code, name), counts in rows:
        listed = ", ".join(count_of(counts[level], level) for level in reversed(LEVELS) if counts[level])
        lines.append(f"{counts.total():>{numbers}}  {code}  {name:<{names}}  {listed}\n")
    return "".join(lines)
