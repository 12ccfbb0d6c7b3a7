"""Follows training loops of the user's own that are written with `GradientTape` and a Keras optimizer.

In the first step a tape of ours records around the user's, so that the second derivative of the very loss that the
program computed can be asked for: nothing is computed a second time. What runs inside `tf.function` is traced once and
seen by nobody afterwards; that is said. Checked with TensorFlow 2.21 and Keras 3.15.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from types import FrameType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.analysis.moments import Moments
from pitfallcheck.analysis.objective import NoSecondDerivativeError, Vector
from pitfallcheck.analysis.quadratic import LocalQuadratic, foresee
from pitfallcheck.analysis.training import PRODUCTS, analyse
from pitfallcheck.frameworks.keras_hooks import Hooks, locals_of
from pitfallcheck.frameworks.keras_model import Origins
from pitfallcheck.frameworks.keras_objective import name_of
from pitfallcheck.frameworks.keras_settings import optimizer_of, rate_of, summary
from pitfallcheck.frameworks.keras_state import value_of
from pitfallcheck.frameworks.keras_training import MOST_PARAMETERS
from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.learning import GradientNorm, TrainingSeen, Unwired
from pitfallcheck.observe.naming import tree_of
from pitfallcheck.observe.session import Session

_SAME = 1e-3
"""How far, relatively, the gradients that are applied may be from those of the loss, for float32's sake."""


def follow_tapes(hooks: Hooks, keras: ModuleType, origins: Origins, session: Session) -> None:
    """Observe the tapes that the user's own lines open, where Keras runs on TensorFlow."""
    tf = sys.modules.get("tensorflow")
    base = sys.modules.get("keras.src.optimizers.base_optimizer")
    if tf is None or base is None:
        return
    tapes = _Tapes(tf, origins, session)
    hooks.before(tf.GradientTape, "__enter__", tapes.opened)
    hooks.before(tf.GradientTape, "gradient", tapes.differentiated)
    hooks.before(keras.layers.Layer, "_check_super_called", tapes.called)
    hooks.before(base.BaseOptimizer, "_filter_empty_gradients", tapes.applied)
    session.at_finish.append(tapes.finish)


class _Tapes:
    """What is known between the opening of a tape and the step of an optimizer."""

    def __init__(self, tf: Any, origins: Origins, session: Session) -> None:
        self._tf = tf
        self._origins = origins
        self._session = session
        self._around: Any = None
        self._looked: set[Place] = set()
        self._loss: Any = None
        self._at: Place | None = None
        self._inputs: Any = None
        self._loops: dict[tuple[int, Place], _Loop] = {}

    def opened(self, tape: Any, frame: FrameType) -> None:
        """A tape is opened: the first one of each line is recorded around."""
        if tape is None or home_of(frame.f_code.co_filename) != "user":
            return
        if not self._tf.executing_eagerly():
            if hasattr(locals_of(frame).get("self"), "train_step"):
                # `fit` runs a step of the model's own, and it is said there what is not seen of it.
                return
            # AutoGraph runs a function of its own making, under this name.
            name = frame.f_code.co_name.removeprefix("tf__")
            what = f"the training step in {name}()"
            self._session.skip(f"traced:{name}", what, "it is compiled by `tf.function`, and its values are not seen")
            return
        self._let_go()
        self._inputs = None
        place = place_of(frame)
        if place not in self._looked:
            self._looked.add(place)
            self._around = self._tf.GradientTape(persistent=True)
            self._around.__enter__()

    def called(self, layer: Any, frame: FrameType) -> None:
        """A layer is called: the model that the user's own line calls, and what with, while a tape is recorded."""
        if self._around is None or layer is None or self._inputs is not None:
            return
        caller = frame.f_back.f_back if frame.f_back is not None else None
        if caller is not None and home_of(caller.f_code.co_filename) == "user":
            given = locals_of(frame).get("args")
            self._inputs = given[0] if given else None

    def differentiated(self, tape: Any, frame: FrameType) -> None:
        """A tape is asked for gradients: the loss is the variable that the call names first."""
        if tape is None or home_of(frame.f_code.co_filename) != "user" or not self._tf.executing_eagerly():
            return
        name = _differentiated(frame.f_code.co_filename, frame.f_lineno)
        self._loss = locals_of(frame).get(name, frame.f_globals.get(name)) if name else None
        self._at = place_of(frame)

    def applied(self, optimizer: Any, frame: FrameType) -> None:
        """An optimizer of Keras is about to change variables by gradients."""
        caller = frame.f_back
        if caller is not None and caller.f_code.co_name == "apply_gradients":
            caller = caller.f_back
        if optimizer is None or frame.f_code.co_name != "apply" or caller is None or self._at is None:
            return
        if home_of(caller.f_code.co_filename) != "user" or not self._tf.executing_eagerly():
            return
        key = (id(optimizer), self._at)
        loop = self._loops.get(key)
        if loop is None:
            values = locals_of(frame)
            loop = self._loops[key] = _Loop(optimizer, list(values["trainable_variables"]), self._at, self._origins)
            loop.look(list(values["grads"]), self._loss, self._around, self._inputs, self._session)
            self._let_go()
        loop.step(optimizer, self._loss)
        loop.tell(self._session)
        self._loss = self._inputs = None

    def finish(self) -> None:
        """The program is over."""
        self._let_go()
        for loop in self._loops.values():
            loop.end()
            loop.tell(self._session, finished=True)

    def _let_go(self) -> None:
        """Stop recording around the user's tape, and free what was recorded."""
        around, self._around = self._around, None
        if around is not None:
            around.__exit__(None, None, None)


