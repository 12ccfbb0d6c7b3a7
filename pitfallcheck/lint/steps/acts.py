"""What happens in a training step, and what one call or statement does: backward, step, clear, or perhaps either."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.steps.things import Frame
from pitfallcheck.lint.tree import walk

Kind = Literal[
    "backward", "step", "clear", "clip", "schedule", "written", "moved", "train", "eval", "forward", "hidden", "unknown"
]
"""`hidden` is a call of what another file makes, as a forward pass of its network would be."""

Condition = tuple[ast.AST, int]


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """One act. `subject` is the optimizer, model, scheduler or loss; it stands, as `node` does, in `frame`.

    `at` counts up as the program runs; `loops` and `conditions` are outer first, through all frames; `quiet` says that
    it runs under `torch.no_grad`.
    """

    kind: Kind
    node: ast.expr | ast.stmt
    subject: ast.expr | None
    frame: Frame | None
    at: int
    loops: tuple[ast.AST, ...]
    conditions: tuple[Condition, ...]
    quiet: bool = False

    def within(self, loop: ast.AST) -> bool:
        """Whether it runs in turns of `loop`."""
        return loop in self.loops

    def implies(self, other: Moment) -> bool:
        """Whether `other` surely runs in the same turn of the innermost loop of `other` in which this one runs."""
        return set(other.conditions) <= set(self.conditions) and self.loops[: len(other.loops)] == other.loops


OVERWRITING = words("zero_ copy_ fill_ set_ random_ normal_ uniform_")
"""Methods of a gradient after which nothing of the old one is left."""

CLIPPING = words("clip_grad_norm_ clip_grad_norm clip_grad_value_ clip_grad_value")
"""Functions of torch, and methods of what wraps it, that bound gradients."""

HARMLESS = re.compile(
    r"eval|valid|test|accura|^acc$|save|plot|log|print|metric|visual|check|count|summary|clip|norm|freez|copy|ema"
    r"|score|sampl|generat|predict|forward|loss|criterion|lr$|learning_rate|len|type|iter|range|zip|tqdm|enumerate"
    r"|^super$|append|items|loader|noise|mean|sum|size|item|time|meter|update_ema|parameters|state_dict|seed|device|format",
    re.IGNORECASE,
)
"""Names of functions of which nobody expects that they touch gradients, given a model or an optimizer."""

TELLING = re.compile(r"zero|clear|reset|backward|optimi|step|closure|(^|_)train|learn|update|fit", re.IGNORECASE)
"""Names of functions that may do any part of a training step."""

TELLING_METHOD = re.compile(r"zero_?grad|clear_?grad|backward|optimi", re.IGNORECASE)
"""The same for methods of any object: many things are reset, updated and cleared."""


def gradient_of(node: ast.AST) -> ast.expr | None:
    """`p` of `p.grad` or `p.grad.data`."""
    if isinstance(node, ast.Attribute) and node.attr in ("data", "_grad"):
        node = node.value
    return node.value if isinstance(node, ast.Attribute) and node.attr == "grad" else None


def written_gradient(node: ast.stmt) -> Kind | None:
    """What a statement does that stores a gradient: `p.grad = None` clears, any other value replaces."""
    targets = (
        node.targets
        if isinstance(node, ast.Assign | ast.Delete)
        else [node.target]
        if isinstance(node, ast.AugAssign | ast.AnnAssign)
        else []
    )
    for target in targets:
        if gradient_of(target) is None:
            continue
        if isinstance(node, ast.Delete):
            return "clear"
        value = getattr(node, "value", None)
        if isinstance(node, ast.AugAssign):
            zero = isinstance(value, ast.Constant) and value.value == 0
            return "clear" if isinstance(node.op, ast.Mult) and zero else None
        return "clear" if isinstance(value, ast.Constant) else "written"
    return None


def overwrites_gradient(call: ast.Call) -> Kind | None:
    """What a method of a gradient does: `p.grad.zero_()` clears."""
    if not isinstance(call.func, ast.Attribute) or gradient_of(call.func.value) is None:
        return None
    if call.func.attr == "zero_":
        return "clear"
    if call.func.attr == "mul_" and call.args and isinstance(call.args[0], ast.Constant) and not call.args[0].value:
        return "clear"
    return "written" if call.func.attr in OVERWRITING else None


def moved_by_gradient(node: ast.stmt) -> ast.expr | None:
    """`w` of `w -= lr * w.grad`, `w.data = w.data - ...`, `w.data.sub_(...)`, `w.add_(-lr * w.grad)`."""
    values: list[ast.expr] = []
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub | ast.Add):
        target: ast.expr = node.target
        values = [node.value]
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and _is_data(node.targets[0]):
        target, values = node.targets[0], [node.value]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        if node.value.func.attr in ("sub_", "add_", "copy_"):
            values = [*node.value.args, *(keyword.value for keyword in node.value.keywords)]
        target = node.value.func.value
    else:
        return None
    tensor = target.value if isinstance(target, ast.Attribute) and _is_data(target) else target
    written = ast.unparse(tensor) if values and isinstance(tensor, ast.Name | ast.Attribute | ast.Subscript) else None
    for part in (part for value in values for part in walk(value)):
        if isinstance(part, ast.Attribute) and part.attr == "grad" and ast.unparse(part.value) == written:
            return part.value
    return None


def _is_data(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "data"


def name_of(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
