"""Finds references that were meant as copies: a model's state kept while it trains on, one array several times."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.reused_buffer import PITFALL
from pitfallcheck.pitfalls.reused_buffer.libraries import NUMPY_NEW, TORCH_NEW, named

Loop = ast.For | ast.While

SHARING_ENDS = named("data detach numpy")
"""Attributes and methods of a parameter whose result shares its memory."""

TRAINING = named("step backward")


def remembered(source: Source) -> Iterator[Finding]:
    """What is kept of a model by reference in the loop that trains it, and read behind it."""
    for node in source.nodes:
        if isinstance(node, ast.Assign) and _is_state(node.value):
            yield from _best_state(source, node)
        elif isinstance(node, ast.Call) and _keeps_weights(node) and _trained_in(source, node) is not None:
            yield _history(source, node, node.args[0])


def _keeps_weights(node: ast.Call) -> bool:
    added = isinstance(node.func, ast.Attribute) and node.func.attr == "append" and len(node.args) == 1
    return added and _shares_weights(node.args[0])


def _is_state(node: ast.expr) -> bool:
    func = node.func if isinstance(node, ast.Call) and not node.args and not node.keywords else None
    return isinstance(func, ast.Attribute) and func.attr == "state_dict"


def _best_state(source: Source, node: ast.Assign) -> Iterator[Finding]:
    """`best = model.state_dict()` in the training loop, and `model.load_state_dict(best)` behind it."""
    func = node.value.func  # type: ignore[attr-defined]
    model, kept = ast.unparse(func.value), ast.unparse(node.targets[0])
    loop = _trained_in(source, node)
    if loop is None or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return
    scope = source.scope_of(node)
    for other in source.nodes:
        if (
            isinstance(other, ast.Call)
            and isinstance(other.func, ast.Attribute)
            and other.func.attr == "load_state_dict"
            and other.args
            and ast.unparse(other.args[0]) == kept
            and ast.unparse(other.func.value) == model
            and source.scope_of(other) is scope
            and other.lineno > (loop.end_lineno or loop.lineno)
        ):
            yield PITFALL.finding(
                "error",
                source.location(node.value),
                f"`{kept}` refers to the weights of `{model}` themselves, which the following steps go on writing: "
                f"what line {other.lineno} loads are the last weights and not those of this step",
                remedy=f"Keep a copy: `{kept} = copy.deepcopy({model}.state_dict())`",
                source="static",
                subject=kept,
                evidence=(Evidence("consumer", "loaded here", source.path, other.lineno),),
            )
            return


def _trained_in(source: Source, node: ast.AST) -> Loop | None:
    """The outermost loop around `node` in its function, if an optimizer steps in it."""
    found: Loop | None = None
    parent = source.parents.get(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        if isinstance(parent, ast.For | ast.While):
            found = parent
        parent = source.parents.get(parent)
    if found is None or not any(_trains(part) for part in ast.walk(found)):
        return None
    return found


def _trains(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in TRAINING
    return isinstance(node.func, ast.Name) and node.func.id.startswith("train")


def _shares_weights(node: ast.expr) -> bool:
    """Whether `node` is `layer.weight.data`, `layer.weight.detach()` or the like, down to its NumPy array."""
    ended = False
    while True:
        if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute):
            node = node.func
        if not isinstance(node, ast.Attribute):
            return False
        if node.attr in SHARING_ENDS:
            ended, node = True, node.value
        else:
            return ended and node.attr in ("weight", "bias")


def _history(source: Source, call: ast.Call, value: ast.expr) -> Finding:
    container = source.segment(call.func.value)  # type: ignore[attr-defined]
    written = source.segment(value)
    method = "copy" if written.endswith("numpy()") else "clone"
    return PITFALL.finding(
        "error",
        source.location(value),
        f"`{written}` shares the memory of the weights, which every step writes anew: all that `{container}` holds "
        "ends up as the last weights",
        remedy=f"Put a copy into it (`{written}.{method}()`)",
        source="static",
        subject=written,
        fix=Fix((Edit(*source.span(value), f"{{}}.{method}()"),)),
    )


def repeated(source: Source) -> Iterator[Finding]:
    """`[np.zeros(3)] * 4`, whose items are one array, where an item is written."""
    for node in source.nodes:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp) or len(node.targets) != 1:
            continue
        listed, times = node.value.left, node.value.right
        if not isinstance(node.value.op, ast.Mult) or not isinstance(listed, ast.List) or len(listed.elts) != 1:
            continue
        made = listed.elts[0]
        new = isinstance(made, ast.Call) and source.qualify(made.func) in NUMPY_NEW | TORCH_NEW
        name = ast.unparse(node.targets[0])
        if new and not (isinstance(times, ast.Constant) and times.value == 1):
            write = next((part for part in source.nodes if _writes_item(part, name)), None)
            replaced = any(_replaces_item(part, name) for part in source.nodes)
            if write is not None and not replaced:
                yield _one_array(source, node, made, name, write)


def _writes_item(node: ast.AST, name: str) -> bool:
    """`name[i][...] = value`, `name[i][...] += value`, `name[i] += value`, `name[i].fill(value)`."""
    if isinstance(node, ast.Assign):
        targets = [target.value for target in node.targets if isinstance(target, ast.Subscript)]
        return any(_is_item(target, name) for target in targets)
    if isinstance(node, ast.AugAssign):
        inner = node.target.value if isinstance(node.target, ast.Subscript) else node.target
        return _is_item(inner, name) or _is_item(node.target, name)
    func = node.func if isinstance(node, ast.Call) else None
    return isinstance(func, ast.Attribute) and func.attr in ("fill", "fill_", "add_") and _is_item(func.value, name)


def _replaces_item(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Assign) and any(_is_item(target, name) for target in node.targets)


def _is_item(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) == name and not isinstance(node.slice, ast.Slice)


def _one_array(source: Source, node: ast.Assign, made: ast.expr, name: str, write: ast.AST) -> Finding:
    times = source.segment(node.value.right)  # type: ignore[attr-defined]
    text = source.segment(made)
    line = int(getattr(write, "lineno", 0))
    return PITFALL.finding(
        "error",
        source.location(node.value),
        f"`{name}` holds one array {times} times: what is written into one of its items is in all of them",
        remedy=f"Make one for each: `{name} = [{text} for _ in range({times})]`",
        source="static",
        subject=name,
        evidence=(Evidence("rewritten", "an item is written here", source.path, line),),
        fix=Fix((Edit(*source.span(node.value), f"[{text} for _ in range({times})]"),), safe=False),
    )
