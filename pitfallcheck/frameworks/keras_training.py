"""Foresees and follows the training of one Keras model with one optimizer: one `TrainingSeen` that grows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.analysis.moments import Moments
from pitfallcheck.analysis.objective import NoSecondDerivativeError, Vector
from pitfallcheck.analysis.quadratic import LocalQuadratic, foresee
from pitfallcheck.analysis.training import PRODUCTS, analyse
from pitfallcheck.frameworks.keras_loss import defined_at
from pitfallcheck.frameworks.keras_model import Origins
from pitfallcheck.frameworks.keras_objective import KerasObjective, name_of, objective_of
from pitfallcheck.frameworks.keras_outputs import bend, outputs_of, with_weights
from pitfallcheck.frameworks.keras_sample import Sample, rows_for
from pitfallcheck.frameworks.keras_settings import (
    LossUsed,
    baseline,
    loss_used,
    optimizer_of,
    rate_of,
    summary,
)
from pitfallcheck.frameworks.keras_state import as_it_was, unheard, value_of
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.learning import GradientNorm, Optimizer, TrainingSeen, Unwired
from pitfallcheck.observe.session import Session

MOST_PARAMETERS = 10_000_000
"""Parameters above which no copy of the first weights is kept, and nothing is foreseen."""
_MANY = 1_000_000
"""Parameters above which fewer Hessian-vector products are asked for."""


class Training:
    """What is known of one model's training. `batch` is the size of a training batch."""

    def __init__(
        self, key: str, model: Any, at: Place | None, backend: str, origins: Origins, session: Session
    ) -> None:
        self._session = session
        self._origins = origins
        self._backend = backend
        self._name = model.name
        self.key = key
        self.batch = 0
        self.steps = 0
        self.start: list[NDArray[Any]] | None = None
        self.looked = False
        self.measured_at = 0
        self._losses: list[float] = []
        self._rate: float | None = None
        self._sample: Sample | None = None
        self._local: LocalQuadratic | None = None
        self._objective: KerasObjective | None = None
        self._loss = LossUsed(_loss_name(model), "other", False)
        self.seen = TrainingSeen(
            key=key,
            framework="keras",
            model=model.name,
            at=at,
            made=origins.made.get(model),
            compiled=origins.compiled.get(model),
            parameters=0,
            loss=self._loss.name,
            loss_kind="other",
            batch=0,
            steps=0,
        )

    def remember_start(self, model: Any) -> None:
        """Keep the weights as they are before the first step, where there are any yet and not too many."""
        if self.start is not None or not _built(model):
            return
        if _parameters(model) > MOST_PARAMETERS:
            return
        values = [value_of(variable) for variable in model.trainable_variables]
        # When TensorFlow traces a step for the first time its variables are there, but empty; it traces it twice.
        if all(value.shape == tuple(v.shape) for value, v in zip(values, model.trainable_variables, strict=True)):
            self.start = values

    def look(self, model: Any, sample: Sample) -> None:
        """Look at the training problem as it was before the first step, with some of its samples."""
        self.looked = True
        parameters = _parameters(model)
        layers = [
            layer for layer in model._flatten_layers(include_self=False) if not list(layer._flatten_layers(False))
        ]
        self._rate = rate_of(model)
        self.seen = replace(
            self.seen,
            parameters=parameters,
            batch=self.batch,
            steps=self.steps,
            compiled=self._origins.compiled.get(model),
            layers=tuple(type(layer).__name__ for layer in layers if type(layer).__name__ != "InputLayer"),
            optimizer=optimizer_of(model, self._origins.optimizers.get(model.optimizer), scheduled=False),
        )
        self._sample = sample
        self._of_samples(sample)
        if self._why_not(model, parameters):
            self.emit()
            return
        with as_it_was(model), unheard():
            with with_weights(model, self.start or ()):
                outputs = outputs_of(model, sample)
                self._of_loss(model, sample, outputs)
                self._of_midpoints(model, sample, outputs)
            try:
                self._foresee(model, sample.first(rows_for(parameters, self.batch)))
            except NoSecondDerivativeError as error:
                self.skip(str(error))
        self.emit()

    def went(self, loss: float | None) -> None:
        """An epoch, or a step of the program's own loop, ended with this loss."""
        if loss is not None:
            self._losses.append(loss)

    def epoch_over(self, model: Any) -> None:
        """The epoch is over: a learning rate that is another one now is scheduled."""
        if self._rate is not None and self.seen.optimizer is not None and rate_of(model) != self._rate:
            self.seen = replace(self.seen, optimizer=replace(self.seen.optimizer, scheduled=True))
        self.emit()

    def ended(self, model: Any, *, finished: bool = True) -> None:
        """A call of `fit` is over, or so far: measure the gradients and the error with the weights as they are now."""
        self.seen = replace(self.seen, finished=finished)
        self.measured_at = self.steps
        if self._sample is not None and self._objective is not None:
            with as_it_was(model), unheard():
                outputs = outputs_of(model, self._sample)
                self._of_error(self._sample, outputs)
                self._of_midpoints(model, self._sample, outputs)
                weights = [value_of(variable) for variable in model.trainable_variables]
                self._measure_gradients(self._objective, self._objective.gradient_at(weights))
        self.emit()

    def foresee_again(self) -> None:
        """The forecast for all the steps that were asked for, which may be more than when it was made."""
        if self._local is not None and self.seen.optimizer is not None and self.steps:
            self.seen = replace(self.seen, forecast=foresee(self._local, self.seen.optimizer, self.steps))

    def emit(self) -> None:
        """Give the event as it is now."""
        self.seen = replace(self.seen, losses=summary(self._losses), steps=self.steps)
        self._session.emit(self.seen)

    def skip(self, why: str) -> None:
        """Say that nothing is foreseen for this model."""
        self._session.skip(f"ahead:{self.key}", f"the training of `{self._name}` before its first step", why)

    def _why_not(self, model: Any, parameters: int) -> bool:
        own_step = defined_at(getattr(type(model), "train_step", None))
        if own_step is not None:
            why = "it is computed in a training step of the program's own, and only a compiled loss can be measured"
            self._session.skip(f"step:{own_step}", f"the loss in {own_step.function}()", why)
            return True
        if parameters > MOST_PARAMETERS:
            self.skip(f"it has {parameters:,} parameters, and models of up to {MOST_PARAMETERS:,} are looked at")
        elif not parameters:
            self.skip("it has no variable to train")
        elif self.start is None:
            self.skip("its first weights were not seen")
        elif [np.shape(value) for value in self.start] != [tuple(v.shape) for v in model.trainable_variables]:
            self.skip("other variables are trained than at its first step")
        else:
            return False
        return True

    def _of_samples(self, sample: Sample) -> None:
        inputs, targets = sample.inputs, sample.targets
        moments = Moments()
        wide = np.concatenate([array.reshape(len(array), -1) for array in inputs], axis=1)
        moments.add(wide, targets[0] if len(targets) == 1 else None)
        self.seen = replace(self.seen, affine=moments.fit(), inputs=moments.conditioning())

    def _of_loss(self, model: Any, sample: Sample, outputs: list[NDArray[Any]]) -> None:
        from keras.src import ops, tree

        if getattr(model, "_compile_loss", None) is None or len(outputs) != 1 or len(sample.targets) != 1:
            return
        if len(sample.targets[0]) != len(outputs[0]):
            return
        rows = min(256, sample.rows)

        def compute(times: int) -> float:
            repeated = [np.concatenate([array[:rows]] * times) for array in (sample.targets[0], outputs[0])]
            target, output = (ops.convert_to_tensor(array) for array in repeated)
            nested = tree.pack_sequence_as(sample.y, [target]) if tree.is_nested(sample.y) else target
            return float(np.mean(ops.convert_to_numpy(model._compile_loss(nested, output))))

        few = [targets[:rows] for targets in sample.targets], [array[:rows] for array in outputs]
        self._loss = loss_used(model, compute, *few)
        units = outputs[0].shape[-1] if outputs[0].ndim > 1 else 1
        plain = sample.weights is None
        self.seen = replace(
            self.seen,
            loss=self._loss.name,
            loss_kind=self._loss.kind,
            summed=self._loss.summed,
            baseline=baseline(self._loss, sample.targets, self.batch, units) if plain else float("nan"),
        )

    def _of_error(self, sample: Sample, outputs: list[NDArray[Any]]) -> None:
        targets = sample.targets
        if len(outputs) == len(targets) == 1 and outputs[0].size == targets[0].size and targets[0].dtype.kind in "fiu":
            away = outputs[0].astype(np.float64).reshape(targets[0].shape) - targets[0]
            self.seen = replace(self.seen, error=float(np.mean(away**2)))

    def _of_midpoints(self, model: Any, sample: Sample, outputs: list[NDArray[Any]]) -> None:
        bent = bend(model, sample, outputs)
        # A network whose units all are on one side now is no affine map if it was none before.
        self.seen = replace(self.seen, midpoint=float(np.fmax(bent, self.seen.midpoint)))

    def _share(self, sample: Sample) -> float:
        return self.batch / sample.rows if self._loss.summed and sample.rows else 1.0

    def _foresee(self, model: Any, sample: Sample) -> None:
        objective = objective_of(model, sample, self._share(sample), self.start or (), self._backend)
        names = [name_of(variable) for variable in model.trainable_variables]
        places = self._places(model)
        self.seen = replace(
            self.seen,
            unwired=tuple(Unwired(names[i], "no gradient", places.get(names[i])) for i in objective.unwired),
        )
        self._losses.insert(0, objective.loss())
        self._measure_gradients(objective, objective.gradient())
        if self.seen.optimizer is not None:
            self._forecast(objective, self.seen.optimizer)
        self._objective = objective

    def _forecast(self, objective: KerasObjective, optimizer: Optimizer) -> None:
        products = PRODUCTS if self.seen.parameters <= _MANY else PRODUCTS // 3
        try:
            foreseen = analyse(objective, optimizer, self.steps, products=products)
        except NoSecondDerivativeError as error:
            self.skip(f"its second derivative cannot be had ({error})")
            return
        self._local = foreseen.local
        self.seen = replace(self.seen, curvature=foreseen.curvature, forecast=foreseen.forecast)

    def _measure_gradients(self, objective: KerasObjective, gradient: Vector) -> None:
        ends = np.cumsum([size for _, size in objective.blocks])[:-1]
        norms = [float(np.linalg.norm(part)) for part in np.split(gradient, ends)]
        if self.seen.gradients:
            pairs = zip(self.seen.gradients, norms, strict=True)
            self.seen = replace(self.seen, gradients=tuple(_grown(known, norm, self.steps) for known, norm in pairs))
            return
        weights = [float(np.linalg.norm(value)) for value in self.start or ()]
        layers = [name.rpartition("/")[0] for name, _ in objective.blocks]
        depths = {layer: depth for depth, layer in enumerate(dict.fromkeys(layers))}
        rows = zip(objective.blocks, weights, norms, layers, strict=True)
        self.seen = replace(
            self.seen,
            gradients=tuple(
                GradientNorm(name, size, weight, norm, norm, norm, 1, depths[layer])
                for (name, size), weight, norm, layer in rows
            ),
        )

    def _places(self, model: Any) -> dict[str, Place | None]:
        """Where the user made the layer that holds each variable."""
        return {
            name_of(variable): self._origins.made.get(layer)
            for layer in model._flatten_layers()
            for variable in getattr(layer, "_trainable_variables", ())
        }


def _grown(known: GradientNorm, norm: float, step: int) -> GradientNorm:
    grown = norm > known.largest
    return replace(known, last=norm, largest=norm if grown else known.largest, step=step if grown else known.step)


def _built(model: Any) -> bool:
    return all(layer.built for layer in model._flatten_layers()) and bool(model.trainable_variables)


def _parameters(model: Any) -> int:
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def _loss_name(model: Any) -> str:
    given = getattr(model, "loss", None)
    # Without a compiled loss, Keras's models have a method of that name.
    return "" if callable(getattr(given, "__func__", None)) else str(getattr(given, "__name__", given or ""))


def losses_in(logs: Any) -> float | None:
    """The loss in Keras's logs, if there is one."""
    value = (logs or {}).get("loss")
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
