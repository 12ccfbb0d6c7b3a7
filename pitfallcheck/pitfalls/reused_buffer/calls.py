"""What a call does to memory: makes an array, shares one, writes into one, or runs a function of this file."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from pitfallcheck.lint.source import Function
from pitfallcheck.pitfalls.reused_buffer import indexing
from pitfallcheck.pitfalls.reused_buffer import libraries as known
from pitfallcheck.pitfalls.reused_buffer.scopes import Frame, parameters
from pitfallcheck.pitfalls.reused_buffer.state import State
from pitfallcheck.pitfalls.reused_buffer.values import (
    ANY_SLOT,
    SOME_ARRAY,
    UNKNOWN,
    Array,
    Box,
    Constant,
    Index,
    Kind,
    Number,
    Ring,
    Step,
    Value,
)

if TYPE_CHECKING:
    from pitfallcheck.pitfalls.reused_buffer.expressions import Evaluator

DEEPEST = 3
"""How many calls of the file's own functions are followed into each other."""


def call(evaluator: Evaluator, node: ast.Call, state: State, frame: Frame) -> Value:
    """Evaluate a call."""
    name = evaluator.source.qualify(node.func)
    if name is None and isinstance(node.func, ast.Name):
        name = node.func.id
    receiver: Value = UNKNOWN
    if isinstance(node.func, ast.Attribute):
        receiver = evaluator.value(node.func.value, state, frame)
    given = evaluator.several([*node.args, *(keyword.value for keyword in node.keywords)], state, frame)
    arguments = given[: len(node.args)]
    keywords = {kw.arg: value for kw, value in zip(node.keywords, given[len(node.args) :], strict=True)}

    written = _written_by_keyword(evaluator, node, keywords, state)
    if isinstance(node.func, ast.Name) and (anonymous := evaluator.scopes.sole_lambda(node.func.id, frame)):
        return _anonymous(evaluator, anonymous, node, arguments, state, frame)
    own = evaluator.scopes.function(node.func, frame)
    if own is not None:
        return _own(evaluator, own, node, arguments, keywords, state, frame)
    if isinstance(receiver, Array) and isinstance(node.func, ast.Attribute):
        return _method(evaluator, receiver, node, node.func.attr, arguments, keywords, state, frame)
    if isinstance(receiver, Box | Ring) and isinstance(node.func, ast.Attribute):
        return _container_method(evaluator, node.func, receiver, arguments, state, frame)
    _write_arguments(evaluator, node, name, arguments, state)
    if written is not None:
        return written
    return _function(evaluator, node, name or "", arguments, keywords, state, frame)


def _written_by_keyword(
    evaluator: Evaluator, node: ast.Call, keywords: dict[str | None, Value], state: State
) -> Value | None:
    """`out=x` of whatever call writes `x`, and the call gives it back."""
    found: Value | None = None
    for keyword in known.WRITING_KEYWORDS & keywords.keys():
        value = keywords[keyword]
        for array in value.items if isinstance(value, Box) else (value,):
            if isinstance(array, Array):
                evaluator.write(array, node, state)
                found = array if not isinstance(value, Box) or len(value.items) == 1 else UNKNOWN
    return found


def _own(
    evaluator: Evaluator,
    function: Function,
    node: ast.Call,
    arguments: list[Value],
    keywords: dict[str | None, Value],
    state: State,
    frame: Frame,
) -> Value:
    names = parameters(function)
    if isinstance(node.func, ast.Attribute):
        static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)
        names = names if static else names[1:]
    active = [outer.scope for outer in (*frame.outer, frame)]
    if len(frame.context) >= DEEPEST or function in active or any(isinstance(a, ast.Starred) for a in node.args):
        return UNKNOWN
    given: dict[str, Value] = dict(zip(names, arguments, strict=False))
    given.update({name: value for name, value in keywords.items() if name in names and name is not None})
    return evaluator.run(function, node, given, state, frame)


