"""Follows loops: the first turn, where a counter is 0, and all later ones, until nothing new can hold."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from pitfallcheck.pitfalls.reused_buffer import branches
from pitfallcheck.pitfalls.reused_buffer.indexing import later_row, row
from pitfallcheck.pitfalls.reused_buffer.outcome import Outcome
from pitfallcheck.pitfalls.reused_buffer.scopes import Frame
from pitfallcheck.pitfalls.reused_buffer.state import State
from pitfallcheck.pitfalls.reused_buffer.values import ANY_SLOT, UNKNOWN, Array, Box, Constant, Number, Ring, Value

if TYPE_CHECKING:
    from pitfallcheck.pitfalls.reused_buffer.flow import Flow

UNROLLED = 8
"""Loops over displays of at most so many arrays are followed item by item."""


def repeat(entries: list[State], turn: Callable[[State], list[State]]) -> list[State]:
    """Follow `turn` from the entries and from what comes of it, as long as that is new; give all that came."""
    seen: set[Hashable] = set()
    waiting, came = list(entries), []
    while waiting:
        state = waiting.pop()
        mark = state.fingerprint()
        if mark in seen:
            continue
        seen.add(mark)
        after = turn(state.copy())
        came += after
        waiting += after
    return came


def loop(flow: Flow, node: ast.While | ast.For | ast.AsyncFor, state: State, frame: Frame) -> Outcome:
    """Follow a loop. It is taken to turn at least once, unless its test is known to fail."""
    done = _while(flow, node, state, frame) if isinstance(node, ast.While) else _for(flow, node, state, frame)
    if node.orelse and done.ended:
        last = flow.block(node.orelse, done.ended, frame)
        done.ended = last.ended
        done.take(last)
    done.ended += done.broke
    done.broke = []
    return done


def _while(flow: Flow, node: ast.While, state: State, frame: Frame) -> Outcome:
    outcome = Outcome()

    def turn(entry: State) -> list[State]:
        if branches.truth(flow, node.test, entry, frame) is False:
            outcome.ended.append(entry)
            return []
        return _body(flow, node.body, entry, frame, outcome)

    for after in repeat([state], turn):
        if branches.truth(flow, node.test, after, frame) is None:
            outcome.ended.append(after.copy())
    return outcome


def _for(flow: Flow, node: ast.For | ast.AsyncFor, state: State, frame: Frame) -> Outcome:
    outcome = Outcome()
    over = flow.value(node.iter, state, frame)
    items = _one_by_one(flow, node.iter, over, state, frame)
    if items is not None:
        states = [state]
        for item in items:
            after = []
            for entry in states:
                flow.assign(node.target, item, node, entry, frame)
                after += _body(flow, node.body, entry, frame, outcome)
            states = after
        outcome.ended += states
        return outcome
    first, later = _items(flow, node.iter, over, state, frame)

    def turn(entry: State) -> list[State]:
        going_on = []
        for after in _body(flow, node.body, entry, frame, outcome):
            mark = branches.last_turn_key(node) if isinstance(node, ast.For) else ""
            finished = mark in after.variables
            after.variables.pop(mark, None)
            outcome.ended.append(after.copy())
            if not finished:
                flow.assign(node.target, later, node, after, frame)
                going_on.append(after)
        return going_on

    flow.assign(node.target, first, node, state, frame)
    repeat([state], turn)
    return outcome


def _body(flow: Flow, body: list[ast.stmt], entry: State, frame: Frame, outcome: Outcome) -> list[State]:
    turned = flow.block(body, [entry], frame)
    outcome.broke += turned.broke
    outcome.returned += turned.returned
    outcome.raised += turned.raised
    return turned.ended + turned.continued


def _one_by_one(flow: Flow, iterated: ast.expr, over: Value, state: State, frame: Frame) -> list[Value] | None:
    """The items of a loop over few arrays with names of their own, or over the dict that holds them."""
    if isinstance(over, Box) and not over.cycle:
        plain = over.keys == tuple(range(len(over.keys)))
        items: list[Value] = list(over.items) if plain else [Constant(key) for key in over.keys]
    elif isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Attribute) and not iterated.args:
        held = flow.value(iterated.func.value, state, frame)
        if not isinstance(held, Box) or iterated.func.attr not in ("items", "values", "keys"):
            return None
        over, keys = held, [Constant(key) for key in held.keys]
        pairs: list[Value] = [_pair(key, item) for key, item in zip(keys, held.items, strict=True)]
        listed: dict[str, list[Value]] = {"items": pairs, "values": list(held.items), "keys": list(keys)}
        items = listed[iterated.func.attr]
    else:
        return None
    return items if over.holds_memory and 0 < len(items) <= UNROLLED else None


def _items(flow: Flow, iterated: ast.expr, over: Value, state: State, frame: Frame) -> tuple[Value, Value]:
    """What a loop's target is at the first turn, and at a later one."""
    if isinstance(over, Box) and over.cycle:
        return over.turning(), over.turning()
    if isinstance(over, Ring):
        return (over.at(ANY_SLOT), over.at(ANY_SLOT)) if over.cycle else (over.at(0), UNKNOWN)
    if isinstance(over, Array):
        return row(over, None), later_row(over)
    if not isinstance(iterated, ast.Call):
        return UNKNOWN, UNKNOWN
    name = str(flow.source.qualify(iterated.func) or getattr(iterated.func, "id", ""))
    last = name.rpartition(".")[2]

    def within(argument: ast.expr) -> tuple[Value, Value]:
        return _items(flow, argument, flow.value(argument, state, frame), state, frame)

    if name in ("range", "itertools.count") or last == "trange":
        from_zero = not iterated.args or (len(iterated.args) == 1 and last != "count") or _is_zero(iterated.args[0])
        return (Number("first"), Number("later")) if from_zero else (Number(), Number())
    if name == "zip":
        parts = [within(argument) for argument in iterated.args]
        return _tuple([first for first, _ in parts]), _tuple([later for _, later in parts])
    if name == "enumerate" and iterated.args:
        first, later = within(iterated.args[0])
        if len(iterated.args) == 1 and not iterated.keywords:
            return _pair(Number("first"), first), _pair(Number("later"), later)
        return _pair(Number(), first), _pair(Number(), later)
    if last == "tqdm" and iterated.args:
        return within(iterated.args[0])
    if name == "reversed" and iterated.args:
        _, later = within(iterated.args[0])
        return (Number(), Number()) if isinstance(later, Number) else (UNKNOWN, UNKNOWN)
    return UNKNOWN, UNKNOWN


def _tuple(items: list[Value]) -> Box:
    return Box(tuple(range(len(items))), tuple(items), (None,) * len(items))


def _pair(one: Value, other: Value) -> Box:
    return _tuple([one, other])


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0
