"""PF405 uncleared-gradients: gradients of one step flow into the next

What it is
----------
In torch, `backward` adds to the gradients that are there. A loop that steps and never clears them steps along the sum
of all gradients so far; one that clears them between `backward` and `step` steps along nothing at all.

Why it hurts training
---------------------
The sum of the gradients acts as momentum that never fades: the weights swing around the optimum and do not settle, and
with batches drawn at random the swings grow. In the fixtures a straight line is fitted in 200 steps at a rate of 0.05:
without clearing, the loss of the last 50 steps still swings up to 5.30, where it began at 5.31; with it, it is 0.00.

How it is detected, and what that cannot see
--------------------------------------------
In source, for torch, in the order in which the calls of one turn of the loop run, through the functions of the file:
`backward` and `step` with nothing on the way that clears the gradients of that optimizer, `zero_grad` in front of the
loop only or once per epoch while each batch steps, on another optimizer, between `backward` and `step`, or without its
parentheses; and steps by hand, `w -= lr * w.grad`. A clearing under a condition is taken for an accumulation that is
meant. Where the optimizer, or `self`, goes to code that the file does not show, nothing is said.

Example
-------
    import torch

    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(100):
        loss = model(torch.rand(64, 2)).square().mean()
        loss.backward()
        optimizer.step()

Instead
-------
    import torch

    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(100):
        loss = model(torch.rand(64, 2)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

When it is fine
---------------
To sum the gradients of several batches before one step: step and clear under one condition, every k batches.

References
----------
- torch, Optimizer.zero_grad: https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html
- torch, Zeroing out gradients: https://pytorch.org/tutorials/recipes/recipes/zeroing_out_gradients.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF405",
    name="uncleared-gradients",
    summary="gradients of one step flow into the next",
    words=((b".backward(", b".zero_grad\n", b".zero_grad\r"), (b".step(", b".grad"), (b"torch", b"lightning")),
    runtime=False,
    fix="safe",
)
