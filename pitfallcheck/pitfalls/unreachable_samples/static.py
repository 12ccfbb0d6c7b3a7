"""Judges, by arithmetic over what is really read, whether a draw leaves the last samples of an array unreachable."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.linear import Linear
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.flow.reads import Read, read, selection, selections
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.unreachable_samples import PITFALL
from pitfallcheck.pitfalls.unreachable_samples.escape import escapes
from pitfallcheck.pitfalls.unreachable_samples.reach import Reach, of_data_sets, of_draw, of_strides, where_read

DRAWING = words("randint integers random_integers randrange choice choices sample permutation randperm uniform int")


@dataclass(frozen=True, eq=False, slots=True)
class Gap:
    """The `missing` samples at the end of `array`, of `length`, that no read reaches; `farthest` reads farthest."""

    reach: Reach
    farthest: Read
    length: Linear
    missing: Linear


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each draw, and each data set's length, that leaves samples at the end of an array unread."""
    sizes = Sizes(program_of(source))
    reaches = [
        reach
        for node in source.nodes
        if isinstance(node, ast.Call) and _name(node) in DRAWING and (reach := of_draw(sizes, node)) is not None
    ]
    reaches += [*of_data_sets(sizes), *of_strides(sizes)]
    for reach in reaches:
        nodes = where_read(sizes, reach)
        gap = _gap(sizes, reach, nodes)
        if gap is not None and not _read_elsewhere(sizes, gap):
            yield _finding(source, gap)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _gap(sizes: Sizes, reach: Reach, nodes: list[ast.AST]) -> Gap | None:
    """What the farthest of all reads leaves at the end, where that is an oversight: 1 sample, or as many as a batch."""
    own = [found for node in nodes if (found := _read(sizes, reach, node)) is not None]
    if not own or escapes(sizes, reach, own, nodes):
        return None
    farthest, end = own[0], _end(own[0], reach)
    for found in own[1:]:
        other = _end(found, reach)
        if end is None or other is None or (beyond := other.minus(end).value) is None:
            return None
        if beyond > 0:
            farthest, end = found, other
    if end is None:
        return None
    for found in (farthest, *own):
        length = sizes.lengths.of(found.of.array)
        if length is None or (reach.stride is not None and _moves(sizes, found.of.array)):
            continue
        missing = length.minus(1).minus(end)
        window = found.last.minus(found.first).plus(1)
        if (
            missing.value == 1
            or (found.of.is_window and missing == window)
            or (reach.size is not None and missing.terms | {missing.constant} != {0} and missing == reach.size)
        ):
            return Gap(reach, found, length, missing)
    return None


def _read(sizes: Sizes, reach: Reach, node: ast.AST) -> Read | None:
    """What `node` reads by the number, if it does."""
    part = selection(sizes.program, node)
    found = read(sizes, part) if part is not None else None
    if found is None or not any(atom.key == reach.key for atom in (*found.last.atoms, *found.first.atoms)):
        return None
    return found


def _moves(sizes: Sizes, array: ast.expr) -> bool:
    """Whether an array is set or shuffled in a loop: then other samples stand at its end each time."""
    roots, changes = sizes.program.roots(array)
    return not roots or any(sizes.program.loops_around(binding.node) for binding in (*roots, *changes))


def _is_slip(reach: Reach, found: Read, missing: Linear) -> bool:
    """Whether so many samples are left out by a slip: one, or as many as one batch; more may be held out on purpose."""
    window = found.last.minus(found.first).plus(1)
    if reach.stride is not None:
        whole = missing.value is not None and missing.value >= reach.stride
        return whole and window.value == reach.stride and found.of.is_window
    return missing.value == 1 or missing in (window if found.of.is_window else None, reach.size)


def _end(found: Read, reach: Reach) -> Linear | None:
    """The last sample that a read can reach."""
    atom = next((atom for atom in found.last.atoms if atom.key == reach.key), None)
    if atom is None or found.last.factor(atom) != 1:
        return None
    return found.last.replaced(atom, reach.last)


