"""Judges whether a backward pass can get from the loss to any parameter."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.cuts import Cut
from pitfallcheck.lint.steps.facts import Steps, steps_of
from pitfallcheck.lint.steps.graph import Graph
from pitfallcheck.pitfalls.cut_graph import PITFALL
from pitfallcheck.pitfalls.cut_graph.detached import Unlearned, unlearned
from pitfallcheck.pitfalls.cut_graph.forward import cut_inside
from pitfallcheck.pitfalls.cut_graph.tape import outside, tapes

EFFECT = {
    "detached": "gives the values without their graph",
    "number": "makes a plain number of the tensor",
    "numpy": "leaves the framework's graph for NumPy",
    "copied": "copies the values into a new tensor that knows nothing of how they were computed",
    "decided": "has no derivative",
    "quiet": "records no graph for what is computed in it",
}
REMEDY = {
    "detached": "leave it out where the loss is computed, and detach only what is logged",
    "number": "compute with the tensor itself, and take the number only to log it",
    "numpy": "compute the loss with the framework's own operations",
    "copied": "compute with the tensor itself, which is one already (`torch.stack` joins several)",
    "decided": "compute the loss from the scores themselves, with a loss that has a derivative",
    "quiet": "compute the prediction outside of it",
}


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each cut."""
    steps = steps_of(source)
    graph = Graph(steps.things)
    told: set[ast.AST] = set()
    for _, moments in steps.walks:
        for moment in moments:
            if moment.kind != "backward" or moment.subject is None:
                continue
            state = graph.of(moment.subject, moment.frame)
            if isinstance(state, Cut) and state.node not in told:
                told.add(state.node)
                yield _cut(source, state, source.segment(moment.subject), moment.node)
            elif state != "graph" and (asked := _asked_for(steps, moment)) is not None and asked not in told:
                told.add(asked)
                yield _asked(source, asked, moment)
    if "GradientTape" in source.text:
        for block, call, loss in tapes(steps.program):
            binding = outside(steps.program, block, loss)
            state = graph.of(loss)
            if binding is not None and binding.node not in told:
                told.add(binding.node)
                yield _behind(source, binding.node, source.segment(loss), block, call)
            elif isinstance(state, Cut) and state.node not in told:
                told.add(state.node)
                yield _cut(source, state, source.segment(loss), call)
    for cut, call in cut_inside(steps, graph):
        if cut.node not in told:
            told.add(cut.node)
            yield _inside(source, cut, call)
    for one in unlearned(steps):
        if one.cut not in told:
            told.add(one.cut)
            yield _unlearned(source, one)


def _cut(source: Source, cut: Cut, loss: str, backward: ast.expr | ast.stmt) -> Finding:
    written = source.segment(cut.node)
    return PITFALL.finding(
        "error",
        source.location(cut.node),
        f"`{written}` {EFFECT[cut.how]}: from `{loss}` in line {backward.lineno} no way leads back to a parameter, and "
        "nothing is learned",
        remedy=REMEDY[cut.how],
        source="static",
        subject=loss,
        evidence=(Evidence("backward", "the gradients are asked for here", source.path, backward.lineno),),
    )


def _asked_for(steps: Steps, backward: Moment) -> ast.AST | None:
    """`loss.requires_grad_(True)` or `loss.requires_grad = True`, of the loss on which `backward` is called."""
    subject = backward.subject
    if not isinstance(subject, ast.Name):
        return None
    scope = steps.program.scope(subject)
    if scope is steps.source.tree:
        return None
    for node in steps.program.mentions.get("requires_grad_", []):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == subject.id):
            continue
        if steps.program.bindings(node.value) == steps.program.bindings(subject):
            return node
    found = steps.program.reaching(scope).all.get(f"{subject.id}.requires_grad", [])
    return found[0].node if found else None


def _asked(source: Source, node: ast.AST, backward: Moment) -> Finding:
    assert backward.subject is not None
    loss = source.segment(backward.subject)
    return PITFALL.finding(
        "warning",
        source.location(node),
        f"`{loss}` is told to require a gradient: a loss that reaches the parameters does so by itself, and one that "
        "does not reach them is not connected by this",
        remedy=f"take this line out; if `{loss}.backward()` then fails, the graph was cut where `{loss}` was computed",
        source="static",
        subject=loss,
        evidence=(Evidence("backward", "the gradients are asked for here", source.path, backward.node.lineno),),
    )


def _behind(source: Source, node: ast.AST, loss: str, block: ast.With, call: ast.Call) -> Finding:
    tape = source.segment(call.func).rpartition(".")[0]
    return PITFALL.finding(
        "error",
        source.location(node),
        f"`{loss}` is computed outside the block of `{tape}`: the tape did not see it, and `{source.segment(call)}` "
        "gives None for every variable",
        remedy=f"compute `{loss}` inside the `with` block of line {block.lineno}",
        source="static",
        subject=loss,
        evidence=(Evidence("backward", "the gradients are asked for here", source.path, call.lineno),),
    )


def _inside(source: Source, cut: Cut, call: ast.Call) -> Finding:
    layer = source.segment(call.func)
    return PITFALL.finding(
        "warning",
        source.location(cut.node),
        f"`{source.segment(cut.node)}` {EFFECT[cut.how]}: what stands in front of `{layer}` gets no gradient, and "
        "stays as initialised",
        remedy="compute with the tensor itself; where the part is to stay frozen, say so with `detach()`",
        source="static",
        subject=layer,
        evidence=(Evidence("layer", f"goes into `{layer}` here", source.path, call.lineno),),
    )


def _unlearned(source: Source, one: Unlearned) -> Finding:
    layer = source.segment(one.layer)
    return PITFALL.finding(
        "warning",
        source.location(one.cut),
        f"`{source.segment(one.cut)}` gives the values without their graph: all that `{layer}` puts out in "
        f"`{one.owner.name}` ends so, it never gets a gradient, and stays as initialised",
        remedy=f"compute with the tensor itself; where it is to stay so, say it with `{layer}.requires_grad_(False)`",
        source="static",
        subject=layer,
        evidence=(Evidence("layer", "the layer is made here", source.path, one.layer.lineno),),
    )
