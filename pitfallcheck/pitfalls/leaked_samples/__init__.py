"""PF503 leaked-samples: the same samples in training and validation

What it is
----------
The samples that a model is tested or validated on are among those it was trained on: `validation_data` is the training
data, a test loader is made of the training set, two slices overlap, a split was made and then all samples were fitted.

Why it hurts training
---------------------
A model that has learned its samples by heart scores as if it had understood them, early stopping never stops, and the
fault shows only on new data. A network that was fitted to 40 points of a noisy sine had a test loss of 0.07 where the
test loader was made of them, and of 0.46 on others; the nearest of 800 samples predicted 200 of them without an error,
and others with one of 0.356.

How it is detected, and what that cannot see
--------------------------------------------
In source, and only where something is called validation or test: the data of `fit` and its `validation_data`, names for
test data that are bound to training data, evaluations of training data that are named or printed as test results,
slices of one array whose bounds overlap, splits whose training part is never read while the whole is fitted. Training
and testing on everything under no such name is left alone, so are samplers, conditional fallbacks, tests of programs,
and targets that are random numbers. Repeated samples within a data set show only in the data.

Example
-------
    import numpy as np

    x = np.random.default_rng(0).normal(size=(1000, 4))
    x_train, x_test = x[:800], x[:200]

Instead
-------
    import numpy as np

    x = np.random.default_rng(0).normal(size=(1000, 4))
    x_train, x_test = x[:800], x[800:]

When it is fine
---------------
In a trial run that asks whether a model can learn a few samples by heart.

References
----------
- Kapoor and Narayanan, "Leakage and the reproducibility crisis in machine-learning-based science", Patterns 4 (2023):
  https://doi.org/10.1016/j.patter.2023.100804
- Karpathy, "A Recipe for Training Neural Networks": https://karpathy.github.io/2019/04/25/recipe/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF503",
    name="leaked-samples",
    summary="the same samples in training and validation",
    words=(
        (
            *(b"validation_data", b"test_", b"val_", b"valid_", b"_test", b"_val", b"test = ", b"train_test_split("),
            *(b"random_split(", b"Test", b"testloader", b"testset", b"valset", b"valloader", b"xtest"),
        ),
        (*(b".fit(", b".fit_generator(", b".backward(", b"DataLoader(", b"np.", b"numpy"),),
        (
            *(b"x_train", b"X_train", b"train_x", b"trainX", b"train_loader", b"train_data", b"train_set", b"trainset"),
            *(b"train = ", b"validation_data=(", b"train_test_split(", b"random_split(", b"train_ds", b"train, test"),
            *(b"train_gen", b"train_images", b"validation_data=train", b"xtrain", b"Xtrain", b"X_tr", b"train_df"),
        ),
    ),
    runtime=False,
)