def _read_elsewhere(sizes: Sizes, gap: Gap) -> bool:
    """Whether something else in the file reads from the end of the array: the samples may be held out on purpose."""
    name = dotted(gap.farthest.of.array)
    for other in selections(sizes.program):
        if dotted(other.array) != name or name is None:
            continue
        start = other.index.lower if isinstance(other.index, ast.Slice) else other.index
        if gap.reach.draw is not None and start is not None and _sweeps(sizes, other.node, start):
            # What learns goes through the array; the draw picks where to begin an example.
            return True
        first = sizes.integers.of(start)
        if first is not None and (
            (first.value or 0) < 0 or first == gap.length.minus(gap.missing) or first == gap.length.minus(1)
        ):
            return True
    return False


def _sweeps(sizes: Sizes, node: ast.AST, start: ast.expr) -> bool:
    """Whether a read begins where the variable of a loop over a range is."""
    names = {part.id for part in walk(start) if isinstance(part, ast.Name)}
    return any(
        isinstance(loop, ast.For | ast.comprehension)
        and isinstance(loop.target, ast.Name)
        and loop.target.id in names
        and isinstance(loop.iter, ast.Call)
        and getattr(loop.iter.func, "id", "") == "range"
        and len(loop.iter.args) > 1
        for loop in _around(sizes.program.source, node)
    )


def _around(source: Source, node: ast.AST) -> Iterator[ast.AST]:
    parent = source.parents.get(node)
    while parent is not None:
        yield parent
        yield from getattr(parent, "generators", ())
        parent = source.parents.get(parent)


def _finding(source: Source, gap: Gap) -> Finding:
    reach, array = gap.reach, source.segment(gap.farthest.of.array)
    text = source.segment(reach.bound)
    last, length = reach.last.value, gap.length.value
    top = f"{last}" if last is not None else f"`{reach.last.text()}`"
    window = gap.farthest.of.is_window
    reading = source.segment(gap.farthest.of.node)
    if reach.stride is not None:
        what = f"the last `{source.segment(reach.node)}` is {top}"
    elif reach.draw is None:
        what = f"`__len__` says `{text}`, so the highest index asked for is {top}"
    else:
        what = f"`{source.segment(reach.draw.call)}` draws {top} at most"
        if not reach.draw.beyond and reach.draw.kind == "integers":
            what += " (its upper bound is exclusive)"
    line = reach.node.lineno  # type: ignore[attr-defined]
    return PITFALL.finding(
        "warning",
        source.location(reach.node if reach.draw is not None else reach.bound),
        f"{what}, and `{reading}` {'ends' if window else 'stops'} short of the end: {_missing(gap, array, length)}",
        remedy=_remedy(gap, text),
        source="static",
        subject=array,
        scope=scope_lines(source, reach.node),
        evidence=(
            Evidence("read", f"`{reading}` is read here", source.path, gap.farthest.of.node.lineno),
            Evidence("bound", f"the bound is `{text}`", source.path, line),
        ),
    )


def _missing(gap: Gap, array: str, length: int | None) -> str:
    count = gap.missing.value
    of = "drawn" if gap.reach.draw is not None else "read" if gap.reach.stride is not None else "asked for"
    if count == 1:
        which = (
            f"`{array}[{length - 1}]`, the last of {length} samples,"
            if length is not None
            else (f"the last sample of `{array}`")
        )
        return f"{which} is never {of}"
    if count is not None and length is not None:
        first, last = f"`{array}[{length - count}]`", f"`{array}[{length - 1}]`"
        return f"{first} to {last}, the last {count} of {length} samples, are never {of}"
    return f"the last `{gap.missing.text()}` samples of `{array}` are never {of}"


def _remedy(gap: Gap, text: str) -> str:
    reach = gap.reach
    better = f"{text} + {gap.missing.text()}"
    if text.endswith(" - 1") and gap.missing.value == 1:
        better = text.removesuffix(" - 1")
    elif reach.last.value is None:
        better = reach.last.plus(gap.missing).plus(1 - (reach.draw.beyond if reach.draw is not None else 0)).text()
    if reach.stride is not None:
        return f"let the loop go on to `{text} + 1`"
    return f"{'return' if reach.draw is None else 'draw up to'} `{better}`"