class _Loop:
    """One training: an optimizer and the line that differentiates the loss."""

    def __init__(self, optimizer: Any, variables: list[Any], at: Place, origins: Origins) -> None:
        self._variables = variables
        self._losses: list[float] = []
        self._local: LocalQuadratic | None = None
        self._steps = 0
        self._rate = _rate(optimizer)
        model = _model_of(variables, origins)
        self.seen = TrainingSeen(
            key=f"tape:{at.path}:{at.line}:{id(optimizer)}",
            framework="tensorflow",
            model=model.name if model is not None else "the variables",
            at=at,
            made=origins.made.get(model) if model is not None else None,
            compiled=None,
            parameters=sum(int(np.prod(variable.shape)) for variable in variables),
            loss="",
            loss_kind="other",
            batch=0,
            steps=0,
            optimizer=optimizer_of(SimpleNamespace(optimizer=optimizer), origins.optimizers.get(optimizer), False),
        )

    def look(self, gradients: list[Any], loss: Any, around: Any, inputs: Any, session: Session) -> None:
        """Look at the first step, of which `around` has recorded everything, before it is taken."""
        names = [name_of(variable) for variable in self._variables]
        unwired = [name for name, gradient in zip(names, gradients, strict=True) if gradient is None]
        self.seen = replace(self.seen, unwired=tuple(Unwired(name, "no gradient") for name in unwired))
        self._of_inputs(inputs)
        try:
            if around is None or loss is None or not hasattr(loss, "numpy") or np.ndim(loss.numpy()):
                raise NoSecondDerivativeError("its loss was not seen as one number")
            if self.seen.parameters > MOST_PARAMETERS:
                raise NoSecondDerivativeError(
                    f"it has {self.seen.parameters:,} parameters, and up to {MOST_PARAMETERS:,} are looked at"
                )
            objective = _TapeObjective(around, loss, self._variables, gradients)
            self._norms(objective)
            if self.seen.optimizer is not None:
                analysis = analyse(objective, self.seen.optimizer, 1, products=PRODUCTS)
                self._local = analysis.local
                self.seen = replace(self.seen, curvature=analysis.curvature)
        except NoSecondDerivativeError as error:
            session.skip(f"ahead:{self.seen.key}", f"the curvature of the training of `{self.seen.model}`", str(error))
        except Exception as error:
            session.failed(f"looking at the training of `{self.seen.model}`", error)

    def step(self, optimizer: Any, loss: Any) -> None:
        """One more step is taken, with this loss."""
        self._steps += 1
        if hasattr(loss, "numpy") and not np.ndim(loss.numpy()):
            self._losses.append(float(loss.numpy()))
        settings = self.seen.optimizer
        if settings is not None and not settings.scheduled and _rate(optimizer) != self._rate:
            self.seen = replace(self.seen, optimizer=replace(settings, scheduled=True))

    def tell(self, session: Session, *, finished: bool = False) -> None:
        """Give the event as it is now, where enough has happened since the last time."""
        if finished or self._steps & (self._steps - 1) == 0:
            settings = self.seen.optimizer
            forecast = None
            if self._local is not None and settings is not None and not settings.scheduled:
                forecast = foresee(self._local, settings, self._steps)
            self.seen = replace(
                self.seen, steps=self._steps, losses=summary(self._losses), forecast=forecast, finished=finished
            )
            session.emit(self.seen)

    def end(self) -> None:
        """Nothing of the program is held any longer."""
        self._variables = []

    def _of_inputs(self, inputs: Any) -> None:
        array = np.asarray(inputs) if inputs is not None and hasattr(inputs, "shape") else None
        if array is not None and array.ndim and array.dtype.kind == "f":
            moments = Moments()
            moments.add(array.reshape(len(array), -1), None)
            self.seen = replace(self.seen, batch=len(array), inputs=moments.conditioning())

    def _norms(self, objective: _TapeObjective) -> None:
        weights = [float(np.linalg.norm(value_of(variable))) for variable in self._variables]
        norms = [float(np.linalg.norm(part)) for part in objective.parts(objective.gradient())]
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


