"""Lets functions of torch tell us that they run, with no frame of ours in any traceback of the program's.

torch has global hooks for modules, but a module that has one runs on another path, which a traceback shows and which
costs every call. So the function's own code is compiled again from its own source, with calls of ours added and every
line and column as it was: whoever holds the function holds the same one, and what it raises looks as it always does.
"""

from __future__ import annotations
import __future__

import ast
import inspect
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

Hook = Callable[..., None]

_HOOKS = "pitfallcheck hooks"
"""The constant in whose place the hooks stand in the code."""
_VALUE, _TOLD = "pitfallcheck_value", "pitfallcheck_told"
_PART = "pitfallcheck_part"
_FUTURE = __future__.annotations.compiler_flag


class Hooks:
    """What is called before a function runs, and after; of several listeners the earlier one first.

    While `deaf` is true nobody is told of the calls that begin, which then cost next to nothing.
    """

    __slots__ = ("after", "before", "deaf")

    def __init__(self) -> None:
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.deaf = False


_LISTENED: dict[FunctionType, Hooks] = {}


class NoSourceError(Exception):
    """A function cannot be compiled again; the message says why in a clause."""


def listen(function: Any, *, before: Hook | None = None, after: Hook | None = None) -> Hooks:
    """Have `function` call `before(*arguments)` first and `after(*arguments, value)` when it is left.

    `arguments` are its parameters in their order (`*args` as one tuple, `**kwargs` as one dictionary), `value` what it
    returns, None where it returns nothing or raises. The hooks must not raise. They are not called while
    `torch.compile` traces. Raises NoSourceError where the source is not at hand or is not what runs.
    """
    original = inspect.unwrap(function)
    if not isinstance(original, FunctionType):
        raise NoSourceError(f"`{getattr(function, '__qualname__', function)}` is not a Python function")
    hooks = _LISTENED.get(original, Hooks())
    code = original.__code__
    definition = _definition(original)
    _add_calls(definition, before=bool(before or hooks.before), after=bool(after or hooks.after))
    compiled = _code_of(definition, code)
    if compiled.co_freevars != code.co_freevars:
        raise NoSourceError(f"the source of `{original.__qualname__}` is not what runs")
    hooks.before, hooks.after = _both(hooks.before, before), _both(hooks.after, after)
    _LISTENED[original] = hooks
    constants = tuple(hooks if isinstance(value, str) and value == _HOOKS else value for value in compiled.co_consts)
    original.__code__ = compiled.replace(co_consts=constants, co_name=code.co_name, co_qualname=code.co_qualname)
    return hooks


def _both(first: Hook | None, second: Hook | None) -> Hook | None:
    if first is None or second is None:
        return first or second

    def both(*arguments: Any) -> None:
        first(*arguments)
        second(*arguments)

    return both


def _definition(function: FunctionType) -> ast.FunctionDef:
    """The function as it stands in its file, with the lines and columns it has there."""
    try:
        lines, first = inspect.getsourcelines(function)
        # Below an `if`, an indented function parses, and its columns stay what they are.
        tree = ast.parse("if 1:\n" + "".join(lines) if lines[0][:1].isspace() else "".join(lines))
    except (OSError, SyntaxError) as error:
        raise NoSourceError(f"the source of `{function.__qualname__}` cannot be read: {error}") from None
    outer = tree.body[0]
    node = outer.body[0] if isinstance(outer, ast.If) else outer
    if not isinstance(node, ast.FunctionDef) or node.name != function.__name__:
        raise NoSourceError(f"the source of `{function.__qualname__}` is not that of a function")
    ast.increment_lineno(node, first - (2 if isinstance(outer, ast.If) else 1))
    node.decorator_list = []
    return node


def _add_calls(node: ast.FunctionDef, *, before: bool, after: bool) -> None:
    arguments = node.args
    names = [given.arg for given in (*arguments.posonlyargs, *arguments.args)]
    names += [given.arg for given in (arguments.vararg, *arguments.kwonlyargs, arguments.kwarg) if given is not None]
    body = node.body
    # `torch.compile` takes this for false while it traces, and so leaves the calls out.
    told = f"{_TOLD} = not torch.compiler.is_compiling() and not {_HOOKS!r}.deaf"
    begun = ast.parse(f"{told}\n{_VALUE} = None").body
    if after:
        body = [_Returns().visit(statement) for statement in body]
        body = [ast.Try(body=body, handlers=[], orelse=[], finalbody=[_call("after", [*names, _VALUE])])]
    body = [*begun, _call("before", names), *body] if before else [*begun, *body]
    for statement in body:
        for added in ast.walk(statement):
            if isinstance(added, ast.stmt | ast.expr) and not hasattr(added, "lineno"):
                ast.copy_location(added, node.body[0])
        ast.copy_location(statement, node.body[0])
    node.body = body


def _call(hook: str, names: list[str]) -> ast.stmt:
    given: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
    call = ast.Call(ast.Attribute(ast.Constant(_HOOKS), hook, ast.Load()), given, [])
    return ast.If(ast.Name(_TOLD, ast.Load()), [ast.Expr(call)], [])


class _Returns(ast.NodeTransformer):
    """Keeps what is returned in a variable; the expression stays where it is in the source."""

    def visit_Return(self, node: ast.Return) -> ast.Return:
        if node.value is not None:
            kept = ast.NamedExpr(ast.Name(_VALUE, ast.Store()), node.value)
            node.value = ast.copy_location(kept, node.value)
            ast.copy_location(kept.target, kept)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node


def _code_of(definition: ast.FunctionDef, like: CodeType) -> CodeType:
    """The code of a function, compiled under the file name and the flags of `like`."""
    # What it uses of around it (`__class__`, for `super()`) are the variables of a function around it here, too.
    around = ast.parse(f"def {_PART}({', '.join(like.co_freevars)}): ...").body[0]
    assert isinstance(around, ast.FunctionDef)
    # Under another name, as its own is a global variable to it.
    definition.name = _PART
    around.body = [definition]
    module = ast.fix_missing_locations(ast.Module([around], []))
    code: CodeType = compile(module, like.co_filename, "exec", like.co_flags & _FUTURE, dont_inherit=True)
    for _ in range(2):
        code = next(part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == _PART)
    return code
