"""Which numbers values hold: whole ones or floats, in an array of NumPy or torch or alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import own_nodes
from pitfallcheck.pitfalls.truncated_values import vocabulary as words

Kind = Literal["bool", "int", "input", "whole", "float"]
"""In the order in which one operand makes the result like itself.

`whole` are floats without a fraction, which an integer holds as well; `input` is whatever the function is given.
"""

ORDER: tuple[Kind, ...] = ("bool", "int", "input", "whole", "float")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of one kind, in an `array` of a library or alone (an empty text); `made` allocates the array.

    `narrow` are integers of 8 or 16 bits: pictures, sounds and quantised values, which are cut on purpose.
    """

    kind: Kind
    array: str = ""
    narrow: bool = False
    made: ast.Call | None = field(default=None, compare=False)


def mixed(found: Iterable[Numbers | None]) -> Numbers | None:
    """What holds all of several numbers: floats if one of them surely is a float, else what is known of all."""
    parts = list(found)
    known = [part for part in parts if part is not None]
    if not known:
        return None
    widest = max(known, key=lambda part: ORDER.index(part.kind))
    if len(known) < len(parts) and widest.kind != "float":
        return None
    array = next((part.array for part in known if part.array), "")
    return Numbers(widest.kind, array, any(part.narrow for part in known) and widest.kind == "int")