class _TapeObjective:
    """The loss that the program has just computed, with the derivatives of what a tape recorded of it."""

    def __init__(self, around: Any, loss: Any, variables: Sequence[Any], gradients: Sequence[Any]) -> None:
        tf = sys.modules["tensorflow"]
        self.blocks: Sequence[tuple[str, int]] = [
            (name_of(variable), int(np.prod(variable.shape))) for variable in variables
        ]
        self._around = around
        self._loss = float(loss.numpy())
        self._values = [getattr(variable, "value", variable) for variable in variables]
        self._values = [value() if callable(value) else value for value in self._values]
        self._dense = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]
        self._gradient = self._flat(self._dense)
        own = self._flat(around.gradient(loss, self._values))
        apart = float(np.linalg.norm(own - self._gradient))
        if not np.isfinite(apart) or apart > _SAME * float(np.linalg.norm(own)):
            raise NoSecondDerivativeError("the gradients are changed on their way to the optimizer")

    def loss(self) -> float:
        """The loss, in the program's own units."""
        return self._loss

    def gradient(self) -> Vector:
        """Its gradient."""
        return self._gradient.copy()

    def times_hessian(self, vector: Vector) -> Vector:
        """The Hessian times `vector`. Raises NoSecondDerivativeError."""
        tf = sys.modules["tensorflow"]
        pairs = [(g, p) for g, p in zip(self._dense, self.parts(vector), strict=True) if g is not None]
        along = [tf.cast(tf.reshape(tf.constant(part), gradient.shape), gradient.dtype) for gradient, part in pairs]
        try:
            result = self._around.gradient([gradient for gradient, _ in pairs], self._values, output_gradients=along)
        except Exception as error:
            first = str(error).strip().partition("\n")[0]
            raise NoSecondDerivativeError(f"{type(error).__name__}: {first[:120]}") from error
        return self._flat(result)

    def parts(self, vector: Vector) -> list[NDArray[np.float64]]:
        """A flat vector as one piece for each variable."""
        return list(np.split(vector, np.cumsum([size for _, size in self.blocks])[:-1]))

    def _flat(self, gradients: Sequence[Any]) -> Vector:
        tf = sys.modules["tensorflow"]
        parts = [
            np.zeros(size) if gradient is None else np.asarray(tf.convert_to_tensor(gradient), np.float64).ravel()
            for gradient, (_, size) in zip(gradients, self.blocks, strict=True)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)


def _rate(optimizer: Any) -> float | None:
    return rate_of(SimpleNamespace(optimizer=optimizer))


def _model_of(variables: Sequence[Any], origins: Origins) -> Any:
    """The model, or else the layer, that the program made first whose variables are these."""
    wanted = {id(variable) for variable in variables}
    holders = [
        thing
        for thing in list(origins.made)
        if (held := {id(variable) for variable in getattr(thing, "trainable_variables", ())}) and held >= wanted
    ]
    models = [thing for thing in holders if hasattr(thing, "layers")]
    return next(iter(models or holders), None)


@lru_cache(maxsize=256)
def _differentiated(path: str, line: int) -> str:
    """The variable that the call of `gradient` on a line names first; empty where it names none."""
    tree = tree_of(path)
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        # A frame is at the line of the attribute while it is looked up.
        if node.func.attr == "gradient" and node.func.lineno <= line <= (node.func.end_lineno or line):
            first = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "target"), None)
            return first.id if isinstance(first, ast.Name) else ""
    return ""
