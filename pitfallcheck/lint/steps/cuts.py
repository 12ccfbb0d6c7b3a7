"""The values of tensors with and without their graphs, and the operations that end one."""

from __future__ import annotations

import ast
import re
from typing import Literal, NamedTuple

from pitfallcheck.lint.shapes.vocabulary import words

How = Literal["detached", "number", "numpy", "copied", "quiet", "decided"]


class Cut(NamedTuple):
    """The expression that ends the graph, and how: `decided` is an operation without a derivative.

    `from_graph` says that what it was applied to visibly comes from a network.
    """

    node: ast.expr
    how: How
    from_graph: bool


State = Literal["graph", "data"] | Cut | None
"""`graph` reaches parameters, `data` has none by nature, None is unknown."""

DETACHING: dict[str, How] = {
    "detach": "detached",
    "detach_": "detached",
    "item": "number",
    "tolist": "number",
    "numpy": "numpy",
    "argmax": "decided",
    "argmin": "decided",
    "long": "decided",
    "int": "decided",
    "bool": "decided",
    "byte": "decided",
    "eq": "decided",
    "gt": "decided",
    "ge": "decided",
    "lt": "decided",
    "le": "decided",
    "ne": "decided",
}
"""Methods whose result has no graph."""

FUNCTIONS: dict[str, How] = {
    "torch.tensor": "copied",
    "torch.from_numpy": "copied",
    "torch.LongTensor": "copied",
    "torch.IntTensor": "copied",
    "torch.autograd.Variable": "copied",
    "torch.argmax": "decided",
    "torch.argmin": "decided",
    "torch.eq": "decided",
    "torch.gt": "decided",
    "torch.ge": "decided",
    "torch.lt": "decided",
    "torch.le": "decided",
    "torch.ne": "decided",
    "tensorflow.argmax": "decided",
    "tensorflow.math.argmax": "decided",
    "tensorflow.equal": "decided",
    "tensorflow.stop_gradient": "detached",
    "float": "number",
    "int": "number",
}
"""Functions whose result has no graph. (`torch.Tensor(x)` keeps that of a tensor, `round` has one, of zeros.)"""

LOSSES = words(
    """
    mse_loss l1_loss smooth_l1_loss huber_loss cross_entropy nll_loss binary_cross_entropy kl_div
    binary_cross_entropy_with_logits
    """
)
"""Functions of torch that compare their first argument with the second."""

LISTED = frozenset({"torch.Tensor", "torch.FloatTensor", "torch.as_tensor", "torch.DoubleTensor"})
"""These copy the numbers out of a list, and keep the graph of a tensor."""

PICKING = words("max min topk sort median mode kthvalue")
"""Return values and indices; the indices have no graph."""

LOADERS = re.compile(r"load|data|batch|train|test|iter|set|dl$", re.IGNORECASE)
"""What the objects are called that hand over batches."""

WITHOUT = words("shape device dtype ndim grad is_cuda layout size dim numel requires_grad")
"""What of a tensor is no tensor of the graph."""
