"""Follows the parameters of torch models: how large their gradients are, and which of them learn nothing."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.observe.learning import GradientNorm, Unwired

MOST = 512
"""Parameters that are followed one by one; of a model with more, the weights without the vectors are, up to as many."""


class _Followed:
    """One trainable parameter, and what is known of it.

    `total` is the sum of its values at the first look, a cheap sign of any change. `ran` says that the module that owns
    it was called, `held` that an optimizer holds it, `graded` that it got a gradient, `resting` that its module was in
    evaluation mode or the parameter frozen when it was last looked at.
    """

    def __init__(self, name: str, tensor: Any, owner: Any, origins: Origins) -> None:
        self.name = name
        self.tensor = weakref.ref(tensor)
        self.owner = weakref.ref(owner) if owner is not None else None
        self.owner_id = id(owner)
        self.made = origins.of(owner) if owner is not None else None
        self.by_user = owner is not None and origins.by_user(owner)
        self.size = tensor.numel()
        self.total = float(tensor.detach().double().sum())
        self.weights = self.first = self.last = self.largest = 0.0
        self.step = 0
        self.graded = self.changed = self.ran = self.held = self.resting = False


class Parameters:
    """The trainable parameters of the models of one training, in the models' order."""

    def __init__(self, models: Sequence[Any], others: Sequence[tuple[str, Any]], origins: Origins) -> None:
        owners = {
            id(tensor): module
            for model in models
            for module in model.modules()
            for tensor in module._parameters.values()
            if tensor is not None
        }
        named = [*self.named(models), *others]
        self.count = sum(tensor.numel() for _, tensor in named)
        trainable = [(name, tensor) for name, tensor in named if _can_be_followed(tensor)]
        if len(trainable) > MOST:
            trainable = [(name, tensor) for name, tensor in trainable if tensor.dim() > 1][:MOST]
        self._all = [_Followed(name, tensor, owners.get(id(tensor)), origins) for name, tensor in trainable]
        self._depths: dict[int, int] = {}

    @staticmethod
    def named(models: Sequence[Any]) -> list[tuple[str, Any]]:
        """The parameters of all models, each once; the name has the model's number in front where there are several."""
        seen: set[int] = set()
        named = []
        for number, model in enumerate(models):
            for name, tensor in model.named_parameters():
                if id(tensor) not in seen:
                    seen.add(id(tensor))
                    named.append((name if len(models) == 1 else f"{type(model).__name__} {number + 1}: {name}", tensor))
        return named

    def ran(self, modules: Sequence[int]) -> None:
        """Note the identities of the modules that were called in this step, in their order."""
        for module in modules:
            self._depths.setdefault(module, len(self._depths))
        for followed in self._all:
            followed.ran = followed.ran or followed.owner_id in self._depths

    @property
    def known_held(self) -> set[int]:
        """The identities of those that an optimizer held at any time, as far as they live."""
        return {id(tensor) for one in self._all if one.held and (tensor := one.tensor()) is not None}

    def held(self, identities: set[int]) -> None:
        """Note what optimizers hold, by identity."""
        for followed in self._all:
            tensor = followed.tensor()
            followed.held = followed.held or (tensor is not None and id(tensor) in identities)

    def look(self, step: int) -> None:
        """Measure the gradients after the backward pass of `step`, counted from 1, and whether the weights changed."""
        for followed in self._all:
            tensor = followed.tensor()
            owner = followed.owner() if followed.owner is not None else None
            if tensor is None:
                continue
            values = tensor.detach()
            followed.resting = not tensor.requires_grad or (owner is not None and not owner.training)
            if not followed.graded:
                # As they are at the first gradient: what a run has made of them since is not what it was given.
                followed.weights = float(values.double().norm())
            followed.changed = followed.changed or float(values.double().sum()) != followed.total
            if tensor.grad is None:
                continue
            size = float(tensor.grad.detach().double().norm())
            if not followed.graded:
                followed.first = size
            followed.graded = True
            followed.last = size
            if size > followed.largest or not followed.step:
                followed.largest, followed.step = size, step

    def gradients(self) -> tuple[GradientNorm, ...]:
        """The norms of the parameters that got a gradient, in the models' order."""
        return tuple(
            GradientNorm(
                parameter=followed.name,
                size=followed.size,
                weights=followed.weights,
                first=followed.first,
                last=followed.last,
                largest=followed.largest,
                step=followed.step,
                depth=self._depths.get(followed.owner_id, 0),
            )
            for followed in self._all
            if followed.graded
        )

    def unwired(self) -> tuple[Unwired, ...]:
        """The parameters that were called upon, or are in an optimizer, and learned nothing.

        Left out is what looks like a choice: what is frozen, a part that no optimizer holds and that gets no gradient
        or is in evaluation mode, models of which no optimizer holds anything, and layers that a library made.
        """
        found = []
        partly = any(followed.held for followed in self._all)
        for followed in self._all:
            if followed.changed or not followed.by_user or not (followed.ran or followed.held):
                continue
            if not followed.graded and (followed.held or not partly):
                found.append(Unwired(followed.name, "no gradient", followed.made))
            elif followed.graded and partly and not followed.held and not followed.resting:
                found.append(Unwired(followed.name, "not in the optimizer", followed.made))
        return tuple(found)


def _can_be_followed(tensor: Any) -> bool:
    """Whether a tensor is trainable, made of real numbers, and has memory."""
    return bool(tensor.requires_grad and tensor.is_floating_point() and tensor.device.type != "meta")
