"""PF302 oversized-model: a network does worse than the affine fit that already explains the targets

What it is
----------
The targets are an affine function of the inputs (a difference, a mean, a weighted sum), and a network with hidden
layers is trained on them. Least squares has the answer exactly; the network has to imitate a plane with bent pieces.

Why it hurts training
---------------------
Saturating units flatten where the rule goes on, so the network is worst at the ends of the range, and every layer more
is harder to train. For c = a1 - a2 on [-10, 10], three layers of 32 tanh units reach a mean squared error of 1.9 after
300 steps of gradient descent; one linear layer reaches 0.000 with the same steps and learning rate.

How it is detected, and what that cannot see
--------------------------------------------
At run time, an affine least-squares fit is made to the samples that training saw. It is a warning where that fit has an
R² above 0.999, and the network, which has at least sixteen times its parameters and is not affine itself, ends after
200 steps or more with an error ten times as large that leaves 5 % of the targets' variance or more, or 1 % where it has
four layers with weights. A network that comes close is left alone, whatever its size. Nothing is said of
classification, and of inputs with more than 256 features no fit is made.

Example
-------
    import torch
    from torch import nn

    inputs = torch.rand(1000, 2) * 20 - 10
    targets = inputs[:, :1] - inputs[:, 1:]
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))

Instead
-------
    import torch
    from torch import nn

    inputs = torch.rand(1000, 2) * 20 - 10
    targets = inputs[:, :1] - inputs[:, 1:]
    model = nn.Sequential(nn.Linear(2, 1))

When it is fine
---------------
Where the network is to be shown to learn a known rule, or where later data will not be affine.

References
----------
- Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, chapter 3 (linear least squares as the first
  model to try): https://hastie.su.domains/ElemStatLearn/
- Google, Rules of Machine Learning, rule 4, "keep the first model simple":
  https://developers.google.com/machine-learning/guides/rules-of-ml
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF302",
    name="oversized-model",
    summary="a network does worse than the affine fit that already explains the targets",
    words=None,
    runtime=True,
    consequence_of=("PF1", "PF2", "PF303", "PF304", "PF401", "PF402", "PF403", "PF407"),
)
