"""PF402 stalled-learning-rate: the steps are too small to arrive

What it is
----------
A step of gradient descent leaves 1 - lr L of the error in a direction of curvature L. After n steps (1 - lr L)^n is
left. Where that is still much for a direction that matters, the training ends before it has arrived. Adam moves every
weight by about its learning rate a step, whatever the gradient: it covers a distance of lr n at most.

Why it hurts training
---------------------
The loss goes down, smoothly, and the run ends with a model that is half way. For c = a1 - a2 with inputs in plus and
minus 10, 100 steps at 0.0001 end at a loss of 25.6 and predict 1.05, -1.92 and 2.28 for 2, -3 and 4. At 0.01 the loss
is 0.0060: both weights are right, and the bias is still off by 0.08, since the curvature in its direction is 2 and
(1 - 0.01 * 2)^100 is 13 %. At 0.025 the loss is 1.3e-5. Adam at 0.01 ends at 12.1, and at 0.1 at 0.0009.

How it is detected, and what that cannot see
--------------------------------------------
At run time the optimizer's own rule is followed on the quadratic model of the first batch's loss: eigenvalues and
gradient before the first step, and then as many steps as the program takes. For a model with up to 20 parameters the
Hessian is known whole, with more it is what 20 Hessian-vector products tell, and Adam is then not forecast.

Where the loss is quadratic, a warning says that what is foreseen to be left above the floor is 5 % or more of the loss
of a constant prediction. A note says that a direction keeps 10 % or more of its error although little of the loss is in
it; that is told only where each step sees all samples. What is small beside the noise that no training removes is not
mentioned, nor what the run's own losses contradict. For other networks the forecast is not trusted: only a run that is
confirmed to have followed its first gradient and no more is named, where a constant or an affine prediction is known to
be better, or a classifier still is close to guessing. Runs of fewer than 50 steps and scheduled learning rates are not
judged.

Example
-------
    import torch

    inputs = torch.rand(1000, 2) * 20 - 10
    targets = inputs[:, :1] - inputs[:, 1:]
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0001)

Instead
-------
    import torch

    inputs = torch.rand(1000, 2) * 20 - 10
    targets = inputs[:, :1] - inputs[:, 1:]
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.025)

When it is fine
---------------
In fine-tuning, which starts near its end and should not move far; in a trial run; and where stopping early is what
keeps the model from fitting noise.

References
----------
- Goodfellow, Bengio and Courville, Deep Learning, sections 4.3 and 8.2: https://www.deeplearningbook.org
- Goh, Why Momentum Really Works: https://distill.pub/2017/momentum/
- Kingma and Ba, Adam: https://arxiv.org/abs/1412.6980
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF402",
    name="stalled-learning-rate",
    summary="the steps are too small to arrive",
    words=None,
    runtime=True,
    consequence_of=("PF1", "PF2", "PF303", "PF304", "PF401", "PF403"),
)
