"""Names the layers of a network that compute something else in training than in evaluation."""

from __future__ import annotations

import ast
import re

from pitfallcheck.lint.flow.bindings import NAMES
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.steps.things import Things
from pitfallcheck.lint.tree import walk

LAYERS = words(
    """
    BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d SyncBatchNorm
    Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout
    """
)
WITH_DROPOUT = words("TransformerEncoderLayer TransformerDecoderLayer Transformer")
"""Layers of torch that have a dropout of 0.1 unless told otherwise."""

TORCHVISION = re.compile(
    r"torchvision\.models\.(\w+\.)*(wide_|resnet|resnext|vgg\w*_bn|alexnet|vgg|densenet|mobilenet|inception|googlenet"
    r"|efficientnet|shufflenet|squeezenet|mnasnet|regnet)"
)
"""Networks of torchvision with batch norm or dropout."""

ON_PURPOSE = re.compile(r"monte.?carlo|\bmc_|mc.?dropout|uncertain|bayes|stochastic_forward", re.IGNORECASE)
"""Words of files that keep dropout on to draw from it."""


def mode_layer(things: Things, network: ast.ClassDef | ast.Call) -> str | None:
    """A layer of `network` that depends on the mode, as the file calls it (`nn.Dropout`); None where none is seen."""
    seen: list[ast.AST] = [network]
    for region in seen:
        if len(seen) > 12:
            return None
        for node in walk(region):
            if not isinstance(node, ast.Call):
                continue
            name = things.program.called(node)
            found = _depends(name, node)
            if found:
                return ast.unparse(node.func)
            if isinstance(node.func, ast.Name) and node.func.id in things.program.classes:
                inner = things.program.classes[node.func.id]
                if inner not in seen and things.is_module(inner):
                    seen.append(inner)
        if isinstance(region, ast.Call):
            seen += [part for part in _handed_over(things, region) if part not in seen]
        if isinstance(region, ast.ClassDef):
            seen += [base for base in things.program.lineage(region) if base not in seen]
    return None


def _handed_over(things: Things, network: ast.Call) -> list[ast.AST]:
    """What the lists and blocks were made of that `nn.Sequential(*layers, head)` names, and what was appended."""
    found: list[ast.AST] = []
    for given in network.args:
        node = given.value if isinstance(given, ast.Starred) else given
        if not isinstance(node, NAMES):
            continue
        found += [one.value for one in things.program.roots(node)[0] if one.value is not None]
        for mention in things.program.mentions.get("append", []):
            call = things.program.source.parents.get(mention)
            if not (isinstance(mention, ast.Attribute) and isinstance(call, ast.Call)):
                continue
            if things.key(mention.value) == things.key(node):
                found += call.args
    return found


def _depends(name: str, call: ast.Call) -> bool:
    if TORCHVISION.match(name):
        return True
    if not name.startswith("torch.nn."):
        return False
    layer = name.rpartition(".")[2]
    if layer in LAYERS:
        rate = argument(call, 0, "p") if "Dropout" in layer else None
        frozen = argument(call, None, "track_running_stats")
        return constant(rate) != 0 and (frozen is None or constant(frozen) is not False)
    if layer in WITH_DROPOUT:
        return constant(argument(call, None, "dropout")) != 0
    if layer in ("LSTM", "GRU", "RNN"):
        rate = argument(call, None, "dropout")
        return rate is not None and constant(rate) != 0
    return False
