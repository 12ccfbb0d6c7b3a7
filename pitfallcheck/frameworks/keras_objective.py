"""The loss that a Keras model trains on as a function of its weights, with its derivatives, on each backend."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.analysis.objective import NoSecondDerivativeError, Vector
from pitfallcheck.frameworks.keras_sample import Sample, takes_training


def objective_of(
    model: Any, sample: Sample, share: float, weights: Sequence[NDArray[Any]], backend: str
) -> KerasObjective:
    """The loss of `sample` where the trainable variables are `weights`; the model's own stay as they are.

    `share` multiplies the compiled loss: a loss that is summed over the batch is as many times too large as there are
    more samples here than in a batch. What the layers draw and note must be put back afterwards (`as_it_was`).
    """
    return {"tensorflow": _TensorFlow, "torch": _Torch, "jax": _Jax}[backend](model, sample, share, weights)


class KerasObjective:
    """The loss, its gradient and Hessian-vector products; see `analysis.objective.Objective`.

    `unwired` are the positions of the trainable variables that the loss does not depend on. Raises
    NoSecondDerivativeError where the loss is no single number.
    """

    blocks: Sequence[tuple[str, int]]

    def __init__(self, model: Any, sample: Sample, share: float, weights: Sequence[NDArray[Any]]) -> None:
        # Weakly: the program decides how long its models live.
        self._model = ref(model)
        self._sample = sample
        self._share = share
        self._weights = list(weights)
        self._variables = list(model.trainable_variables)
        self.blocks = [
            (name_of(variable), weight.size) for variable, weight in zip(self._variables, weights, strict=True)
        ]
        loss, gradients = self._record([np.array(weight) for weight in weights])
        self._loss = float(loss)
        self.unwired = [position for position, gradient in enumerate(gradients) if gradient is None]
        self._gradient = self._flat(gradients)

    def loss(self) -> float:
        """The loss, in the program's own units."""
        return self._loss

    def gradient(self) -> Vector:
        """Its gradient."""
        return self._gradient.copy()

    def times_hessian(self, vector: Vector) -> Vector:
        """The Hessian times `vector`. Raises NoSecondDerivativeError."""
        try:
            return self._flat(self._product(self._parts(vector)))
        except Exception as error:
            first = str(error).strip().partition("\n")[0]
            raise NoSecondDerivativeError(f"{type(error).__name__}: {first[:120]}") from error

    def gradient_after(self, step: Vector) -> Vector:
        """The gradient with the weights moved by `step`, for this question alone."""
        return self.gradient_at([weight + part for weight, part in zip(self._weights, self._parts(step), strict=True)])

    def gradient_at(self, weights: Sequence[NDArray[Any]]) -> Vector:
        """The gradient where the variables are `weights`, of the same samples."""
        return self._flat(self._slope([np.array(weight) for weight in weights]))

    def _slope(self, weights: list[NDArray[Any]]) -> Sequence[Any]:
        """The gradient at `weights` with respect to each variable; nothing of it is kept."""
        raise NotImplementedError

    def _record(self, weights: list[NDArray[Any]]) -> tuple[Any, Sequence[Any]]:
        """The loss, and its gradient with respect to each variable, None where it does not depend on it."""
        raise NotImplementedError

    def _product(self, parts: list[NDArray[Any]]) -> Sequence[Any]:
        """The derivative of the gradient along the direction `parts`, for each variable."""
        raise NotImplementedError

    def _at(self, values: Sequence[Any]) -> Any:
        """The loss as the training step computes it where the variables have these values, as a scalar tensor."""
        from keras.src import backend

        mapping = list(zip(self._variables, values, strict=True))
        # What layers assign and add as losses in here stays in here.
        with backend.StatelessScope(state_mapping=mapping, collect_losses=True):
            loss = _loss_of(self._model(), self._sample, self._share)
        if tuple(loss.shape):
            raise NoSecondDerivativeError(f"its loss is no single number, but of shape {tuple(loss.shape)}")
        return loss

    def _flat(self, gradients: Sequence[Any]) -> Vector:
        parts = [
            np.zeros(size) if gradient is None else np.asarray(_numpy(gradient), np.float64).ravel()
            for gradient, (_, size) in zip(gradients, self.blocks, strict=True)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _parts(self, vector: Vector) -> list[NDArray[Any]]:
        pieces = np.split(np.asarray(vector), np.cumsum([size for _, size in self.blocks])[:-1])
        return [
            piece.reshape(weight.shape).astype(weight.dtype)
            for piece, weight in zip(pieces, self._weights, strict=True)
        ]


class _TensorFlow(KerasObjective):
    """Nested tapes: the inner one gives the gradient, the outer one remembers how, for any number of products."""

    def _record(self, weights: list[NDArray[Any]]) -> tuple[Any, Sequence[Any]]:
        tf = sys.modules["tensorflow"]
        self._values = [tf.convert_to_tensor(weight) for weight in weights]
        self._tape = tf.GradientTape(persistent=True, watch_accessed_variables=False)
        with self._tape:
            self._tape.watch(self._values)
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(self._values)
                loss = self._at(self._values)
            gradients = inner.gradient(loss, self._values)
            self._dense = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]
        return loss, self._dense

    def _product(self, parts: list[NDArray[Any]]) -> Sequence[Any]:
        tf = sys.modules["tensorflow"]
        wired = [(gradient, part) for gradient, part in zip(self._dense, parts, strict=True) if gradient is not None]
        along = [tf.cast(part, gradient.dtype) for gradient, part in wired]
        result = self._tape.gradient([gradient for gradient, _ in wired], self._values, output_gradients=along)
        return [None if part is None else tf.convert_to_tensor(part) for part in result]

    def _slope(self, weights: list[NDArray[Any]]) -> Sequence[Any]:
        tf = sys.modules["tensorflow"]
        values = [tf.convert_to_tensor(weight) for weight in weights]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss = self._at(values)
        gradients = tape.gradient(loss, values)
        return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]


