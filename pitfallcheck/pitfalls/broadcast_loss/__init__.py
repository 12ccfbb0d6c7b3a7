"""PF202 broadcast-loss: the loss compares every prediction with every target

What it is
----------
Predictions of shape `(N, 1)` and targets of shape `(N,)` are subtracted. Broadcasting makes that a table of N times N
differences, the prediction of each sample minus the target of each other one, and the loss is the mean over all of it.
Predictions of shape `(N, 3)` and targets of shape `(N, 1)` are broadcast within each sample: all three are compared
with its one target, of which torch 2.13 warns.

Why it hurts training
---------------------
The loss is smallest where every prediction is the mean of all targets, so the network learns a constant. Nothing
crashes and the loss goes down at first. With 64 predictions that equal their targets, where the loss should be 0, the
mean squared difference is 1.66 (NumPy, torch and a `keras.losses.Loss` subclass alike, standard normal values).
torch's `MSELoss`, `L1Loss`, `SmoothL1Loss` and `HuberLoss` compute it with a warning; `PoissonNLLLoss` and
`GaussianNLLLoss` without one.

How it is detected, and what that cannot see
--------------------------------------------
In source, shapes are followed through assignments, branches, functions and models of the file. A difference of a
prediction and a target that visibly have ranks 2 and 1 (in either order), and that is reduced to a loss, is an error. A
loss of the file is followed with the target and the output it gets: from `compile` and `fit` where they show, and
otherwise with the usual `(N, 1)` of a regression, which gives a warning. What a model computed, of shape `(N, 1)`, and
a target of shape `(N, k)`, or the other way round, are an error in a loss of torch and a warning in one that is written
by hand. Which side is the prediction is told by where
it comes from or by its name; an axis put in on the spot (`a[:, None] - b`) says that all pairs are meant. Shapes that
come from files, tables or other modules are not seen.

At run time, where an output and a target differ in rank, the loss in use is asked for the batch four times: as it is,
with the target in the output's shape, and both again with the targets in another order. It is an error where the shape
alone changes the loss and the order does not, as it should: then no output has a target of its own. In Keras that is
the compiled loss, and a `Loss` object that the program calls; a training step that writes its loss out by hand is only
read, and named where the ranks differ. In torch it is every loss that is differentiated. torch's own tell of each call;
of one written by hand the graph tells whether a column may have met something flat, and its operations are then
recorded in a later step and repeated with other targets. Losses in a compiled function, in a hand-written
`autograd.Function` and given to `torch.autograd.grad` are not seen, nor is a loss that the broadcast leaves as it is,
as a mean absolute error as long as every prediction is too small.

Example
-------
    import torch

    x = torch.randn(64, 3)
    y = x.sum(dim=1)
    model = torch.nn.Linear(3, 1)
    loss = ((model(x) - y) ** 2).mean()

Instead
-------
    import torch

    x = torch.randn(64, 3)
    y = x.sum(dim=1, keepdim=True)
    model = torch.nn.Linear(3, 1)
    loss = ((model(x) - y) ** 2).mean()

When it is fine
---------------
Where all pairs are the point: distance matrices, kernels, contrastive and ranking losses. They write the axes out, as
in `a[:, None] - b[None, :]`.

References
----------
- NumPy, Broadcasting: https://numpy.org/doc/stable/user/basics.broadcasting.html
- torch, MSELoss: https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
- Keras, Losses: https://keras.io/api/losses/
"""

from pitfallcheck.lint.signs import FRAMEWORKS, LEARNING, SCRIPT, TRAINS
from pitfallcheck.pitfall import Pitfall

GIVEN_A_LOSS = (
    rb"GradientTape",
    rb"class \w++\([\w.]*\bLoss\)",
    rb"\.compile\((?<!re\.compile\()(?<!torch\.compile\()(?s:.{0,400}?)\b(?:loss|optimizer)\b",
    rb"\.compile\([\w.'\"]++(?:\(\))?, *[\w.'\"\[]",
)
"""What gives a loss to a model, besides what learns."""

PITFALL = Pitfall(
    code="PF202",
    name="broadcast-loss",
    summary="the loss compares every prediction with every target",
    words=((*TRAINS, b"Loss):", b"compile("), FRAMEWORKS, (b"mean", b"sum", b"Loss", b"_loss", b"norm")),
    shapes=((*GIVEN_A_LOSS, *LEARNING, *SCRIPT),),
    hint=True,
    runtime=True,
)