def _anonymous(
    evaluator: Evaluator, function: ast.Lambda, node: ast.Call, arguments: list[Value], state: State, frame: Frame
) -> Value:
    """A lambda with a name."""
    if len(frame.context) >= DEEPEST or function in [outer.scope for outer in (*frame.outer, frame)]:
        return UNKNOWN
    inner = frame.entering(function, node)
    for name, value in zip(parameters(function), arguments, strict=False):
        if (key := evaluator.scopes.key(name, inner)) is not None:
            state.variables[key] = value
    result = evaluator.value(function.body, state, inner)
    state.drop_frame(inner.key)
    return result


def _method(
    evaluator: Evaluator,
    array: Array,
    node: ast.Call,
    method: str,
    arguments: list[Value],
    keywords: dict[str | None, Value],
    state: State,
    frame: Frame,
) -> Value:
    """A method of an array whose memory is known."""
    in_place = array.kind == "torch" and method.endswith("_") and not method.startswith("_")
    if in_place and method not in known.NOT_WRITING:
        evaluator.write(array, node, state)
        return array
    if method in known.WRITING_METHODS[array.kind]:
        evaluator.write(array, node, state)
        return array if array.kind == "tensorflow" else UNKNOWN
    if method == "numpy" and array.kind == "torch":
        return Array(array.memories, "numpy", array.path, array.rank)
    if method in known.SHARING_METHODS[array.kind]:
        if method in known.CONTIGUOUS_ONLY and not array.in_one_piece:
            return UNKNOWN
        if method == "view" and array.kind == "torch" and not array.path and not node.args:
            return array
        return array.viewed(Step(reshaped=f"{method}({_arguments(node)})"), _rank_after(method, array, arguments))
    if method in ("copy", "clone", "flatten", "__copy__", "__deepcopy__", "byteswap", "repeat"):
        return evaluator.allocate(node, array.kind, state, frame, array.rank)
    if method == "astype":
        if "copy" in keywords or len(arguments) > 1:
            return UNKNOWN
        return evaluator.allocate(node, array.kind, state, frame, array.rank)
    if method.startswith("new_") and array.kind == "torch":
        return evaluator.allocate(node, "torch", state, frame)
    if method in known.INDEX_ARRAYS:
        return SOME_ARRAY
    return UNKNOWN


def _arguments(node: ast.Call) -> str:
    return ", ".join(ast.unparse(argument) for argument in node.args)


def _rank_after(method: str, array: Array, arguments: list[Value]) -> int | None:
    if method == "ravel" or (method == "flatten" and not arguments):
        return 1
    if method in ("reshape", "view"):
        if len(arguments) == 1:
            return len(arguments[0].items) if isinstance(arguments[0], Box) else None
        return len(arguments)
    if method == "unsqueeze" and array.rank is not None:
        return array.rank + 1
    return array.rank if method in ("transpose", "swapaxes", "permute", "t") else None


def _container_method(
    evaluator: Evaluator, func: ast.Attribute, receiver: Box | Ring, arguments: list[Value], state: State, frame: Frame
) -> Value:
    """A method of a list or dict of arrays; one that changes it makes it unknown, unless it fills or turns a ring."""
    key = evaluator.key_of(func.value, frame)
    if func.attr in ("items", "values", "keys", "index", "count", "copy"):
        return UNKNOWN
    if func.attr in ("get", "__getitem__") and arguments:
        return indexing.picked(receiver, arguments[0])
    if key is not None and func.attr == "append" and len(arguments) == 1:
        state.bind(key, _appended(receiver, arguments[0]))
    elif key is not None and func.attr in ("popleft", "pop") and isinstance(receiver, Ring) and not receiver.lent:
        state.bind(key, replace(receiver, lent=True))
        return receiver.at(ANY_SLOT)
    elif key is not None:
        state.bind(key, UNKNOWN)
    return UNKNOWN


