"""Measures a network by hand: what `check` can tell from plain functions and arrays, as the events of a training."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np

from pitfallcheck.observe.by_hand_calls import TheirsError, described
from pitfallcheck.observe.by_hand_curvature import foreseen
from pitfallcheck.observe.by_hand_fit import baseline, midpoint, rivals_of
from pitfallcheck.observe.by_hand_gradient import compare
from pitfallcheck.observe.by_hand_loss import LossForm, form_of
from pitfallcheck.observe.by_hand_network import Batch, Network, own
from pitfallcheck.observe.by_hand_places import defined, made
from pitfallcheck.observe.by_hand_random import random_kept
from pitfallcheck.observe.by_hand_request import ByHand
from pitfallcheck.observe.consumer import place_of
from pitfallcheck.observe.learning import GradientChecked, GradientNorm, TrainingSeen, Unwired
from pitfallcheck.observe.losses import measure
from pitfallcheck.observe.memory import Array
from pitfallcheck.observe.session import Session


def batch_of(given: Any) -> Batch:
    """A batch as it was handed over, copied. Raises TypeError where it is no pair of inputs and targets."""
    if isinstance(given, tuple | list) and len(given) in (2, 3):
        return Batch(*(own(part) for part in given))
    if isinstance(given, tuple | list) and len(given) == 1:
        return Batch(own(given[0]))
    if hasattr(given, "shape"):
        return Batch(own(given))
    raise TypeError(f"check(): with `forward`, a batch must be (inputs, targets), not {described(given)}")


def measure_by_hand(request: ByHand, batches: Sequence[Batch], session: Session, frame: FrameType) -> None:
    """Measure everything that the request allows, and emit it; what it does not is skipped with the reason.

    `frame` is the user's, at the call. What a function of the user's raises for a batch of the user's is raised, as are
    TypeError and ValueError where one returns what it should not. Parameters and random states are put back.
    """
    if not batches:
        session.skip(f"byhand:{place_of(frame)}", "the network", "there was no batch to ask it about")
        return
    weighted = all(batch.weight is not None for batch in batches)
    network = Network(request.forward, request.loss, request.gradient, request.parameters, weighted=weighted)
    if request.loss is not None and any(batch.target is None for batch in batches):
        raise TypeError("check(): with `loss`, a batch must be (inputs, targets), and one came without targets")
    if network.parameters is not None:
        network.parameters.name_after(frame)
    with _undone(network):
        try:
            _Measuring(request, network, batches, session, frame).run()
        except TheirsError as theirs:
            raise theirs.error from None


@contextmanager
def _undone(network: Network) -> Iterator[None]:
    """Whatever is asked in the block leaves parameters, random states and the output of the program alone."""
    held = network.parameters.kept() if network.parameters is not None else _nothing()
    with held, random_kept(network.functions), redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        yield


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class _Measuring:
    """One call of `check` for a network by hand, in the order in which one measurement needs another."""

    def __init__(
        self, request: ByHand, network: Network, batches: Sequence[Batch], session: Session, frame: FrameType
    ) -> None:
        self.request = request
        self.network = network
        self.batches = batches
        self.session = session
        self.at = at = place_of(frame)
        self.key = f"{at.path}:{at.line}"
        self.made = made(request.forward, frame)
        # The user's own calls come first: what they raise, and what is wrong with what they return, is the user's.
        self.predictions = [network.predicted(batch) for batch in batches]
        if network.loss is not None:
            network.loss_of(batches[0])
        if network.gradient is not None:
            network.gradient_of(batches[0])
        model = network.forward.name
        self.seen = TrainingSeen(
            key=f"training:{self.key}",
            framework="numpy",
            model=type(request.forward.__self__).__name__ if hasattr(request.forward, "__self__") else model,
            at=at,
            made=self.made,
            compiled=None,
            parameters=network.parameters.size if network.parameters is not None else 0,
            loss=network.loss.name if network.loss is not None else "",
            loss_kind="other",
            batch=batches[0].size,
            steps=request.steps,
            optimizer=request.optimizer and replace(request.optimizer, at=at),
        )

    def run(self) -> None:
        """Measure and emit."""
        again = self.network.predicted(self.batches[0])
        if not np.array_equal(again, self.predictions[0], equal_nan=True):
            why = "it returned two different predictions for one batch: take out what is random (dropout) for the check"
            self._skip(self.network.forward.name, why)
            return
        self._try("the inputs and targets", self._rivals)
        self._try("what the loss computes", self._loss)
        self._try("how far the network is from affine", self._midpoint)
        checked = self._try("the gradient", self._gradient)
        self._try("which parameters the network reads", self._unwired)
        if self.request.optimizer is not None:
            self._try("the learning rate", lambda: self._foresee(checked))
        self.session.emit(self.seen)

    def _try(self, what: str, ask: Callable[[], Any]) -> Any:
        """What `ask` gives; where it fails, why is told. Questions of ours may be too much for the user's functions."""
        try:
            return ask()
        except TheirsError as theirs:
            name = type(theirs.error).__name__
            self._skip(what, f"to tell, a function was asked about values of ours, and raised {name}: {theirs}")
        except Exception as error:
            self.session.failed(f"{what} ({self.network.forward.name})", error)
        finally:
            if self.network.parameters is not None:
                self.network.parameters.restore()
        return None

    def _skip(self, what: str, why: str) -> None:
        self.session.skip(f"byhand:{self.key}:{what}", what, why)

    def _rivals(self) -> None:
        rivals = rivals_of(self.batches, self.predictions)
        self.seen = replace(self.seen, affine=rivals.affine, inputs=rivals.inputs, error=rivals.error)
        if rivals.affine is None and any(batch.target is not None for batch in self.batches):
            self._skip("the best affine fit", rivals.why)

    def _loss(self) -> None:
        """What the loss computes, whether it is summed, and whether it compares pairs."""
        pairs = [(p, batch.y) for p, batch in zip(self.predictions, self.batches, strict=True)]
        known = [(prediction, target) for prediction, target in pairs if target is not None and target.ndim]
        if self.network.loss is None:
            return
        if len(known) < len(pairs):
            self._skip(f"what `{self.network.loss.name}` computes", "the targets are no arrays of numbers")
            return
        target, output = known[0][1], known[0][0]
        measured = measure(
            f"loss:{self.key}",
            lambda targets, outputs: self.network.ask(outputs[0], targets[0]),
            [target],
            [output],
        )
        if measured is not None:
            where = defined(self.network.loss.function)
            self.session.emit(replace(measured, loss=self.network.loss.name, fed=self.at, loss_defined=where))
        form: LossForm = form_of(self.network.ask, known)
        self.seen = replace(self.seen, loss_kind=form.kind, summed=form.summed)
        constant = baseline(self.network, form.kind, self.batches, self.predictions)
        self.seen = replace(self.seen, baseline=constant)

    def _midpoint(self) -> None:
        self.seen = replace(self.seen, midpoint=midpoint(self.network, self.batches, self.predictions))

    def _gradient(self) -> GradientChecked | None:
        if self.network.gradient is None or self.network.parameters is None:
            return None
        place = defined(self.network.gradient.function) or self.at
        checked = compare(self.network, self.batches, place, f"gradient:{self.key}")
        if isinstance(checked, str):
            self._skip(f"`{self.network.gradient.name}` beside central differences", checked)
            return None
        self.session.emit(checked)
        self.network.parameters.restore()
        given = self.network.gradient_of(self.batches[0])
        self._norms(given)
        self._summed(given)
        return checked

    def _norms(self, given: Array) -> None:
        assert self.network.parameters is not None
        vector, norms = self.network.parameters.vector(), []
        for depth, (name, span) in enumerate(self.network.parameters.spans()):
            norm, weights = float(np.linalg.norm(given[span])), float(np.linalg.norm(vector[span]))
            norms.append(GradientNorm(name, span.stop - span.start, weights, norm, norm, norm, 1, depth))
        self.seen = replace(self.seen, gradients=tuple(norms))

    def _summed(self, given: Array) -> None:
        """Whether the step is summed over the samples: the gradient of a batch taken twice is then twice as large."""
        batch = self.batches[0]
        arrays = [part for part in batch if part is not None]
        if not all(isinstance(part, np.ndarray) and part.ndim for part in arrays):
            return
        twice = self.network.gradient_of(Batch(*(np.concatenate([part, part]) for part in arrays)))
        norm = float(np.linalg.norm(given))
        if norm > 0:
            self.seen = replace(self.seen, summed=bool(np.linalg.norm(twice - 2 * given) < 0.01 * norm))

    def _unwired(self) -> None:
        """The parameters that change no prediction, whatever they and all others are."""
        parameters = self.network.parameters
        if parameters is None:
            return
        rng, point = np.random.default_rng(1), parameters.vector()
        spans = parameters.spans()
        still = set(range(len(spans)))
        for _ in range(3):
            start = parameters.moved(point, rng)
            parameters.write(start)
            before = self.network.predicted(self.batches[0])
            for index in sorted(still):
                there = start.copy()
                span = spans[index][1]
                there[span] += rng.normal(size=span.stop - span.start)
                parameters.write(there)
                if not np.array_equal(self.network.predicted(self.batches[0]), before, equal_nan=True):
                    still.discard(index)
        if len(still) == len(spans):
            self._skip("the parameters", "no prediction depends on them: give the very arrays that `forward` reads")
            return
        unwired = tuple(Unwired(spans[index][0], "no gradient", self.made) for index in sorted(still))
        self.seen = replace(self.seen, unwired=unwired)

    def _foresee(self, checked: GradientChecked | None) -> None:
        assert self.request.optimizer is not None
        found = foreseen(self.network, self.batches, self.request.optimizer, self.request.steps, checked)
        if isinstance(found, str):
            self._skip("the learning rate", found)
            return
        curvature, forecast = found
        self.seen = replace(self.seen, curvature=curvature, forecast=forecast)
