"""Follows the losses that a torch program trains on, and measures those in which flat targets meet a column.

torch's own losses tell us of every call. A loss written by hand is looked at in its autograd graph before the backward
pass; only where a table of all pairs stands there, its operations are recorded in the next step and asked once more.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import FrameType, ModuleType
from typing import Any

from pitfallcheck.frameworks.torch_calls import ModuleCalls
from pitfallcheck.frameworks.torch_frames import NoSourceError, listen
from pitfallcheck.frameworks.torch_loss_graph import may_compare_all_pairs
from pitfallcheck.frameworks.torch_loss_record import Recorder, Recording
from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.losses import Arrays, differ_by_one_axis, measure
from pitfallcheck.observe.place import Place
from pitfallcheck.observe.session import Session

LOSSES = (
    *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "gaussian_nll_loss", "kl_div"),
    *("cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "soft_margin_loss"),
)
"""torch's losses that take a prediction and a target first, by the names of their functions; modules call these."""
_BROADCASTING = frozenset(LOSSES[:6])
"""Those that compare a column with a flat target; the others raise, or take class labels."""
_SCREENED, _SCREENED_LATER, _ONE_IN = 8, 32, 64
"""Backward passes whose graph is looked at: the first ones, then one in 64 until there were so many."""
_IN_TURN = 4
_TRIES = 12
"""Batches of which a loss is measured until one tells, each twice as far on as the one before.

A batch whose targets are all equal cannot, nor can a mean absolute error as long as all predictions are too small.
"""

told: list[Callable[[Any, Any], None]] = []
"""Called with prediction and target whenever one of torch's losses was computed that can be differentiated; must be
quick, must not raise, and must keep neither."""


def attach(torch: ModuleType, session: Session, calls: ModuleCalls, origins: Origins) -> None:
    """Follow torch's own losses, and look at the graph of those written by hand."""
    observer = _Losses(torch, session)
    functional = torch.nn.functional
    for name in LOSSES:
        with suppress(AttributeError, NoSourceError):
            function = getattr(functional, name)
            names = tuple(inspect.signature(function).parameters)
            listen(function, after=partial(observer.called, name, function, names))
    calls.roots.append(observer.asks)
    listen(torch.Tensor.backward, before=observer.leaves_recording)
    listen(torch.autograd.backward, before=observer.before_backward, after=observer.after_backward)
    with suppress(NoSourceError):
        listen(torch.compile, before=observer.compiles)


