"""PF502 leaked-preprocessing: a scaler, selector or imputer is fitted before the split

What it is
----------
Something that learns from data, such as a mean and a deviation, the best features, synthetic samples of a rare class,
is fitted on all samples, and only then are they divided into those to train on and those to test on.

Why it hurts training
---------------------
The test samples have had a say in training, so the test flatters the model, and its score says less about new data.
A rising series that is scaled to [0, 1] as a whole has test values up to 1.00; scaled by its training part, which is
all that is known when it is to be forecast, they go up to 1.21. With selection by the labels, or with oversampling, the
score may say nothing at all.

How it is detected, and what that cannot see
--------------------------------------------
In source, the inputs of `train_test_split`, `random_split`, cross-validation and of slices that are called training and
test data are followed back to a fit of scikit-learn, imbalanced-learn or category_encoders, or to
`(x - x.mean(0)) / x.std(0)` by hand. It is a warning; where labels or samples themselves are handed on, as by
`SelectKBest` and `SMOTE`, an error. Fits on a part, on single samples, within a `Pipeline`, and encoders that only
number the categories are left alone, as is a data set that another file divides.

Example
-------
    import numpy as np

    x = np.random.default_rng(0).normal(3, 2, (1000, 4))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    x_train, x_test = x[:800], x[800:]

Instead
-------
    import numpy as np

    x = np.random.default_rng(0).normal(3, 2, (1000, 4))
    x_train, x_test = x[:800], x[800:]
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    x_train, x_test = (x_train - mean) / deviation, (x_test - mean) / deviation

When it is fine
---------------
Where the numbers come from outside the data (255 for pixels), or where the test samples are what is to be described,
and nothing is claimed about others.

References
----------
- scikit-learn, Common pitfalls, Data leakage: https://scikit-learn.org/stable/common_pitfalls.html#data-leakage
- Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 7.10.2, The wrong and right way to do
  cross-validation: https://hastie.su.domains/ElemStatLearn/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF502",
    name="leaked-preprocessing",
    summary="a scaler, selector or imputer is fitted before the split",
    words=(
        (b"fit_transform(", b"fit_resample(", b"fit_sample(", b".transform(", b"std(", b".min(", b"scale("),
        (
            *(b"train_test_split(", b"random_split(", b"Fold(", b"ShuffleSplit(", b"TimeSeriesSplit(", b"cross_val"),
            *(
                b"train = ",
                b"train_data = ",
                b"_train = ",
                b"_test = ",
                b"test = ",
                b"Train = ",
                b"train_X",
                b"_test, ",
            ),
        ),
    ),
    runtime=False,
)
