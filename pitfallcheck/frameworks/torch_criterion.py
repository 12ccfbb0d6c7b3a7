"""Tells from an autograd graph which loss it computes, and of which predictions and targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from pitfallcheck.frameworks.torch_graph import children, operation, reshaped

Kind = Literal["mse", "mae", "huber", "crossentropy", "binary_crossentropy", "other"]

_SHAPING = frozenset(
    {"Mean", "Sum", "View", "ReshapeAlias", "UnsafeView", "Squeeze", "Unsqueeze", "Mul", "Div", "Alias"}
)
_MEAN, _SUM = 1, 2
"""How torch writes a reduction down."""


class Criterion(NamedTuple):
    """A loss, as far as its graph tells.

    `scale` is the loss divided by what `kind` means as a mean over all elements: 1 for a mean, the number of elements
    for a sum. `target` is what was compared, None where that is not known, in the shape in which it was; `difference`
    is prediction minus target. `exact` says that the loss is nothing but `scale` times that: no weights, no other
    terms. `classes` is how many there are where targets are class labels.
    """

    kind: Kind = "other"
    name: str = ""
    scale: float = float("nan")
    summed: bool = False
    exact: bool = False
    target: Any = None
    difference: Any = None
    classes: int = 0


class Output(NamedTuple):
    """What the model returned: its values, and the number of the node that made them."""

    values: Any
    number: int


def recognise(loss: Any, outputs: Sequence[Output]) -> Criterion:
    """The criterion whose value is the scalar `loss`; `outputs` are what the models of this step returned.

    Reads the tensors that the graph has saved; nothing is known where they are freed already.
    """
    shaping, node = _core(loss.grad_fn)
    reader = _READERS.get(operation(node))
    try:
        found = reader(node, outputs) if reader is not None else None
        if found is None or any(not _by_one_number(step) for step in shaping):
            return Criterion()
        return found._replace(**_scaling(loss, shaping, found))
    except RuntimeError:
        return Criterion()


def _core(node: Any) -> tuple[list[Any], Any]:
    """The reductions and factors at the end of a loss, outermost first, and the node before them."""
    shaping: list[Any] = []
    while operation(node) in _SHAPING:
        before = list(children(node))
        if len(before) != 1 or (operation(node) == "Mul" and _squares(node)):
            break
        shaping.append(node)
        node = before[0]
    return shaping, node


def _by_one_number(node: Any) -> bool:
    """Whether a factor or divisor is one number, and no weights."""
    names = {"Mul": ("_saved_self", "_saved_other"), "Div": ("_saved_other",)}.get(operation(node), ())
    saved: list[Any] = [getattr(node, name, None) for name in names]
    # A number that takes part is saved as a tensor without axes, or not as a tensor at all.
    return all(not hasattr(value, "dim") or value.dim() == 0 for value in saved)


def _squares(node: Any) -> bool:
    both = node.next_functions
    return len(both) == 2 and both[0][0] is not None and both[0][0] == both[1][0]


def _scaling(loss: Any, shaping: Sequence[Any], found: Criterion) -> dict[str, Any]:
    """How the loss relates to the plain mean over all elements, by their values."""
    names = [operation(node) for node in shaping]
    reductions = [name for name in names if name in {"Mean", "Sum"}]
    factors = any(name in {"Mul", "Div"} for name in names)
    if found.difference is None:
        return {"exact": found.exact and not factors and not reductions}
    difference = found.difference.detach()
    mean = float((difference.abs() if found.kind == "mae" else difference.square()).double().mean())
    if found.kind == "huber" or not mean > 0:
        return {"scale": float("nan"), "exact": False}
    scale = float(loss.detach()) / mean
    summed = found.summed or (bool(reductions) and reductions[0] == "Sum")
    if summed and factors:
        summed = scale >= 0.49 * difference.numel()
    return {"scale": scale, "summed": summed, "exact": True}


def _functional(kind: Kind, name: str) -> Callable[[Any, Sequence[Output]], Criterion | None]:
    """A reader for losses that save prediction and target."""

    def read(node: Any, _: Sequence[Output]) -> Criterion | None:
        prediction, target = node._saved_self, node._saved_target
        of_prediction, *of_target = (child for child, _ in node.next_functions)
        stretched = of_prediction is not None and operation(of_prediction) == "Expand"
        if prediction.shape != target.shape or any(of_target) or stretched:
            return None
        return Criterion(
            kind, name, 1.0, node._saved_reduction == _SUM, False, target, prediction.detach() - target.detach()
        )

    return read


def _negative_log_likelihood(node: Any, _: Sequence[Output]) -> Criterion | None:
    logs = next(reshaped(next(children(node), None)), None)
    while logs is not None and operation(logs) != "LogSoftmax":
        logs = next(children(logs), None) if operation(logs) in {"View", "Squeeze", "Unsqueeze"} else None
    plain = node._saved_weight is None and node._saved_reduction in (_MEAN, _SUM) and logs is not None
    target, values = node._saved_target, node._saved_self
    plain = plain and not bool((target == node._saved_ignore_index).any())
    summed = node._saved_reduction == _SUM
    scale = float(target.numel()) if summed else 1.0
    return Criterion(
        "crossentropy", "cross_entropy", scale, summed, plain, target, None, int(values.shape[min(1, values.dim() - 1)])
    )


def _binary(with_logits: bool) -> Callable[[Any, Sequence[Output]], Criterion | None]:
    name = "binary_cross_entropy" + ("_with_logits" if with_logits else "")

    def read(node: Any, _: Sequence[Output]) -> Criterion | None:
        if node._saved_self.shape != node._saved_target.shape:
            return None
        weights = (node._saved_weight, getattr(node, "_saved_pos_weight", None))
        summed = node._saved_reduction == _SUM
        plain = weights == (None, None) and node._saved_reduction in (_MEAN, _SUM)
        target = node._saved_target
        return Criterion("binary_crossentropy", name, float(target.numel()) if summed else 1.0, summed, plain, target)

    return read


def _by_hand(kind: Kind, name: str) -> Callable[[Any, Sequence[Output]], Criterion | None]:
    """A reader for a power or absolute value of the difference between an output of the model and the target."""

    def read(node: Any, outputs: Sequence[Output]) -> Criterion | None:
        if operation(node) == "Pow" and float(node._saved_exponent) != 2.0:
            return None
        if operation(node) == "Mul" and not _squares(node):
            return None
        before = next(children(node), None)
        if before is None or operation(before) != "Sub" or float(before._saved_alpha) != 1.0:
            return None
        first, second = (child for child, _ in before.next_functions)
        if (first is None) == (second is None):
            return None
        difference = node._saved_self.detach()
        if second is not None:
            difference = -difference
        output = _output_of(first or second, outputs)
        target = None
        if output is not None and output.numel() == difference.numel():
            target = output.reshape(difference.shape) - difference
        elif output is not None:
            return None
        return Criterion(kind, name, 1.0, False, False, target, difference)

    return read


def _output_of(node: Any, outputs: Sequence[Output]) -> Any:
    """The output of the model that the node holds, perhaps in another shape."""
    numbers = {output.number: output.values for output in outputs}
    return next((numbers[n] for n in (step._sequence_nr() for step in reshaped(node)) if n in numbers), None)


_READERS: dict[str, Callable[[Any, Sequence[Output]], Criterion | None]] = {
    "MseLoss": _functional("mse", "mse_loss"),
    "HuberLoss": _functional("huber", "huber_loss"),
    "SmoothL1Loss": _functional("huber", "smooth_l1_loss"),
    "NllLoss": _negative_log_likelihood,
    "NllLoss2D": _negative_log_likelihood,
    "BinaryCrossEntropyWithLogits": _binary(with_logits=True),
    "BinaryCrossEntropy": _binary(with_logits=False),
    "Pow": _by_hand("mse", "squared differences"),
    "Mul": _by_hand("mse", "squared differences"),
    "Abs": _by_hand("mae", "absolute differences"),
}
