"""What variables hold before the function at hand runs: closures, globals, attributes, defaults, parameters."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pitfallcheck.lint.source import Function
from pitfallcheck.pitfalls.reused_buffer.scopes import Binding, Frame, Root, parameters
from pitfallcheck.pitfalls.reused_buffer.state import State
from pitfallcheck.pitfalls.reused_buffer.values import UNKNOWN, Array, Box, Constant, Number, Ring, Value

if TYPE_CHECKING:
    from pitfallcheck.pitfalls.reused_buffer.expressions import Evaluator

NONE = Constant(None)


def origin(evaluator: Evaluator, key: str, root: Root) -> Value:
    """What the variable `key` holds when `root` starts, if the file tells."""
    if key.startswith("self."):
        return _attribute(evaluator, key.removeprefix("self."), root)
    if key not in evaluator.scopes.keys:
        return UNKNOWN  # an attribute of some object
    scope, name = evaluator.scopes.keys[key]
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) and name in parameters(scope):
        return _parameter(evaluator, scope, name) if scope is root or not _rebound(evaluator, scope, name) else UNKNOWN
    if scope is root:
        return UNKNOWN
    frame = evaluator.scopes.settled(scope)
    bound = evaluator.scopes.bindings(scope).get(name, [])
    value = _first_of([_settled_value(evaluator, binding, frame, name) for binding in bound])
    elsewhere = evaluator.scopes.bound_elsewhere.get(name, []) if isinstance(scope, ast.Module) else []
    if bound and (value != NONE or any(function is root for function, _ in elsewhere)):
        return value
    return _only_array(
        [_settled_value(evaluator, made, evaluator.scopes.settled(function), name) for function, made in elsewhere],
        unless=value,
    )


def _only_array(values: list[Value], unless: Value) -> Value:
    """The array that all of several bindings made later amount to."""
    made = [value for value in values if value != NONE]
    return made[0] if made and all(isinstance(value, Array | Box | Ring) for value in made) else unless


def _rebound(evaluator: Evaluator, function: Function, name: str) -> bool:
    return len(evaluator.scopes.bindings(function)[name]) > 1


def _first_of(values: list[Value]) -> Value:
    """What several bindings amount to: None comes first, then the only array; a mixture is unknown."""
    if not values:
        return UNKNOWN
    if NONE in values and all(value == NONE or isinstance(value, Array) for value in values):
        return NONE
    if len(values) == 1 or all(isinstance(value, Array) for value in values):
        return values[0]
    return UNKNOWN


def _settled_value(evaluator: Evaluator, binding: Binding, frame: Frame, name: str) -> Value:
    if binding is None:
        return UNKNOWN
    value = evaluator.value(binding, State(evaluator.watched), frame)
    evaluator.label(value, name, frame)
    return _kept(value)


def _kept(value: Value) -> Value:
    """Counters that a scope only began with are any number by now."""
    return Number() if isinstance(value, Number) else value


def _attribute(evaluator: Evaluator, name: str, root: Root) -> Value:
    owner = _owner(evaluator, root)
    if owner is None:
        return UNKNOWN
    bound = evaluator.scopes.attribute(owner, name)
    made: dict[bool, list[Value]] = {True: [], False: []}
    for method, binding in bound:
        first = method is None or method.name in ("__init__", "__new__", "__post_init__", "__enter__", "__setstate__")
        if method is root:
            continue
        frame = evaluator.scopes.settled(method if method is not None else owner)
        made[first].append(_settled_value(evaluator, _default_factory(evaluator, binding), frame, f"self.{name}"))
    early, late = made[True], [value for value in made[False] if value != NONE]
    if early and all(value == NONE for value in early):
        return NONE if any(method is root for method, _ in bound) else _only_array(late, unless=NONE)
    if not early:
        return _only_array(late, unless=UNKNOWN)
    first_value = _first_of([value for value in early if value != NONE])
    if isinstance(first_value, Constant | Number) and (late or len(bound) > len(early)):
        return first_value if any(method is root for method, _ in bound) and not late else UNKNOWN
    return first_value


def _default_factory(evaluator: Evaluator, binding: Binding) -> Binding:
    """`field(default_factory=lambda: ...)` of a dataclass gives what the lambda gives."""
    if isinstance(binding, ast.Call):
        for keyword in binding.keywords:
            if keyword.arg == "default_factory" and isinstance(keyword.value, ast.Lambda):
                return keyword.value.body
    return binding


def _owner(evaluator: Evaluator, function: Root) -> ast.ClassDef | None:
    scope: ast.AST = function
    while not isinstance(scope, ast.Module):
        scope = evaluator.source.scope_of(scope)
        if isinstance(scope, ast.ClassDef):
            return scope
    return None


def _parameter(evaluator: Evaluator, function: Function, name: str) -> Value:
    """A default that is an array is one for all calls; else what every call in the file gives."""
    given = [_argument(call, function, name) for call in evaluator.scopes.calls.get(function.name, [])]
    default = _default(function, name)
    if given and all(argument is not None for argument in given):
        values = []
        for call, argument in zip(evaluator.scopes.calls.get(function.name, []), given, strict=True):
            frame = evaluator.scopes.settled(evaluator.source.scope_of(call))
            values.append(_settled_value(evaluator, argument, frame, name))
        return values[0] if all(isinstance(value, Array | Box | Ring) for value in values) else UNKNOWN
    if default is None:
        return UNKNOWN
    frame = evaluator.scopes.settled(evaluator.source.scope_of(function))
    value = _settled_value(evaluator, default, frame, name)
    if value == NONE and not given:
        return UNKNOWN
    return value if isinstance(value, Array | Box | Ring) else UNKNOWN


def _default(function: Function, name: str) -> ast.expr | None:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    for arg, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        if arg.arg == name:
            return default
    for arg, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if arg.arg == name:
            return keyword_default
    return None


def _argument(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    """The expression that `call` gives for the parameter `name`."""
    names = parameters(function)
    if isinstance(call.func, ast.Attribute):
        names = names[1:]
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    return dict(zip(names, call.args, strict=False)).get(name)