class _Torch(KerasObjective):
    """Double backward through copies of the parameters; their `.grad` is not touched."""

    def _record(self, weights: list[NDArray[Any]]) -> tuple[Any, Sequence[Any]]:
        torch = sys.modules["torch"]
        self._values = self._leaves(weights)
        with torch.enable_grad():
            loss = self._at(self._values)
            self._gradients = torch.autograd.grad(loss, self._values, create_graph=True, allow_unused=True)
        return loss.detach(), self._gradients

    def _slope(self, weights: list[NDArray[Any]]) -> Sequence[Any]:
        torch = sys.modules["torch"]
        values = self._leaves(weights)
        with torch.enable_grad():
            return torch.autograd.grad(self._at(values), values, allow_unused=True)  # type: ignore[no-any-return]

    def _leaves(self, weights: list[NDArray[Any]]) -> list[Any]:
        torch = sys.modules["torch"]
        return [
            torch.as_tensor(weight, device=variable.value.device).requires_grad_()
            for weight, variable in zip(weights, self._variables, strict=True)
        ]

    def _product(self, parts: list[NDArray[Any]]) -> Sequence[Any]:
        torch = sys.modules["torch"]
        pairs = [
            (gradient, torch.as_tensor(part, dtype=gradient.dtype, device=gradient.device))
            for gradient, part in zip(self._gradients, parts, strict=True)
            # A gradient that is a constant has no second derivative: it adds nothing.
            if gradient is not None and gradient.requires_grad
        ]
        if not pairs:
            return [None] * len(parts)
        gradients, along = zip(*pairs, strict=True)
        return torch.autograd.grad(  # type: ignore[no-any-return]
            gradients, self._values, grad_outputs=along, retain_graph=True, allow_unused=True
        )


class _Jax(KerasObjective):
    """The derivative of the gradient along a direction, forward over reverse, compiled once."""

    def _record(self, weights: list[NDArray[Any]]) -> tuple[Any, Sequence[Any]]:
        jax = sys.modules["jax"]
        self._values = [jax.numpy.asarray(weight) for weight in weights]
        slope = jax.grad(self._at)
        self._along = jax.jit(lambda values, along: jax.jvp(slope, (values,), (along,))[1])
        self._both = jax.jit(jax.value_and_grad(self._at))
        loss, gradients = self._both(self._values)
        unwired = _zeros_of(jax.make_jaxpr(slope)(self._values).jaxpr)
        return loss, [None if no else gradient for gradient, no in zip(gradients, unwired, strict=True)]

    def _slope(self, weights: list[NDArray[Any]]) -> Sequence[Any]:
        jax = sys.modules["jax"]
        return self._both([jax.numpy.asarray(weight) for weight in weights])[1]  # type: ignore[no-any-return]

    def _product(self, parts: list[NDArray[Any]]) -> Sequence[Any]:
        jax = sys.modules["jax"]
        return self._along(self._values, [jax.numpy.asarray(part) for part in parts])  # type: ignore[no-any-return]


def _zeros_of(jaxpr: Any) -> list[bool]:
    """Which results of a computation JAX itself wrote down as zeros: gradients of what the loss does not depend on."""
    made_by = {id(result): step for step in jaxpr.eqns for result in step.outvars}
    zeros = []
    for result in jaxpr.outvars:
        step = made_by.get(id(result))
        given = step.invars if step is not None and step.primitive.name == "broadcast_in_dim" else [result]
        zeros.append(all(hasattr(one, "val") and not np.any(one.val) for one in given))
    return zeros


def _loss_of(model: Any, sample: Sample, share: float) -> Any:
    from keras.src import ops

    x, y, weights = sample.tensors()
    predicted = model(x, training=True) if takes_training(model) else model(x)
    if share == 1.0:
        return model._compute_loss(x=x, y=y, y_pred=predicted, sample_weight=weights, training=True)
    compiled = model._compile_loss(y, predicted, weights)
    return ops.sum([compiled * share, *(model._aggregate_additional_loss(extra) for extra in model.losses)])


def name_of(variable: Any) -> str:
    """A variable as the user would look for it: its layer's name and its own, without the model's."""
    path = str(getattr(variable, "path", variable.name))
    return "/".join(path.split("/")[-2:])


def _numpy(tensor: Any) -> Any:
    return tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor
