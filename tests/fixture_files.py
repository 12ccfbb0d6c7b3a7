"""The shipped fixtures as the tests see them: their files, the marks in them and the frameworks they import."""

from __future__ import annotations

import ast
import importlib.util
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
FRAMEWORKS = frozenset({"keras", "tensorflow", "torch", "jax"})

MARK = re.compile(r"(?P<code>PF\d{3})(?: (?P<level>error|warning|note))?(?: (?P<half>static|runtime))?")


@dataclass(frozen=True)
class Mark:
    """One finding that is due; `levels` it may have, and the halves (`sources`) of which `run` must name each."""

    code: str
    line: int
    levels: frozenset[str]
    sources: frozenset[str]


def paths(pattern: str = "*") -> list[Path]:
    """The fixture scripts whose names match `pattern`, as paths relative to the repository."""
    return sorted(path.relative_to(ROOT) for path in FIXTURES.glob(f"*/{pattern}.py"))


def marks(path: Path) -> list[Mark]:
    """The marks in a fixture, as `fixtures/README.md` defines them. Raises ValueError for one that is misspelt."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO((ROOT / path).read_text("utf-8")).readline):
        if token.type != tokenize.COMMENT or not token.string.startswith("# PF"):
            continue
        for text in token.string.removeprefix("# ").split("; "):
            match = MARK.fullmatch(text)
            if match is None:
                raise ValueError(f"{path}:{token.start[0]}: `{text}` is not a mark")
            code, level, half = match.group("code", "level", "half")
            levels = {level} if level else {"error", "warning"}
            sources = {half} if half else {"static", "runtime"}
            found.append(Mark(code, token.start[0], frozenset(levels), frozenset(sources)))
    return found


def frameworks(path: Path) -> tuple[str, ...]:
    """The frameworks that a fixture imports; Keras runs on TensorFlow here."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.partition(".")[0])
    if "keras" in imported:
        imported.add("tensorflow")
    return tuple(sorted(imported & FRAMEWORKS))


def installed(*names: str) -> bool:
    """Whether all these frameworks can be imported here; none is imported to find out."""
    return all(importlib.util.find_spec(name) is not None for name in names)
