"""Small programs against leaked-samples: tests on what was trained on."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.leaked_samples import PITFALL
from pitfallcheck.pitfalls.leaked_samples.static import judge

SHARED = """
        from sklearn.metrics import accuracy_score
        from sklearn.model_selection import train_test_split
        from torchvision import datasets
        from keras.utils import np_utils
        """

BROKEN = {
    "validated on the training data": """
        x_train, y_train = load()
        model.fit(x_train, y_train, epochs=10, validation_data=(x_train, y_train))  # PF503: x_train
        """,
    "validated on the training generator": """
        train_gen = flow()
        model.fit_generator(train_gen, steps_per_epoch=10, validation_data=train_gen)  # PF503: train_gen
        """,
    "validation data under a name": """
        x_train, y_train = load()
        val = (x_train, y_train)
        model.fit(x_train, y_train, validation_data=val)  # PF503: x_train
        """,
    "inputs of the test copied from training": """
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        x_train = x_train.reshape(-1, 784).astype("float32") / 255
        x_test = x_train.reshape(-1, 784).astype("float32") / 255  # PF503: x_test
        model.fit(x_train, y_train)
        """,
    "labels of the test copied from training": """
        (X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
        Y_train = np_utils.to_categorical(y_train, 10)
        Y_test = np_utils.to_categorical(y_train, 10)  # PF503: Y_test
        model.fit(X_train, Y_train)
        """,
    "the test set is the training set": """
        train_dataset = datasets.MNIST(".", train=True)
        test_dataset = datasets.MNIST(".", train=True)  # PF503: test_dataset
        loss.backward()
        """,
    "the test loader reads the training set": """
        train_set, test_set = load()
        train_loader = DataLoader(train_set, batch_size=4, shuffle=True)
        test_loader = DataLoader(train_set, batch_size=4)  # PF503 warning: test_loader
        loss.backward()
        """,
    "both parts in one line": """
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        X_train, X_test = scaler.fit_transform(X_train), scaler.transform(X_train)  # PF503: X_test
        model.fit(X_train, y_train)
        """,
    "the test folder is the training folder": """
        train_generator = gen.flow_from_directory("data/train")
        validation_generator = gen.flow_from_directory("data/train")  # PF503: validation_generator
        model.fit(train_generator)
        """,
    "tensors of the training part": """
        x_train, x_test, y_train, y_test = train_test_split(x, y)
        test_ds = tf.data.Dataset.from_tensor_slices((x_train, y_train)).batch(32)  # PF503: test_ds
        model.fit(x_train, y_train)
        print(x_test, y_test)
        """,
    "named after the test": """
        test_loss, test_acc = model.evaluate(x_train, y_train)  # PF503: x_train
        model.fit(x_train, y_train)
        """,
    "printed as the test": """
        model.fit(x_train, y_train)
        score = model.evaluate(x_train, y_train, verbose=0)  # PF503: x_train
        print("Test loss:", score[0])
        print("Test accuracy:", score[1])
        """,
    "scores that are printed as the test": """
        clf.fit(X_train, y_train)
        print("Test accuracy", clf.score(X_train, y_train))  # PF503: X_train
        print(f"validation accuracy: {accuracy_score(y_train, predictions)}")  # PF503: y_train
        """,
    "slices that both begin at the front": """
        X = np.random.rand(1000, 2)
        X_train = X[:800]
        X_test = X[:200]  # PF503: X_test
        model.fit(X_train, y)
        """,
    "slices that overlap": """
        X = np.random.rand(1000, 2)
        x_train, x_test = X[:800], X[700:]  # PF503: x_test
        model.fit(x_train, y)
        """,
    "split, and fitted on everything": """
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        clf.fit(X, y)  # PF503: X
        print(clf.score(X_test, y_test))
        """,
    "a random split, and a loader of everything": """
        train_set, val_set = torch.utils.data.random_split(dataset, [80, 20])
        train_loader = DataLoader(dataset, shuffle=True)  # PF503: dataset
        val_loader = DataLoader(val_set)
        loss.backward()
        """,
}

FINE = {
    "held out": """
        x_train, x_test, y_train, y_test = train_test_split(x, y)
        model.fit(x_train, y_train, validation_data=(x_test, y_test))
        test_loss = model.evaluate(x_test, y_test)
        """,
    "both are evaluated": """
        train_loss = model.evaluate(x_train, y_train)
        test_loss = model.evaluate(x_test, y_test)
        print("Train and test accuracy", clf.score(X_train, y_train), clf.score(X_test, y_test))
        print("train accuracy", clf.score(X_train, y_train))
        model.fit(x_train, y_train)
        """,
    "a toy": """
        X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
        model.fit(X, y, epochs=1000)
        print(model.evaluate(X, y), model.predict(X))
        """,
    "an autoencoder": """
        model.fit(x_train, x_train, validation_data=(x_test, x_test))
        """,
    "random targets, to see whether it runs": """
        x_train = np.random.rand(100, 4)
        y_train = np.random.randint(0, 2, 100)
        model.fit(x_train, y_train, validation_data=(x_train, y_train))
        """,
    "in a test": """
        def test_fit():
            model.fit(x_train, y_train, validation_data=(x_train, y_train))
        """,
    "validation samples picked by a sampler": """
        from torch.utils.data import SubsetRandomSampler
        train_set = datasets.CIFAR10(".", train=True)
        valid_set = datasets.CIFAR10(".", train=True, transform=plain)
        train_loader = DataLoader(train_set, sampler=SubsetRandomSampler(a))
        valid_loader = DataLoader(train_set, sampler=SubsetRandomSampler(b))
        loss.backward()
        """,
    "a part of the training data": """
        x_val = x_train[:1000]
        x_train = x_train[1000:]
        val_data = train_data.take(100)
        val_frame = train_frame.sample(frac=0.1)
        model.fit(x_train, y_train, validation_data=(x_val, y_val))
        """,
    "a loader that is tried out": """
        train_set = load()
        test_loader = DataLoader(train_set, batch_size=2)
        print(next(iter(test_loader)))
        eval_loader = DataLoader(train_set, batch_size=2)
        for batch in eval_loader:
            look(batch)
        loss.backward()
        """,
    "what is no data": """
        test_transform = train_transform
        val_batch_size = train_batch_size
        test_loss = train_loss
        val_steps = train_steps
        test_size = len(train_set)
        model.fit(x_train, y_train)
        """,
    "a fallback": """
        def fit(train_data, val_data=None):
            if val_data is None:
                val_data = train_data
            model.fit(train_data, validation_data=val_data)
        """,
    "slices that meet": """
        X_train, X_test = X[:800], X[800:]
        a_train, a_test = A[:-100], A[-100:]
        model.fit(X_train, y)
        """,
    "a window that reaches back": """
        n = 800
        train = data[:n]
        test = data[n - 60:]
        model.fit(train, y)
        """,
    "slices of two arrays": """
        X_train = X_all[:800]
        X_test = X_new[:200]
        (x, y), (xt, yt) = keras.datasets.mnist.load_data()
        x_train, x_test = x[:800], xt[:200]
        model.fit(X_train, y)
        """,
    "refitted on everything in the end": """
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        clf.fit(X_train, y_train)
        print(clf.score(X_test, y_test))
        clf.fit(X, y)
        """,
    "a subset of a generator": """
        train_generator = gen.flow_from_directory("data/train", subset="training")
        validation_generator = gen.flow_from_directory("data/train", subset="validation")
        model.fit(train_generator, validation_data=validation_generator)
        """,
}


def program(text: str) -> str:
    """The case below the imports that these cases share."""
    return SHARED + text


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_reports_what_is_broken(text: str) -> None:
    assert announced(program(text))
    assert reported(judge, program(text)) == announced(program(text))


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_is_silent_about_what_is_fine(text: str) -> None:
    assert reported(judge, program(text)) == set()


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_the_screen_lets_it_through(text: str) -> None:
    assert PITFALL.may_be_in(source(program(text)).text.encode())
