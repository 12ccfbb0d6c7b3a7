"""What the bytes of a file that trains show: words and regular expressions that several pitfalls are screened by."""

from __future__ import annotations

from pitfallcheck.pitfall import BRIEF

FRAMEWORKS = (b"numpy", b"torch", b"tensorflow", b"keras", b"jax")

TRAINS = (
    BRIEF,
    *(b".backward(", b".fit(", b"fit_generator(", b"partial_fit", b"train_on_batch", b".minimize(", b"GradientTape"),
    *(b".grad(", b" grad(", b"=grad(", b"(grad(", b"value_and_grad", b".gradient(", b"zero_grad", b"apply_gradients"),
    *(b"training_step", b"train_step", b" - lr", b" - self.lr", b" - learning_rate", b" - alpha *", b" - eta *"),
    *(b"-= lr", b"-= self.lr", b"-= learning_rate", b"-= self.learning_rate", b"-= alpha", b"-= eta", b"-= rate"),
    *(b"-= 0.", b"-= step", b"-= LR", b"-= LEARNING_RATE"),
)
"""Words of which one is in nearly every file that trains; nine of ten long library files have none, and end here."""

HANDS_OUT = (b"yield", b"__getitem__", b"__next__")
"""Words of which one is in every file that hands samples to whoever trains."""

TRAINS_OR_HANDS_OUT = (*TRAINS, *HANDS_OUT)

_RATE = (
    rb"(?:(?:\b|_)(?:lr|rate|alpha|eta|epsilon|step|step_?size|learning_?rate|learn_?rate)(?:_\w+)?\b"
    rb"|(?<![\w.])0?\.\d|\d[eE]-\d)"
)
"""A learning rate: a name that says so, or a number below 1."""

_PRODUCT = rb"(?:[^\n]*" + _RATE + rb"[^\n]*[*/@]|[^\n]*[*/@][^\n]*" + _RATE + rb")"

_STEP = (
    rb"(?:self\.)?(?:d\w{1,4}|v\w?|m\w?|\w*(?:delta|grad|step|update|vel|moment|change|adjust)\w*)"
    rb"(?:\[[^\]\n]*+\])?[ \t]*(?:\n|\Z)"
)
"""A step that was computed before, under the names that it goes by."""

LEARNING = (
    rb"\.backward\(",
    rb"fit\(",
    rb"fit_generator\(",
    rb"train_on_batch",
    rb"\.minimize\(",
    rb"\.gradient\(",
    rb"\.grad\(",
    rb" grad\(",
    rb"=grad\(",
    rb"\(grad\(",
    rb"value_and_grad",
    rb"\.train_\w+\(",
    rb"\.train_step\(",
    rb"_train_step\(",
    rb"training_step\(",
    rb"\.optimi[sz]e\(",
    rb"\.sgd\w*\(",
    rb"\.gradient_descent\w*\(",
    # Weights that are moved by hand: `w -= rate * ...`, `w = w - rate * ...`, or by a step that has a name.
    rb"-=[^\n]*(?:\*|" + _RATE + rb")",
    rb"-= ?-?" + _STEP,
    rb"\+= ?-?" + _STEP,
    rb"\+=" + _PRODUCT,
    rb"\n[ \t]*+([\w.]++)(?:\[[^\]\n]*+\])? ?= ?\1(?:\[[^\]\n]*+\])? ?[-+](?:" + _PRODUCT + rb"| ?" + _STEP + rb")",
    rb"= ?[\w.]++(?:\[[^\]\n]*\])? ?- [^\n]*,[^\n]* -" + _PRODUCT,
)
"""What learns from a batch, as `lint.flow.training` follows it; one of these is in every file where something does."""

SCRIPT = (
    rb"\n(?:for|while|with) ",
    rb"\nif __name__",
    rb"\n(?:[a-z]\w*|[A-Z])(?:, ?\w+)* ?= ?(?!logg|TypeVar|object\(|set\(|dict\()[\w.]+\(",
    rb"\n[a-z]\w*\(",
)
"""What stands in a file that computes something when it is run, rather than only defining what others use."""

SHORT = rb"\A(?s:.{0,4000})\Z"
"""A file so short that judging it costs less than it is worth to know what it is for."""

FEEDING = (rb"yield(?!\w)", rb"def __getitem__", rb"def __next__")
"""What hands samples to whoever trains."""

DRAWS = (rb"rand", rb"choice", rb"permut", rb"integers\(", rb"sample\(", rb"normal\(", rb"uniform\(", rb"shuffle")
"""What draws numbers, or the order of samples."""
