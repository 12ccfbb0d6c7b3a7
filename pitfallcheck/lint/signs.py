"""What the bytes of a file that trains show: words and regular expressions that several pitfalls are screened by."""

from __future__ import annotations

FRAMEWORKS = (b"numpy", b"torch", b"tensorflow", b"keras", b"jax")

_RATE = (
    rb"(?:(?:\b|_)(?:lr|rate|alpha|eta|epsilon|step|step_?size|learning_?rate|learn_?rate)(?:_\w+)?\b"
    rb"|(?<![\w.])0?\.\d|\d[eE]-\d)"
)
"""A learning rate: a name that says so, or a number below 1."""

LEARNING = (
    rb"\.backward\(",
    rb"fit\(",
    rb"fit_generator\(",
    rb"train_on_batch",
    rb"\.minimize\(",
    rb"\.gradient\(",
    rb"[^\w]grad\(",
    rb"value_and_grad",
    rb"\.train_\w+\(",
    rb"\.(?:\w*_)?train(?:ing)?_step\(",
    rb"\.optimi[sz]e\(",
    rb"\.sgd\w*\(",
    rb"\.gradient_descent\w*\(",
    # Weights that are moved by hand: `w -= ...`, `w = w - ...`, `w += rate * ...`.
    rb"-= ?(?!\d+\s)",
    rb"\n[ \t]*+([\w.]++)(?:\[[^\]\n]*+\])? ?= ?\(?\1(?:\[[^\]\n]*+\])? ?[-+][^\n]*" + _RATE,
    rb"\n[ \t]*+([\w.]++)(?:\[[^\]\n]*+\])? ?= ?\1(?:\[[^\]\n]*+\])? ?- ?[\w.]++[ \t]*(?:\n|\Z)",
    rb"= ?[\w.]++(?:\[[^\]\n]*\])? ?- [^\n]*,[^\n]* - [^\n]*" + _RATE,
    rb"\+=[^\n]*" + _RATE,
    rb"\+= ?-? ?(?:self\.)?(?:d\w{1,3}|delta\w*|update\w*|step\w*|v|vel\w*|moment\w*|change\w*|\w+_update|\w+_delta)\s",
)
"""What learns from a batch, as `lint.flow.training` follows it; one of these is in every file where something does."""

DRAWS = (rb"rand", rb"choice", rb"permut", rb"integers\(", rb"sample\(", rb"normal\(", rb"uniform\(", rb"shuffle")
"""What draws numbers, or the order of samples."""
