"""Finds the network that an object is, and what it does first to its input: scale it, look it up, or multiply it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from pitfallcheck.lint.flow.bindings import NAMES, Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, argument
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.scaling.sources import CALIBRATED
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Function, own_nodes

WEIGHTED = words(
    """
    Dense Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D SeparableConv2D SeparableConv1D
    DepthwiseConv2D Conv2DTranspose LSTM GRU SimpleRNN CuDNNLSTM CuDNNGRU Bidirectional TimeDistributed ConvLSTM2D
    LocallyConnected1D LocallyConnected2D Linear Conv1d Conv2d Conv3d ConvTranspose2d RNN TimeDistributedDense
    """
)
"""Layers that multiply their input by weights."""

PASSING = words(
    """
    InputLayer Flatten Reshape Permute Dropout SpatialDropout1D SpatialDropout2D ZeroPadding1D ZeroPadding2D
    Cropping1D Cropping2D MaxPooling1D MaxPooling2D MaxPool2D MaxPool1D AveragePooling1D AveragePooling2D Resizing
    RandomFlip RandomRotation RandomZoom RandomTranslation RandomCrop RandomContrast CenterCrop Masking RepeatVector
    Activation ReLU LeakyReLU Identity MaxPool2d MaxPool1d AvgPool2d Dropout2d Unflatten ELU PReLU Tanh Sigmoid
    GELU SiLU UpSampling2D GaussianNoise
    """
)
"""Layers that leave the size of what they get about as it is."""

NORMALISING = words(
    """
    BatchNormalization LayerNormalization GroupNormalization UnitNormalization BatchNorm1d BatchNorm2d BatchNorm3d
    LayerNorm GroupNorm InstanceNorm2d InstanceNorm1d RMSNorm
    """
)

UNKNOWN = "?"
"""Stands for a layer, or anything else, that is not known."""

APPLICATION = "application:"

LONGEST = 12
"""Steps after which a line of layers is followed no more."""

PASSING_CALLS = words("relu flatten view reshape float to squeeze unsqueeze leaky_relu permute transpose contiguous")


Path = tuple[tuple[str, ast.expr], ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of a network in the order in which its input meets them, as far as that is one line.

    Each is a class's short name and the call that makes it; `whole` says whether no layer was left out.
    """

    kinds: tuple[str, ...]
    nodes: tuple[ast.expr, ...] = field(default=(), compare=False)
    whole: bool = True
    framework: str = field(default="keras", compare=False)

    @property
    def takes_as_is(self) -> bool:
        """Whether the input visibly meets weights first, and nothing normalises what they make of it."""
        met = False
        for kind in self.kinds:
            if kind in WEIGHTED:
                if met:
                    return True
                met = True
            elif kind in NORMALISING or kind not in PASSING:
                return met and kind not in NORMALISING
        return met

    @property
    def application(self) -> str:
        """The pretrained network of Keras that gets the input as it is; empty where there is none."""
        first = next((kind for kind in self.kinds if kind not in PASSING), "")
        return first.removeprefix(APPLICATION) if first.startswith(APPLICATION) else ""

    @property
    def first(self) -> str:
        """The first layer with weights."""
        return next((kind for kind in self.kinds if kind in WEIGHTED), "")

    @property
    def weighted(self) -> int:
        """How many layers with weights are seen."""
        return sum(kind in WEIGHTED for kind in self.kinds)


