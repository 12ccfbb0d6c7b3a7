"""Judges the logarithms of a file: what they are taken of, and how to take them without the probability."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.flow.bindings import NAMES
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.unstable_log import PITFALL
from pitfallcheck.pitfalls.unstable_log.modules import of_modules
from pitfallcheck.pitfalls.unstable_log.probabilities import Probabilities, Probability

NATURAL = frozenset(
    {
        "torch.log", "numpy.log", "jax.numpy.log", "tensorflow.math.log", "tensorflow.log", "keras.ops.log",
        "keras.backend.log",
    }
)  # fmt: skip
OTHERS = frozenset({"torch.log2", "torch.log10", "numpy.log2", "numpy.log10", "jax.numpy.log2", "jax.numpy.log10"})

KEPT_FINITE = frozenset(
    {
        "clamp", "clamp_", "clamp_min", "clip", "clip_by_value", "maximum", "nan_to_num", "nan_to_num_", "where",
        "isfinite", "isinf", "isnan", "masked_fill", "print",
    }
)  # fmt: skip
"""Functions and methods that deal with an infinite logarithm, or only look at it."""

JOINED = frozenset(
    {
        "torch.softmax", "torch.nn.functional.softmax", "tensorflow.nn.softmax", "jax.nn.softmax", "keras.ops.softmax",
        "scipy.special.softmax",
    }
)  # fmt: skip
"""Functions beside which their library has a `log_softmax` with the same arguments."""

SOFTMAX = {
    "torch": "`torch.log_softmax(logits, dim)`",
    "tensorflow": "`tf.nn.log_softmax(logits)`",
    "jax": "`jax.nn.log_softmax(logits)`",
    "keras": "`keras.ops.log_softmax(logits)`",
    "": "`z - scipy.special.logsumexp(z, axis=-1, keepdims=True)`",
}
SIGMOID = {
    "torch": "`F.logsigmoid({z})`",
    "tensorflow": "`tf.math.log_sigmoid({z})`",
    "jax": "`jax.nn.log_sigmoid({z})`",
    "keras": "`keras.ops.log_sigmoid({z})`",
    "": "`-np.logaddexp(0, {minus_z})`",
}
"""How each library takes the logarithm from the input `z`; NumPy has it from elsewhere or by hand."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each statement with a logarithm of what is straight from a softmax or a sigmoid."""
    program = program_of(source)
    probabilities = Probabilities(program)
    told = set[ast.AST]()
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        taken = _argument(source, node)
        if taken is None or _dealt_with(source, node):
            continue
        found = probabilities.of(taken) or of_modules(source, taken)
        if found is not None and program.statement(node) not in told:
            told.add(program.statement(node))
            yield _told(source, node, taken, found)


def _argument(source: Source, node: ast.Call) -> ast.expr | None:
    """What a call takes the logarithm of, if it is one."""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "log" and not node.args and not node.keywords:
        return node.func.value if source.qualify(node.func) is None else None
    if len(node.args) == 1 and isinstance(node.func, NAMES):
        known = source.qualify(node.func)
        return node.args[0] if known in NATURAL or known in OTHERS else None
    return None


def _dealt_with(source: Source, node: ast.Call) -> bool:
    """Whether the infinite logarithm is clipped, replaced or looked for where it is made."""
    above = source.parents.get(node)
    if isinstance(above, ast.Attribute):
        return above.attr in KEPT_FINITE
    if isinstance(above, ast.Call) and node in above.args:
        name = above.func.attr if isinstance(above.func, ast.Attribute) else getattr(above.func, "id", "")
        return name in KEPT_FINITE
    return False


def _told(source: Source, node: ast.Call, taken: ast.expr, found: Probability) -> Finding:
    fix = _fix(source, node, taken, found)
    edge = "1" if found.complement else "0"
    when = "where a logit is far below the largest" if found.kind == "softmax" else "for inputs of large size"
    evidence: tuple[Evidence, ...] = ()
    if found.made.lineno != node.lineno:
        text = f"the {found.kind}, with nothing that keeps it from {edge}"
        evidence = (Evidence("computed", text, source.path, found.made.lineno),)
    return PITFALL.finding(
        "warning",
        source.location(node),
        f"`{source.segment(node)}` is the logarithm of a {found.kind} {'from 1 ' if found.complement else ''}that "
        f"rounds to exactly {edge} {when}: the result is -inf, and the loss or its gradients become NaN",
        remedy=_remedy(source, found, fix),
        source="static",
        subject=source.segment(taken),
        evidence=evidence,
        fix=fix,
    )


def _remedy(source: Source, found: Probability, fix: Fix | None) -> str:
    if fix is not None:
        return f"take both at once, `{fix.edits[0].replacement}`"
    library = next((one for one in ("torch", "tensorflow", "jax", "keras") if source.names.imports(one)), "")
    if found.kind == "softmax":
        return f"compute it from the logits, {SOFTMAX[library]}, or clip the probability first"
    z, minus_z = ("-z", "z") if found.complement else ("z", "-z")
    stable = SIGMOID[library].format(z=z, minus_z=minus_z)
    return f"compute it from the sigmoid's input `z`, {stable}, or clip the probability first"


def _fix(source: Source, node: ast.Call, taken: ast.expr, found: Probability) -> Fix | None:
    """`log_softmax` in place of the logarithm of a softmax that stands in it."""
    if taken is not found.made or not isinstance(taken, ast.Call) or not isinstance(taken.func, ast.Attribute):
        return None
    if taken.func.attr != "softmax" or source.qualify(node.func) in OTHERS:
        return None
    known = source.qualify(taken.func)
    if known is not None and known not in JOINED:
        return None
    text, function = _text(source, taken), _text(source, taken.func)
    if "{" in text or "}" in text or not function.endswith("softmax") or not text.startswith(function):
        return None
    edit = Edit(*source.span(node), f"{function.removesuffix('softmax')}log_softmax{text[len(function) :]}")
    return Fix((edit,))


def _text(source: Source, node: ast.expr) -> str:
    """The text of an expression as it is written."""
    (first, start), (last, end) = source.span(node)
    lines = source.lines[first - 1 : last]
    lines[-1] = lines[-1][: end - 1]
    lines[0] = lines[0][start - 1 :]
    return "\n".join(lines)
