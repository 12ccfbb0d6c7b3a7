"""The settings of a torch optimizer as the stability limits need them."""

from __future__ import annotations

from typing import Any

from pitfallcheck.observe.learning import Optimizer, OptimizerKind
from pitfallcheck.observe.place import Place

_KINDS: dict[str, OptimizerKind] = {"SGD": "sgd", "Adam": "adam", "AdamW": "adam"}


def settings_of(optimizer: Any, at: Place | None) -> Optimizer:
    """The settings at this moment. A subclass, or a rule that differs from the plain one, is of the kind `other`."""
    group = optimizer.param_groups[0]
    name = type(optimizer).__name__
    known = type(optimizer).__module__.startswith("torch.optim")
    kind: OptimizerKind = _KINDS.get(name, "other") if known else "other"
    if group.get("maximize") or group.get("dampening") or group.get("amsgrad") or _apart(optimizer):
        kind = "other"
    beta1, beta2 = (float(beta) for beta in group.get("betas", (0.9, 0.999)))
    return Optimizer(
        kind=kind,
        name=name,
        learning_rate=rate_of(optimizer),
        momentum=float(group.get("momentum", 0.0)),
        nesterov=bool(group.get("nesterov", False)),
        beta1=beta1,
        beta2=beta2,
        epsilon=float(group.get("eps", 1e-8)),
        weight_decay=float(group.get("weight_decay", 0.0)),
        # A schedule leaves the rate that it begins with beside the one in use.
        scheduled="initial_lr" in group,
        at=at,
    )


def rate_of(optimizer: Any) -> float:
    """The learning rate of the first group."""
    return float(optimizer.param_groups[0].get("lr", float("nan")))


def holds(optimizer: Any) -> list[int]:
    """The identities of the tensors that an optimizer updates, in its order."""
    return [id(tensor) for group in optimizer.param_groups for tensor in group["params"]]


def _apart(optimizer: Any) -> bool:
    """Whether groups are updated by different rules; no decay for some of them, as for biases, is none."""
    rules = [
        {key: value for key, value in group.items() if key in {"lr", "momentum", "nesterov", "betas", "eps"}}
        for group in optimizer.param_groups
        if group["params"]
    ]
    return any(rule != rules[0] for rule in rules)
