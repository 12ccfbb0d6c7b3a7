"""Small programs against wrong-scaling: scaled twice, to nothing, with the labels, or otherwise for the test."""

from __future__ import annotations

import pytest
from shape_cases import announced, mended, reported

from pitfallcheck.pitfalls.wrong_scaling import PITFALL
from pitfallcheck.pitfalls.wrong_scaling.static import judge

LOAD = """
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        model = keras.Sequential([layers.Flatten(), layers.Dense(64), layers.Dense(10)])
        """

SPLIT = """
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler
        X, y = load()
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        model = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(1)])
        """
TORCH = """
        X, y = load()
        X_train, y_train = X[:-100], y[:-100]
        X_val, y_val = X[-100:], y[-100:]
        net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3))
        """

BROKEN = {
    "only the training part through a scaler": SPLIT
    + """
        scaler = StandardScaler()
        X_train = scaler.fit_transform(X_train)
        model.fit(X_train, y_train)
        model.evaluate(X_test, y_test)  # PF112 error: X_test
        """,
    "only the training part through a scaler, under another name": SPLIT
    + """
        scaler = StandardScaler()
        X_train_s = scaler.fit_transform(X_train.astype("float32"))
        X_test = np.array(X_test)
        model.fit(X_train_s, y_train, validation_data=(X_test, y_test))  # PF112 error: X_test
        """,
    "only the training part of a loader": """
        (train_x, train_y), (test_x, test_y) = keras.datasets.boston_housing.load_data()
        mean, std = train_x.mean(axis=0), train_x.std(axis=0)
        train_x -= mean
        train_x /= std
        model.fit(train_x, train_y)
        model.evaluate(test_x, test_y)  # PF112 error: test_x
        """,
    "only the training part of an unknown loader, by hand": """
        x_train, y_train, x_test, y_test = load()
        m = x_train.mean(axis=0)
        s = np.std(x_train, axis=0) + 1e-8
        model.fit((x_train - m) / s, y_train)
        print(model.predict(x_test))  # PF112 error: x_test
        """,
    "only the training part, in a loop of torch": TORCH
    + """
        mean = X_train.mean(dim=0, keepdim=True)
        std = X_train.std(dim=0, keepdim=True) + 1e-6
        X_train_norm = (X_train - mean) / std
        print(X_val.shape)
        X_val_norm = X_val  # PF112 error: X_val
        train_dl = DataLoader(TensorDataset(X_train_norm, y_train), batch_size=32, shuffle=True)
        val_dl = DataLoader(TensorDataset(X_val_norm, y_val), batch_size=32)
        for xb, yb in train_dl:
            loss = F.cross_entropy(net(xb), yb)
            loss.backward()
        for xb, yb in val_dl:
            print((net(xb).argmax(dim=1) == yb).sum())
        """,
    "only the training part, the whole batch at once": TORCH
    + """
        X_scaled = X_train / 255.0
        loss = F.cross_entropy(net(X_scaled), y_train)
        loss.backward()
        print(F.cross_entropy(net(X_val), y_val))  # PF112 error: X_val
        """,
    "the scaled copy is split, and then the raw one": SPLIT
    + """
        X_scaled = StandardScaler().fit_transform(X)
        X_train, X_test, y_train, y_test = train_test_split(X_scaled, y)
        print(X_scaled.shape)
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        model.fit(X_train, y_train)  # PF112 warning: X_train
        """,
    "the scaled copy is never used": SPLIT
    + """
        scaler = StandardScaler()
        X_scaled = scaler.fit_transform(X)
        model.fit(X, y, epochs=10)  # PF112 warning: X
        """,
    "the scaled copy is not kept": SPLIT
    + """
        scaler = StandardScaler()
        scaler.fit_transform(X_train)
        model.fit(X_train, y_train)  # PF112 warning: X_train
        """,
    "twice in one file": LOAD
    + """
        x_train, x_test = x_train / 255.0, x_test / 255.0
        x_train = x_train[..., None] / 255  # PF112 error: x_train[..., None]
        model.fit(x_train, y_train)
        """,
    "twice in place": LOAD
    + """
        x_train = x_train.astype("float32")
        x_train /= 255
        x_train /= 255  # PF112 error: x_train
        """,
    "by a helper and again": LOAD
    + """
        def load():
            (a, b), _ = keras.datasets.mnist.load_data()
            return a / 255.0, b
        x, y = load()
        x = x / 255.0  # PF112 error: x
        """,
    "by a helper that is called with scaled data": LOAD
    + """
        def norm(x):
            return x / 255.0  # PF112 error: x
        a = x_train / 255.0
        a = norm(a)
        """,
    "by a layer": """
        (x, y), _ = keras.datasets.mnist.load_data()
        x = x / 255.0
        model = keras.Sequential([
            layers.Rescaling(1.0 / 255, input_shape=(28, 28)),  # PF112 error: x
            layers.Flatten(),
            layers.Dense(10),
        ])
        model.fit(x, y)
        """,
    "by a generator": LOAD
    + """
        x_train = x_train.astype("float32") / 255
        datagen = keras.preprocessing.image.ImageDataGenerator(
            rotation_range=10,
            rescale=1.0 / 255)  # PF112 error: x_train
        model.fit(datagen.flow(x_train, y_train, batch_size=32))
        """,
    "ToTensor, then divided": """
        from torchvision import datasets, transforms
        train = datasets.MNIST(".", transform=transforms.ToTensor())
        for x, y in DataLoader(train, batch_size=32):
            x = x / 255.0  # PF112 error: x
            F.cross_entropy(net(x), y).backward()
        """,
    "a transform of the file's data set, then divided": """
        from PIL import Image
        from torchvision import transforms
        class D(Dataset):
            def __init__(self, files, transform):
                self.files, self.transform = files, transform
            def __getitem__(self, i):
                img = self.transform(Image.open(self.files[i]))
                return img / 255.0, 0  # PF112 error: img
        scale = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor()])
        loader = DataLoader(D(files, scale), batch_size=2)
        """,
    "what nobody knows, twice": """
        x = load()
        x = x / 255.0
        model.fit(x, y)
        x_again = x / 255.0  # PF112 error: x
        """,
    "whole division": LOAD
    + """
        x_train = x_train // 255  # PF112 error: x_train
        """,
    "whole division in place": LOAD
    + """
        x_train //= 255  # PF112 error: x_train
        """,
    "bytes in place": LOAD
    + """
        x_train /= 255  # PF112 error: x_train
        """,
    "labels with their inputs": LOAD
    + """
        x_train, y_train = x_train / 255.0, y_train / 255.0  # PF112 error: y_train
        """,
    "the test raw": LOAD
    + """
        x_train = x_train / 255.0
        model.fit(x_train, y_train)
        model.evaluate(x_test, y_test)  # PF112 error: x_test
        """,
    "the validation raw": LOAD
    + """
        model.fit(x_train / 255.0, y_train, validation_data=(x_test, y_test))  # PF112 error: x_test
        """,
    "training raw and the test scaled": LOAD
    + """
        x_test = x_test / 255.0
        model.fit(x_train, y_train)
        model.evaluate(x_test, y_test)  # PF112 error: x_test
        """,
    "an image to predict, raw": """
        import cv2
        gen = keras.preprocessing.image.ImageDataGenerator(rescale=1.0 / 255)
        model = keras.Sequential([layers.Conv2D(8, 3), layers.Dense(2)])
        model.fit_generator(gen.flow_from_directory("train"), steps_per_epoch=10)
        img = cv2.resize(cv2.imread("cat.jpg"), (64, 64))
        print(model.predict(np.expand_dims(img, 0)))  # PF112 error: np.expand_dims(img, 0)
        """,
    "a scaler fitted again": """
        from sklearn.preprocessing import StandardScaler
        from sklearn.model_selection import train_test_split
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        sc = StandardScaler()
        X_train = sc.fit_transform(X_train)
        X_test = sc.fit_transform(X_test)  # PF112 warning: X_test
        """,
    "a scaler for the test": """
        from sklearn.preprocessing import MinMaxScaler
        scaler, test_scaler = MinMaxScaler(), MinMaxScaler()
        train_x = scaler.fit_transform(train_x)
        test_x = test_scaler.fit_transform(test_x.reshape(-1, 1))  # PF112 warning: test_x
        """,
}