def _appended(receiver: Box | Ring, item: Value) -> Value:
    """A list with one more item; the second of a loop that allocates each makes it a ring."""
    if not isinstance(item, Array):
        return UNKNOWN
    if isinstance(receiver, Ring):
        return replace(receiver, lent=False) if receiver.element.shares(item) else UNKNOWN
    newest = item.memories[0]
    if any(isinstance(old, Array) and old.memories[0].site is newest.site for old in receiver.items):
        return Ring(item) if len(receiver.items) == 1 else UNKNOWN
    size = len(receiver.items)
    return Box((*receiver.keys, size), (*receiver.items, item), (*receiver.nodes, None))


def _write_arguments(
    evaluator: Evaluator, node: ast.Call, name: str | None, arguments: list[Value], state: State
) -> None:
    """Writes that a function or method of something else makes into its arguments."""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    in_place = name in known.WRITING_FIRST or ((name or "").startswith("numpy.") and method == "at")
    if arguments and (in_place or method in known.WRITING_ARGUMENT):
        evaluator.write(arguments[0], node, state)
    last = (name or "").rpartition(".")[2]
    if arguments and (method or last) in known.REORDERING:
        evaluator.write(arguments[0], node, state, reorders=True)
    if (name or "").startswith(("numpy.", "cupy.")):
        inputs = 1 if last in known.UNARY else 2 if last in known.BINARY else None
        if inputs is not None and len(arguments) == inputs + 1:
            evaluator.write(arguments[-1], node, state)


def _function(
    evaluator: Evaluator,
    node: ast.Call,
    name: str,
    arguments: list[Value],
    keywords: dict[str | None, Value],
    state: State,
    frame: Frame,
) -> Value:
    """A function of a library (or a builtin), which is not one of this file."""
    first = arguments[0] if arguments else UNKNOWN
    if name in known.SHARING:
        kind = known.SHARING[name]
        converts = name in known.CONVERTING and (len(arguments) > 1 or keywords)
        if isinstance(first, Array):
            if converts or (not first.in_one_piece and name.rpartition(".")[2] in known.CONTIGUOUS_ONLY):
                return UNKNOWN
            if name in known.CONVERTING or "from" in name:
                return Array(first.memories, kind, first.path, first.rank)
            shape = f"{name}({', '.join(ast.unparse(argument) for argument in [*node.args[1:], *node.keywords])})"
            view = first.viewed(Step(reshaped=shape), _rank_shared(name, first, arguments))
            return Array(view.memories, kind, view.path, view.rank)
        return evaluator.allocate(node, kind, state, frame) if kind != "bytes" else UNKNOWN
    if (made := new_array(name, keywords)) is not None:
        if name == "numpy.where" and len(arguments) == 1:
            return SOME_ARRAY
        return evaluator.allocate(node, made, state, frame, _rank(name, node, arguments))
    if name in known.NUMPY_RANDOM and (len(arguments) > _needed(name) or "size" in keywords):
        return evaluator.allocate(node, "numpy", state, frame)
    if name == "bytearray":
        return evaluator.allocate(node, "bytes", state, frame, 1)
    return _builtin(evaluator, node, name, first, keywords, state, frame)


def _builtin(
    evaluator: Evaluator,
    node: ast.Call,
    name: str,
    first: Value,
    keywords: dict[str | None, Value],
    state: State,
    frame: Frame,
) -> Value:
    last = name.rpartition(".")[2] or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
    if name in ("len", "int", "round", "hash", "id", "random.randint", "random.randrange"):
        return Number()
    if name in ("list", "tuple", "collections.deque", "deque") and isinstance(first, Box | Ring):
        return first
    if name == "dict" and not node.args:
        names = tuple(keyword.arg for keyword in node.keywords)
        return Box(names, tuple(keywords.values()), tuple(keyword.value for keyword in node.keywords))
    if name == "itertools.cycle" and isinstance(first, Box):
        return Box(first.keys, first.items, first.nodes, cycle=True)
    if name == "itertools.cycle" and isinstance(first, Ring):
        return Ring(first.element, cycle=True)
    if name in ("numpy.split", "numpy.array_split", "numpy.hsplit", "numpy.vsplit") and isinstance(first, Array):
        return _split(node, first)
    if name == "next" and isinstance(first, Box | Ring) and first.cycle:
        return first.turning() if isinstance(first, Box) else first.at(-1)
    if name in ("copy.copy", "copy.deepcopy") and isinstance(first, Array):
        return evaluator.allocate(node, first.kind, state, frame, first.rank)
    if last in known.INDEX_ARRAYS and not (last == "choice" and not _gives_many(node)):
        return SOME_ARRAY
    return UNKNOWN


