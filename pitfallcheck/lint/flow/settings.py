"""The settings that a file writes down: constants, names for them, and the defaults of its command line."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, argument, constant

PARSED = frozenset({"args", "opt", "opts", "options", "FLAGS", "flags", "hparams", "params", "config", "cfg"})
"""What the outcome of a command line is called where it is a parameter."""


@dataclass(frozen=True, slots=True)
class Written:
    """A setting that is written down: a number, a string, a truth value, None, or a tuple of such."""

    value: object


class Settings(Evaluation[Written]):
    """Which constant an expression is, where every path agrees on it."""

    def number(self, node: ast.expr | None) -> float | None:
        """The number that `node` is."""
        found = self.of(node)
        value = found.value if found is not None else None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, node: ast.expr | None) -> str | None:
        """The string that `node` is."""
        found = self.of(node)
        return found.value if found is not None and isinstance(found.value, str) else None

    def expression(self, node: ast.expr) -> Written | None:
        """A constant, or arithmetic on constants."""
        match node:
            case ast.Constant():
                return Written(node.value)
            case ast.Tuple() | ast.List():
                parts = [self.of(part) for part in node.elts]
                return Written(tuple(part and part.value for part in parts)) if all(parts) else None
            case ast.UnaryOp(op=ast.USub()):
                operand = self.number(node.operand)
                return None if operand is None else Written(-operand)
            case ast.BinOp():
                return self._combined(node)
            case ast.Call(args=[single], keywords=[]) if self.program.called(node) in ("float", "int"):
                return self.of(single)
            case ast.Subscript():
                return self._entry(node)
        return None

    def _combined(self, node: ast.BinOp) -> Written | None:
        left, right = self.number(node.left), self.number(node.right)
        if left is None or right is None:
            return None
        match node.op:
            case ast.Add():
                return Written(left + right)
            case ast.Sub():
                return Written(left - right)
            case ast.Mult():
                return Written(left * right)
            case ast.Div() if right:
                return Written(left / right)
            case ast.Pow() if abs(right) < 64 and 0 < left < 100:
                return Written(left**right)
        return None

    def _entry(self, node: ast.Subscript) -> Written | None:
        """`config["lr"]` of a dictionary that is written down and never changed."""
        table = self.program.origin(node.value)
        key = constant(node.slice)
        if not isinstance(table, ast.Dict) or table is node.value or any(one is None for one in table.keys):
            return None
        values = [value for name, value in zip(table.keys, table.values, strict=True) if constant(name) == key]
        return self.of(values[0]) if len(values) == 1 else None

    def bound(self, binding: Binding) -> Written | None:
        """A field of a class with decorators is given when an object is made, so its default says nothing."""
        if isinstance(binding.scope, ast.ClassDef) and binding.scope.decorator_list:
            return None
        return super().bound(binding)

    def unbound(self, node: ast.expr) -> Written | None:
        """`args.lr` with a default on the command line, `Config.lr` of a class of the file."""
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            return None
        owner = self.program.classes.get(node.value.id)
        if owner is not None:
            return self.joined(self.bound(binding) for binding in self.program.attribute(owner, node.attr))
        made = self.program.origin(node.value)
        if node.value.id not in PARSED and "parse" not in self._name(made):
            return None
        defaults = self._command_line.get(node.attr, [])
        return self.of(defaults[0]) if len(defaults) == 1 and node.attr not in self._stored else None

    @staticmethod
    def _name(node: ast.AST) -> str:
        return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""

    @cached_property
    def _stored(self) -> frozenset[str]:
        """The attributes that the file sets on anything."""
        nodes = self.program.source.nodes
        return frozenset(n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))

    @cached_property
    def _command_line(self) -> dict[str, list[ast.expr]]:
        """The defaults of the options that the file declares, by the attribute each becomes."""
        found: dict[str, list[ast.expr]] = {}
        for node in self.program.source.nodes:
            called = self._name(node)
            if not isinstance(node, ast.Call) or not called.startswith(("add_argument", "DEFINE_")):
                continue
            options = [value for given in node.args if isinstance(value := constant(given), str)]
            default = argument(node, 1 if called.startswith("DEFINE_") else None, "default")
            long = next((one for one in options if one.startswith("--")), options[0] if options else "")
            chosen = constant(argument(node, None, "dest"))
            name = chosen if isinstance(chosen, str) else long.lstrip("-").replace("-", "_")
            found.setdefault(name, []).append(default if default is not None else ast.Constant(None))
        return found
