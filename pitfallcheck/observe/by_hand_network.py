"""A network of plain functions and arrays: its prediction, loss and gradient for a batch, at any parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pitfallcheck.analysis.objective import Vector
from pitfallcheck.observe.by_hand_calls import Call, array_or_none, as_array, as_number
from pitfallcheck.observe.by_hand_parameters import Parameters
from pitfallcheck.observe.memory import Array


class Batch(NamedTuple):
    """One batch as the user's functions take it: `inputs`, and where there are some `target` and `weight`."""

    inputs: Any
    target: Any = None
    weight: Any = None

    @property
    def x(self) -> Array | None:
        """The inputs as an array, where they are one."""
        return array_or_none(self.inputs)

    @property
    def y(self) -> Array | None:
        """The targets as an array, where they are one."""
        return array_or_none(self.target)

    @property
    def size(self) -> int:
        """How many samples it has; 0 where that cannot be told."""
        x = self.x
        return len(x) if x is not None and x.ndim else 0


class Network:
    """The functions that a user hands to `check`, matched with the parameters and what a batch holds."""

    def __init__(
        self,
        forward: Callable[..., Any],
        loss: Callable[..., Any] | None,
        gradient: Callable[..., Any] | None,
        parameters: Any,
        *,
        weighted: bool,
    ) -> None:
        weight = ["weight"] if weighted else []
        held = ["parameters"] if parameters is not None else []
        self.forward = Call(forward, "forward", ["inputs", "parameters"], ["inputs", *held])
        self.loss = loss and Call(loss, "loss", ["prediction", "target", "weight"], ["prediction", "target", *weight])
        may = ["inputs", "target", *weight, *held, "prediction"]
        usual = ["inputs", "target", "weight", "parameters"]
        self.gradient = gradient and Call(gradient, "gradient", usual, may)
        passed = "parameters" in self.forward.roles
        self.parameters = None if parameters is None else Parameters(parameters, passed=passed)

    @property
    def functions(self) -> list[Any]:
        """The user's own functions."""
        return [call.function for call in (self.forward, self.loss, self.gradient) if call]

    def predict(self, batch: Batch) -> Any:
        """What `forward` returns at the parameters as they stand."""
        return self.forward(**self._values(batch))

    def predicted(self, batch: Batch) -> Array:
        """The same as an array of its own. Raises TypeError where it is none."""
        return as_array(self.predict(batch), "forward").copy()

    def loss_of(self, batch: Batch, prediction: Any = None) -> float:
        """The loss of a batch, for another `prediction` where one is given. Raises TypeError where it is no number."""
        assert self.loss is not None, "asked only where there is one"
        prediction = self.predict(batch) if prediction is None else prediction
        return as_number(self.loss(**self._values(batch), prediction=prediction), "loss")

    def ask(self, prediction: Array, target: Array) -> float:
        """The loss of any predictions and targets; of equal weight, where it takes weights."""
        assert self.loss is not None, "asked only where there is one"
        return as_number(self.loss(prediction=prediction, target=target, weight=np.ones(len(target))), "loss")

    def loss_at(self, batch: Batch) -> Callable[[Vector], float]:
        """The loss of a batch as a function of all parameters; leaves them changed."""
        parameters = self.parameters
        assert parameters is not None, "asked only where there are some"

        def loss(vector: Vector) -> float:
            parameters.write(vector)
            return self.loss_of(batch)

        return loss

    def gradient_of(self, batch: Batch) -> Vector:
        """The hand-written gradient, flat, at the parameters as they stand.

        `forward` is called first, as in training: a backward pass may use what that left behind. Raises ValueError
        where the function changes the parameters.
        """
        assert self.gradient is not None and self.parameters is not None, "asked only where there are both"
        prediction = self.predict(batch)
        before = self.parameters.vector()
        found = self.gradient(**self._values(batch), prediction=prediction)
        flat = self.parameters.flat(found)
        if not np.array_equal(before, self.parameters.vector(), equal_nan=True):
            raise ValueError("check(): `gradient` changed the parameters: it must return the gradient and take no step")
        return flat

    def gradient_at(self, batch: Batch) -> Callable[[Vector], Vector]:
        """The hand-written gradient as a function of all parameters; leaves them changed."""
        parameters = self.parameters
        assert parameters is not None, "asked only where there are some"

        def gradient(vector: Vector) -> Vector:
            parameters.write(vector)
            return self.gradient_of(batch)

        return gradient

    def _values(self, batch: Batch) -> dict[str, Any]:
        values = {"inputs": own(batch.inputs), "target": batch.target, "weight": batch.weight}
        if self.parameters is not None:
            values["parameters"] = self.parameters.to_pass()
        return values


def own(node: Any) -> Any:
    """A copy of what can be written to, so that a function that writes into its inputs finds them new at each call."""
    if isinstance(node, np.ndarray):
        return node.copy()
    if type(node) in (tuple, list):
        return type(node)(own(child) for child in node)
    if type(node) is dict:
        return {key: own(child) for key, child in node.items()}
    if hasattr(node, "clone"):
        return node.clone()
    return node if hasattr(node, "at") else copy.copy(node)
