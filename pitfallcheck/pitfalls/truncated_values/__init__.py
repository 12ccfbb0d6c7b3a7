"""PF107 truncated-values: floats are cut to integers by the type of what they are stored in

What it is
----------
A float goes into an array of integers, and what stands behind the point is gone. The array came from `np.arange(n)`,
`np.array([0, 1, 2])`, `np.zeros_like(counts)`, `np.zeros(n, dtype=int)` or `torch.zeros(n, dtype=torch.long)`. Or the
type is chosen by chance: `np.vectorize` without `otypes` takes that of the first result, for all of them.

Why it hurts training
---------------------
Targets, inputs and gradients are wrong by up to 1, or all 0, and nothing is said: `np.vectorize` of a function that
returns `0` and `v / 2` gives `[0 0 1]` for `[0, 1, 3]`, and with another order of the inputs it is right. Measured: 200
targets of 0.5 x + 0.3 in an integer array are learned as 0.5 x - 0.246.

How it is detected, and what that cannot see
--------------------------------------------
In source, the type of an array is followed from where it is made: through names, attributes, functions of the file and
`*_like`. A store of what surely has a fraction (a division, a number such as 0.5, a mean, a draw) is an error; a
warning where the integer type was asked for in so many words. Arrays of 8 and 16 bits are left alone: pictures are cut
on purpose. So are whole numbers, `//`, `round` and `astype(int)`. What raises is no silent fault: `x /= 2` and `x +=
0.5` of whole integer arrays do, in NumPy and torch; `x[i] += 0.5` of one NumPy number does not.

A call of `np.vectorize` without `otypes` is a warning where its function visibly returns an integer on one path and a
float on another; what it is called with decides where it returns its input. Types that come from other modules are not
seen, and there is no half at run time.

Example
-------
    import numpy as np

    halves = np.vectorize(lambda v: v / 2 if v % 2 else v // 2)
    print(halves([0, 1, 3]))

Instead
-------
    import numpy as np

    halves = np.vectorize(lambda v: v / 2 if v % 2 else v // 2, otypes=[float])
    print(halves([0, 1, 3]))

When it is fine
---------------
Where the fraction is meant to be dropped. Say so, with `int(...)`, `np.floor` or `astype(int)`.

References
----------
- NumPy, vectorize: https://numpy.org/doc/stable/reference/generated/numpy.vectorize.html
- NumPy, Assigning values to indexed arrays: https://numpy.org/doc/stable/user/basics.indexing.html
- torch, Type promotion: https://docs.pytorch.org/docs/stable/tensor_attributes.html
"""

from pitfallcheck.lint.signs import FEEDING, LEARNING, SCRIPT, SHORT, TRAINS_OR_HANDS_OUT
from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF107",
    name="truncated-values",
    summary="floats are cut to integers by the type of what they are stored in",
    words=(
        (*TRAINS_OR_HANDS_OUT, b"vectorize"),
        (b"numpy", b"torch"),
        (b"vectorize", b"] =", b"]=", b"] +=", b"] -=", b"] *=", b"] /=", b"fill", b"full_like", b"copy_", b".put("),
        (
            *(
                b"vectorize",
                b"int",
                b"arange",
                b"array(",
                b"tensor(",
                b"full(",
                b"_like(",
                b"long",
                b"arg",
                b"len(",
                b"integers(",
            ),
        ),
    ),
    shapes=(
        (
            rb"\.vectorize(?<!jnp\.vectorize)\b",
            rb"numpy import[^\n]*\bvectorize\b",
            SHORT,
            *LEARNING,
            *FEEDING,
            *SCRIPT,
        ),
    ),
    hint=True,
    runtime=False,
    fix="safe",
)
