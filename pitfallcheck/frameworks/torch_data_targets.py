"""Finds the target of a loss that is written out by hand: the variable whose difference from the output it squares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from pitfallcheck.observe.consumer import home_of
from pitfallcheck.observe.naming import locals_of

_NODES = 32
_FRAMES = 3
"""Functions of the user's, from the one that differentiates on outwards, whose variables are searched."""
_MOST = 64
_TAKING_DIFFERENCES = ("Pow", "Abs", "Mul")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of one function, or an element of the sequence or mapping that it holds."""

    code: CodeType
    name: str
    step: Any = None

    @property
    def text(self) -> str:
        """As the user would write it."""
        return self.name if self.step is None else f"{self.name}[{self.step!r}]"

    def value(self, frame: FrameType | None) -> Any:
        """What it holds in the call of its function that is on the stack; None where there is none."""
        while frame is not None:
            if frame.f_code is self.code:
                held = locals_of(frame).get(self.name)
                if self.step is None or held is None:
                    return held if hasattr(held, "dim") else None
                try:
                    return held[self.step]
                except (LookupError, TypeError):
                    return None
            frame = frame.f_back
        return None


def find_target(torch: Any, loss: Any, output: Any, given: Collection[int], frame: FrameType) -> Variable | None:
    """The variable that holds what `output` is compared with in `loss`, whose graph is not freed yet.

    `given` are the identities of what the model was given.
    """
    differences = list(_differences(loss))
    if not differences:
        return None
    output = output.detach()
    with torch.no_grad():
        for variable, value in _candidates(torch, frame):
            if id(value) in given or value.requires_grad or value.numel() > output.numel():
                continue
            if any(_is_difference(torch, output, value, difference) for difference in differences):
                return variable
    return None


def _differences(loss: Any) -> Iterator[Any]:
    """What is squared, or whose absolute value is taken, near the end of the graph."""
    pending = [loss.grad_fn] if loss.grad_fn is not None else []
    for node in pending:
        if node.name().startswith(_TAKING_DIFFERENCES):
            saved = getattr(node, "_saved_self", None)
            if saved is not None:
                yield saved.detach()
        for child, _ in node.next_functions:
            if child is not None and len(pending) < _NODES:
                pending.append(child)


def _is_difference(torch: Any, output: Any, target: Any, difference: Any) -> bool:
    if target.dim() == 0 and output.dim() != 0:
        return False
    for given in (output, output.reshape(difference.shape) if output.numel() == difference.numel() else None):
        if given is None:
            continue
        try:
            between = given - target
        except RuntimeError:
            continue
        if between.shape == difference.shape and (
            torch.equal(between, difference) or torch.equal(-between, difference)
        ):
            return True
    return False


def _candidates(torch: Any, frame: FrameType | None) -> Iterator[tuple[Variable, Any]]:
    """The tensors that variables of the innermost functions of the user's hold."""
    frames = 0
    while frame is not None and frames < _FRAMES:
        if home_of(frame.f_code.co_filename) == "user":
            frames += 1
            for name, value in locals_of(frame).items():
                if isinstance(value, torch.Tensor):
                    yield Variable(frame.f_code, name), value
                elif isinstance(value, list | tuple | dict) and len(value) <= _MOST:
                    for step, part in value.items() if isinstance(value, Mapping) else enumerate(value):
                        if isinstance(part, torch.Tensor):
                            yield Variable(frame.f_code, name, step), part
        frame = frame.f_back
