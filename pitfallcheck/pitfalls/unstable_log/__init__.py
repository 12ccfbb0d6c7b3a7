"""PF211 unstable-log: `log` of a softmax or a sigmoid, which may have rounded to 0

What it is
----------
The logarithm is taken of a probability that was computed before: `torch.log(F.softmax(x, dim=1))`, `tf.math.log(
tf.sigmoid(x))`, `-y * np.log(p) - (1 - y) * np.log(1 - p)` with `p = 1 / (1 + np.exp(-z))`. Nothing keeps the
probability away from 0, or from 1 in `log(1 - p)`.

Why it hurts training
---------------------
In float32 a sigmoid is exactly 1 from 17 on and exactly 0 below -89 (torch 2.13, TensorFlow 2.21, JAX 0.10), a softmax
where a logit lies that far below the largest. Its logarithm is `-inf`, the loss is infinite or, as `0 * -inf`, NaN, and
so are the gradients and from then on all weights. It happens once the network is sure of something, often after hours.
The logarithm of a softmax is `x - logsumexp(x)`, which needs no such rounding: for logits of 0 and 200 torch gives -inf
and 0 one way, -200 and 0 the other. Measured: a crossentropy by hand is inf in its first step and NaN for good in the
second, the stable form starts at 23.651 and ends at 0.000; logistic regression by hand reports NaN, and 0.008.

How it is detected, and what that cannot see
--------------------------------------------
In source: the argument of a `log` of NumPy, torch, TensorFlow, Keras or JAX is followed through names, indices,
functions of the file and, in torch, the modules of the file, to a `softmax` or `sigmoid` of a library, or one that is
written out. Where all ways end at one, and nothing is added, clipped or replaced in between, it is a warning: it
depends on the numbers that come. `log(softmax(x))` in one expression is mended by `--fix`. A mean or maximum of
probabilities is left alone, so are probabilities that come from elsewhere, and what is clipped after the logarithm.
There is no half at run time; a loss that became NaN is PF108's.

Example
-------
    import torch
    import torch.nn.functional as F

    net = torch.nn.Linear(2, 2)
    loss = -torch.log(F.softmax(net(torch.tensor([[400.0, -400.0]])), dim=1))[0, 1]
    loss.backward()

Instead
-------
    import torch
    import torch.nn.functional as F

    net = torch.nn.Linear(2, 2)
    loss = -F.log_softmax(net(torch.tensor([[400.0, -400.0]])), dim=1)[0, 1]
    loss.backward()

When it is fine
---------------
Where the logits are known to be small, say because they are the parameters of a mixture. The stable form costs nothing.

References
----------
- torch, log_softmax: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
- Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions, IMA J. Numer. Anal. 41
  (2021): https://doi.org/10.1093/imanum/draa038
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF211",
    name="unstable-log",
    summary="`log` of a softmax or a sigmoid, which may have rounded to 0",
    words=(
        (b"softmax(", b"sigmoid(", b"Softmax(", b"Sigmoid(", b"np.exp(-"),
        (b"torch.log(", b"np.log(", b"tf.math.log(", b"tf.log(", b"K.log(", b"ops.log(", b".log()", b"numpy.log("),
        (
            b".backward(",
            b"epoch",
            b"learning_rate",
            b".fit(",
            b"GradientTape",
            b"training_step",
            b"iterations",
            b"optim.",
            b"jax.grad(",
            b"value_and_grad(",
            b"minimize(",
        ),
    ),
    runtime=False,
    fix="safe",
)
