"""PF409 step-order: a step before its gradients, without them, in the wrong loop, or a schedule before its step

What it is
----------
One turn of a training loop in torch computes a loss, clears the gradients, runs `backward`, and then `step`. Here one
of them is missing, stands in another loop, names the method without calling it, or they run in another order; or the
learning-rate schedule moves on before the optimizer has used its first value.

Why it hurts training
---------------------
A step in front of `backward`, behind `zero_grad`, finds no gradients and moves nothing: in the fixtures the loss stays
at 5.31, where it reaches 0.00 with the two lines exchanged. A step behind the loop over the batches uses
the gradient of the last batch alone. A schedule that moves before the first step never uses its first learning rate.

How it is detected, and what that cannot see
--------------------------------------------
In source, for torch, in the order in which the calls of one turn run, through the functions of the file: for each
optimizer that the file makes, what was cleared and what was computed since, when it steps. A `step` with a loss and no
`backward` in the whole file; a `backward` whose optimizer never steps and goes nowhere else; an optimizer with a state
(momentum, Adam) made anew in each turn; an optimizer that nothing uses next to a loop that computes the loss of its
network; gradients clipped behind the step; `scheduler.step()` without arguments in front of `optimizer.step()`, and, as
a note, one that counts epochs and runs with each batch. Calls that hand the optimizer or `self` to other files may do
any of it: nothing is said there.

Example
-------
    import torch

    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        loss = model(torch.rand(64, 2)).square().mean()
        optimizer.step()
        loss.backward()

Instead
-------
    import torch

    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        loss = model(torch.rand(64, 2)).square().mean()
        loss.backward()
        optimizer.step()

When it is fine
---------------
Where all gradients of an epoch are to be summed before one step: clear them once per epoch, too. A schedule may move
first where its values are computed for that.

References
----------
- torch, Taking an optimization step: https://pytorch.org/docs/stable/optim.html#taking-an-optimization-step
- torch, How to adjust learning rate: https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF409",
    name="step-order",
    summary="a step before its gradients, without them, in the wrong loop, or a schedule before its step",
    words=(
        (b"optim",),
        (b".zero_grad", b".backward", b".parameters()"),
        (b".step", b"zero_grad()", b"oss"),
        (b"torch", b"lightning"),
    ),
    hint=True,
    runtime=False,
)
