"""PF401 unstable-learning-rate: the steps are so long that they amplify the error

What it is
----------
A step of gradient descent multiplies the error along each direction of the loss by 1 - lr L, where L is the curvature
in that direction. Beyond lr = 2 / L that factor is below -1: every step overshoots by more than it was off. The
largest eigenvalue of the Hessian sets the limit for all directions.

Why it hurts training
---------------------
The error along the steepest direction grows by the same factor each step, however small it was. For c = a1 - a2 with
inputs in plus and minus 10 the largest eigenvalue is 71.5 and the limit 0.0280. At 0.025 the loss is 1.3e-5 after 100
steps, at 0.0305 it is 2e16, and at 0.05 not a number. A loss that is summed over a batch of N instead of averaged
makes every step N times as long: with batches of 10 the same learning rate of 0.05 that learns 2x + 3 overflows.

How it is detected, and what that cannot see
--------------------------------------------
At run time, before the first step: the largest eigenvalue of the Hessian of the first batch's loss is found with at
most 20 Hessian-vector products (all of them with up to 20 parameters, Lanczos with more). The limit is 2 / L for
gradient descent, 2 (1 + b) / L with momentum b, 2 (1 + b) / ((1 + 2 b) L) with Nesterov's, and for Adam
(2 + 2 b1) / ((1 - b1) L) with L of the Hessian preconditioned as in its first step. Later batches may lower the
eigenvalue that counts, never raise it.

It is an error where the loss is quadratic or the run confirms it: the loss rose or overflowed. It is a warning where
nothing is known of the run yet, or where the loss stays put although the targets can be learned. Networks may leave
the steep region and train on: where the loss came down to less than half, nothing is said. With Adam nothing is said
without the run's confirmation, as its steps adapt. Optimizers with other rules are not judged. Where the inputs'
scale is what leaves no room, PF403 is reported instead.

Example
-------
    import torch

    inputs = torch.rand(1000, 2) * 20 - 10
    targets = inputs[:, :1] - inputs[:, 1:]
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0305)

Instead
-------
    import torch

    inputs = torch.rand(1000, 2) * 20 - 10
    targets = inputs[:, :1] - inputs[:, 1:]
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.025)

When it is fine
---------------
A network's first few steps may be unstable on purpose: large learning rates lead to flatter regions, where the same
rate is stable. A search over learning rates crosses the limit to find it: where one line tries several rates and one
of them holds, nothing is said.

References
----------
- Cohen et al., Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability:
  https://arxiv.org/abs/2103.00065
- Cohen et al., Adaptive Gradient Methods at the Edge of Stability: https://arxiv.org/abs/2207.14484
- Lewkowycz et al., The large learning rate phase of deep learning: https://arxiv.org/abs/2003.02218
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF401",
    name="unstable-learning-rate",
    summary="the steps are so long that they amplify the error",
    words=None,
    runtime=True,
    consequence_of=("PF403", "PF108", "PF303", "PF407"),
)