class Networks(Evaluation[Layers]):
    """The network that an expression is, told by its layers."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._depth = 0

    def expression(self, node: ast.expr) -> Layers | None:
        if not isinstance(node, ast.Call):
            return None
        called = self.program.called(node)
        library, _, name = called.rpartition(".")
        if called.startswith("keras.") and name == "Sequential":
            listed = argument(node, 0, "layers")
            return self._stack(self._elements(listed), "keras") if listed is not None else Layers(())
        if called == "torch.nn.Sequential":
            return self._stack(self._elements(*node.args), "torch")
        if called.startswith("keras.") and name in ("Model", "Functional"):
            return self._functional(node)
        if name in ("KerasClassifier", "KerasRegressor"):
            return self._built(argument(node, 0, "build_fn", "model"))
        if library == "torch.nn" and name in WEIGHTED:
            return Layers((name,), (node,), framework="torch")
        if library.startswith("sklearn.neural_network") and name.startswith("MLP"):
            return Layers(("Dense", "Dense"), (node,), framework="sklearn")
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("to", "cuda", "cpu", "double", "float", "train"):
            return self.of(node.func.value)
        if called in ("torch.compile", "torch.nn.DataParallel") and node.args:
            return self.of(node.args[0])
        if isinstance(node.func, ast.Name) and node.func.id in self.program.classes:
            return self._module(self.program.classes[node.func.id])
        function = self.program.function(node)
        return self._returned(function) if function is not None else None

    def name(self, node: ast.expr) -> Layers | None:
        roots, changes = self.program.roots(node)
        if not roots:
            return None
        found = self.joined(self.bound(binding) for binding in roots)
        if found is None or not changes:
            return found
        return self._added(found, changes)

    def _added(self, found: Layers, changes: Iterable[Binding]) -> Layers | None:
        """The layers of a `Sequential` after its `add`s."""
        calls = [change.node for change in changes]
        if not all(isinstance(call, ast.Call) for call in calls):
            return None
        added = sorted((call for call in calls if isinstance(call, ast.Call)), key=lambda call: call.lineno)
        if any(not isinstance(call.func, ast.Attribute) or call.func.attr != "add" for call in added):
            return None
        more = self._stack([call.args[0] if call.args else None for call in added], found.framework)
        return Layers(found.kinds + more.kinds, found.nodes + more.nodes, found.whole and more.whole, found.framework)

    def _built(self, function: ast.expr | None) -> Layers | None:
        bound = self.program.sole(function) if function is not None else None
        made = bound.node if bound is not None else None
        return self._returned(made) if isinstance(made, ast.FunctionDef) else None

    def _returned(self, function: Function) -> Layers | None:
        if self._depth > 4:
            return None
        self._depth += 1
        values = [node.value for node in own_nodes(function) if isinstance(node, ast.Return)]
        found = self.joined(self.of(value) for value in values)
        self._depth -= 1
        return found

    # Stacks.

    def _elements(self, *nodes: ast.expr) -> list[ast.expr | None]:
        listed = self.program.origin(nodes[0]) if len(nodes) == 1 else None
        if isinstance(listed, ast.List | ast.Tuple):
            nodes = tuple(listed.elts)
        return [None if isinstance(node, ast.Starred) else node for node in nodes]

    def _stack(self, elements: Iterable[ast.expr | None], framework: str) -> Layers:
        kinds: list[str] = []
        nodes: list[ast.expr] = []
        for element in elements:
            found = self._layer(element) if element is not None else None
            if found is None:
                kinds.append(UNKNOWN)
                nodes.append(element or ast.Constant(None))
                continue
            kinds += found.kinds
            nodes += found.nodes
        return Layers(tuple(kinds), tuple(nodes), UNKNOWN not in kinds, framework)

    def _layer(self, node: ast.expr) -> Layers | None:
        """A layer object as the short name of its class; a model as its layers."""
        made = self.program.origin(node)
        if not isinstance(made, ast.Call):
            return self.of(node) if isinstance(node, NAMES) else None
        called = self.program.called(made)
        name = called.rpartition(".")[2]
        if called.startswith(("keras.applications.", "keras.src.applications.")):
            return Layers((UNKNOWN,) if name in CALIBRATED else (f"{APPLICATION}{name}",), (made,))
        if called.startswith(("keras.", "torch.nn.")) and name[:1].isupper() and name not in ("Sequential", "Model"):
            framework = "torch" if called.startswith("torch") else "keras"
            return Layers(() if name == "Input" else (name,), () if name == "Input" else (made,), framework=framework)
        return self.of(node)

    # Models between tensors, and classes.

    def _functional(self, node: ast.Call) -> Layers | None:
        taken = argument(node, 0, "inputs", "input")
        if isinstance(taken, ast.List) and len(taken.elts) == 1:
            taken = taken.elts[0]
        bound = self.program.sole(taken) if isinstance(taken, ast.Name) else None
        made = bound.value if bound is not None and bound.kind == "value" else None
        if bound is None or self.program.called(made or node).rpartition(".")[2] != "Input":
            return None
        return self._line(self.program.reads(bound), "keras")

    def _module(self, owner: ast.ClassDef) -> Layers | None:
        bases = self.program.bases(owner)
        torch = any(base in ("torch.nn.Module", "pytorch_lightning.LightningModule", "lightning.LightningModule",
                             "lightning.pytorch.LightningModule") for base in bases)  # fmt: skip
        if not torch and not any(base.startswith("keras.") and base.endswith("Model") for base in bases):
            return None
        forward = self.program.method(owner, "forward" if torch else "call")
        if forward is None or len(forward.args.args) < 2:
            return None
        taken = forward.args.args[1]
        bound = next((one for one in self.program.reaching(forward).all.get(taken.arg, []) if one.node is taken), None)
        return self._line(self.program.reads(bound), "torch" if torch else "keras") if bound is not None else None

    # Lines of layers.

    def _line(self, reads: Iterable[ast.expr], framework: str) -> Layers | None:
        """The layers that what is read at these places goes through, one after the other."""
        steps = self._path(list(reads), LONGEST)
        kinds = tuple(kind for kind, _ in steps)
        return Layers(kinds, tuple(node for _, node in steps), UNKNOWN not in kinds, framework)

    def _path(self, reads: list[ast.expr], left: int) -> Path:
        """The first of the ways that a value goes; what is not known if another one is no layer with weights."""
        ways = [way for read in reads if (way := self._way(read, left)) is not None]
        if not ways:
            return ()
        for way in ways:
            first = next((kind for kind, _ in way if kind not in PASSING), None)
            if len(ways) > 1 and first is not None and first not in WEIGHTED:
                return ((UNKNOWN, way[0][1]),)
        return max(ways, key=len)

    def _way(self, node: ast.expr, left: int) -> Path | None:
        """What happens to the value of an expression; None where it is only asked about."""
        parent = self.program.source.parents.get(node)
        if left <= 0:
            return ()
        match parent:
            case ast.Call() if parent.func is not node:
                return self._through(parent, node, left)
            case ast.keyword() if isinstance(above := self.program.source.parents.get(parent), ast.Call):
                return self._through(above, node, left)
            case ast.Attribute():
                above = self.program.source.parents.get(parent)
                if parent.attr in PASSING_CALLS and isinstance(above, ast.Call):
                    return self._way(above, left - 1)
                return None if parent.attr in ("shape", "size", "ndim", "device", "dtype") else ((UNKNOWN, node),)
            case ast.Assign() | ast.AnnAssign():
                bound = self.program.reaching(self.program.scope(parent)).by.get(parent, [])
                return self._path([read for one in bound for read in self.program.reads(one)], left - 1)
            case ast.Return() | ast.Expr():
                return None if isinstance(parent, ast.Expr) else ()
        return ((UNKNOWN, node),)

    def _through(self, call: ast.Call, node: ast.expr, left: int) -> Path | None:
        called = self.program.called(call)
        name = called.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if name in ("Model", "Functional", "print", "len", "isinstance", "type"):
            return None
        if called and name in PASSING_CALLS:
            return self._way(call, left - 1)
        layers = self._layer(call.func)
        if layers is None:
            return ((UNKNOWN, call),)
        own = tuple(zip(layers.kinds, layers.nodes, strict=False))
        if UNKNOWN in layers.kinds or sum(kind in WEIGHTED for kind in layers.kinds) > 1:
            return own
        return (*own, *(self._way(call, left - 1) or ()))
