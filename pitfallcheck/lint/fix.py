"""Writes fixes into source text: expressions are replaced in libcst's tree, which keeps every space and comment."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Sequence

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from pitfallcheck.finding import Edit, Fix

_HOLE = "pitfallcheck_the_old_text"

_ATOMS = (
    cst.Name,
    cst.Attribute,
    cst.Call,
    cst.Subscript,
    cst.List,
    cst.Dict,
    cst.Set,
    cst.ListComp,
    cst.DictComp,
    cst.SetComp,
    cst.SimpleString,
    cst.FormattedString,
)
"""Expressions that bind tighter than anything around them. (A number does not: `1.copy` is no expression.)"""

_NEVER_BARE = (cst.Tuple, cst.GeneratorExp, cst.Yield, cst.NamedExpr, cst.StarredElement)
"""Expressions that may need parentheses even as the argument of a call."""

Span = tuple[int, int]


class FixError(Exception):
    """A fix that could not be written; the message is a clause for the user."""


def compatible(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that can be written at once: of two that overlap the first one, the other is for the next round."""
    chosen: list[Fix] = []
    taken: set[Edit] = set()
    for fix in fixes:
        # What moves lines goes alone: the places of the other edits are those of the text as it is.
        if chosen and (_inserts(fix) or _inserts(chosen[0])):
            continue
        if all(edit in taken or not any(_overlap(edit, other) for other in taken) for edit in fix.edits):
            taken.update(fix.edits)
            chosen.append(fix)
    return chosen


def _inserts(fix: Fix) -> bool:
    return any(edit.start == edit.end for edit in fix.edits)


def _overlap(one: Edit, other: Edit) -> bool:
    return one.start < other.end and other.start < one.end


def apply(text: str, fixes: Sequence[Fix]) -> str:
    """`text` with the edits of `fixes` made and everything else as it was; raises FixError.

    The edits must not overlap. The result is Python that parses.
    """
    text = _with_statements(text, [edit for fix in fixes for edit in fix.edits if edit.start == edit.end])
    fixes = [fix for fix in fixes if not _inserts(fix)]
    if not fixes:
        return _parsed(text)
    offsets = _Offsets(text)
    edits = {(offsets.at(*edit.start), offsets.at(*edit.end)): edit for fix in fixes for edit in fix.edits}
    try:
        module = cst.parse_module(text)
        if module.code != text:
            raise FixError("libcst does not give the file back as it is")
        replacer = _Replacer(edits, offsets)
        mended = _parsed(MetadataWrapper(module, unsafe_skip_copy=True).visit(replacer).code)
    except cst.ParserSyntaxError as error:
        raise FixError(f"libcst cannot parse line {error.raw_line} of it") from None
    except (RecursionError, MemoryError):
        raise FixError("nested too deeply") from None
    if replacer.pending:
        line = min(edit.start for edit in replacer.pending.values())[0]
        raise FixError(f"the expression to replace in line {line} is not where it was found")
    return mended


def _parsed(text: str) -> str:
    """`text`, which is Python that parses; raises FixError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        raise FixError(f"the result would not parse: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise FixError("nested too deeply") from None
    return text


def _with_statements(text: str, edits: Sequence[Edit]) -> str:
    """`text` with a statement in front of each of some lines, indented as that line is."""
    offsets = _Offsets(text)
    for edit in sorted(set(edits), key=lambda edit: edit.start, reverse=True):
        line, column = edit.start
        begin, at = offsets.at(line, 1), offsets.at(line, column)
        indent = text[begin:at]
        if indent.strip():
            raise FixError(f"line {line} begins with another statement")
        ends = re.search(r"\r\n|\r|\n", text)
        text = f"{text[:begin]}{indent}{edit.replacement}{ends[0] if ends else chr(10)}{text[begin:]}"
    return text


class _Offsets:
    """Where in a text its lines begin; a line ends as Python says, with any of the three line ends."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(end.end() for end in re.finditer(r"\r\n|\r|\n", text))]
        self._length = len(text)

    def at(self, line: int, column: int) -> int:
        """The offset of a place whose line and column count from 1."""
        return self._starts[line - 1] + column - 1 if 0 < line <= len(self._starts) else self._length

    def span(self, place: CodeRange) -> Span:
        """The offsets of a range of libcst, whose columns count from 0."""
        return self.at(place.start.line, place.start.column + 1), self.at(place.end.line, place.end.column + 1)


class _Replacer(cst.CSTTransformer):
    """Replaces the expressions that `edits` name by their offsets; what it did not meet is left in `pending`."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, edits: dict[Span, Edit], offsets: _Offsets) -> None:
        super().__init__()
        self.pending = dict(edits)
        self._offsets = offsets

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        """Replace an expression once everything inside it was seen to."""
        if not isinstance(original_node, cst.BaseExpression) or not isinstance(updated_node, cst.BaseExpression):
            return updated_node
        edit = self.pending.pop(self._span(original_node), None)
        return updated_node if edit is None else _replaced(updated_node, edit.replacement)  # type: ignore[return-value]

    def _span(self, node: cst.BaseExpression) -> Span:
        """The offsets of `node` as `ast` gives them: a tuple's parentheses are its own, other parentheses are not."""
        start, end = self._offsets.span(self.get_metadata(PositionProvider, node))
        if isinstance(node, cst.Tuple | cst.GeneratorExp) and node.lpar:
            empty = cst.Module([])
            start -= len(empty.code_for_node(node.lpar[-1]))
            end += len(empty.code_for_node(node.rpar[0]))
        return start, end


def _replaced(old: cst.BaseExpression, replacement: str) -> cst.BaseExpression:
    """The expression of `replacement`, with `old` where it has `{}`, and parentheses where they are called for."""
    new = cst.parse_expression(replacement.replace("{}", _HOLE))
    if _is_hole(new):
        return old
    filled = new.visit(_Filler(old))
    assert isinstance(filled, cst.BaseExpression)
    return _closed(filled)


class _Filler(cst.CSTTransformer):
    """Puts an expression where the hole in a replacement is."""

    def __init__(self, old: cst.BaseExpression) -> None:
        super().__init__()
        self._old = old

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:  # noqa: N802
        """An argument needs no parentheses around it, with few exceptions."""
        if not _is_hole(original_node.value) or original_node.star or isinstance(self._old, _NEVER_BARE):
            return updated_node
        return updated_node.with_changes(value=self._old.deep_clone())

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        """Anywhere else the expression is closed."""
        return _closed(self._old.deep_clone()) if _is_hole(original_node) else updated_node


def _is_hole(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and node.value == _HOLE


def _closed(node: cst.BaseExpression) -> cst.BaseExpression:
    """`node` in parentheses, unless it has them or needs none."""
    if node.lpar or isinstance(node, _ATOMS):
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
