"""PF408 kept-graph: the loss tensor itself is summed or kept over the steps

What it is
----------
`total += loss` adds a tensor, and what comes out remembers how it was computed: from the loss of this step, that of the
one before, and so on to the first. `losses.append(loss)` keeps the graph of each step in the list.

Why it hurts training
---------------------
Nothing of a step is let go until the sum or the list is: memory grows with every step, until it runs out, often hours
in. In the fixtures the sum of 200 losses hangs on a chain of 200 additions; with `loss.detach()` on none. In
a loop that evaluates without `torch.no_grad()`, where no `backward` frees the activations either, all of them stay.

How it is detected, and what that cannot see
--------------------------------------------
In source, for torch: `total += loss`, `total = total + loss`, also with a factor, and `losses.append(loss)` of the very
tensor on which `backward` is called in the same loop, where the sum or the list lives longer than one turn; and of a
loss in a loop that only evaluates, outside of `torch.no_grad()`. Where the sum or the list leads to a `backward` of its
own, or `retain_graph` says that the graph is wanted, nothing is said.

Example
-------
    import torch

    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    total = 0.0
    for _ in range(100):
        loss = model(torch.rand(64, 2)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss
    print(total / 100)

Instead
-------
    import torch

    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    total = 0.0
    for _ in range(100):
        loss = model(torch.rand(64, 2)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(total / 100)

When it is fine
---------------
Where the sum is what `backward` is called on, as over the steps of a sequence.

References
----------
- torch, FAQ, Don't accumulate history across your training loop:
  https://pytorch.org/docs/stable/notes/faq.html#my-model-reports-cuda-runtime-error-2-out-of-memory
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF408",
    name="kept-graph",
    summary="the loss tensor itself is summed or kept over the steps",
    words=((b".backward(",), (b"+=", b".append(", b" + "), (b"loss", b"cost", b"criterion"), (b"torch",)),
    runtime=False,
    fix="safe",
)
