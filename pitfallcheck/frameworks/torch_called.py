"""Keeps what the models of a training loop were called with, from their call to the backward pass of their step."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from pitfallcheck.frameworks.torch_calls import ModuleCalls
from pitfallcheck.frameworks.torch_criterion import Output
from pitfallcheck.frameworks.torch_graph import Graph
from pitfallcheck.frameworks.torch_origins import Origins

MOST_CALLED = 4
"""Models called for one step whose inputs are kept until its `backward`."""


class Called(NamedTuple):
    """A model that was called for this step: what it was given, what came back, and which modules ran in it.

    `layer` is what the first layer with weights took in, and `layer_kind` that layer's class; `node` made the output.
    """

    model: Any
    inputs: tuple[Any, ...]
    output: Output | None
    node: Any
    ran: tuple[int, ...]
    kinds: tuple[str, ...]
    layer: Any
    layer_kind: str

    def all_in(self, graph: Graph) -> bool:
        """Whether every parameter of the modules that ran is in the graph: none frozen, none cut off."""
        leaves = {id(leaf) for leaf in graph.leaves}
        ran = set(self.ran)
        used = [module for module in self.model.modules() if id(module) in ran]
        return all(
            id(tensor) in leaves for module in used for tensor in module._parameters.values() if tensor is not None
        )


class ModelsCalled:
    """The models that were called since the last backward pass, with gradients on.

    Of all of them the identities are kept; their inputs and outputs only while `sampling`, and the graphs behind their
    outputs only while `fresh`: it is the program's own memory.
    """

    def __init__(self, torch: Any, calls: ModuleCalls, origins: Origins, failed: Callable[[Exception], None]) -> None:
        self._torch = torch
        self._calls = calls
        self._origins = origins
        self._failed = failed
        self._identities: list[int] = []
        self._models: list[Called] = []
        self._ran: list[int] = []
        self._kinds: list[str] = []
        self._first_layer: tuple[Any, str] = (None, "")
        self.fresh = True
        self.sampling = False
        self.sample(True)
        calls.roots.append(self._root)

    def sample(self, wanted: bool) -> None:
        """Keep more of the models of the next step, or not."""
        self.sampling = wanted
        self._calls.inside = self._inside if wanted else None

    def take(self) -> tuple[list[int], list[Called]]:
        """The identities of the models called, and what was kept of them; they are forgotten here."""
        taken = self._identities, self._models
        self._identities, self._models = [], []
        if self._ran:
            self._clear()
        return taken

    def _inside(self, module: Any, args: tuple[Any, ...]) -> None:
        try:
            if self._torch.is_grad_enabled():
                self._note(module, args)
        except Exception as error:
            self._failed(error)

    def _note(self, module: Any, args: tuple[Any, ...]) -> None:
        # Straight from the instance: a module whose constructor was never run has none of these.
        own = vars(module)
        self._ran.append(id(module))
        if not own.get("_modules"):
            self._kinds.append(type(module).__name__)
            tensor = args[0] if args and isinstance(args[0], self._torch.Tensor) else None
            if own.get("_parameters") and self._first_layer[0] is None and tensor is not None:
                self._first_layer = (tensor, type(module).__name__)

    def _root(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
        try:
            own = vars(module)
            if not (own.get("_modules") or own.get("_parameters")) or not self._torch.is_grad_enabled():
                return
            self._identities.append(id(module))
            if self.sampling:
                self._keep(module, args, kwargs, value)
        except Exception as error:
            self._failed(error)

    def _keep(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
        tensor = self._torch.Tensor
        self._origins.note_use(module, sys._getframe(2))
        inputs = tuple(part for part in (*args, *kwargs.values()) if isinstance(part, tensor))
        output, node = None, None
        if isinstance(value, tensor) and value.grad_fn is not None:
            node = value.grad_fn if self.fresh else None
            output = Output(value.detach(), value.grad_fn._sequence_nr())
        self._models.append(
            Called(module, inputs, output, node, tuple(self._ran), tuple(self._kinds), *self._first_layer)
        )
        del self._models[:-MOST_CALLED]
        self._clear()

    def _clear(self) -> None:
        self._ran, self._kinds, self._first_layer = [], [], (None, "")