class NumbersOf(Evaluation[Numbers]):
    """The numbers that an expression's value holds; `inputs` are parameters that stand for whatever is given."""

    def __init__(self, program: Program, inputs: frozenset[ast.AST] = frozenset()) -> None:
        super().__init__(program)
        self.inputs = inputs

    def expression(self, node: ast.expr) -> Numbers | None:
        match node:
            case ast.Constant(value=bool()):
                return Numbers("bool")
            case ast.Constant(value=int()):
                return Numbers("int")
            case ast.Constant(value=float(value)):
                return Numbers("whole" if value.is_integer() else "float")
            case ast.UnaryOp():
                return Numbers("bool") if isinstance(node.op, ast.Not) else self.of(node.operand)
            case ast.Compare():
                return Numbers("bool")
            case ast.BinOp():
                return self._combined(node)
            case ast.IfExp():
                return self.joined([self.of(node.body), self.of(node.orelse)])
            case ast.List() | ast.Tuple():
                return mixed(self.of(one) for one in node.elts)
            case ast.ListComp() | ast.GeneratorExp():
                return self.of(node.elt)
            case ast.Subscript():
                base = self.of(node.value)
                return replace(base, array="", made=None) if base is not None else None
            case ast.Call():
                return self._call(node)
        return None

    def _combined(self, node: ast.BinOp) -> Numbers | None:
        left, right = self.of(node.left), self.of(node.right)
        array = next((side.array for side in (left, right) if side is not None and side.array), "")
        if isinstance(node.op, ast.Div):
            return Numbers("float", array) if left is not None or right is not None else None
        if isinstance(node.op, ast.Pow) and _negative(node.right):
            return Numbers("float", array)
        found = mixed([left, right])
        if found is None or isinstance(node.op, ast.LShift | ast.RShift | ast.BitAnd | ast.BitOr | ast.BitXor):
            return found
        if isinstance(node.op, ast.FloorDiv) and found.kind == "float":
            return None if left is None or right is None else Numbers("whole", array)
        if isinstance(node.op, ast.Mod) and (left is None or right is None):
            return None
        return Numbers("int", array, found.narrow) if found.kind == "bool" else found

    def _call(self, node: ast.Call) -> Numbers | None:
        called = self.program.called(node)
        library, _, last = called.rpartition(".")
        stated = argument(node, None, "dtype")
        if library in words.ARRAYS and last in words.MAKERS:
            return self._made(node, words.ARRAYS[library], last, stated)
        if last == "linspace" and stated is None:
            return self._spread(node, library)
        if called in words.FLOATS or (library == "math" and last not in words.WHOLE_MATH):
            array = words.ARRAYS.get(library.partition(".")[0], "")
            return Numbers("float", array) if stated is None else self._of_type(stated, array)
        if called in words.INTS or library == "math":
            return Numbers("int", "numpy" if called.startswith("numpy") else "")
        if called == "round" and node.args:
            return Numbers("int") if len(node.args) == 1 else None
        if called in words.ROUNDING:
            return Numbers("whole")
        if called in words.LIKE_ARGUMENTS:
            return mixed(self.of(one) for one in node.args)
        if called in words.LIKE_FIRST and node.args:
            return self.of(node.args[0])
        if isinstance(node.func, ast.Attribute) and not called:
            found = self._method(node, node.func)
            if found is not None:
                return found
        return self._returned(node)

    def _spread(self, node: ast.Call, library: str) -> Numbers | None:
        """`linspace` between numbers that are written down; its steps may be whole."""
        low, high, count = (constant(argument(node, i, name)) for i, name in enumerate(("start", "stop", "num")))
        if not (isinstance(low, int | float) and isinstance(high, int | float) and isinstance(count, int)):
            return None
        whole = float(low).is_integer() and count > 1 and (high - low) % (count - 1) == 0
        return Numbers("whole" if whole else "float", words.ARRAYS.get(library, ""))

    def _made(self, node: ast.Call, array: str, last: str, stated: ast.expr | None) -> Numbers | None:
        place = words.DTYPE_PLACE.get(last) if array == "numpy" else None
        stated = stated or argument(node, place)
        if stated is not None:
            return self._of_type(stated, array, node)
        kind: Kind | None = "whole"
        narrow = False
        if last in ("array", "asarray", "tensor", "as_tensor", "from_numpy", "arange", "full"):
            given = node.args[1:2] if last == "full" else node.args if last == "arange" else node.args[:1]
            found = mixed(self.of(one) for one in given)
            kind, narrow = (found.kind, found.narrow) if found is not None else (None, False)
            if last == "arange" and kind not in ("int", "float"):
                kind = None
        elif last.endswith("_like"):
            found = self.of(node.args[0]) if node.args else None
            kind, narrow = (found.kind, found.narrow) if found is not None else (None, False)
        return Numbers(kind, array, narrow, node) if kind is not None else None

    def _of_type(self, stated: ast.expr, array: str, made: ast.Call | None = None) -> Numbers | None:
        said = constant(stated)
        name = said if isinstance(said, str) else self.program.qualify(stated).rpartition(".")[2]
        if name in words.INT_TYPES:
            return Numbers("int", array, name in words.NARROW_TYPES, made)
        return Numbers("float", array, made=made) if name in words.FLOAT_TYPES else None

    def _method(self, node: ast.Call, function: ast.Attribute) -> Numbers | None:
        if function.attr in ("astype", "type", "to") and node.args:
            base = self.of(function.value)
            found = self._of_type(node.args[0], base.array if base is not None else "")
            whole = found is not None and found.kind == "float" and base is not None and base.kind in ("int", "whole")
            return replace(found, kind="whole") if found is not None and whole else found
        if function.attr in ("long", "int"):
            return Numbers("int", "torch")
        if function.attr in ("mean", "std", "var", "random", "normal", "uniform", "standard_normal"):
            return Numbers("float")
        if function.attr in ("integers", "randint"):
            several = len(node.args) > 2 or argument(node, None, "size") is not None
            return Numbers("int", "numpy" if several else "")
        if function.attr in ("argmax", "argmin", "argsort", "permutation", "count"):
            return Numbers("int")
        if function.attr in words.KEEPING:
            return self.of(function.value)
        return None

    def _returned(self, node: ast.Call) -> Numbers | None:
        """What a function or a named lambda of the file returns."""
        function = self.program.function(node)
        if function is not None and function.name != "__init__" and not function.decorator_list:
            if self.program.is_generator(function):
                return None
            return self.joined(self.of(part.value) for part in own_nodes(function) if isinstance(part, ast.Return))
        made = self.program.origin(node.func)
        return self.of(made.body) if isinstance(made, ast.Lambda) else None

    def name(self, node: ast.expr) -> Numbers | None:
        roots, changes = self.program.roots(node)
        if not roots:
            return self.unbound(node)
        found = self.joined(self.bound(binding) for binding in roots)
        if found is None or not changes:
            return found
        # An array keeps its type whatever is stored in it; a list, and what its floats are, may change.
        return found if found.array and found.kind != "whole" else None

    def unbound(self, node: ast.expr) -> Numbers | None:
        known = self.program.source.qualify(node)
        if known in ("math.pi", "math.e", "math.tau", "numpy.pi", "numpy.e", "torch.pi"):
            return Numbers("float")
        if isinstance(node, ast.Attribute) and known is None:
            if node.attr in ("size", "ndim"):
                return Numbers("int")
            return self.of(node.value) if node.attr in ("T", "data", "flat") else None
        return None

    def parameter(self, binding: Binding) -> Numbers | None:
        return Numbers("input") if binding.node in self.inputs else super().parameter(binding)

    def part(self, binding: Binding) -> Numbers | None:
        shape = isinstance(binding.value, ast.Attribute) and binding.value.attr == "shape"
        return Numbers("int") if shape else None

    def item(self, binding: Binding) -> Numbers | None:
        over = binding.value
        if isinstance(over, ast.Call):
            called = self.program.called(over)
            if called == "range":
                return Numbers("int")
            if called == "enumerate" and binding.place and over.args:
                if binding.place == (0,):
                    return Numbers("int")
                return self._item_of(over.args[0]) if len(binding.place) == 1 else None
            if called == "zip" and len(binding.place) == 1 and binding.place[0] < len(over.args):
                return self._item_of(over.args[binding.place[0]])
        return self._item_of(over) if over is not None and not binding.place else None

    def _item_of(self, over: ast.expr) -> Numbers | None:
        found = self.of(over)
        return replace(found, array="", made=None) if found is not None else None

    def augmented(self, binding: Binding) -> Numbers | None:
        """`x += value` of a number; an array keeps its type."""
        if not isinstance(binding.node, ast.AugAssign) or not isinstance(binding.node.target, ast.Name):
            return None
        held, value = self.of(binding.node.target), self.of(binding.value)
        if held is not None and held.array:
            return held
        return Numbers("float") if isinstance(binding.node.op, ast.Div) else mixed([held, value])


def _negative(node: ast.expr) -> bool:
    value = constant(node)
    return isinstance(value, int | float) and value < 0
