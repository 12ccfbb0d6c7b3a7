"""PF303 wrong-gradient: a hand-written backward pass is not the gradient of its loss

What it is
----------
The function that should compute the gradient of the loss by hand computes something else: a sign is turned round, a
matrix that is square is not transposed, the derivative of an activation is left out, one part is summed over the batch
and another averaged.

Why it hurts training
---------------------
The shapes fit, so nothing crashes, and the loss may even come down for a while. With the sign of a bias turned round, a
line that should end at a bias of 3 is at -1.68e+05 after 60 steps; with its bias summed over 64 samples and its weight
averaged, at -3e+35 after 20; and a 2 x 2 matrix that should turn the plane by a quarter, led by the transpose of its
gradient, turns (1, 0) to (-258, -3963). A constant factor, such as the half that a mean squared error loses when its 2
is dropped, is another matter: the direction is right, and the learning rate takes it up.

How it is detected, and what that cannot see
--------------------------------------------
Only where `pitfallcheck.check` is given `forward`, `loss`, `parameters` and `gradient`. The gradient is compared with
central differences of the loss, (L(w + h) - L(w - h)) / 2h, with h = eps^(1/3) times the parameter's size and the eps
of the coarsest type in use, so that rounding and curvature are balanced; each slope is taken with two steps, and what
they disagree by is allowed. A slope whose one-sided differences disagree however small the step lies at a kink (ReLU)
and is left out, and so are samples whose right class has a probability below 0.001, where clipped logarithms have
slopes of their own. Of each parameter at least four coordinates are compared (all, where it has few) and one random
direction; at the parameters as they are, at ones moved at random (where some are zero, others have no gradient that
could be wrong), and at a second batch.

It is an error where a parameter is off by more than 0.001 of its largest slope (for float32 0.005), or where the
parameters have different constant factors. One constant for all is a note. A penalty of the weights in the gradient
that `loss` does not have, and a gradient that is clipped by value or by norm, are right.

A single wrong entry in a large matrix may be missed, and a mean that should be a sum shows only in batches of two
samples and more. Where `forward` is random, or reads other arrays than the ones it is said to, nothing is compared, and
the report says so.

Example
-------
    import numpy as np

    from pitfallcheck import check

    x = np.random.default_rng(0).normal(size=(64, 2))
    y = x @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    matrix = np.eye(2) / 4


    def forward(inputs):
        return inputs @ matrix


    def loss(prediction, target):
        return np.mean((prediction - target) ** 2)


    def gradient(inputs, target):
        return (forward(inputs) - target).T @ inputs / len(inputs)


    check([(x, y)], forward=forward, loss=loss, parameters=matrix, gradient=gradient)

Instead
-------
    import numpy as np

    from pitfallcheck import check

    x = np.random.default_rng(0).normal(size=(64, 2))
    y = x @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    matrix = np.eye(2) / 4


    def forward(inputs):
        return inputs @ matrix


    def loss(prediction, target):
        return np.mean((prediction - target) ** 2)


    def gradient(inputs, target):
        return inputs.T @ (forward(inputs) - target) / len(inputs)


    check([(x, y)], forward=forward, loss=loss, parameters=matrix, gradient=gradient)

When it is fine
---------------
Where it is meant: a straight-through estimator, a gradient that is reversed for one part on purpose, or a loss that is
only reported while another one is trained on. Give `check` the loss that the gradient is of.

References
----------
- J. Nocedal, S. Wright, Numerical Optimization, 2nd edition, section 8.1: finite-difference derivative approximations
- Stanford CS231n, Gradient checks: https://cs231n.github.io/neural-networks-3/#gradcheck
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF303",
    name="wrong-gradient",
    summary="a hand-written backward pass is not the gradient of its loss",
    words=None,
    runtime=True,
)
