"""What the walk notes for the rules: losses over all pairs, targets fed to models, layers that ran."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pitfallcheck.lint.shapes.values import Array, Function, Layer, Model, Pairing, Value


@dataclass(frozen=True, slots=True)
class PairedLoss:
    """An accidental comparison of all pairs that was reduced to a loss, by the expression `reduced`.

    `compiled` is the call that gave a Keras model this loss, `fed` the expression that hands over the target, where
    there are such. `assumed` says that the model was not seen and taken to end in one unit.
    """

    pairing: Pairing
    reduced: ast.expr
    compiled: ast.Call | None = None
    fed: ast.expr | None = None
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Fed:
    """A Keras model that was given targets by `call`; `target` is the expression that hands them over."""

    call: ast.Call
    model: Model
    target: ast.expr
    value: Array


@dataclass(frozen=True, slots=True)
class Given:
    """The inputs that a Keras model was given by `call`; `node` hands them over, where `yielded` in a generator."""

    call: ast.Call
    model: Model
    node: ast.expr
    value: Value
    yielded: bool = False


@dataclass(frozen=True, slots=True)
class LayerRan:
    """A layer that declares its output shape and was made by `node`: a Lambda, or a layer of a class of the file.

    `function` computes the output, `given` is the input it visibly got, `declared` and `returned` are the shapes with
    the batch axis; each is None where it does not show. A class of the file has `announce`, its `compute_output_shape`.
    """

    node: ast.AST
    function: Function
    given: Value
    declared: Array | None
    returned: Value
    layer: Layer | None = None
    announce: ast.FunctionDef | None = None

    @property
    def differs(self) -> bool:
        """Whether ranks, or two lengths behind the batch axis that both are known, visibly are not the same."""
        if self.declared is None or not isinstance(self.returned, Array) or self.returned.open:
            return False
        if len(self.declared.dims) != len(self.returned.dims):
            return True
        pairs = zip(self.declared.dims[1:], self.returned.dims[1:], strict=True)
        return any(a is not None and b is not None and a != b for a, b in pairs)


@dataclass(slots=True)
class Facts:
    """Everything noted, in the order of the walk; one thing may be noted more than once."""

    paired: list[PairedLoss] = field(default_factory=list)
    fed: list[Fed] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    layers: list[LayerRan] = field(default_factory=list)
