"""Small programs against the static half of unscaled-inputs: raw numbers of a known range that reach a network."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported

from pitfallcheck.pitfalls.unscaled_inputs import PITFALL
from pitfallcheck.pitfalls.unscaled_inputs.static import judge

MODEL = """
        model = keras.Sequential([layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10)])
        """
NET = """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(784, 100)
                self.fc2 = nn.Linear(100, 10)
            def forward(self, x):
                x = x.view(-1, 784)
                x = F.relu(self.fc1(x))
                return self.fc2(x)
        net = Net()
        """

LIGHTNING = """
        import pytorch_lightning as pl
        class Net(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
            def forward(self, x):
                return self.net(x.view(x.size(0), -1))
            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters())
        """

BROKEN = {
    "one layer and a squared error of numbers around zero": """
        x = 100 * torch.randn(64, 2)
        net = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        loss = F.mse_loss(net(x), x.sum(1, keepdim=True))  # PF403 warning: x
        loss.backward()
        """,
    "Lightning, a module that calls itself": LIGHTNING
    + """
            def training_step(self, batch, batch_idx):
                x, y = batch
                loss = F.cross_entropy(self(x), y)  # PF403 warning: x
                return loss
            def train_dataloader(self):
                (x, y), _ = keras.datasets.mnist.load_data()
                return DataLoader(TensorDataset(torch.tensor(x).float(), torch.tensor(y)), batch_size=32)
        """,
    "Lightning, a loader that the trainer is given": LIGHTNING
    + """
            def training_step(self, batch, batch_idx):
                x, y = batch
                logits = self.net(x)  # PF403 warning: x
                return F.mse_loss(logits, y)
        x = torch.randn(1000, 784) * 10 + 50
        loader = DataLoader(TensorDataset(x, x.sum(1)), batch_size=32)
        pl.Trainer(max_epochs=3).fit(Net(), loader)
        """,
    "a table of pixels, parts of which are taken by their labels": """
        import pandas as pd
        train = pd.read_csv("mnist_train.csv").loc["1":"5000", :]
        x = train.loc[:, "1x1":"28x28"].values
        y = np.eye(10)[train.loc[:, "label"].values]
        model = keras.Sequential([layers.Dense(50), layers.Dense(10)])
        model.fit(x, y)  # PF403 warning: x
        """,
    "drawn, moved far from zero": """
        def make_data(n):
            X = torch.randn(n, 20) * 10 + 50
            return X.float(), X.sum(1).long() % 4
        net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
        X, y = make_data(100)
        for xb, yb in DataLoader(TensorDataset(X, y), batch_size=32):
            F.cross_entropy(net(xb), yb).backward()  # PF403 warning: xb
        """,
    "drawn, and multiplied by what a function is given": MODEL
    + """
        def get_data(count, bounds=100):
            xt = np.random.rand(count, 3)
            xt = np.multiply(bounds, xt)
            return xt, np.dot(xt, [2.0, 1.0, 0.5])
        X, y = get_data(1000, 10000)
        model.fit(X, y)  # PF403 warning: X
        """,
    "drawn, and multiplied by a default": MODEL
    + """
        def get_data(count, scale=500.0):
            return np.random.randn(count, 3) * scale
        X = get_data(1000)
        model.fit(X, X.sum(axis=1))  # PF403 warning: X
        """,
    "drawn of a normal distribution far from zero": MODEL
    + """
        X = np.random.normal(50, 10, (1000, 4))
        model.fit(X, X.sum(axis=1))  # PF403 warning: X
        """,
    "drawn of a normal distribution by keywords": MODEL
    + """
        rng = np.random.default_rng(0)
        X = rng.normal(loc=170.0, scale=12.0, size=(1000, 1))
        model.fit(X, X * 0.5)  # PF403 warning: X
        """,
    "drawn in place": """
        x = torch.empty(100, 4).uniform_(0, 1000)
        net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
        loss = F.mse_loss(net(x), x.sum(1, keepdim=True))  # PF403 warning: x
        loss.backward()
        """,
    "counted by torch": """
        x = torch.arange(0, 1000).float().unsqueeze(1)
        net = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 1))
        loss = F.mse_loss(net(x), x * 2)  # PF403 warning: x
        loss.backward()
        """,
    "whole numbers drawn": MODEL
    + """
        X = np.random.randint(0, 5000, size=(1000, 3))
        model.fit(X, X.sum(axis=1))  # PF403 warning: X
        """,
    "a sequence in a bare list, cut into windows": """
        def split(sequence, n):
            X, y = list(), list()
            for i in range(len(sequence)):
                end = i + n
                if end > len(sequence) - 1:
                    break
                seq_x, seq_y = sequence[i:end], sequence[end]
                X.append(seq_x)
                y.append(seq_y)
            return np.array(X), np.array(y)
        raw_seq = [100, 200, 300, 400, 500, 600, 700, 800, 900]
        X, y = split(raw_seq, 3)
        X = X.reshape((X.shape[0], X.shape[1], 1))
        model = keras.Sequential([layers.LSTM(50, activation="relu"), layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        model.fit(X, y, epochs=200)  # PF403 warning: X
        """,
    "a data set of Keras": MODEL
    + """
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        model.fit(x_train, y_train, validation_data=(x_test, y_test))  # PF403 warning: x_train
        """,
    "old Keras, a float is not scaled": """
        from keras.datasets import cifar10
        from keras.models import Sequential
        from keras.layers.core import Dense, Activation
        from keras.utils import np_utils
        (X_train, y_train), (X_test, y_test) = cifar10.load_data()
        X_train = X_train.reshape(50000, 3072).astype('float32')
        Y_train = np_utils.to_categorical(y_train, 10)
        model = Sequential()
        model.add(Dense(512, input_dim=3072, init='uniform'))
        model.add(Activation('relu'))
        model.add(Dense(10))
        model.add(Activation('softmax'))
        model.compile(loss='categorical_crossentropy', optimizer='rmsprop')
        model.fit(X_train, Y_train, nb_epoch=20, batch_size=128)  # PF403 warning: X_train
        """,
    "an alias of the module, in functions": """
        mnist = tf.keras.datasets.mnist
        def get_data():
            (a, b), (c, d) = mnist.load_data()
            a = np.expand_dims(a, -1)
            return a, b
        def build_model():
            m = tf.keras.models.Sequential()
            m.add(tf.keras.layers.Conv2D(32, (3, 3), input_shape=(28, 28, 1)))
            m.add(tf.keras.layers.Flatten())
            m.add(tf.keras.layers.Dense(10, activation="softmax"))
            return m
        def main():
            x, y = get_data()
            model = build_model()
            model.compile("adam", "sparse_categorical_crossentropy")
            model.fit(x, y, epochs=5)  # PF403 warning: x
        main()
        """,
    "a functional model": """
        (x, y), _ = keras.datasets.fashion_mnist.load_data()
        x = x[..., np.newaxis]
        inputs = keras.Input(shape=(28, 28, 1))
        h = layers.Conv2D(8, 3, activation="relu")(inputs)
        h = layers.MaxPooling2D()(h)
        h = layers.Flatten()(h)
        outputs = layers.Dense(10)(h)
        model = keras.Model(inputs=inputs, outputs=outputs)
        model.fit(x, y)  # PF403 warning: x
        """,
    "a subclassed model": """
        class M(keras.Model):
            def __init__(self):
                super().__init__()
                self.flat = layers.Flatten()
                self.one = layers.Dense(64)
                self.two = layers.Dense(10)
            def call(self, x):
                x = self.flat(x)
                x = self.one(x)
                return self.two(x)
        (x, y), _ = keras.datasets.mnist.load_data()
        model = M()
        model.fit(x, y)  # PF403 warning: x
        """,
    "images gathered in a list": MODEL
    + """
        import cv2, os
        def load(folder):
            images, labels = [], []
            for name in os.listdir(folder):
                img = cv2.imread(os.path.join(folder, name))
                img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
                img = cv2.resize(img, (64, 64))
                images.append(img)
                labels.append(0)
            return np.array(images), np.array(labels)
        X, y = load("data")
        model.fit(X, y)  # PF403 warning: X
        """,
    "pairs of image and label, shuffled": MODEL
    + """
        import cv2, os, random
        training_data = []
        def create():
            for img in os.listdir("d"):
                array = cv2.imread(img, cv2.IMREAD_GRAYSCALE)
                training_data.append([cv2.resize(array, (50, 50)), 1])
        create()
        random.shuffle(training_data)
        X, y = [], []
        for features, label in training_data:
            X.append(features)
            y.append(label)
        X = np.array(X).reshape(-1, 50, 50, 1)
        model.fit(X, np.array(y))  # PF403 warning: X
        """,
    "PIL in a comprehension, split": MODEL
    + """
        from PIL import Image
        from sklearn.model_selection import train_test_split
        X = np.array([np.array(Image.open(p).resize((32, 32))) for p in paths])
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
        model.fit(X_train, y_train)  # PF403 warning: X_train
        """,
    "a buffer that is filled": MODEL
    + """
        import cv2
        X = np.zeros((100, 64, 64, 3))
        for i, p in enumerate(paths):
            X[i] = cv2.imread(p)
        model.fit(X, y)  # PF403 warning: X
        """,
    "load_img and img_to_array": MODEL
    + """
        from keras.preprocessing.image import load_img, img_to_array
        data = [img_to_array(load_img(p, target_size=(64, 64))) for p in paths]
        model.fit(np.array(data), y)  # PF403 warning: np.array(data)
        """,
    "a generator of Keras without rescale": MODEL
    + """
        from keras.preprocessing.image import ImageDataGenerator
        datagen = ImageDataGenerator(horizontal_flip=True)
        train_generator = datagen.flow_from_directory("train", target_size=(64, 64))
        model.fit_generator(train_generator, steps_per_epoch=100)  # PF403 warning: train_generator
        """,
    "a folder of images": MODEL
    + """
        train_ds = tf.keras.utils.image_dataset_from_directory("d", image_size=(64, 64))
        train_ds = train_ds.cache().shuffle(1000).prefetch(2)
        model.fit(train_ds, epochs=3)  # PF403 warning: train_ds
        """,
    "tensorflow_datasets": MODEL
    + """
        import tensorflow_datasets as tfds
        (train, test), info = tfds.load("mnist", split=["train", "test"], as_supervised=True, with_info=True)
        train = train.batch(32)
        model.fit(train, epochs=2)  # PF403 warning: train
        """,
    "a map that only casts": MODEL
    + """
        (x, y), _ = keras.datasets.mnist.load_data()
        ds = tf.data.Dataset.from_tensor_slices((x, y)).map(lambda a, b: (tf.cast(a, tf.float32), b)).batch(32)
        model.fit(ds)  # PF403 warning: ds
        """,
    "a table of scikit-learn": MODEL
    + """
        from sklearn.datasets import load_wine
        data = load_wine()
        X, y = data.data, data.target
        model.fit(X, y)  # PF403 warning: X
        """,
    "a table of Keras": """
        from keras.datasets import boston_housing
        (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
        model = keras.models.Sequential()
        model.add(layers.Dense(64, activation="relu", input_shape=(13,)))
        model.add(layers.Dense(1))
        model.fit(x_train, y_train)  # PF403 warning: x_train
        """,
    "numbers written down": """
        X = np.array([[2104, 3], [1600, 3], [2400, 3], [1416, 2]], dtype=float)
        y = np.array([400, 330, 369, 232], dtype=float)
        model = keras.Sequential()
        model.add(layers.Dense(8, activation="relu", input_dim=2))
        model.add(layers.Dense(1))
        model.fit(X, y)  # PF403 warning: X
        """,
    "numbers counted": """
        x = np.arange(0, 1000).reshape(-1, 1)
        model = keras.Sequential([layers.Dense(10, activation="relu"), layers.Dense(1)])
        model.fit(x, x ** 2)  # PF403 warning: x
        """,
    "MLPClassifier": """
        from sklearn.neural_network import MLPClassifier
        from sklearn.datasets import fetch_openml
        X, y = fetch_openml("mnist_784", version=1, return_X_y=True)
        clf = MLPClassifier(hidden_layer_sizes=(50,))
        clf.fit(X[:60000], y[:60000])  # PF403 warning: X[:60000]
        """,
    "torchvision's data, which no transform sees": NET
    + """
        from torchvision import datasets, transforms
        train = datasets.MNIST(".", train=True, download=True, transform=transforms.ToTensor())
        x = train.data.float()
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for epoch in range(3):
            out = net(x)  # PF403 warning: x
            loss = F.cross_entropy(out, train.targets)
            loss.backward()
            opt.step()
        """,
    "a torch loader over raw tensors": NET
    + """
        (x, y), _ = keras.datasets.mnist.load_data()
        loader = DataLoader(TensorDataset(torch.tensor(x).float(), torch.tensor(y)), batch_size=32, shuffle=True)
        for epoch in range(3):
            for i, (images, labels) in enumerate(loader):
                images = images.to("cuda")
                loss = F.cross_entropy(net(images), labels)  # PF403 warning: images
                loss.backward()
        """,
    "a torch data set of the file": NET
    + """
        import cv2
        class D(Dataset):
            def __init__(self, paths):
                self.paths = paths
            def __len__(self): return len(self.paths)
            def __getitem__(self, i):
                image = cv2.imread(self.paths[i])
                image = torch.from_numpy(image).permute(2, 0, 1).float()
                return image, 0
        loader = DataLoader(D(paths), batch_size=8)
        for image, label in loader:
            loss = F.cross_entropy(net(image), label)  # PF403 warning: image
            loss.backward()
        """,
    "PILToTensor does not scale": NET
    + """
        from torchvision import datasets, transforms
        data = datasets.CIFAR10(".", transform=transforms.Compose([transforms.Resize(28), transforms.PILToTensor()]))
        for x, y in DataLoader(data, batch_size=4):
            loss = F.cross_entropy(net(x.float()), y)  # PF403 warning: x.float()
            loss.backward()
        """,
    "a pretrained network": """
        train = keras.preprocessing.image.ImageDataGenerator().flow_from_directory("d")
        model = keras.Sequential([keras.applications.MobileNetV2(include_top=False), layers.Dense(2)])
        model.fit(train)  # PF403 warning: train
        """,
    "a public table": """
        from numpy import loadtxt
        from keras.models import Sequential
        from keras.layers import Dense
        dataset = loadtxt("pima-indians-diabetes.csv", delimiter=",")
        X = dataset[:,0:8]
        y = dataset[:,8]
        model = Sequential()
        model.add(Dense(12, input_dim=8, activation="relu"))
        model.add(Dense(1, activation="sigmoid"))
        model.compile(loss="binary_crossentropy", optimizer="adam")
        model.fit(X, y, epochs=150, batch_size=10)  # PF403 note: X
        """,
    "a public table by pandas": MODEL
    + """
        import pandas as pd
        from sklearn.model_selection import train_test_split
        df = pd.read_csv("data/housing.csv", header=None, delim_whitespace=True)
        data = df.values
        X, y = data[:, :13], data[:, 13]
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        model.fit(X_train, y_train)  # PF403 note: X_train
        """,
    "columns of a public table": MODEL
    + """
        import pandas as pd
        df = pd.read_csv("diabetes.csv")
        X = df.drop("Outcome", axis=1)
        model.fit(X, df["Outcome"])  # PF403 note: X
        """,
    "a single layer at a rate that is too large": """
        x = np.arange(0, 1000)
        model = keras.Sequential()
        model.add(layers.Dense(1, input_dim=1))
        model.compile(loss="mse", optimizer="sgd")
        model.fit(x, 2 * x + 1, epochs=10)  # PF403 warning: x
        """,
    "a single layer of torch": """
        x = torch.linspace(0, 500, 100).view(-1, 1)
        model = nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(100):
            loss = F.mse_loss(model(x), 2 * x)  # PF403 warning: x
            loss.backward()
            optimizer.step()
        """,
    "counted in a comprehension": """
        X = np.array([[i] for i in range(1000)])
        model = keras.Sequential([layers.Dense(10, activation="relu"), layers.Dense(1)])
        model.fit(X, y)  # PF403 warning: X
        """,
    "columns of different size": """
        income = np.random.uniform(20000, 120000, 600)
        age = np.random.uniform(18, 80, 600)
        inputs = np.stack([income, age], axis=1)
        model = keras.Sequential([layers.Dense(10, activation="relu"), layers.Dense(1)])
        model.fit(inputs, y)  # PF403 warning: inputs
        """,
    "an old name of MNIST": """
        from sklearn.datasets import fetch_mldata
        from sklearn.neural_network import MLPClassifier
        mnist = fetch_mldata("MNIST original")
        X, y = mnist["data"], mnist["target"]
        MLPClassifier().fit(X, y)  # PF403 warning: X
        """,
    "a wrapper of scikit-learn": """
        from keras.wrappers.scikit_learn import KerasRegressor
        from sklearn.model_selection import cross_val_score
        from sklearn.datasets import load_boston
        X, Y = load_boston(return_X_y=True)
        def base():
            model = keras.Sequential()
            model.add(layers.Dense(13, input_dim=13, activation="relu"))
            model.add(layers.Dense(1))
            model.compile(loss="mse", optimizer="adam")
            return model
        estimator = KerasRegressor(build_fn=base, epochs=100)
        results = cross_val_score(estimator, X, Y, cv=10)  # PF403 warning: X
        """,
}

LOAD = """
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        """

CLEAN = {
    "one layer that tells numbers around zero apart": """
        x = 100 * torch.randn(64, 2)
        y = (x[:, 0] > 0).long()
        net = nn.Linear(2, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        """,
    "Lightning, scaled by a transform": LIGHTNING
    + """
            def training_step(self, batch, batch_idx):
                x, y = batch
                return F.cross_entropy(self(x), y)
            def train_dataloader(self):
                from torchvision import datasets, transforms
                return DataLoader(datasets.MNIST(".", transform=transforms.ToTensor()), batch_size=32)
        """,
    "Lightning, scaled in the step": LIGHTNING
    + """
            def training_step(self, batch, batch_idx):
                x, y = batch
                x = x / 255.0
                return F.cross_entropy(self(x), y)
            def train_dataloader(self):
                (x, y), _ = keras.datasets.mnist.load_data()
                return DataLoader(TensorDataset(torch.tensor(x).float(), torch.tensor(y)), batch_size=32)
        """,
    "Lightning, only tested on raw pixels": LIGHTNING
    + """
            def test_step(self, batch, batch_idx):
                x, y = batch
                self.log("loss", F.cross_entropy(self(x), y))
            def test_dataloader(self):
                (x, y), _ = keras.datasets.mnist.load_data()
                return DataLoader(TensorDataset(torch.tensor(x).float(), torch.tensor(y)), batch_size=32)
        """,
    "drawn, as wide as it is far from zero": MODEL
    + """
        X = np.random.normal(20, 10, (1000, 4))
        model.fit(X, X.sum(axis=1))
        """,
    "drawn within ten": MODEL
    + """
        X = np.random.randn(1000, 4) * 10 + 5
        model.fit(X, X.sum(axis=1))
        """,
    "drawn far from zero, and standardised": MODEL
    + """
        X = np.random.normal(50, 10, (1000, 4))
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        model.fit(X, X.sum(axis=1))
        """,
    "drawn far from zero, and moved back": MODEL
    + """
        X = np.random.randn(1000, 4) * 10 + 50
        model.fit((X - 50) / 10, X.sum(axis=1))
        """,
    "drawn by a function that is given a small factor": MODEL
    + """
        def get_data(count, bounds=10000):
            return np.multiply(bounds, np.random.rand(count, 3))
        X = get_data(1000, 1)
        model.fit(X, X.sum(axis=1))
        """,
    "the targets are large, the inputs are not": MODEL
    + """
        X = np.random.randn(1000, 4)
        model.fit(X, X.sum(axis=1) * 1000 + 500)
        """,
    "tokens that are looked up": """
        X = np.random.randint(0, 5000, size=(1000, 30))
        model = keras.Sequential([layers.Embedding(5000, 16), layers.LSTM(32), layers.Dense(1)])
        model.fit(X, X[:, 0] > 100)
        """,
    "a sequence in a bare list, scaled before it is cut": """
        raw_seq = np.array([100, 200, 300, 400, 500, 600, 700, 800, 900]) / 900
        X = np.array([raw_seq[i:i + 3] for i in range(6)])
        model = keras.Sequential([layers.LSTM(50, activation="relu"), layers.Dense(1)])
        model.fit(X, raw_seq[3:])
        """,
    "one label of a table by its name is not known": """
        import pandas as pd
        data = pd.read_csv("diabetes.csv")
        X = data.loc[:, "Pregnancies":"Glucose"]
        model = keras.Sequential([layers.Dense(50), layers.Dense(1)])
        model.fit(X, data["Outcome"])
        """,
    "divided": MODEL + LOAD + "x_train = x_train / 255.0\n        model.fit(x_train, y_train)\n",
    "divided in place": MODEL
    + LOAD
    + """
        x_train = x_train.astype('float32')
        x_train /= 255
        model.fit(x_train, y_train)
        """,
    "divided at the call": MODEL + LOAD + "model.fit(x_train / 255, y_train)\n",
    "multiplied": MODEL + LOAD + "model.fit(x_train * (1. / 255), y_train)\n",
    "two at once": MODEL
    + LOAD
    + """
        x_train, x_test = x_train / 255.0, x_test / 255.0
        model.fit(x_train, y_train)
        """,
    "standardised": MODEL
    + LOAD
    + """
        mean, std = x_train.mean(), x_train.std()
        x_train = (x_train - mean) / (std + 1e-7)
        model.fit(x_train, y_train)
        """,
    "by a name that tells nothing": MODEL
    + LOAD
    + """
        k = np.abs(x_train).sum()
        x_train = x_train / k
        model.fit(x_train, y_train)
        """,
    "by a helper": MODEL
    + LOAD
    + """
        def prepare(x):
            x = x.astype("float32") / 255
            return x[..., None]
        x_train = prepare(x_train)
        model.fit(x_train, y_train)
        """,
    "by an unknown helper": MODEL
    + LOAD
    + """
        from mylib import prepare
        model.fit(prepare(x_train), y_train)
        """,
    "keras.utils.normalize": MODEL + LOAD + "model.fit(tf.keras.utils.normalize(x_train, axis=1), y_train)\n",
    "a scaler": """
        from sklearn.datasets import load_wine
        from sklearn.preprocessing import StandardScaler
        X, y = load_wine(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        model = keras.Sequential([layers.Dense(8), layers.Dense(3)])
        model.fit(X, y)
        """,
    "a pipeline with a scaler": """
        from sklearn.datasets import load_wine
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.neural_network import MLPClassifier
        X, y = load_wine(return_X_y=True)
        clf = make_pipeline(StandardScaler(), MLPClassifier())
        clf.fit(X, y)
        """,
    "trees do not mind": """
        from sklearn.datasets import load_wine
        from sklearn.ensemble import RandomForestClassifier
        X, y = load_wine(return_X_y=True)
        RandomForestClassifier().fit(X, y)
        """,
    "one of two branches scales": MODEL
    + LOAD
    + """
        if scale:
            x_train = x_train / 255
        model.fit(x_train, y_train)
        """,
    "the model rescales": LOAD
    + """
        model = keras.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(64), layers.Dense(10)])
        model.fit(x_train, y_train)
        """,
    "the model normalises first": LOAD
    + """
        model = keras.Sequential()
        model.add(layers.BatchNormalization(input_shape=(28, 28, 1)))
        model.add(layers.Conv2D(8, 3))
        model.fit(x_train, y_train)
        """,
    "the model normalises behind its first layer": LOAD
    + """
        model = keras.Sequential([layers.Conv2D(8, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(10)])
        model.fit(x_train, y_train)
        """,
    "a Lambda may scale": LOAD
    + """
        model = keras.Sequential([layers.Lambda(lambda x: x / 127.5 - 1), layers.Flatten(), layers.Dense(10)])
        model.fit(x_train, y_train)
        """,
    "a functional model divides": LOAD
    + """
        inp = keras.Input((28, 28))
        h = layers.Flatten()(inp / 255.0)
        model = keras.Model(inp, layers.Dense(10)(layers.Dense(20)(h)))
        model.fit(x_train, y_train)
        """,
    "forward divides": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(784, 9)
                self.b = nn.Linear(9, 9)
            def forward(self, x):
                x = x.view(-1, 784) / 255
                return self.b(self.a(x))
        net = Net()
        (x, y), _ = keras.datasets.mnist.load_data()
        F.cross_entropy(net(torch.tensor(x).float()), torch.tensor(y)).backward()
        """,
    "numbers into an embedding": """
        x = np.random.randint(0, 5000, (100, 20))
        model = keras.Sequential([layers.Embedding(5000, 8), layers.LSTM(8), layers.Dense(1)])
        model.fit(x, y)
        """,
    "numbers into embeddings over time": """
        x = np.random.randint(0, 5000, (100, 20, 7))
        model = keras.Sequential([layers.TimeDistributed(layers.Embedding(5000, 8)), layers.LSTM(8), layers.Dense(1)])
        model.fit(x, y)
        """,
    "a threshold": MODEL
    + LOAD
    + """
        x_train = (x_train > 127).astype("float32")
        model.fit(x_train, y_train)
        """,
    "by its largest": MODEL
    + LOAD
    + """
        x_train = x_train / np.max(x_train)
        model.fit(x_train, y_train)
        """,
    "to -1..1": MODEL
    + LOAD
    + """
        x_train = (x_train.astype("float32") - 127.5) / 127.5
        model.fit(x_train, y_train)
        """,
    "by something smaller": MODEL
    + LOAD
    + """
        model.fit(x_train / 64, y_train)
        """,
    "its logarithm": MODEL
    + LOAD
    + """
        model.fit(np.log1p(x_train), y_train)
        """,
    "a layer of a hub": LOAD
    + """
        import tensorflow_hub as hub
        model = keras.Sequential([hub.KerasLayer("url"), layers.Dense(10)])
        model.fit(x_train, y_train)
        """,
    "words": """
        (x, y), _ = keras.datasets.imdb.load_data(num_words=5000)
        model = keras.Sequential([layers.Dense(5), layers.Dense(1)])
        model.fit(x, y)
        """,
    "degrees": """
        c = np.array([-40, -10, 0, 8, 15, 22, 38], dtype=float)
        f = np.array([-40, 14, 32, 46, 59, 72, 100], dtype=float)
        model = keras.Sequential([layers.Dense(4, input_shape=[1]), layers.Dense(1)])
        model.fit(c, f)
        """,
    "large targets alone": """
        x = np.random.rand(100, 3)
        y = np.random.randint(0, 1000, 100)
        model = keras.Sequential([layers.Dense(4), layers.Dense(1)])
        model.fit(x, y)
        """,
    "one column of a public table": MODEL
    + """
        import pandas as pd
        df = pd.read_csv("housing.csv")
        model.fit(df[["rooms"]], df["price"])
        """,
    "a table that nobody knows": MODEL
    + """
        import pandas as pd
        df = pd.read_csv("data.csv")
        model.fit(df.values[:, :8], df.values[:, 8])
        """,
    "a single layer at a rate that suits": """
        x = torch.arange(0, 500.0).view(-1, 1)
        model = nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
        for _ in range(100):
            F.mse_loss(model(x), 2 * x).backward()
            optimizer.step()
        """,
    "a single layer": """
        x = np.random.uniform(-1000, 1000, (100, 2))
        model = keras.Sequential([layers.Dense(1)])
        model.fit(x, y)
        """,
    "a generator that rescales": MODEL
    + """
        gen = keras.preprocessing.image.ImageDataGenerator(rescale=1. / 255, shear_range=0.2)
        model.fit_generator(gen.flow_from_directory("d"), steps_per_epoch=10)
        """,
    "a generator with a function": MODEL
    + """
        from keras.applications.vgg16 import preprocess_input
        gen = keras.preprocessing.image.ImageDataGenerator(preprocessing_function=preprocess_input)
        model.fit_generator(gen.flow_from_directory("d"), steps_per_epoch=10)
        """,
    "a pipeline that maps": MODEL
    + """
        ds = keras.utils.image_dataset_from_directory("d")
        rescale = layers.Rescaling(1. / 255)
        ds = ds.map(lambda x, y: (rescale(x), y))
        model.fit(ds)
        """,
    "decoded and converted": MODEL
    + """
        def parse(path, label):
            image = tf.io.decode_jpeg(tf.io.read_file(path))
            image = tf.image.convert_image_dtype(image, tf.float32)
            return image, label
        ds = tf.data.Dataset.from_tensor_slices((paths, labels)).map(parse).batch(8)
        model.fit(ds)
        """,
    "calibrated by itself": """
        ds = keras.utils.image_dataset_from_directory("d")
        model = keras.Sequential([keras.applications.EfficientNetB0(include_top=False), layers.Dense(2)])
        model.fit(ds)
        """,
    "ToTensor": NET
    + """
        from torchvision import datasets, transforms
        train = datasets.MNIST(".", transform=transforms.ToTensor())
        for x, y in DataLoader(train, batch_size=4):
            F.cross_entropy(net(x), y).backward()
        """,
    "a transform of the file's data set": NET
    + """
        import cv2
        from torchvision import transforms
        class D(Dataset):
            def __init__(self, transform=None):
                self.transform = transform
            def __getitem__(self, i):
                image = cv2.imread(paths[i])
                if self.transform:
                    image = self.transform(image)
                return image, 0
        for x, y in DataLoader(D(transform=transforms.ToTensor())):
            F.cross_entropy(net(x), y).backward()
        """,
    "imread of a PNG by matplotlib gives 0 to 1": MODEL
    + """
        import matplotlib.pyplot as plt
        X = np.array([plt.imread("%d.png" % i) for i in range(9)])
        model.fit(X, y)
        """,
    "skimage's resize scales": MODEL
    + """
        from skimage.io import imread
        from skimage.transform import resize
        X = np.array([resize(imread(p), (64, 64)) for p in paths])
        model.fit(X, y)
        """,
    "an unknown model": LOAD
    + """
        from zoo import model
        model.fit(x_train, y_train)
        """,
    "only predicted": NET
    + """
        (x, y), _ = keras.datasets.mnist.load_data()
        print(net(torch.tensor(x).float()))
        loss.backward()
        """,
}


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in BROKEN.items()])
def test_raw_numbers_are_reported_where_they_are_learned_from(program: str) -> None:
    assert reported(judge, program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in CLEAN.items()])
def test_what_is_scaled_or_not_known_is_left_alone(program: str) -> None:
    assert reported(judge, program) == set()


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in BROKEN.items()])
def test_the_screen_lets_it_through(program: str) -> None:
    assert PITFALL.may_be_in(program.encode())


def test_the_message_tells_the_range_and_the_layer() -> None:
    from shape_cases import source

    (found,) = judge(source(BROKEN["a data set of Keras"]))
    assert found.message == (
        "`x_train` reaches `model` unscaled: `mnist.load_data()` gives pixels from 0 to 255, and they meet its first "
        "layer, `Dense`, as they are"
    )
    assert "`x_train = x_train / 255.0`" in found.remedy