def _split(node: ast.Call, array: Array) -> Value:
    """The pieces that an array is split into, where the call says how many: views, none of which meets another."""
    cuts = node.args[1] if len(node.args) > 1 else None
    if isinstance(cuts, ast.Constant) and type(cuts.value) is int and 0 < cuts.value < 9:
        number = cuts.value
    elif isinstance(cuts, ast.List | ast.Tuple) and len(cuts.elts) < 9:
        number = len(cuts.elts) + 1
    else:
        return UNKNOWN
    whole = ast.unparse(node)
    pieces = [array.viewed(Step((Index("name", f"{whole}[{at}]"),)), array.rank) for at in range(number)]
    return Box(tuple(range(number)), tuple(pieces), (None,) * number)


def _gives_many(node: ast.Call) -> bool:
    return len(node.args) > 1 or any(keyword.arg in ("size", "shape", "k") for keyword in node.keywords)


def _needed(name: str) -> int:
    """How many arguments a draw takes before its size."""
    last = name.rpartition(".")[2]
    return 0 if last in ("rand", "randn", "random", "random_sample", "ranf", "sample", "standard_normal") else 2


def new_array(name: str, keywords: dict[str | None, Value]) -> Kind | None:
    """The kind of array that the function `name` makes of new memory, if it does."""
    if name in known.NUMPY_NEW:
        return None if "copy" in keywords and keywords["copy"] != Constant(True) else "numpy"
    if name in known.TORCH_NEW:
        return "torch"
    return "tensorflow" if name in known.TENSORFLOW_NEW else None


def _rank_shared(name: str, array: Array, arguments: list[Value]) -> int | None:
    last = name.rpartition(".")[2]
    if last in ("expand_dims", "unsqueeze"):
        one = len(arguments) < 2 or isinstance(arguments[1], Constant | Number)
        return array.rank + 1 if array.rank is not None and one else None
    if last in ("ravel", "flatten"):
        return 1
    if last in ("squeeze", "reshape", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_to", "view_as_real"):
        return None
    return array.rank


def _rank(name: str, node: ast.Call, arguments: list[Value]) -> int | None:
    """How many axes a new array has, where the call shows it."""
    last = name.rpartition(".")[2]
    if name in known.TORCH_SHAPED and len(arguments) > 1:
        return len(arguments)
    if name in known.NUMPY_SHAPED | known.TORCH_SHAPED or name == "torch.full":
        shape = arguments[0] if arguments and last != "memmap" else UNKNOWN
        if isinstance(shape, Box):
            return len(shape.items)
        return 1 if isinstance(shape, Number) or (isinstance(shape, Constant) and type(shape.value) is int) else None
    if last.endswith("_like") or last in ("copy", "clone"):
        return arguments[0].rank if arguments and isinstance(arguments[0], Array) else None
    if last in ("arange", "linspace", "randperm", "fromiter", "fromfile", "frombuffer"):
        return 1
    if last in ("eye", "identity", "tri"):
        return 2
    if last in ("array", "tensor") and node.args:
        return _depth(node.args[0])
    return None


def _depth(node: ast.expr) -> int | None:
    """How deep a display of literals is nested."""
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
        inner = _depth(node.elts[0])
        return None if inner is None else inner + 1
    return 0 if isinstance(node, ast.Constant | ast.UnaryOp) else None
