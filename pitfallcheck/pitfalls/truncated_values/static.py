"""Judges whether floats visibly lose what stands behind the point: in an integer array, or in `np.vectorize`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.truncated_values import PITFALL
from pitfallcheck.pitfalls.truncated_values.numbers import NumbersOf
from pitfallcheck.pitfalls.truncated_values.stores import Store, stores
from pitfallcheck.pitfalls.truncated_values.vectorize import Vectorized, vectorized


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each `np.vectorize`, and for each store, that visibly cuts floats."""
    program = program_of(source)
    for made in vectorized(program):
        yield _of_vectorize(source, made)
    told = dict[object, list[Store]]()
    for store in sorted(stores(NumbersOf(program)), key=lambda store: line_of(store.node)):
        place = (program.scope(store.node), source.segment(store.buffer), store.holds.made)
        told.setdefault(place, []).append(store)
    for several in told.values():
        yield _of_store(source, several)


def _of_vectorize(source: Source, made: Vectorized) -> Finding:
    whole, broken = source.segment(made.whole), source.segment(made.broken)
    named = isinstance(made.node, ast.Call)
    text = source.segment(made.node)
    evidence = (
        Evidence(
            "returned",
            f"`{whole}` is an integer: met first, it makes all results integers",
            source.path,
            made.whole.lineno,
        ),
        Evidence("returned", f"`{broken}` is a float, and is cut to an integer then", source.path, made.broken.lineno),
    )
    return PITFALL.finding(
        "warning",
        source.location(made.node),
        f"`{_short(text)}` takes the type of all results from the first one: `{whole}` gives an integer and `{broken}` "
        "a float, so the floats are cut to integers whenever an integer comes first",
        remedy="say the type: `np.vectorize(..., otypes=[float])`" if named else "say the type: `otypes=[float]`",
        source="static",
        subject=source.segment(made.node.args[0]) if isinstance(made.node, ast.Call) else text,
        scope=scope_lines(source, made.node),
        evidence=evidence,
        fix=_told(source, made),
    )


def _told(source: Source, made: Vectorized) -> Fix | None:
    """The call with the type of its results, where it is a call and its text holds nothing that is in the way."""
    text = ast.get_source_segment(source.text, made.node) if isinstance(made.node, ast.Call) else None
    if text is None or "#" in text or "{}" in text:
        return None
    inside = text.removesuffix(")").rstrip().removesuffix(",")
    edit = Edit(*source.span(made.node), f"{inside}, otypes=[float])")
    return Fix((edit,), safe=made.given == "int" or _both_python(made))


def _both_python(made: Vectorized) -> bool:
    """Whether no result is the input itself, whose own width a stated type might change."""
    return not any(isinstance(result, ast.Name) for result in (made.whole, made.broken))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _of_store(source: Source, several: list[Store]) -> Finding:
    """One finding for an array, at the first store that cuts."""
    store = several[0]
    buffer, value = source.segment(store.buffer), source.segment(store.value)
    made = store.holds.made
    evidence = []
    if made is not None:
        text = f"`{_short(source.segment(made))}` makes an array of integers"
        evidence.append(Evidence("allocated", text, source.path, made.lineno))
    for other in several[1:3]:
        evidence.append(Evidence("stored", "a float is stored here as well", source.path, line_of(other.node)))
    return PITFALL.finding(
        "warning" if store.meant else "error",
        source.location(store.node),
        f"`{_short(value)}` is a float and `{buffer}` an array of integers: what stands behind the point is cut off, "
        "without a word",
        remedy=_remedy(source, store),
        source="static",
        subject=buffer,
        scope=scope_lines(source, store.node),
        evidence=tuple(evidence),
    )


def line_of(node: ast.AST) -> int:
    """The line of a statement or an expression."""
    return int(getattr(node, "lineno", 0))


def _remedy(source: Source, store: Store) -> str:
    float_type = "torch.float32" if store.holds.array == "torch" else "float"
    made = store.holds.made
    last = source.segment(made.func).rpartition(".")[2] if made is not None else ""
    where = f" in `{last}(...)`" if last else ""
    return f"give `{source.segment(store.buffer)}` a float type: `dtype={float_type}`{where}"
