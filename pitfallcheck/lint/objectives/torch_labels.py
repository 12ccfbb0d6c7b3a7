"""Follows the targets of a torch program through data loaders, data sets and splits of them to what they are."""

from __future__ import annotations

import ast

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.objectives.labels import LabelsOf, Place
from pitfallcheck.lint.objectives.labels_known import Shown, integers
from pitfallcheck.lint.objectives.labels_numbers import joined
from pitfallcheck.lint.objectives.resolve import Calls
from pitfallcheck.lint.source import own_nodes

VISION = {
    "MNIST": 10,
    "FashionMNIST": 10,
    "KMNIST": 10,
    "CIFAR10": 10,
    "CIFAR100": 100,
    "SVHN": 10,
    "STL10": 10,
    "USPS": 10,
    "Food101": 101,
}
"""Data sets of torchvision whose labels are class numbers, and how many classes they have."""

PASSING = frozenset({"enumerate", "tqdm", "iter", "next", "list", "islice", "cycle"})
SPLITTING = frozenset({"torch.utils.data.random_split", "torch.utils.data.Subset"})


class TorchLabels(LabelsOf):
    """The labels of one file that trains with torch, asked for on demand."""

    def _bound(self, binding: Binding, calls: Calls, place: Place) -> Shown | None:
        if binding.kind == "item" and binding.value is not None:
            shown = self._batches(binding.value, calls, (*binding.place, *place))
            if shown is not None:
                return shown
        return super()._bound(binding, calls, place)

    def _within(self, node: ast.expr, calls: Calls, place: Place) -> Shown | None:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("next", "iter"):
            return self._batches(node, calls, place)
        return super()._within(node, calls, place)

    def _batches(self, node: ast.expr, calls: Calls, place: Place) -> Shown | None:
        """What is at `place` in each batch of a loader, or each sample of a data set."""
        found = [
            self._of_source(held.node, held.calls, place) if isinstance(held.node, ast.Call) else None
            for held in self.resolver.alternatives(node, calls)
        ]
        return joined(found)

    def _of_source(self, call: ast.Call, calls: Calls, place: Place) -> Shown | None:
        name = self.resolver.called(call)
        short = name.rpartition(".")[2] or getattr(call.func, "id", "")
        if short in PASSING and call.args:
            if short == "enumerate":
                return self._batches(call.args[0], calls, place[1:]) if place[:1] == (1,) else None
            return self._batches(call.args[0], calls, place)
        dataset = argument(call, 0, "dataset", "data_source")
        if name in ("torch.utils.data.DataLoader", "torch.utils.data.Subset") and dataset is not None:
            return self._batches(dataset, calls, place)
        if name == "torch.utils.data.TensorDataset" and place and place[0] < len(call.args):
            return self.of(call.args[place[0]], calls, place[1:])
        if name.startswith("torchvision.datasets.") and place == (1,):
            if short in VISION and not any(one.arg == "target_transform" for one in call.keywords):
                return integers(VISION[short], f"torchvision's {short} has the integers 0 to {VISION[short] - 1}")
            return None
        return self._of_class(call, calls, place)

    def _of_class(self, call: ast.Call, calls: Calls, place: Place) -> Shown | None:
        """What the data set class of the file that `call` makes an object of returns for one sample."""
        owner = self.resolver.program.classes.get(getattr(call.func, "id", ""))
        method = self.resolver.program.method(owner, "__getitem__") if owner is not None else None
        if method is None or not place:
            return None
        given = [one.value for one in own_nodes(method) if isinstance(one, ast.Return) and one.value is not None]
        return joined([self.of(value, calls, place) for value in given]) if given else None
