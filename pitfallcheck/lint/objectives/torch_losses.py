"""What the losses of torch expect of the prediction and of the labels, under the names of their classes."""

from __future__ import annotations

from pitfallcheck.lint.objectives.facts import Expected, Kind

LOSSES: dict[str, tuple[Expected | None, tuple[Kind, ...]]] = {
    "CrossEntropyLoss": ("logits", ("integers", "one-hot")),
    "NLLLoss": ("log-probabilities", ("integers",)),
    "BCEWithLogitsLoss": ("logits", ("binary", "one-hot")),
    "BCELoss": ("probabilities", ("binary", "one-hot")),
    "KLDivLoss": ("log-probabilities", ()),
    "MSELoss": ("values", ()),
    "L1Loss": ("values", ()),
    "SmoothL1Loss": ("values", ()),
    "HuberLoss": ("values", ()),
    "MultiMarginLoss": ("scores", ("integers",)),
    "MultiLabelSoftMarginLoss": ("logits", ("binary", "one-hot")),
    "SoftMarginLoss": ("scores", ("signs",)),
    "HingeEmbeddingLoss": (None, ("signs",)),
}
"""The loss modules of `torch.nn` whose first two arguments are the prediction and the target."""

FUNCTIONS = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "binary_cross_entropy": "BCELoss",
    "kl_div": "KLDivLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "multi_margin_loss": "MultiMarginLoss",
    "multilabel_soft_margin_loss": "MultiLabelSoftMarginLoss",
    "soft_margin_loss": "SoftMarginLoss",
}
"""The functions of `torch.nn.functional` that are these losses."""

OLDER = {"NLLLoss2d": "NLLLoss", "CrossEntropyLoss2d": "CrossEntropyLoss"}
"""Names that the losses once had."""
