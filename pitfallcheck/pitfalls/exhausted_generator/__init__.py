"""PF109 exhausted-generator: a finite generator meets more steps than it has batches

What it is
----------
A generator, and anything that `zip`, `map`, `filter`, `enumerate`, `iter` and `itertools` make, can be gone through
once. It was made in front of the loop over epochs, and every epoch goes through it; or Keras' `fit` is given one that
ends, and asks for more.

Why it hurts training
---------------------
The first epoch trains, all others do nothing, and nothing crashes. Measured: 20 epochs over `zip` of 50 samples are 50
steps instead of 1000, and 2 x + 3 is learned as 1.24 x + 2.83. Keras 3.15, asked for 5 epochs of 20 steps of a
generator with 20 batches, warns once and does 30 steps: the later epochs get the batches that it had looked at ahead of
time.

How it is detected, and what that cannot see
--------------------------------------------
In source, an error: a `for`, a comprehension, `list`, `fit` or a function of the file goes through an iterator inside a
loop, in front of which it was made, and nothing in either loop leaves it early. Iterators are followed through names,
attributes and parameters. A `fit` whose generator visibly ends, and whose batches can be counted or are one pass over
the data, is an error where `epochs` and `steps_per_epoch` ask for more. Loops that `break` are left alone: they may go
on later where they stopped.

At run time, a loop that met a generator that had ended already, and a call that asked for more batches than there were,
are errors.

Example
-------
    pairs = zip([0.0, 1.0, 2.0], [3.0, 5.0, 7.0])
    slope = intercept = 0.0
    for epoch in range(100):
        for x, y in pairs:
            error = slope * x + intercept - y
            slope -= 0.1 * error * x
            intercept -= 0.1 * error

Instead
-------
    pairs = list(zip([0.0, 1.0, 2.0], [3.0, 5.0, 7.0]))
    slope = intercept = 0.0
    for epoch in range(100):
        for x, y in pairs:
            error = slope * x + intercept - y
            slope -= 0.1 * error * x
            intercept -= 0.1 * error

When it is fine
---------------
Where one pass is all that is wanted, and where a loop takes a part of an endless stream in each epoch.

References
----------
- Python, Generator types: https://docs.python.org/3/library/stdtypes.html#generator-types
- Keras, Model.fit: https://keras.io/api/models/model_training_apis/
"""

from pitfallcheck.lint.signs import FEEDING, LEARNING, SCRIPT, SHORT, TRAINS
from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF109",
    name="exhausted-generator",
    summary="a finite generator meets more steps than it has batches",
    words=(
        TRAINS,
        (b"for ",),
        (b"yield", b"zip(", b"map(", b"iter(", b"filter(", b"itertools", b"enumerate(", b"reversed(", b"= (", b"fit(("),
        (b"epoch", b"fit(", b"in range("),
    ),
    shapes=((SHORT, *LEARNING, *FEEDING, *SCRIPT),),
    hint=True,
    runtime=True,
)
