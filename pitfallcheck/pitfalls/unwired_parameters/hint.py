"""Tells by bytes alone whether a file makes an optimizer, or parameters where no optimizer will find them."""

from __future__ import annotations

import re

_OPTIMIZER = re.compile(
    rb"optim\.[A-Z]\w*\(|from torch\.optim(?:\.\w+)? import|import torch\.optim\b|from torch import[^\n]*\boptim"
    rb"|self\.\w+ ?= ?(?![\w.]*Parameter)[\w.]+\([^=;]{0,200}requires_grad ?= ?True"
)
_FUNCTION = re.compile(rb"\n[ \t]*+(?:async )?def (\w++)|\n[ \t]*+(?:class |@)")
_LAYER = re.compile(
    rb"\b(?:Parameter|Linear|Conv\w++|Embedding|EmbeddingBag|RNN|LSTM|GRU|RNNCell|LSTMCell|GRUCell|Attention|Transformer\w*+"
    rb"|BatchNorm\w*+|BatchNormalization|PReLU|Dense|Bidirectional)\("
)


def may_be_in(code: bytes) -> bool:
    """Whether there is an optimizer of torch, a tensor that asks for gradients, or a layer made in a forward pass."""
    if (b"optim" in code or b"requires_grad" in code) and _OPTIMIZER.search(code):
        return True
    starts = list(_FUNCTION.finditer(code))
    ends = [start.start() for start in starts[1:]] + [len(code)]
    return any(
        start[1] in (b"forward", b"call") and _LAYER.search(code, start.end(), end) is not None
        for start, end in zip(starts, ends, strict=False)
    )
