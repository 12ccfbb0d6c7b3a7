"""PF101 reused-buffer: a batch that was handed out is overwritten by the next one

What it is
----------
A generator (or a dataset's `__getitem__`, or an iterator's `__next__`) allocates an array once and refills it for every
batch. What it hands out is the array and not its numbers, so every batch that its consumer still holds turns into the
newest one. A view (`x[:n]`, `x.T`, `np.expand_dims(x, -1)`) or a tensor that shares the memory (`torch.from_numpy(x)`)
does the same.

Why it hurts training
---------------------
Consumers take batches ahead of their use. What is computed fresh for each batch then meets what belongs to another one:
the targets of batch 1 with the inputs of batch 2. The network trains, without an error, on pairs that are wrong.

How much is wrong is luck. TensorFlow keeps the memory of a NumPy array only where that starts on a 64-byte boundary,
and `np.zeros` lands on one about one time in four. Measured on one CPU, out of 50 batches whose inputs must match
their targets, with the buffer on a boundary and 16 bytes past one:

- Keras 3.15 on TensorFlow 2.21, `fit(generator)`: 50 wrong; 1 wrong, as the first batch is looked at ahead of time
- `tf.data.Dataset.from_generator`: 49 wrong; none
- a `keras.utils.PyDataset` with one worker: 49 wrong; none. With two or more workers: 49 wrong in both cases
- torch 2.13, a `DataLoader` that puts four items of one buffer together: 50 wrong, with the buffer on a boundary
- batches kept in a list by `torch.from_numpy` or `torch.as_tensor`, which share memory by their contract: 49 wrong,
  on a boundary; by `torch.tensor`, which copies: none
- batches kept by `jax.device_put` (jax 0.10.2): 49 wrong on a boundary, none off it; by `jnp.asarray`,
  `tf.convert_to_tensor` and `tf.constant`, which copy: none

How it is detected, and what that cannot see
--------------------------------------------
In source, the paths through the function are followed, with the memory that each name stands for: where it was
allocated (before the loop, in `__init__`, in a closure, a global, a default argument), which views of it are handed
out, and what writes into it (subscripts, `+=`, `out=`, `fill`, `np.copyto`, helpers of the same file) before the next
batch is handed out. A copy or a new array on every path ends it. It is an error where the file shows a consumer that
keeps batches or takes them ahead, a note where each visible loop is done with its batch before it asks for the next,
otherwise a warning.

The same paths tell of an array that is put into a list, dict or queue turn after turn and refilled in between: all that
the list holds is one array. Two relatives are found by their form: `[np.zeros(3)] * 4`, whose items are written, and
what is kept of a model in the loop that trains it, `best = model.state_dict()` (loaded again behind the loop) or
`history.append(layer.weight.data)`, which are the weights themselves and no copy.

Not seen are buffers that come from, or are written by, functions of other modules, and parts of a buffer told apart
only by indices that no one can know before the program runs: those are left alone. At run time the memory of each batch
is compared with what was handed out, which needs no source.

Example
-------
    import numpy as np

    def train_iterator(batch_size=1):
        x = np.zeros((batch_size, 2))
        while True:
            for i in range(batch_size):
                x[i] = np.random.randint(0, 100, 2)
            yield x, x.mean(axis=1)

    batches = train_iterator()
    print(next(batches), next(batches))

Instead
-------
    import numpy as np

    def train_iterator(batch_size=1):
        while True:
            x = np.zeros((batch_size, 2))
            for i in range(batch_size):
                x[i] = np.random.randint(0, 100, 2)
            yield x, x.mean(axis=1)

    batches = train_iterator()
    print(next(batches), next(batches))

When it is fine
---------------
Where the consumer is surely done with a batch before it asks for the next one, and no one puts a prefetching consumer
in its place later: a plain `for` loop that copies or reduces what it gets.

References
----------
- NumPy, Copies and views: https://numpy.org/doc/stable/user/basics.copies.html
- torch, from_numpy: https://docs.pytorch.org/docs/stable/generated/torch.from_numpy.html
- Keras, PyDataset: https://keras.io/api/utils/python_utils/
- TensorFlow, NumPy compatibility of tensors: https://www.tensorflow.org/guide/basics
"""

from pitfallcheck.lint.signs import TRAINS_OR_HANDS_OUT
from pitfallcheck.pitfall import Pitfall

_LINES = (
    rb"(?:\w+ = )?yield +[\w(\[{](?!rom )",
    rb"def __(?:getitem|getitems|next)__",
    # What was just written is put into a container, at most three lines below.
    rb"([A-Za-z_][\w.]*)(?:\[[^\n=]*\] [-+*/]?=| [-+*/]=|\.fill\(|\.\w+_\()[^\n]*\n(?:[^\n]*\n){0,3}?"
    rb"[^\n]*\.(?:append|put|put_nowait|appendleft)\(\(?(?:\w+, )?(?:\w+\.)*\w*\(?\1[\[,).]",
    rb"[\w.]+ = \[\w+\.(?:zeros|empty|ones|full|rand\w*)\([^\n]*\] \* ",
    rb"\w+ = [\w.]+\.state_dict\(\)\s*\n",
    rb"[\w.]+\.append\([\w.]+\.(?:weight|bias)\.(?:data|detach)",
)
"""How the line begins that one form of the fault cannot do without."""

PITFALL = Pitfall(
    code="PF101",
    name="reused-buffer",
    summary="an array that was handed out is written again before its consumer is done with it",
    words=(
        # Recorders of games and cameras keep buffers, too.
        (*TRAINS_OR_HANDS_OUT, b"env.step(", b".read("),
        (b"yield ", b"__getitem__", b"__getitems__", b"__next__", b".append(", b".put", b"] * ", b".state_dict()"),
        (b"numpy", b"torch", b"tensorflow", b"keras", b"cupy"),
        (b"zeros(", b"empty(", b"ones(", b"full(", b"_like(", b"array(", b"arange(", b"linspace(", b"rand(", b"randn(",
         b"random(", b"randint(", b"uniform(", b"normal(", b"memmap(", b"tile(", b"eye(", b"tensor(", b"Tensor(",
         b"Variable(", b"frombuffer(", b"import zeros", b".state_dict()", b".weight.", b".bias."),
    ),
    shapes=(rb"\n[ \t]*(?:" + b"|".join(_LINES) + rb")",),
    runtime=True,
    fix="safe",
)  # fmt: skip
