"""What a file's imports call things, so that `np.zeros`, `zeros` and `N.zeros` are one name to a rule."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

TORCH_MODULES = frozenset({"torch.nn.Module", "lightning.LightningModule"})
"""What a module of torch derives from, by canonical names."""

CANONICAL = (
    ("tensorflow.python.keras.", "keras."),
    ("tensorflow.compat.v2.", "tensorflow."),
    ("tensorflow.compat.v1.", "tensorflow."),
    ("tensorflow.keras.", "keras."),
    ("tf_keras.", "keras."),
    ("keras.api.", "keras."),
    ("keras.src.", "keras."),
    ("torch.nn.modules.loss.", "torch.nn."),
    ("torch.nn.modules.module.", "torch.nn."),
    ("torch.nn.modules.Module", "torch.nn.Module"),
    ("lightning.pytorch.", "lightning."),
    ("pytorch_lightning.", "lightning."),
)

_BINDING = frozenset(
    {ast.Name, ast.arg, ast.Assign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom}
)
"""The nodes that bind names, asked for in one look: most nodes do not."""


class Names:
    """The names that imports, and plain aliases of imported things, bind anywhere in a module.

    A name that the module also binds to something else (a parameter called `np`) keeps its imported meaning: a file
    that does both is rare, and a rule asks for more than one name before it says anything.
    """

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self._bound: dict[str, str] = {}
        self._starred: list[str] = []
        self._defined: set[str] = set(dir(builtins))
        aliases = []
        for node in nodes:
            if type(node) not in _BINDING:
                continue
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Store):
                    self._defined.add(node.id)
            elif isinstance(node, ast.arg):
                self._defined.add(node.arg)
            elif isinstance(node, ast.Assign):
                if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                    aliases.append((node.targets[0].id, node.value))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._defined.add(node.name)
            elif isinstance(node, ast.Import):
                for name in node.names:
                    self._bound[name.asname or name.name.partition(".")[0]] = (
                        name.name if name.asname else name.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for name in node.names:
                    if name.name == "*":
                        self._starred.append(module)
                    else:
                        self._bound[name.asname or name.name] = f"{module}.{name.name}"
        for alias, value in aliases:
            if isinstance(value, ast.Attribute) and alias not in self._bound and (known := self.qualify(value)):
                self._bound[alias] = known

    def qualify(self, node: ast.AST) -> str | None:
        """The canonical dotted name of a Name or an Attribute, or None where imports do not tell."""
        dotted = self._dotted(node)
        if dotted is None:
            return None
        for prefix, canonical in CANONICAL:
            if dotted.startswith(prefix):
                return canonical + dotted[len(prefix) :]
        return dotted

    def _dotted(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return None if base is None else f"{base}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        if node.id in self._bound:
            return self._bound[node.id]
        if len(self._starred) == 1 and node.id not in self._defined:
            return f"{self._starred[0]}.{node.id}"
        return None

    def imports(self, *modules: str) -> bool:
        """Whether the file imports one of `modules`, or anything below it, under any name."""
        known = [*self._bound.values(), *self._starred]
        return any(name == module or name.startswith(f"{module}.") for name in known for module in modules)
