"""PF505 shuffled-time: a random split or shuffle of a time series before forecasting it

What it is
----------
Windows of a series, each with the value that follows as its target, are dealt at random to training and test. Between
two windows that were trained on lies one that is tested, and it shares all but a few of its values with them.

Why it hurts training
---------------------
The forecast is tested on gaps between known values, and not on what comes after all of them: a model that remembers its
samples does well there and fails tomorrow. On a random walk of 1000 steps the nearest of the training windows forecast
the random test windows with an error of 1.0, and those behind the training windows with one of 9.8.

How it is detected, and what that cannot see
--------------------------------------------
In source, the inputs of `train_test_split`, `random_split`, shuffled folds and of slices that are called training and
test data are followed back to windows `series[i : i + n]` whose turn of the loop also reads what follows, to a data set
class with such items, or to a negative `shift` of pandas; slices only where a shuffle or a permutation came before. A
warning, as the series may be many short ones. Shuffling within the training part is right, and so is
`validation_split`, which takes the last samples before Keras shuffles (3.15). Windows of text are left alone.

Example
-------
    import numpy as np
    from sklearn.model_selection import train_test_split

    series = np.cumsum(np.random.default_rng(0).normal(size=1000))
    windows, targets = [], []
    for i in range(len(series) - 20):
        windows.append(series[i : i + 20])
        targets.append(series[i + 20])
    x_train, x_test, y_train, y_test = train_test_split(np.array(windows), np.array(targets))

Instead
-------
    import numpy as np
    from sklearn.model_selection import train_test_split

    series = np.cumsum(np.random.default_rng(0).normal(size=1000))
    windows, targets = [], []
    for i in range(len(series) - 20):
        windows.append(series[i : i + 20])
        targets.append(series[i + 20])
    x_train, x_test, y_train, y_test = train_test_split(np.array(windows), np.array(targets), shuffle=False)

When it is fine
---------------
Where the gaps are to be filled, and not the future told; where each sample is a series of its own.

References
----------
- scikit-learn, Cross-validation of time series data:
  https://scikit-learn.org/stable/modules/cross_validation.html#cross-validation-of-time-series-data
- Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 5.10, Time series cross-validation:
  https://otexts.com/fpp3/tscv.html
"""

from pitfallcheck.lint.signs import TRAINS
from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF505",
    name="shuffled-time",
    summary="a random split or shuffle of a time series before forecasting it",
    words=(
        TRAINS,
        (
            b"train_test_split(",
            b"random_split(",
            b"Fold(",
            b"ShuffleSplit(",
            b"permutation(",
            b"shuffle(",
            b"randperm(",
        ),
        (b".append(", b".shift(", b"__getitem__", b" for "),
        (b"train", b"Train"),
        (b".fit(", b".backward(", b"forecast", b"window", b"look_back", b"series", b"LSTM"),
    ),
    runtime=False,
)
