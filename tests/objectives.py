"""Training problems for the tests of the analysis: an objective over torch's autograd, one in NumPy, and real runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pitfallcheck.analysis.moments import Moments
from pitfallcheck.analysis.objective import Vector
from pitfallcheck.analysis.training import analyse
from pitfallcheck.observe.learning import GradientNorm, Losses, Optimizer, TrainingSeen
from pitfallcheck.observe.place import Place

SGD = Optimizer("sgd", "SGD", 0.01)
MOMENTUM = Optimizer("sgd", "SGD", 0.01, momentum=0.9)
NESTEROV = Optimizer("sgd", "SGD", 0.01, momentum=0.9, nesterov=True)
ADAM = Optimizer("adam", "Adam", 0.01)


@dataclass
class Quadratic:
    """The loss w'Aw / 2 + b'w + c at w = 0, exactly."""

    matrix: Vector
    slope: Vector
    constant: float
    blocks: Sequence[tuple[str, int]] = ()
    asked: int = 0

    def __post_init__(self) -> None:
        self.blocks = self.blocks or [("w", len(self.slope))]

    def loss(self) -> float:
        return self.constant

    def gradient(self) -> Vector:
        return self.slope

    def times_hessian(self, vector: Vector) -> Vector:
        self.asked += 1
        return np.asarray(self.matrix @ vector)

    def gradient_after(self, step: Vector) -> Vector:
        return np.asarray(self.matrix @ step + self.slope)

    def minimum(self) -> float:
        return float(self.constant - self.slope @ np.linalg.solve(self.matrix, self.slope) / 2)


class TorchObjective:
    """The loss of a torch model as an objective; `loss_of` takes anything that can be called as the model is."""

    def __init__(self, model: Any, loss_of: Callable[[Any], Any]) -> None:
        self._model, self._loss_of = model, loss_of
        self._named = dict(model.named_parameters())
        self.blocks = [(name, value.numel()) for name, value in self._named.items()]

    def loss(self) -> float:
        return float(self._loss_of(self._model).detach())

    def gradient(self) -> Vector:
        return self._flat(self._slopes(self._model, self._named.values()))

    def times_hessian(self, vector: Vector) -> Vector:
        import torch

        slopes = self._slopes(self._model, self._named.values(), create_graph=True)
        wanted = torch.autograd.grad(
            slopes, list(self._named.values()), list(self._parts(vector).values()), allow_unused=True
        )
        return self._flat(
            [torch.zeros_like(p) if w is None else w for w, p in zip(wanted, self._named.values(), strict=True)]
        )

    def gradient_after(self, step: Vector) -> Vector:
        import torch

        moved = {name: (self._named[name].detach() + part).requires_grad_() for name, part in self._parts(step).items()}
        return self._flat(
            self._slopes(lambda *inputs: torch.func.functional_call(self._model, moved, inputs), moved.values())
        )

    def _slopes(self, model: Any, parameters: Any, *, create_graph: bool = False) -> Any:
        import torch

        return torch.autograd.grad(self._loss_of(model), list(parameters), create_graph=create_graph)

    def _flat(self, parts: Any) -> Vector:
        return np.concatenate([part.detach().double().numpy().ravel() for part in parts])

    def _parts(self, vector: Vector) -> dict[str, Any]:
        import torch

        parts, start = {}, 0
        for name, value in self._named.items():
            part = torch.tensor(vector[start : start + value.numel()], dtype=value.dtype)
            parts[name], start = part.reshape(value.shape), start + value.numel()
        return parts


@dataclass
class Problem:
    """A torch model with its loss on one full batch."""

    model: Any
    loss_of: Callable[[Any], Any]
    inputs: Any
    targets: Any
    losses: list[float] = field(default_factory=list)

    @property
    def objective(self) -> TorchObjective:
        return TorchObjective(self.model, self.loss_of)

    def seen(self, optimizer: Optimizer, steps: int) -> TrainingSeen:
        """What an adapter would tell of a training of so many steps; the model is really trained."""
        objective, moments = self.objective, Moments()
        moments.add(self.inputs.numpy(), self.targets.numpy())
        ahead, fit = analyse(objective, optimizer, steps), moments.fit()
        self.train(optimizer, steps)
        return TrainingSeen(
            key="training",
            framework="torch",
            model="model",
            at=Place(__file__, 2),
            made=Place(__file__, 1),
            compiled=None,
            parameters=sum(size for _, size in objective.blocks),
            loss="mse",
            loss_kind="mse",
            batch=len(self.inputs),
            steps=steps,
            optimizer=replace(optimizer, at=Place(__file__, 3)),
            losses=losses_of(self.losses),
            curvature=ahead.curvature,
            forecast=ahead.forecast,
            affine=fit,
            inputs=moments.conditioning(),
            baseline=fit.constant if fit is not None else math.nan,
            gradients=_norms(objective.blocks, ahead.gradient, objective.gradient()),
            finished=True,
        )

    def train(self, optimizer: Optimizer, steps: int) -> float:
        """The loss after really training that long."""
        import torch

        torch.set_num_threads(1)  # problems so small only wait for each other's threads
        if optimizer.kind == "adam":
            used: Any = torch.optim.Adam(self.model.parameters(), lr=optimizer.learning_rate)
        else:
            used = torch.optim.SGD(
                self.model.parameters(),
                lr=optimizer.learning_rate,
                momentum=optimizer.momentum,
                nesterov=optimizer.nesterov,
            )
        for _ in range(steps):
            used.zero_grad()
            loss = self.loss_of(self.model)
            loss.backward()
            used.step()
            self.losses.append(float(loss.detach()))
        return float(self.loss_of(self.model).detach())


def subtraction(spread: float = 10.0) -> Problem:
    """Case A2: `Linear(2, 1)` shall learn a1 - a2 for inputs uniform in plus and minus `spread`."""
    import torch

    torch.manual_seed(0)
    drawn = np.random.default_rng(0).uniform(-spread, spread, (1000, 2)).astype(np.float32)
    inputs = torch.from_numpy(drawn)
    return of(torch.nn.Linear(2, 1), inputs, inputs[:, :1] - inputs[:, 1:])


def network() -> Problem:
    """A small tanh network on a product of two inputs."""
    import torch

    torch.manual_seed(0)
    inputs = torch.randn(64, 2)
    model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    return of(model, inputs, inputs[:, :1] * inputs[:, 1:])


def of(model: Any, inputs: Any, targets: Any) -> Problem:
    """A problem with the mean squared error."""
    return Problem(model, lambda called: ((called(inputs) - targets) ** 2).mean(), inputs, targets)


def _norms(blocks: Sequence[tuple[str, int]], first: Vector, last: Vector) -> tuple[GradientNorm, ...]:
    norms, start = [], 0
    for name, size in blocks:
        then, now = (float(np.linalg.norm(vector[start : start + size])) for vector in (first, last))
        norms.append(GradientNorm(name, size, 1.0, then, now, max(then, now), 1))
        start += size
    return tuple(norms)


def losses_of(values: Sequence[float]) -> Losses:
    """What an adapter would tell of these losses."""
    few = max(1, len(values) // 10)
    bad = next((number for number, value in enumerate(values, 1) if not math.isfinite(value)), 0)
    return Losses(
        len(values), float(np.mean(values[:few])), float(np.mean(values[-few:])), float(np.nanmin(values)), bad
    )