class _Losses:
    """What is known of the losses of this process."""

    def __init__(self, torch: ModuleType, session: Session) -> None:
        self._torch = torch
        self._session = session
        self._busy = False
        self._compiled = False
        self._backward = self._screened = self._recorded = self._record_from = 0
        self._wanted = False
        self._recorder: Recorder | None = None
        self._calls: Counter[Place] = Counter()

    def called(self, name: str, function: Any, names: tuple[str, ...], *values: Any) -> None:
        """One of torch's losses was called with `values` for the parameters `names`; the last one is its value."""
        value = values[-1]
        if self._busy or value is None or not value.requires_grad:
            return
        output, target = values[0], values[1]
        for listener in told:
            listener(output, target)
        if name in _BROADCASTING and output.dim() != target.dim():
            try:
                frame = user_frame(sys._getframe(1))
                if frame is not None:
                    given = dict(zip(names, values[:-1], strict=True))
                    place = place_of(frame)
                    self._measure_call(place, function, given, _shown(name, sys._getframe(1)))
            except Exception as error:
                self._session.failed(f"following the loss `{name}`", error)

    def _measure_call(self, place: Place, function: Any, given: dict[str, Any], shown: str) -> None:
        output, target = given["input"], given["target"]
        if not differ_by_one_axis(tuple(target.shape), tuple(output.shape)) or not self._due(place, len(target)):
            return
        # Weights of single samples would have to be thinned out with them; whether all is compared with all shows
        # without. The variance that comes with each prediction goes along with it.
        given = {**given, "weight": None} if "weight" in given else given
        along = [given["var"]] if hasattr(given.get("var"), "shape") else []
        along = [self._torch.broadcast_to(other, output.shape) for other in along if other.dim() == output.dim()]
        wrong = given.get("var") is not None and hasattr(given["var"], "shape") and not along
        if wrong:
            return
        torch = self._torch

        def loss(targets: Arrays, outputs: Arrays) -> float:
            sides = [*(torch.from_numpy(array.copy()) for array in (outputs[0], targets[0], *outputs[1:]))]
            # Of one shape already, they meet as the loss would have them meet, and torch does not warn a second time.
            together = torch.broadcast_tensors(*sides)
            changed = dict(zip(("input", "target", "var"), together, strict=False))
            return float(function(**{**given, **changed}).mean())

        predicted = [_array(output), *map(_array, along)]
        self._told(loss, [_array(target)] * len(predicted), predicted, place, shown)

    def leaves_recording(self, *_: Any) -> None:
        """The program is about to differentiate: what was to be recorded has run."""
        if self._recorder is not None:
            self._recorder.leave()

    def asks(self, *_: Any) -> None:
        """A module was called; where no gradient is taken, no loss will follow that could be recorded."""
        if self._recorder is not None and not self._torch.is_grad_enabled():
            self._recorder.leave()
            self._recorder = None
            self._wanted = True

    def before_backward(self, tensors: Any, *_: Any) -> None:
        """The program is about to differentiate `tensors`; their graph is whole."""
        if self._busy:
            return
        self._backward += 1
        try:
            loss = tensors[0] if isinstance(tensors, tuple | list) and tensors else tensors
            if self._recorder is not None:
                self._recorder.leave()
                self._take(self._recorder, loss)
            elif self._is_screened():
                self._screened += 1
                self._wanted = may_compare_all_pairs(loss)
        except Exception as error:
            self._recorder = None
            self._session.failed("following the loss into its backward pass", error)

    def after_backward(self, *_: Any) -> None:
        """A backward pass is over: from here on, the next step may be recorded."""
        if self._wanted and not self._busy and self._backward >= self._record_from:
            self._wanted = False
            if self._compiled:
                why = "the program compiles a part of itself, and recording operations would have it compiled again"
                self._session.skip("loss:compiled", "a loss that compares tensors of shapes (N, 1) and (N,)", why)
                return
            self._recorder = Recorder(self._torch)
            self._recorder.enter()

    def compiles(self, *_: Any) -> None:
        """`torch.compile` is called."""
        self._compiled = True

    def _is_screened(self) -> bool:
        if self._screened < _SCREENED:
            return True
        return self._backward % _ONE_IN == 0 and self._screened < _SCREENED_LATER

    def _take(self, recorder: Recorder, loss: Any) -> None:
        """Measure what was recorded of `loss`, and record the next step where that told nothing."""
        self._recorder = None
        self._recorded += 1
        if recorder.failed is not None:
            raise recorder.failed
        recording = recorder.recording_of(loss)
        measured = recording is not None and self._measure_recording(recording)
        self._wanted = not measured and self._recorded < _TRIES
        # What is suspected may be one of several losses in turn; where it was the right one, it has to change first.
        self._record_from = self._backward if recording is None and self._recorded < _IN_TURN else 2 * self._backward

    def _measure_recording(self, recording: Recording) -> bool:
        """Whether what was recorded tells; and where it told before, too."""
        place = recording.place
        if self._session.knows(_key(place)):
            return True
        targets, outputs = ([_array(tensor) for tensor in side] for side in (recording.targets, recording.outputs))
        return recording.samples > 1 and self._told(recording.loss, targets, outputs, place, recording.shown)

    def _due(self, place: Place, samples: int) -> bool:
        """Whether the loss at `place` is to be measured in this call of it."""
        if samples < 2 or self._session.knows(_key(place)):
            return False
        self._calls[place] += 1
        number = self._calls[place]
        return number & (number - 1) == 0 and number < 1 << _TRIES

    def _told(self, loss: Any, targets: list[Any], outputs: list[Any], place: Place, shown: str) -> bool:
        """Measure, and tell where every prediction is compared with every target."""
        with self._on_our_own():
            measured = measure(_key(place), loss, targets, outputs)
        if measured is None or not measured.broadcasts:
            return False
        self._session.emit(replace(measured, loss=shown, fed=place))
        self._session.hurry()
        return True

    @contextmanager
    def _on_our_own(self) -> Any:
        """What runs inside is ours: it is not observed, and leaves the random state as it is."""
        torch = self._torch
        state = torch.get_rng_state()
        self._busy = True
        try:
            with torch.no_grad():
                yield
        finally:
            self._busy = False
            torch.set_rng_state(state)


def _key(place: Place) -> str:
    return f"loss:{place.path}:{place.line}"


def _array(tensor: Any) -> Any:
    """The values of a tensor; those that NumPy has no type for become float32."""
    tensor = tensor.detach().cpu()
    return (tensor if str(tensor.dtype) != "torch.bfloat16" else tensor.float()).numpy()


def _shown(name: str, frame: FrameType) -> str:
    """What the user calls a loss: the class of the module that called the function, or the function."""
    caller = frame.f_back
    while caller is not None and home_of(caller.f_code.co_filename) != "user":
        owner, _, method = caller.f_code.co_qualname.rpartition(".")
        if method == "forward":
            return owner
        caller = caller.f_back
    return name


def user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the user's own files; None where Keras, which has its own adapter, stands between."""
    while frame is not None:
        home = home_of(frame.f_code.co_filename)
        if home == "user":
            return frame
        if home == "library" and str(frame.f_globals.get("__name__", "")).startswith(("keras.", "tf_keras.")):
            return None
        frame = frame.f_back
    return None
