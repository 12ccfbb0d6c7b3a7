"""PF501 narrow-training-range: predictions are asked for inputs far outside what training covered

What it is
----------
A network was trained on inputs from one range, and is asked about inputs from another: numbers from 0 to 1 in training
and 8 in use, or scaled inputs in training and raw ones in use.

Why it hurts training
---------------------
A loss that is close to 0 says something about the range it was measured on, and nothing about any other. A ReLU network
that learned a1 - a2 on the unit square to a loss of 4e-7 predicts 1.29, -1.97 and 2.61 for (5, 3), (-2, 1) and (8, 4),
where 2, -3 and 4 are right; trained on -10 to 10, with a loss of 5e-3, it predicts 2.04, -3.12 and 4.00.

How it is detected, and what that cannot see
--------------------------------------------
At run time, the range of each feature over all samples of training is kept, and compared with what the trained model is
asked in `predict`, `evaluate` or a call without gradients. It is a warning where a feature is asked half of its trained
range or more beyond it, and a tenth of the rows lie outside of it, more than chance would put there. A test set from
the same distribution, single outliers, a margin around a plot and the next fifth of a time series stay below. Features
that never varied in training, fewer than 20 training samples, and affine models of affine targets are left alone. Each
feature is looked at by itself: a combination of values that training never had, each in its range, is not seen.

Example
-------
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    inputs = torch.rand(1000, 2)
    asked = torch.tensor([[5.0, 3.0], [-2.0, 1.0], [8.0, 4.0]])

Instead
-------
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    inputs = torch.rand(1000, 2) * 20 - 10
    asked = torch.tensor([[5.0, 3.0], [-2.0, 1.0], [8.0, 4.0]])

When it is fine
---------------
Where extrapolation is what is studied, or the model is known to hold outside (a linear law, a periodic feature).

References
----------
- Barnard and Wessels, "Extrapolation and interpolation in neural network classifiers", IEEE Control Systems 12, 1992
- Xu, Zhang, Li, Du, Kawarabayashi and Jegelka, "How Neural Networks Extrapolate", ICLR 2021:
  https://arxiv.org/abs/2009.11848
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF501",
    name="narrow-training-range",
    summary="predictions are asked for inputs far outside what training covered",
    words=None,
    runtime=True,
    consequence_of=("PF1",),
)
