"""Follows one training of torch, models with the optimizer that holds their parameters: one event that grows."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from pitfallcheck.frameworks.torch_by_hand import RateByHand
from pitfallcheck.frameworks.torch_called import Called
from pitfallcheck.frameworks.torch_criterion import Criterion, recognise
from pitfallcheck.frameworks.torch_foresight import LATER, Foresight
from pitfallcheck.frameworks.torch_graph import Graph, is_affine
from pitfallcheck.frameworks.torch_losses import LossTally
from pitfallcheck.frameworks.torch_optimizer import rate_of, settings_of
from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.frameworks.torch_parameters import Parameters
from pitfallcheck.frameworks.torch_samples import Samples
from pitfallcheck.frameworks.torch_schedule import Schedule
from pitfallcheck.observe.learning import Optimizer, TrainingSeen
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.places import shown_path
from pitfallcheck.observe.session import Session

EACH, LONGER = 64, 512
"""Steps of which each is looked at for its samples; after them, those a quarter further on. Of small batches more are,
until there are `ENOUGH` samples."""
ENOUGH = 1024
SECONDS = 2.0
"""Seconds between two reports of a training that goes on, in case it is killed."""


_BY_HAND = Optimizer(kind="sgd", name="gradient descent by hand", learning_rate=1.0)


class Part(NamedTuple):
    """What is trained together: the models, the optimizer, and the parameters of the loss that it holds, by name."""

    models: Sequence[Any]
    optimizer: Any
    named: Sequence[tuple[str, Any]]


class Training:
    """One training. `backwards` counts the losses that were differentiated, `steps` those that the optimizer took."""

    def __init__(self, key: str, part: Part, at: Place | None, origins: Origins, session: Session) -> None:
        self.key = key
        self._session = session
        self._origins = origins
        self._named = [(name, weakref.ref(tensor)) for name, tensor in part.named]
        self._optimizer = weakref.ref(part.optimizer) if part.optimizer is not None else None
        self.parameters = Parameters(part.models, [] if part.models else part.named, origins)
        self._settings: Optimizer | None = None
        if part.optimizer is not None:
            self._settings = settings_of(part.optimizer, origins.of(part.optimizer))
        self._foresight = Foresight()
        self._samples = Samples()
        self._losses = LossTally()
        self._by_hand = RateByHand() if part.optimizer is None else None
        self._since_step = 0
        self._site: Any = None
        self._sampled = Schedule(EACH, 1.25)
        self._looked = Schedule(LATER, 2.0)
        self._report_at = time.monotonic() + SECONDS
        self.looking = False
        self._midpoint = float("nan")
        self._loss_name = ""
        self._several = False
        self.backwards = self.steps = 0
        self.finished = False
        first = part.models[0] if part.models else None
        self._seen = TrainingSeen(
            key=key,
            framework="torch",
            model=" and ".join(origins.name(model) for model in part.models),
            at=at,
            made=origins.of(first) if first is not None else None,
            compiled=None,
            parameters=self.parameters.count,
            loss="",
            loss_kind="other",
            batch=0,
            steps=0,
            optimizer=self._settings,
        )

    @property
    def gone(self) -> bool:
        """Whether what was trained is no more."""
        return not self._named or self._named[0][1]() is None

    def named(self) -> list[tuple[str, Any]]:
        """The parameters that are trained, as long as they live."""
        return [(name, tensor) for name, ref in self._named if (tensor := ref()) is not None]

    @property
    def wants_samples(self) -> bool:
        """Whether the next step is one whose samples are looked at."""
        return self.backwards + 1 >= self._sampled.next

    def spoil(self, why: str) -> None:
        """What was foreseen does not hold for this training."""
        self._foresight.spoilt = self._foresight.spoilt or why

    def share(self) -> None:
        """Its loss is one of several that work against or with each other: no constant is the measure of it."""
        self._several = True
        self.spoil("several optimizers take turns in one loss")

    def before_backward(
        self, loss: Any, site: Any, called: Sequence[Called], graph: Callable[[], Graph], hooked: str
    ) -> None:
        """The loss of a step is about to be differentiated, at `site`.

        `hooked` is why its graph must be left alone, if it must.
        """
        number = self.backwards = self.backwards + 1
        self._since_step += 1
        if self._since_step > 1 and site != self._site and self._optimizer is not None:
            self.share()
        self._site = site
        finite = self._losses.add(loss)
        self.looking = self._looked.reached(number)
        sampled = self._sampled.reached(number)
        if not (sampled or self.looking) or not finite:
            return
        if hooked:
            self.spoil(hooked)
            return
        if len(called) > 1:
            numbers = graph().numbers
            called = [call for call in called if call.output is None or call.output.number in numbers]
        if self._by_hand is not None:
            self._by_hand.before_backward([tensor for _, tensor in self.named()])
            self._settle(self._by_hand.rate)
        outputs = [call.output for call in called if call.output is not None]
        criterion = recognise(loss, outputs)
        self._loss_name = self._loss_name or criterion.name
        one = called[0] if len(called) == 1 else None
        if _at_hand(loss, rare=self.looking):
            self._add_samples(one, criterion)
        if self.looking:
            self.parameters.ran([module for call in called for module in call.ran])
        if number == 1:
            self._first(loss, graph(), one, criterion)
        elif number <= LATER and not self._foresight.spoilt:
            if self._since_step == 1 and self._settings is not None and self._uncleared():
                self.spoil("the gradients of a step flow into the next one")
            self._foresight.look_again(loss, self.named())

    def _settle(self, rate: float | None) -> None:
        """Take the program's own updates for gradient descent, now that their learning rate is known."""
        if rate is not None and self._settings is None:
            self._settings = replace(_BY_HAND, learning_rate=rate)

    def _first(self, loss: Any, graph: Graph, one: Called | None, criterion: Criterion) -> None:
        if one is not None:
            same = one.layer is not None and len(one.inputs) == 1 and _same_memory(one.layer, one.inputs[0])
            if same and one.node is not None and one.all_in(graph) and is_affine(one.node, "Dropout" in one.kinds):
                self._midpoint = 0.0
            self._seen = replace(self._seen, layers=one.kinds)
        if self._uncleared():
            self.spoil("there were gradients already before its first step")
        self._foresight.look(loss, graph, self.named(), self._settings or _BY_HAND, squared=criterion.kind == "mse")

    def _add_samples(self, one: Called | None, criterion: Criterion) -> None:
        given = layer = None
        if one is not None:
            given = one.inputs[0] if len(one.inputs) == 1 and one.inputs[0].is_floating_point() else None
            if one.layer_kind == "Linear" and one.layer.dim() == 2 and not one.layer.requires_grad:
                layer = one.layer
            if layer is not None and given is not None and layer.shape == given.shape and _same_memory(layer, given):
                layer = given
        self._samples.add(given, layer, criterion)
        if self._samples.samples < ENOUGH and self.backwards < LONGER:
            self._sampled.next = self.backwards + 1

    def _uncleared(self) -> bool:
        """Whether a parameter has a gradient already; where finding out costs nothing."""
        gradients = [tensor.grad for _, tensor in self.named() if tensor.grad is not None]
        return any(grad.device.type == "cpu" and bool(grad.detach().any()) for grad in gradients)

    def after_backward(self) -> None:
        """The gradients of a step are there."""
        if self._by_hand is not None and self.backwards <= LATER:
            self._by_hand.after_backward([tensor for _, tensor in self.named()])
        if self.backwards == 1 and self._foresight.gradient is not None and not self._foresight.spoilt:
            parts = [
                np.zeros(tensor.numel())
                if tensor.grad is None
                else tensor.grad.detach().cpu().numpy().astype(np.float64).ravel()
                for _, tensor in self.named()
            ]
            self._foresight.check_gradient(np.concatenate(parts))
        if self.looking:
            self.parameters.look(self.backwards)

    def after_step(self, optimizer: Any) -> None:
        """The optimizer has stepped."""
        self.steps += 1
        if self._since_step != 1:
            self.spoil(f"a step takes the gradients of {self._since_step} backward passes")
        self._since_step = 0
        if self._settings is not None and not self._settings.scheduled:
            rate = rate_of(optimizer)
            if rate != self._settings.learning_rate and not math.isnan(rate):
                self._settings = replace(self._settings, scheduled=True)
        if time.monotonic() >= self._report_at:
            self.emit()
            self._session.tick()
            self._report_at = time.monotonic() + SECONDS

    def emit(self) -> None:
        """Give the event as it is now."""
        samples, settings = self._samples, self._settings
        criterion = samples.criterion
        steps = self.steps if self._optimizer is not None else self.backwards
        self._losses.read()
        losses = self._losses.summary()
        error = samples.error
        if criterion.kind == "mse" and criterion.exact and losses is not None:
            error = losses.last / criterion.scale
        if self.finished:
            self.parameters.look(self.backwards)
        self._seen = replace(
            self._seen,
            loss=self._loss_name,
            loss_kind=criterion.kind,
            summed=criterion.summed,
            batch=samples.batch,
            steps=steps,
            optimizer=settings,
            losses=losses,
            curvature=self._foresight.curvature() if settings is not None else None,
            forecast=self._foresight.forecast(settings, steps) if settings is not None else None,
            affine=samples.affine() if not self._several else None,
            inputs=samples.conditioning(),
            baseline=samples.baseline() if not self._several else float("nan"),
            error=error,
            midpoint=self._midpoint,
            gradients=self.parameters.gradients(),
            unwired=self.parameters.unwired() if steps > 1 else (),
            finished=self.finished,
        )
        self._session.emit(self._seen)
        why, at = self._foresight.spoilt, self._seen.at
        if why and at is not None:
            self._session.skip(f"ahead:{at}:{why}", f"the curvature of the training at {shown(at)}", why)


def shown(at: Place) -> str:
    """A place as a report would begin with it."""
    return f"{shown_path(at.path)}:{at.line}"


def _at_hand(loss: Any, *, rare: bool) -> bool:
    """Whether the values of a step are read: on an accelerator, which has to be waited for, only the `rare` ones."""
    return loss.device.type == "cpu" or (loss.device.type != "meta" and rare)


def _same_memory(one: Any, other: Any) -> bool:
    try:
        return bool(one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr() != 0)
    except (RuntimeError, NotImplementedError, AttributeError):
        return False
