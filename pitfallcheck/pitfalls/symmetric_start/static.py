"""Judges whether the units of a hidden layer start equal in a network that is trained."""

from __future__ import annotations

from collections.abc import Iterator

from pitfallcheck.finding import Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.symmetric_start import PITFALL
from pitfallcheck.pitfalls.symmetric_start.networks import Equal, keras_networks, networks_by_hand, torch_networks


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each hidden layer whose weights start from one number."""
    if source.names.imports("keras", "tensorflow", "tf_keras"):
        for equal in keras_networks(source):
            yield _finding(source, equal, "leave `kernel_initializer` out: the default draws random weights")
    if source.names.imports("torch"):
        for equal in torch_networks(source):
            yield _finding(
                source, equal, "draw them, for instance `nn.init.xavier_uniform_(...)`, or leave them as made"
            )
    for equal in networks_by_hand(source):
        yield _finding(source, equal, "draw it, for instance `0.1 * np.random.randn(...)`; zeros are right for biases")


def _finding(source: Source, equal: Equal, remedy: str) -> Finding:
    start = f"`{_cut(equal.subject)}` starts all weights of a hidden layer from one number"
    if equal.dead:
        what = f"{start}: its ReLU stays at zero and passes no gradient, so the layer never learns"
    elif equal.behind == equal.subject:
        what = (
            f"`{_cut(equal.subject)}` starts all weights of every layer from one number: the units of a hidden layer "
        )
        what += "compute the same, get the same gradient and stay equal"
    elif equal.behind:
        what = f"{start}, and so does `{_cut(equal.behind)}` behind it: its units compute the same, get the same "
        what += "gradient and stay equal"
    else:
        what = f"{start}: its units compute the same at first, and only the random weights behind them pull them apart"
    return PITFALL.finding(
        "error" if equal.dead or equal.behind else "warning",
        source.location(equal.at),
        what,
        remedy=remedy,
        source="static",
    )


def _cut(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:67]}..."
