"""Records the operations of one step from where a column meets a flat tensor, to ask them once more with others."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any
from weakref import ref

from pitfallcheck.frameworks.torch_loss_graph import broadcast
from pitfallcheck.frameworks.torch_loss_mode import enter_below, leave, listening
from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.losses import Arrays, differ_by_one_axis
from pitfallcheck.observe.place import Place

_COMPARING = frozenset(
    {
        "sub",
        "rsub",
        "subtract",
        "mul",
        "rmul",
        "multiply",
        "div",
        "rdiv",
        "truediv",
        "rtruediv",
        "divide",
        "true_divide",
    }
)
_ADDS_AXIS = frozenset({"unsqueeze", "__getitem__", "view", "reshape", "expand_dims"})
_MOST = 256
"""Operations after a meeting; a loss has far fewer."""

Side = tuple[bool, int]
"""A place for a tensor of ours: whether it is a target (or an output), and of which meeting."""


class _Result(int):
    """Stands for what the operation of this number returned."""


class _Slot(tuple[bool, int]):
    """Stands for a side of a meeting."""


@dataclass(frozen=True, slots=True)
class _Step:
    function: Any
    args: Any
    kwargs: Any


@dataclass(frozen=True, slots=True)
class Recording:
    """The operations from the first meeting to the loss, `place` the user's line of that meeting.

    `outputs` and `targets` are the two sides of each meeting, with and without gradient.
    """

    torch: ModuleType
    steps: tuple[_Step, ...]
    last: int
    outputs: tuple[Any, ...]
    targets: tuple[Any, ...]
    place: Place
    shown: str

    @property
    def samples(self) -> int:
        """The length of the first axis."""
        return len(self.targets[0])

    def loss(self, targets: Arrays, outputs: Arrays) -> float:
        """The loss with other sides, of as many samples as they have; NaN where it holds the number of samples.

        Other tensors of that many rows, such as weights, lose as many.
        """
        count = len(outputs[0])
        sides = {
            (is_target, number): self.torch.from_numpy(array.copy()).to(like)
            for is_target, arrays, likes in ((True, targets, self.targets), (False, outputs, self.outputs))
            for number, (array, like) in enumerate(zip(arrays, likes, strict=True))
        }
        results: list[Any] = []

        def filled(thing: Any) -> Any:
            if isinstance(thing, _Result):
                return results[thing]
            if isinstance(thing, _Slot):
                return sides[thing[0], thing[1]]
            if isinstance(thing, self.torch.Tensor):
                return self._thinned(thing.detach(), count)
            if type(thing) in (tuple, list):
                return type(thing)(map(filled, thing))
            return thing

        try:
            for step in self.steps[: self.last + 1]:
                kwargs = {key: filled(value) for key, value in step.kwargs.items()}
                results.append(step.function(*filled(step.args), **kwargs))
        except RuntimeError:
            if count == self.samples:
                raise
            return float("nan")
        return float(results[self.last].mean())

    def _thinned(self, tensor: Any, count: int) -> Any:
        if count < self.samples:
            for axis in range(min(2, tensor.dim())):
                if tensor.shape[axis] == self.samples:
                    tensor = tensor.narrow(axis, 0, count)
        return tensor


class Recorder:
    """Listens to every torch function of this thread from `enter` to `leave`, and keeps what follows a meeting.

    Only operations of a tensor with gradient and one without are meetings; what is in place on a tensor of the
    program's is not recorded.
    """

    def __init__(self, torch: ModuleType) -> None:
        self._torch = torch
        self._steps: list[_Step] = []
        self._results: dict[int, tuple[Any, int]] = {}
        self._sides: dict[int, tuple[Any, Side]] = {}
        self._compared: dict[int, Any] = {}
        self._widened: dict[int, tuple[Any, tuple[Any, int]]] = {}
        self._place: Place | None = None
        self._shown = ""
        self.failed: Exception | None = None
        self._mode = listening(torch, self._saw)

    def enter(self) -> None:
        """Listen from now on, below the modes that the program has entered: it leaves its own ones, not ours."""
        enter_below(self._torch, self._mode)

    def leave(self) -> None:
        """Listen no longer."""
        leave(self._torch, self._mode)

    def recording_of(self, loss: Any) -> Recording | None:
        """What was recorded of how `loss` came about; None where no meeting leads to it."""
        found = self._results.get(id(loss))
        if found is None or self._place is None or len(self._steps) >= _MOST:
            return None
        sides = sorted(((side, tensor) for tensor, side in self._sides.values()), key=lambda pair: pair[0])
        outputs = tuple(tensor for side, tensor in sides if not side[0])
        targets = tuple(tensor for side, tensor in sides if side[0])
        return Recording(self._torch, tuple(self._steps), found[1], outputs, targets, self._place, self._shown)

    def _saw(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
        """A function of torch has returned `value`; called by the mode, with none of our own functions listened to."""
        try:
            self._note(function, args, kwargs, value)
        except Exception as error:
            self.failed = error
            self._steps.clear()
            self._results.clear()

    def _note(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
        if not isinstance(value, self._torch.Tensor) or len(self._steps) >= _MOST:
            return
        name = str(getattr(function, "__name__", ""))
        tensors = [thing for thing in _flat((args, kwargs)) if isinstance(thing, self._torch.Tensor)]
        if not tensors:
            return
        if any(value is tensor for tensor in tensors) and id(value) not in self._results:
            return
        if name in _ADDS_AXIS and value.dim() > tensors[0].dim():
            self._widened[id(value)] = (ref(value), _line(sys._getframe(2)))
        if len(tensors) == 2 and name.strip("_") in _COMPARING:
            self._look_at_pair(tensors[0], tensors[1], value)
        elif any(self._is_compared(tensor) for tensor in tensors):
            self._compared[id(value)] = ref(value)
        if any(id(tensor) in self._results or id(tensor) in self._sides for tensor in tensors):
            self._keep(function, args, kwargs, value)

    def _look_at_pair(self, one: Any, other: Any, value: Any) -> None:
        if one.requires_grad == other.requires_grad:
            if self._is_compared(one) or self._is_compared(other):
                self._compared[id(value)] = ref(value)
            return
        output, target = (one, other) if one.requires_grad else (other, one)
        shapes = tuple(output.shape), tuple(target.shape)
        if self._is_compared(output) or shapes[0] == shapes[1]:
            # What stands beside a difference is a weight or a mask.
            self._compared[id(value)] = ref(value)
        elif (
            differ_by_one_axis(*shapes)
            and broadcast(*shapes) == tuple(value.shape)
            and tuple(value.shape) not in shapes
            and not self._widened_here(output)
            and not self._widened_here(target)
        ):
            self._meet(output, target)
            self._compared[id(value)] = ref(value)

    def _meet(self, output: Any, target: Any) -> None:
        if self._place is None:
            frame = _user_frame(sys._getframe(3))
            if frame is None:
                return
            self._place = place_of(frame)
            self._shown = _text_at(frame) or "difference"
        number = len(self._sides) // 2
        if id(output) not in self._sides and id(target) not in self._sides:
            self._sides[id(output)] = (output, (False, number))
            self._sides[id(target)] = (target, (True, number))

    def _keep(self, function: Any, args: Any, kwargs: Any, value: Any) -> None:
        self._steps.append(_Step(function, self._slotted(args), {k: self._slotted(v) for k, v in kwargs.items()}))
        self._results[id(value)] = (value, len(self._steps) - 1)

    def _slotted(self, thing: Any) -> Any:
        if isinstance(thing, self._torch.Tensor):
            if id(thing) in self._results:
                return _Result(self._results[id(thing)][1])
            return _Slot(self._sides[id(thing)][1]) if id(thing) in self._sides else thing
        return type(thing)(map(self._slotted, thing)) if type(thing) in (tuple, list) else thing

    def _is_compared(self, tensor: Any) -> bool:
        found = self._compared.get(id(tensor))
        return found is not None and found() is tensor

    def _widened_here(self, tensor: Any) -> bool:
        """Whether an axis was put in on the very line: `a[:, None] - b` means all pairs."""
        found = self._widened.get(id(tensor))
        return found is not None and found[0]() is tensor and found[1] == _line(sys._getframe(3))


def _flat(thing: Any) -> Iterator[Any]:
    if type(thing) in (tuple, list):
        for part in thing:
            yield from _flat(part)
    elif type(thing) is dict:
        yield from _flat(list(thing.values()))
    else:
        yield thing


def _user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the user's that is not one of a mode of theirs."""
    while frame is not None:
        if home_of(frame.f_code.co_filename) == "user" and not frame.f_code.co_name.startswith("__torch_"):
            return frame
        frame = frame.f_back
    return None


def _line(frame: FrameType | None) -> tuple[Any, int]:
    found = _user_frame(frame)
    return (None, 0) if found is None else (found.f_code, found.f_lineno)


def _text_at(frame: FrameType) -> str:
    """The expression that a frame is at, where it stands on one line."""
    positions: Sequence[Any] = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    first, last, start, end = positions
    if first is None or first != last or start is None or end is None:
        return ""
    line = linecache.getline(frame.f_code.co_filename, first).encode()
    return line[start:end].decode("utf-8", "replace")
