"""What an index was drawn from, how many there are, and whether that can be a batch rather than a split of the data."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import NAMES, Binding
from pitfallcheck.lint.flow.draws import Draw
from pitfallcheck.lint.flow.linear import Linear
from pitfallcheck.lint.flow.reads import Selection
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.shapes.vocabulary import words

BATCH = re.compile(r"(^|_)(b|bs|batch|mini|minibatch|batchsize|batch_?size|bsz)(_|$)", re.IGNORECASE)
MOST = 1024
"""More samples than this, with no word of a batch, are taken for a part of the data that is meant."""

THROUGH = words("list tolist astype long numpy sort torch.from_numpy torch.tensor numpy.array numpy.sort sorted")


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """An index that comes from `draw`; `size` says how many are taken.

    `by` are the bindings on the way from the index to the draw, and `read` the names that were followed to them.
    """

    draw: Draw
    by: tuple[Binding, ...]
    read: tuple[ast.expr, ...]
    size: ast.expr | None


def drawn_index(sizes: Sizes, node: ast.expr) -> Drawn | None:
    """The draw behind an index, through names, conversions and one slice from the start: `perm[:batch]`."""
    program = sizes.program
    by: list[Binding] = []
    read: list[ast.expr] = []
    size: ast.expr | None = None
    for _ in range(12):
        draw = sizes.draw(node)
        if draw is not None:
            if draw.kind == "values" or (draw.kind == "order" and size is None):
                return None
            return Drawn(draw, tuple(by), tuple(read), size or draw.size)
        if isinstance(node, NAMES):
            binding = program.sole(node)
            if binding is None or binding.kind != "value" or binding.value is None:
                return None
            by.append(binding)
            read.append(node)
            node = binding.value
        elif isinstance(node, ast.Subscript):
            part = node.slice
            if not isinstance(part, ast.Slice) or part.lower is not None or part.step is not None or size is not None:
                return None
            size, node = part.upper, node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in THROUGH:
            node = node.func.value
        elif isinstance(node, ast.Call) and program.called(node) in THROUGH and node.args:
            node = node.args[0]
        else:
            return None
    return None


def is_batch(sizes: Sizes, drawn: Drawn, found: Selection) -> bool:
    """Whether so many samples are a batch: fewer than half of all, or said to be one by a name."""
    size = drawn.size
    if isinstance(size, ast.Tuple | ast.List):
        size = size.elts[0] if len(size.elts) == 1 else None
    if size is None:
        return False
    count = sizes.integers.of(size)
    for total in (sizes.lengths.of(found.array), _population(sizes, drawn.draw)):
        if count is None or total is None:
            continue
        if total == count:
            return False
        if total.value is not None and count.value is not None:
            return count.value * 2 <= total.value
    named = [part.id if isinstance(part, ast.Name) else part.attr for part in ast.walk(size) if isinstance(part, NAMES)]
    if any(BATCH.search(name) for name in named):
        return True
    return count is not None and count.value is not None and count.value <= MOST


def _population(sizes: Sizes, draw: Draw) -> Linear | None:
    """How many numbers there are to draw from."""
    return sizes.integers.of(draw.high if draw.high is not None else draw.pool)


def used_elsewhere(sizes: Sizes, drawn: Drawn, region: ast.AST) -> bool:
    """Whether the drawn index is also used outside the region: then it names a part of the data on purpose."""
    program = sizes.program
    for binding in drawn.by:
        for read in program.reads(binding):
            if program.inside(read, region) or read in drawn.read:
                continue
            above = program.source.parents.get(read)
            told = isinstance(above, ast.Call) and program.called(above) in ("print", "len")
            shown = isinstance(above, ast.Attribute) and above.attr in ("shape", "size", "dtype")
            if not (told or shown or isinstance(above, ast.FormattedValue)):
                return True
    return False
