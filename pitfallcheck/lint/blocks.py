"""Finds the Python in documentation: fenced blocks of Markdown, and blocks and sessions in docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pitfallcheck.lint.magics import without_magics

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*\{?\.?(?P<language>[\w+-]*)(?P<rest>.*)$")
_PYTHON = frozenset({"python", "py", "python3", "ipython", "ipython3", "pycon"})
_DIRECTIVE = re.compile(r"(?P<indent>[ \t]*)\.\. (?:code-block|code|sourcecode|testcode)::[ \t]*(?P<language>\w*)\s*$")
_PROMPT = re.compile(r"(?P<indent>[ \t]*)(?:>>>|\.\.\.)(?: |$)")


@dataclass(slots=True)
class Program:
    """The code of a text, at the lines it has there; every other line is empty.

    `shifts` gives, by line, by how many columns the code stands further left than in the text.
    """

    lines: list[str]
    shifts: dict[int, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The source of the program."""
        return "\n".join(self.lines) + "\n"

    def put(self, number: int, code: str, shift: int) -> None:
        """Have `code` as line `number`."""
        self.lines[number - 1] = code
        self.shifts[number] = shift


def of_markdown(text: str) -> Program | None:
    """The blocks of Python of a Markdown file, in their order, as one program; None where it has none.

    A block that does not parse is left out.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    program = Program([""] * len(lines))
    for first, block in _fenced(lines):
        _add(program, first, block)
    return program if program.shifts else None


def of_docstrings(text: str, tree: ast.Module) -> Iterator[Program]:
    """The code of each docstring of a module, each as a program of its own."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0] if node.body else None
        if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
            continue
        if isinstance(first.value.value, str) and (program := _of_docstring(text, first.value)) is not None:
            yield program


def _of_docstring(text: str, node: ast.Constant) -> Program | None:
    written = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = written[: node.end_lineno]
    # As written rather than as a value, so that columns are those of the file; escapes are rare in examples.
    inside = ["" if number < node.lineno else line for number, line in enumerate(lines, 1)]
    program = Program([""] * len(lines))
    taken: set[int] = set()
    for first, block in (*_fenced(inside), *_directed(inside)):
        taken.update(range(first, first + len(block)))
        _add(program, first, block)
    for first, block in _sessions(inside, taken):
        _add(program, first, block)
    return program if program.shifts else None


def _add(program: Program, first: int, block: list[str]) -> None:
    """Put a block into a program, without its indentation and its prompts, if it is Python."""
    if any(line.lstrip().startswith(">>>") for line in block):
        block = [_unprompted(line) for line in block]
        shifts = [len(line) - len(line.lstrip()) for line in block]
        code = [line[4 + shift :] if line.strip() else "" for line, shift in zip(block, shifts, strict=True)]
        shifts = [shift + 4 for shift in shifts]
    else:
        indents = [len(line) - len(line.lstrip()) for line in block if line.strip()]
        indent = min(indents, default=0)
        code, shifts = [line[indent:] for line in block], [indent] * len(block)
    read = without_magics("\n".join(code))
    if read.why is None and read.text.strip():
        for number, (line, shift) in enumerate(zip(read.text.split("\n"), shifts, strict=True), first):
            program.put(number, line, shift)


def _unprompted(line: str) -> str:
    """A line of a session behind its prompt; what it printed is no code."""
    return line if _PROMPT.match(line) else ""


def _fenced(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The number of the first line, and the lines, of each fenced block of Python."""
    opened: re.Match[str] | None = None
    start = 0
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence is not None and not (fence["fence"][0] == "`" and "`" in fence["rest"]):
                opened, start = fence, number + 1
        elif fence is not None and line.strip() == fence["fence"] and fence["fence"].startswith(opened["fence"]):
            if opened["language"].lower() in _PYTHON:
                yield start, lines[start - 1 : number - 1]
            opened = None


def _directed(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The blocks of reStructuredText's directives for code."""
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.match(line)
        if directive is None or directive["language"].lower() not in _PYTHON | {""}:
            continue
        outer = len(directive["indent"].expandtabs())
        end = number
        while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > outer):
            end += 1
        options = number
        while options < end and lines[options].strip().startswith(":"):
            options += 1
        yield options + 1, lines[options:end]


def _sessions(lines: list[str], taken: set[int]) -> Iterator[tuple[int, list[str]]]:
    """The interactive sessions that stand in no other block, all of a docstring as one."""
    prompts = [number for number, line in enumerate(lines, 1) if number not in taken and _PROMPT.match(line)]
    if prompts and any(lines[number - 1].lstrip().startswith(">>>") for number in prompts):
        block = [line if number not in taken else "" for number, line in enumerate(lines[: prompts[-1]], 1)]
        yield prompts[0], block[prompts[0] - 1 :]


def _indent(line: str) -> int:
    return len(line.expandtabs()) - len(line.expandtabs().lstrip())
