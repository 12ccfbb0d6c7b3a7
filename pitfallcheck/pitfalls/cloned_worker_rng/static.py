"""Judges whether the workers of a loader visibly draw from copies of one generator, or from one constant seed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.draws import GENERATORS, SEEDING
from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Function, Source
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.cloned_worker_rng import PITFALL
from pitfallcheck.pitfalls.cloned_worker_rng.loaders import Loader, loaders

ENTRIES = ("__getitem__", "__getitems__", "__iter__")
NOT_DRAWING = words("seed manual_seed set_state get_state setstate getstate initial_seed spawn bit_generator")


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each generator that is stored, and for each constant seed."""
    program = program_of(source)
    told = set[ast.AST]()
    for loader in loaders(program):
        for owner in loader.data:
            for finding, node in (*_stored(program, loader, owner), *_seeded_items(program, loader, owner)):
                if node not in told:
                    told.add(node)
                    yield finding
        found = _constant_start(program, loader)
        if found is not None and found[1] not in told:
            told.add(found[1])
            yield found[0]


def _stored(program: Program, loader: Loader, owner: ast.ClassDef) -> Iterator[tuple[Finding, ast.AST]]:
    """Generators that `__init__` keeps and that items are drawn with."""
    if loader.init is not None and constant(loader.init) is not None:
        return
    if "get_worker_info" in program.mentions and _mentions(owner, "get_worker_info"):
        return
    init = program.method(owner, "__init__")
    if init is None or not init.args.args:
        return
    own = init.args.args[0].arg
    drawing = list(_drawing(program, owner))
    for statement in walk(init):
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        if program.called(statement.value) not in GENERATORS or "System" in program.called(statement.value):
            continue
        for target in statement.targets:
            name = (dotted(target) or "").removeprefix(f"{own}.")
            if not isinstance(target, ast.Attribute) or len(program.attribute(owner, name)) != 1:
                continue
            draw = next((draw for method in drawing for draw in _draws(method, name)), None)
            if draw is not None:
                yield _cloned(program.source, loader, owner, statement, f"self.{name}", draw), statement


def _drawing(program: Program, owner: ast.ClassDef) -> Iterator[Function]:
    """The methods that give items, and those of the class that they call."""
    waiting = [method for name in ENTRIES if (method := program.method(owner, name)) is not None]
    seen = set[ast.AST]()
    while waiting:
        method = waiting.pop()
        if method in seen or not method.args.args:
            continue
        seen.add(method)
        yield method
        own = method.args.args[0].arg
        for node in walk(method):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == own:
                called = program.method(owner, node.attr)
                if called is not None:
                    waiting.append(called)


def _draws(method: Function, name: str) -> Iterator[ast.expr]:
    """Where a method draws from its object's generator `name`, or hands it on."""
    own = method.args.args[0].arg
    reads = [
        node
        for node in walk(method)
        if isinstance(node, ast.Attribute) and dotted(node) == f"{own}.{name}" and isinstance(node.ctx, ast.Load)
    ]
    if any(
        isinstance(node, ast.Attribute) and node.attr in NOT_DRAWING and node.value in reads for node in walk(method)
    ):
        return
    for node in walk(method):
        if isinstance(node, ast.Call):
            handed = any(word.value in reads for word in node.keywords if word.arg in ("generator", "rng"))
            if handed or (isinstance(node.func, ast.Attribute) and node.func.value in reads):
                yield node


def _cloned(
    source: Source, loader: Loader, owner: ast.ClassDef, made: ast.Assign, name: str, draw: ast.expr
) -> Finding:
    return PITFALL.finding(
        "error",
        source.location(made),
        f"`{name}` is made once, and each of {loader.workers} starts with a copy of it in the same state: what "
        f"different workers draw with `{_short(source.segment(draw))}` is the same",
        remedy="draw from `np.random`, which torch seeds in each worker, or make the generator in the worker, from "
        "`torch.initial_seed()`"
        if "processes" not in loader.workers
        else "make a generator for each batch in `__getitem__`, from its index",
        source="static",
        subject=name,
        scope=(owner.lineno, owner.end_lineno or owner.lineno),
        evidence=(
            Evidence("drawn", "drawn from for each item", source.path, draw.lineno),
            Evidence("workers", f"{loader.workers} load it", source.path, loader.call.lineno),
        ),
    )


def _seeded_items(program: Program, loader: Loader, owner: ast.ClassDef) -> Iterator[tuple[Finding, ast.AST]]:
    """A constant seed that is set for every item."""
    method = program.method(owner, "__getitem__")
    if method is None:
        return
    for node in walk(method):
        if isinstance(node, ast.Call) and program.called(node) in SEEDING and _is_constant(program, node):
            text = program.source.segment(node)
            finding = PITFALL.finding(
                "warning",
                program.source.location(node),
                f"`{text}` in `{owner.name}.__getitem__` starts the generator anew for every item: all items draw "
                "the same numbers",
                remedy="leave it out; torch seeds each worker, and `torch.manual_seed` makes that repeat",
                source="static",
                subject=text,
                scope=scope_lines(program.source, node),
                evidence=(Evidence("workers", f"{loader.workers} load it", program.source.path, loader.call.lineno),),
            )
            yield finding, node


def _constant_start(program: Program, loader: Loader) -> tuple[Finding, ast.AST] | None:
    """A `worker_init_fn` that gives every worker the same seed."""
    init = program.origin(loader.init) if loader.init is not None else None
    bound = program.sole(init) if isinstance(init, ast.Name) else None
    function = init if isinstance(init, ast.Lambda) else bound.node if bound is not None else None
    if not isinstance(function, ast.FunctionDef | ast.Lambda):
        return None
    taken = {argument.arg for argument in function.args.args}
    seeds = [node for node in walk(function) if isinstance(node, ast.Call) and program.called(node) in SEEDING]
    if not seeds or any(isinstance(node, ast.Name) and node.id in taken for node in walk(function)):
        return None
    if not all(_is_constant(program, seed) for seed in seeds):
        return None
    text = program.source.segment(seeds[0])
    worker = next(iter(taken), "worker_id")
    finding = PITFALL.finding(
        "warning",
        program.source.location(seeds[0]),
        f"`{text}` gives each of {loader.workers} the same seed: what they draw is the same",
        remedy=f"let the seed differ: `np.random.seed(torch.initial_seed() % 2**32)`, or add `{worker}` to it",
        source="static",
        subject=text,
        scope=scope_lines(program.source, seeds[0]),
        evidence=(
            Evidence("workers", "the loader starts its workers with it", program.source.path, loader.call.lineno),
        ),
    )
    return finding, seeds[0]


def _is_constant(program: Program, call: ast.Call) -> bool:
    """Whether a seed is a number that is written down, here or where its name is bound."""
    seed = call.args[0] if call.args else None
    return isinstance(constant(program.origin(seed)), int) if seed is not None else False


def _mentions(owner: ast.ClassDef, name: str) -> bool:
    return any(getattr(node, "id", getattr(node, "attr", "")) == name for node in walk(owner))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
