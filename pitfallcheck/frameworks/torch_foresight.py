"""Foresees one training of torch from the graph of its first loss, and looks at the curvature of the next few."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pitfallcheck.analysis.objective import NoSecondDerivativeError, Vector
from pitfallcheck.analysis.quadratic import foresee
from pitfallcheck.analysis.training import PRODUCTS, Analysis, analyse
from pitfallcheck.frameworks.torch_graph import Graph
from pitfallcheck.frameworks.torch_objective import GraphObjective, SquaredErrorObjective
from pitfallcheck.observe.learning import Curvature, Forecast, Optimizer

MOST_PARAMETERS = 20_000_000
"""Parameters above which nothing is foreseen: the graph of the gradient would take too much memory."""
SECONDS, FEWEST = 30.0, 6
"""Seconds that all products together may take, by what the gradient took, and the fewest that are worth asking for."""
SEVERAL = 12
"""Products where the Hessian cannot be known whole: on a small network they cost 50 training steps in all."""
LATER = 4
"""The steps in which the first direction is asked for again: those up to this one."""

_GRADIENT_IS_OURS = 1e-3
"""How far, relatively, the gradient of the program's own backward pass may be from ours, for float32's sake."""

Named = Sequence[tuple[str, Any]]


class Foresight:
    """What the first loss told of a training. `spoilt` is why nothing is claimed any more; empty while it is."""

    def __init__(self) -> None:
        self.spoilt = ""
        self._analysis: Analysis | None = None
        self._later: list[float] = []

    def look(self, loss: Any, graph: Graph, named: Named, optimizer: Optimizer, squared: bool) -> None:
        """Analyse the loss at its first step, before the program's own backward pass."""
        self.spoilt = self.spoilt or _why_not(graph, named) or _why_not_now(optimizer)
        if self.spoilt:
            return
        try:
            begun = time.perf_counter()
            objective = (SquaredErrorObjective if squared else GraphObjective)(loss, named)
            # A product differentiates the graph of the gradient, which is about twice that of the loss.
            each = 2 * (time.perf_counter() - begun)
            products = min(PRODUCTS, int(SECONDS / max(each, 1e-6)))
            if sum(tensor.numel() for _, tensor in named) > PRODUCTS:
                products = min(products, SEVERAL)
            if products < FEWEST:
                self.spoilt = f"one product with its Hessian would take about {each:.1f} s"
                return
            self._analysis = analyse(objective, optimizer, 1, products=products)
        except NoSecondDerivativeError as error:
            self.spoilt = str(error)
        if self._analysis is not None and self._analysis.curvature is None:
            self.spoilt = "its gradient is zero or not finite"

    def look_again(self, loss: Any, named: Named) -> None:
        """Ask a later loss how it curves along the direction that was the steepest in the first."""
        analysis = self._analysis
        if self.spoilt or analysis is None or analysis.top is None or analysis.curvature is None:
            return
        if analysis.curvature.preconditioned or len(analysis.top) != sum(tensor.numel() for _, tensor in named):
            return
        try:
            along = float(analysis.top @ GraphObjective(loss, named).times_hessian(analysis.top))
        except NoSecondDerivativeError:
            return
        if np.isfinite(along):
            self._later.append(along)

    def check_gradient(self, gradient: Vector) -> None:
        """Compare the gradient that the program's backward pass gave with the one that was analysed."""
        analysis = self._analysis
        if analysis is None or not np.isfinite(gradient).all():
            return
        apart = float(np.linalg.norm(gradient - analysis.gradient))
        if apart > _GRADIENT_IS_OURS * float(np.linalg.norm(analysis.gradient)):
            self.spoilt = self.spoilt or "its gradient is changed on the way to the parameters"

    @property
    def gradient(self) -> Vector | None:
        """The gradient of the first loss with respect to the parameters; None where it was not asked for."""
        return self._analysis.gradient if self._analysis is not None else None

    def curvature(self) -> Curvature | None:
        """The curvature of the first loss, and that of the next ones in its steepest direction."""
        found = self._analysis.curvature if self._analysis is not None and not self.spoilt else None
        if found is None or not self._later:
            return found
        return replace(found, later=float(np.mean(self._later)))

    def forecast(self, optimizer: Optimizer, steps: int) -> Forecast | None:
        """What is foreseen for so many steps with one learning rate."""
        local = self._analysis.local if self._analysis is not None and not self.spoilt else None
        if local is None or steps < 1 or optimizer.scheduled:
            return None
        return foresee(local, optimizer, steps)


def _why_not(graph: Graph, named: Named) -> str:
    """Why the second derivative of a loss is not asked for; empty where it is."""
    torch = sys.modules["torch"]
    tensors = [tensor for _, tensor in named]
    if graph.why_not or not tensors:
        return graph.why_not or "no parameter of the optimizer is in its graph"
    if any(tensor.dtype not in (torch.float32, torch.float64) for tensor in tensors):
        return "its parameters are not of single or double precision"
    if any(tensor.layout is not torch.strided or tensor.device.type == "meta" for tensor in tensors):
        return "its parameters are sparse or have no memory"
    if len({tensor.device for tensor in tensors}) > 1:
        return "its parameters lie on several devices"
    if any(tensor._backward_hooks for tensor in tensors):
        return "the program has hooks on the gradients of parameters"
    count = sum(tensor.numel() for tensor in tensors)
    if count > MOST_PARAMETERS:
        return f"it has {count:,} parameters, and of up to {MOST_PARAMETERS:,} the curvature is asked for"
    if tensors[0].device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(tensors[0].device)
        if 2 * torch.cuda.memory_allocated(tensors[0].device) > free:
            return "the memory of its device would not do for the graph of the gradient"
    return ""


def _why_not_now(optimizer: Optimizer) -> str:
    """Why this is no moment to compute something of our own; empty where it is."""
    torch = sys.modules["torch"]
    if optimizer.kind == "other":
        return f"no limit is known for {optimizer.name or 'the way it is trained'} with these settings"
    if torch.is_anomaly_enabled():
        return "anomaly detection is on, and would report what is computed besides"
    if torch.autograd._profiler_enabled():
        return "a profiler is on, and would count what is computed besides"
    if torch._C._len_torch_dispatch_stack():
        return "a dispatch mode of the program's is on"
    return ""
