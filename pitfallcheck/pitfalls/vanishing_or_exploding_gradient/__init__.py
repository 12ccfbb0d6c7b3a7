"""PF407 vanishing-or-exploding-gradient: gradients shrink or grow by orders of magnitude on their way back

What it is
----------
Going back through the layers, the gradient is multiplied by each layer's weights and slopes. Where the product is
smaller than 1 it shrinks with every layer: a sigmoid has a slope of 1/4 at most. Where it is larger, as with initial
weights that are not scaled with the layers' width or in a recurrent layer over many steps, it grows.

Why it hurts training
---------------------
Layers near the input then do not move, or move by far too much. Seven sigmoid layers of 32 units: relative to their
weights, the gradient of the first layer is 8e-7 and that of the last 5.5, and after 500 steps the loss is that of the
best constant, 0.690. With tanh in their place it is 0.018. Eight ReLU layers that start from standard normal weights
have a loss of NaN in the second step; with weights scaled by their width (He) it is 0.04 after 200 steps.

How it is detected, and what that cannot see
--------------------------------------------
At run time, the norms of the gradients at the first step are compared over the layers, each relative to the norm of
its weights. It is an error where two layers lie a factor of 1000 apart, or the error signal, as the biases get it,
grows 30-fold towards the input and gradients exceed their weights 100-fold; and only where the training came to
nothing, so that the loss is not finite or not below 0.9 of the best constant's. A network that learns is left alone,
whatever its gradients. Biases, the scales of normalisation and embeddings are no measure of depth and are left out;
gradients of exactly 0 are another fault. What happens inside a recurrent layer from step to step is not seen.

Example
-------
    import torch

    layers = [torch.nn.Linear(4, 32), torch.nn.Sigmoid()]
    for _ in range(6):
        layers += [torch.nn.Linear(32, 32), torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(32, 1))

Instead
-------
    import torch

    layers = [torch.nn.Linear(4, 32), torch.nn.Tanh()]
    for _ in range(6):
        layers += [torch.nn.Linear(32, 32), torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(32, 1))

When it is fine
---------------
Where the model learns all the same: an optimizer that scales each weight's step by itself, such as Adam, gets many such
stacks to train, and then nothing is said.

References
----------
- Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010:
  https://proceedings.mlr.press/v9/glorot10a.html
- Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013:
  https://arxiv.org/abs/1211.5063
- He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", ICCV 2015: https://arxiv.org/abs/1502.01852
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF407",
    name="vanishing-or-exploding-gradient",
    summary="gradients shrink or grow by orders of magnitude over the depth of the model",
    words=None,
    runtime=True,
    consequence_of=("PF1", "PF2", "PF304", "PF403"),
)