CLEAN = {
    "both parts through the scaler": SPLIT
    + """
        scaler = StandardScaler()
        X_train = scaler.fit_transform(X_train)
        X_test = scaler.transform(X_test)
        model.fit(X_train, y_train, validation_data=(X_test, y_test))
        model.evaluate(X_test, y_test)
        """,
    "scaled where it is asked": SPLIT
    + """
        scaler = StandardScaler()
        X_train = scaler.fit_transform(X_train)
        model.fit(X_train, y_train)
        model.evaluate(scaler.transform(X_test), y_test)
        """,
    "a helper of the file that scales": SPLIT
    + """
        def prepare(x):
            return (x - mean) / std
        mean, std = X_train.mean(axis=0), X_train.std(axis=0)
        model.fit((X_train - mean) / std, y_train)
        model.evaluate(prepare(X_test), y_test)
        """,
    "something unknown is done to the test part": SPLIT
    + """
        X_train = StandardScaler().fit_transform(X_train)
        X_test = prepare(X_test)
        model.fit(X_train, y_train)
        model.evaluate(X_test, y_test)
        """,
    "the test part is divided by a number": SPLIT
    + """
        model.fit(X_train / X_train.max(), y_train)
        model.evaluate(X_test / 9.5, y_test)
        """,
    "columns of the test part are replaced": SPLIT
    + """
        scaler = StandardScaler()
        X_train = scaler.fit_transform(X_train)
        X_test[:, :] = scaler.transform(X_test)
        model.fit(X_train, y_train)
        model.evaluate(X_test, y_test)
        """,
    "two models, one of each kind": SPLIT
    + """
        from sklearn.ensemble import RandomForestRegressor
        X_s = StandardScaler().fit_transform(X_train)
        model.fit(X_s, y_train)
        forest = RandomForestRegressor().fit(X_train, y_train)
        print(forest.score(X_test, y_test))
        """,
    "one name, two models": SPLIT
    + """
        X_s = StandardScaler().fit_transform(X_train)
        model.fit(X_s, y_train)
        model = build()
        model.fit(X_train, y_train)
        print(model.predict(X_test))
        """,
    "a model of the file that scales what it is asked": SPLIT
    + """
        class Scaling:
            def fit(self, x, y):
                self.net.fit(x, y)
            def predict(self, x):
                return self.net.predict((x - self.mean) / self.std)
        model = Scaling()
        model.fit((X_train - X_train.mean()) / X_train.std(), y_train)
        print(model.predict(X_test))
        """,
    "targets scaled, inputs not": SPLIT
    + """
        y_train = StandardScaler().fit_transform(y_train)
        model.fit(X_train, y_train)
        model.predict(X_test)
        """,
    "other data": SPLIT
    + """
        model.fit(StandardScaler().fit_transform(X_train), y_train)
        model.predict(X_new)
        """,
    "both parts in a loop of torch": TORCH
    + """
        mean, std = X_train.mean(dim=0), X_train.std(dim=0)
        train_dl = DataLoader(TensorDataset((X_train - mean) / std, y_train), batch_size=32, shuffle=True)
        val_dl = DataLoader(TensorDataset((X_val - mean) / std, y_val), batch_size=32)
        for xb, yb in train_dl:
            F.cross_entropy(net(xb), yb).backward()
        for xb, yb in val_dl:
            print((net(xb).argmax(dim=1) == yb).sum())
        """,
    "the whole scaled before it is cut": """
        X, y = load()
        X = (X - X.mean()) / X.std()
        X_train, X_val = X[:100], X[100:]
        model.fit(X_train, y[:100])
        model.evaluate(X_val, y[100:])
        """,
    "the scaled copy is what is learned from": SPLIT
    + """
        X_scaled = StandardScaler().fit_transform(X)
        X_train, X_test, y_train, y_test = train_test_split(X_scaled, y)
        model.fit(X_train, y_train)
        """,
    "the scaled copy is for a plot": SPLIT
    + """
        import matplotlib.pyplot as plt
        X_scaled = StandardScaler().fit_transform(X)
        plt.plot(X_scaled)
        model.fit(X, y)
        """,
    "a forest does not mind": """
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.preprocessing import StandardScaler
        X, y = load()
        X_scaled = StandardScaler().fit_transform(X)
        forest = RandomForestClassifier()
        forest.fit(X, y)
        """,
    "fitted for its numbers, then transformed": SPLIT
    + """
        scaler = StandardScaler()
        scaler.fit_transform(X_train)
        X_train = scaler.transform(X_train)
        model.fit(X_train, y_train)
        """,
    "the network normalises what it gets": SPLIT
    + """
        X_scaled = StandardScaler().fit_transform(X)
        net = keras.Sequential([layers.BatchNormalization(), layers.Dense(16), layers.Dense(1)])
        net.fit(X, y)
        """,
    "once": LOAD + "x_train = x_train / 255.0\n",
    "each once": LOAD
    + """
        x_train = x_train / 255.0
        x_test = x_test / 255.0
        model.fit(x_train, y_train)
        model.evaluate(x_test, y_test)
        """,
    "standardised after it": LOAD
    + """
        x_train = x_train / 255.0
        x_train = (x_train - x_train.mean()) / x_train.std()
        """,
    "back to bytes and again": LOAD
    + """
        x = x_train / 255.0
        x = (x * 255).astype("uint8")
        x = x / 255.0
        """,
    "16 bits": """
        depth = read() / 256 / 256
        """,
    "one of two branches": LOAD
    + """
        x = x_train / 255.0 if scale else x_train
        x = x / 255.0
        """,
    "a mask that is read": """
        import cv2
        mask = cv2.imread("mask.png", 0) // 255
        model.fit(x, mask)
        """,
    "whole division of what is known to be large": """
        ids = np.arange(100000)
        blocks = ids // 256
        model.fit(blocks, y)
        """,
    "labels of a regression": """
        x, y = load()
        y = y / 255.0
        """,
    "floats in place": LOAD
    + """
        x_train = x_train.astype(np.float32)
        x_train /= 255
        """,
    "tensors in place": """
        def parse(path):
            image = tf.image.decode_jpeg(tf.io.read_file(path), channels=3)
            image = tf.image.resize(image, [192, 192])
            image /= 255.0
            return image
        model.fit(tf.data.Dataset.from_tensor_slices(paths).map(parse))
        """,
    "both halves of one range": LOAD
    + """
        x_train = (x_train.astype(np.float32) - 127.5) / 127.5
        model.fit(x_train, y_train)
        model.evaluate((x_test - 127.5) / 127.5, y_test)
        """,
    "a model that rescales raw data": """
        (x, y), (a, b) = keras.datasets.mnist.load_data()
        model = keras.Sequential([layers.Rescaling(1.0 / 255), layers.Flatten(), layers.Dense(10)])
        model.fit(x, y)
        model.evaluate(a, b)
        """,
    "another model": LOAD
    + """
        other = keras.Sequential([layers.Rescaling(1.0 / 255), layers.Flatten(), layers.Dense(10)])
        model.fit(x_train / 255.0, y_train)
        other.evaluate(x_test, y_test)
        """,
    "ToTensor and Normalize": """
        from torchvision import datasets, transforms
        t = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
        for x, y in DataLoader(datasets.MNIST(".", transform=t), batch_size=32):
            F.cross_entropy(net(x), y).backward()
        """,
    "raw images beside a transform": """
        from torchvision import datasets, transforms
        train = datasets.MNIST(".", transform=transforms.ToTensor())
        x = train.data.float() / 255
        """,
    "the scaler of the training data": """
        from sklearn.preprocessing import StandardScaler
        sc = StandardScaler()
        X_train = sc.fit_transform(X_train)
        X_test = sc.transform(X_test)
        """,
    "inputs and targets by one scaler each": """
        from sklearn.preprocessing import StandardScaler
        sc_x, sc_y = StandardScaler(), StandardScaler()
        X_train = sc_x.fit_transform(X_train)
        y_test = sc_y.fit_transform(y_test)
        """,
    "rows scaled by themselves": """
        from sklearn.preprocessing import Normalizer
        n = Normalizer()
        X_train = n.fit_transform(X_train)
        X_test = n.fit_transform(X_test)
        """,
}


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in BROKEN.items()])
def test_wrong_scaling_is_reported(program: str) -> None:
    assert reported(judge, program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in CLEAN.items()])
def test_right_scaling_is_left_alone(program: str) -> None:
    assert reported(judge, program) == set()


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in BROKEN.items()])
def test_the_screen_lets_it_through(program: str) -> None:
    assert PITFALL.may_be_in(program.encode())


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("whole division", "x_train = (x_train / 255)"),
        ("labels with their inputs", "x_train, y_train = x_train / 255.0, y_train"),
        ("by a helper and again", "x = x\n"),
        ("a scaler fitted again", "X_test = sc.transform(X_test)"),
    ],
)
def test_a_fix_leaves_the_right_scaling(case: str, line: str) -> None:
    program = mended(judge, BROKEN[case].partition("  # PF")[0] + "\n")
    assert line in program
    assert reported(judge, program) == set()
