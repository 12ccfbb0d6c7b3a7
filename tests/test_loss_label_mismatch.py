"""PF207 in Keras: which outputs, losses and labels do not go together."""

from __future__ import annotations

import pytest
from objective_cases import announced, reported

BROKEN = {
    "a softmax over one unit": """
        model = Sequential()
        model.add(Dense(12, input_dim=8, activation='relu'))
        model.add(Dense(1, activation='softmax'))  # PF207 error
        model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
        """,
    "a softmax over one unit before a regression": """
        model.add(Dense(1))
        model.add(Activation('softmax'))
        net = Sequential()
        net.add(Dense(1))
        net.add(Activation('softmax'))  # PF207 error
        net.compile(loss='mse', optimizer='sgd')
        """,
    "a softmax over one unit inside a network": """
        weights = Dense(1, activation='softmax')(steps)  # PF207 error
        """,
    "one sigmoid unit with a loss over classes": """
        model = Sequential([Dense(8, activation='relu'), Dense(1, activation='sigmoid')])
        model.compile(loss='categorical_crossentropy', optimizer='adam')  # PF207 error
        """,
    "one linear unit with a sparse loss": """
        model = Sequential([Dense(8, activation='relu'), Dense(1)])
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))  # PF207 error
        """,
    "class numbers of a data set with a one-hot loss": """
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
        model = Sequential([Flatten(), Dense(10, activation='softmax')])
        model.compile(loss='categorical_crossentropy', optimizer='adam')  # PF207 error
        model.fit(x_train / 255, y_train, epochs=5)
        """,
    "one-hot labels with a sparse loss": """
        (x_train, y_train), (x_test, y_test) = cifar10.load_data()
        y_train = np_utils.to_categorical(y_train, 10)
        model = Sequential([Flatten(), Dense(10, activation='softmax')])
        model.compile(loss='sparse_categorical_crossentropy', optimizer='adam')  # PF207 error
        model.fit(x_train, y_train)
        """,
    "encoded names with a one-hot loss": """
        y = LabelEncoder().fit_transform(frame['species'])
        x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2)
        model = Sequential([Dense(3, activation='softmax')])
        model.compile(loss='categorical_crossentropy', optimizer='adam')  # PF207 error
        model.fit(x_train, y_train, validation_data=(x_test, y_test))
        """,
    "an image folder, one-hot unless told otherwise, and one unit": """
        batches = ImageDataGenerator(rescale=1/255).flow_from_directory('train', target_size=(64, 64))
        model = Sequential([Flatten(), Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='adam')  # PF207 error
        model.fit_generator(batches, steps_per_epoch=10)
        """,
    "an image folder that gives numbers, and a one-hot loss": """
        data = tf.keras.utils.image_dataset_from_directory('train')
        model = Sequential([Flatten(), Dense(5, activation='softmax')])
        model.compile(loss='categorical_crossentropy', optimizer='adam')  # PF207 error
        model.fit(data.prefetch(2), epochs=3)
        """,
    "ten classes in one unit": """
        (x_train, y_train), _ = mnist.load_data()
        model = Sequential([Flatten(), Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='adam')  # PF207 error
        model.fit(x_train, y_train)
        """,
    "labels of -1 and 1": """
        y = np.array([-1, 1, 1, -1])
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')  # PF207 error
        model.fit(x, y)
        """,
    "signs": """
        y = np.where(x[:, 0] > 0, 1, -1)
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')  # PF207 error
        model.fit(x, y)
        """,
    "prices with a loss of classes": """
        (x_train, y_train), _ = boston_housing.load_data()
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')  # PF207 error
        model.fit(x_train, y_train)
        """,
    "a softmax and the binary loss": """
        model = Sequential([Dense(10, activation='softmax')])
        model.compile(loss='binary_crossentropy', optimizer='sgd', metrics=['accuracy'])  # PF207 warning
        model.fit(x, to_categorical(y, 10))
        """,
    "two units for 0 and 1 that are written down": """
        y = np.array([0, 1, 1, 0])
        model = Sequential([Dense(2, activation='softmax')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')  # PF207 error
        model.fit(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), y)
        """,
    "several sigmoids with a loss over classes": """
        model = Sequential([Dense(5, activation='sigmoid')])
        model.compile(loss='categorical_crossentropy', optimizer='sgd')  # PF207 warning
        """,
    "a generator that yields class numbers": """
        def batches(x, y):
            while True:
                for i in range(0, len(x), 32):
                    yield x[i:i + 32], y[i:i + 32]
        (x_train, y_train), _ = mnist.load_data()
        model = Sequential([Flatten(), Dense(10, activation='softmax')])
        model.compile(loss='categorical_crossentropy', optimizer='adam')  # PF207 error
        model.fit_generator(batches(x_train, y_train), steps_per_epoch=100)
        """,
    "a model that a function makes, with what it is given": """
        def build(units, activation, loss):
            inputs = Input((4,))
            x = Dense(16, activation='relu')(inputs)
            model = Model(inputs, Dense(units, activation=activation)(x))
            model.compile('adam', loss)
            return model
        model = build(1, 'sigmoid', 'categorical_crossentropy')  # PF207 error
        model.fit(x, y)
        """,
    "one-hot rows with a loss of numbers": """
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
        model = Sequential([Flatten(), Dense(30, activation='sigmoid'), Dense(10, activation='sigmoid')])
        model.compile(loss='mean_squared_error', optimizer='sgd')  # PF207 warning
        model.fit(x_train / 255, to_categorical(y_train, 10))
        """,
    "one-hot rows with a loss of numbers and no activation": """
        model = Sequential([Dense(30), Dense(4)])
        model.compile(loss='mae', optimizer='sgd')  # PF207 warning
        model.fit(x, np.eye(4)[classes])
        """,
    "one-hot rows of a torch loader with a loss of numbers": """
        import torch
        from torch import nn
        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 5))
        y = torch.nn.functional.one_hot(torch.randint(0, 5, (100,)), 5).float()
        for xb, yb in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=8):
            nn.MSELoss()(torch.sigmoid(model(xb)), yb).backward()  # PF207 warning
        """,
    "a one-hot row made by a comprehension": """
        import torch
        net = torch.nn.Sequential(torch.nn.Linear(784, 10), torch.nn.Sigmoid())
        wanted = torch.tensor([float(j == label) for j in range(10)])
        torch.nn.functional.mse_loss(net(image), wanted).backward()  # PF207 warning
        """,
    "class numbers with as many units and a loss of numbers": """
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
        model = Sequential([Flatten(), Dense(10)])
        model.compile(loss='mse', optimizer='sgd')  # PF207 warning
        model.fit(x_train, y_train)
        """,
    "0 and 1 behind a sigmoid with the absolute error": """
        model = Sequential([Dense(4, activation='sigmoid'), Dense(1), Activation('sigmoid')])
        model.compile(loss='mean_absolute_error', optimizer='sgd', metrics=['accuracy'])  # PF207 warning
        model.fit(x, np.array(([0], [1], [0], [1])))
        """,
    "0 and 1 behind a sigmoid with the squared error": """
        import torch
        net = torch.nn.Sequential(torch.nn.Linear(10, 1), torch.nn.Sigmoid())
        y = (x.sum(dim=1) > 0).float().unsqueeze(1)
        torch.nn.MSELoss()(net(x), y).backward()  # PF207 note
        """,
    "0 and 1 in repeated lists, with a softmax over one unit's loss": """
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='categorical_crossentropy', optimizer='sgd')  # PF207 error
        model.fit(x, np.array([True] * 10 ** 4 + [False] * 10 ** 4))
        """,
    "three classes in repeated lists": """
        y = 50 * [0] + 50 * [1] + 50 * [2]
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')  # PF207 error
        model.fit(x, np.array(y))
        """,
}
CLEAN = {
    "a list that grows by itself": """
        y, z = [], [0] * 3
        for name in names:
            y = y + [0 if name == 'cat' else 1]
            z = z + z * 2
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')
        model.fit(x, np.array(y + z))
        """,
    "0 and 1 in repeated lists": """
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')
        model.fit(x, np.array([True] * 10 ** 4 + [False] * 10 ** 4))
        """,
    "0 and 1 in lists that have names": """
        zeros, ones = [0] * n, [1] * n
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')
        model.fit(x, np.asarray(zeros + ones))
        """,
    "an autoencoder of one-hot rows": """
        rows = to_categorical(letters, 26)
        model = Sequential([Dense(4), Dense(26, activation='sigmoid')])
        model.compile(loss='mse', optimizer='adam')
        model.fit(rows, rows)
        """,
    "the two sides of a least-squares GAN": """
        import torch
        net = torch.nn.Sequential(torch.nn.Linear(10, 1), torch.nn.Sigmoid())
        criterion = torch.nn.MSELoss()
        loss = criterion(net(real), torch.ones(8, 1)) + criterion(net(fake), torch.zeros(8, 1))
        loss.backward()
        """,
    "whole numbers that are written down, with a loss of numbers": """
        model = Sequential([Dense(1)])
        model.compile(loss='mse', optimizer='adam')
        model.fit(np.array([1, 2, 3, 4]), np.array([1, 3, 5, 7]))
        """,
    "a mask of pixels": """
        model = Sequential([Conv2D(8, 3, padding='same'), Conv2D(1, 3, padding='same', activation='sigmoid')])
        model.compile(loss='mae', optimizer='adam')
        model.fit(images, (masks > 0.5).astype('float32'))
        """,
    "two softmax units and the binary loss": """
        model = Sequential([Dense(2, activation='softmax')])
        model.compile(loss='binary_crossentropy', optimizer='sgd')
        model.fit(x, to_categorical(y, 2))
        """,
    "several labels for each sample": """
        model = Sequential([Dense(5, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='sgd', metrics=['accuracy'])
        """,
    "a softmax over the steps of a sequence": """
        scores = Dense(1)(steps)
        weights = keras.layers.Softmax(axis=1)(scores)
        again = tf.nn.softmax(Dense(1)(steps), axis=1)
        """,
    "one-hot labels with a one-hot loss": """
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
        y_train = keras.utils.to_categorical(y_train)
        model = Sequential([Flatten(), Dense(10, activation='softmax')])
        model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
        model.fit(x_train, y_train)
        """,
    "labels of one name, encoded between two fits": """
        (x_train, y_train), _ = mnist.load_data()
        first = Sequential([Flatten(), Dense(10, activation='softmax')])
        first.compile(loss='sparse_categorical_crossentropy', optimizer='adam')
        first.fit(x_train, y_train)
        y_train = to_categorical(y_train)
        second = Sequential([Flatten(), Dense(10, activation='softmax')])
        second.compile(loss='categorical_crossentropy', optimizer='adam')
        second.fit(x_train, y_train)
        """,
    "a wrapper that encodes them": """
        def create_model():
            model = Sequential([Dense(3, activation='softmax')])
            model.compile(loss='categorical_crossentropy', optimizer='adam')
            return model
        estimator = KerasClassifier(build_fn=create_model, epochs=10)
        estimator.fit(x, LabelEncoder().fit_transform(names))
        """,
    "class_mode says binary": """
        batches = ImageDataGenerator().flow_from_directory('train', class_mode='binary')
        model = Sequential([Flatten(), Dense(1, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='adam')
        model.fit(batches)
        """,
    "0 and 1 of the real and the made up": """
        discriminator = Sequential([Dense(1, activation='sigmoid')])
        discriminator.compile(loss='binary_crossentropy', optimizer='adam')
        discriminator.train_on_batch(images, np.ones((64, 1)))
        discriminator.train_on_batch(generated, np.zeros((64, 1)))
        """,
    "shares that are written down": """
        model = Sequential([Dense(3, activation='softmax')])
        model.compile(loss='categorical_crossentropy', optimizer='adam')
        model.fit(x, np.random.rand(100, 3))
        """,
    "one-hot by comparison": """
        y = (labels[:, None] == np.arange(3)).astype('float32')
        model = Sequential([Dense(3, activation='softmax')])
        model.compile(loss='categorical_crossentropy', optimizer='adam')
        model.fit(x, y)
        """,
    "rows of the unit matrix": """
        (x_train, y_train), _ = mnist.load_data()
        model = Sequential([Flatten(), Dense(10, activation='softmax')])
        model.compile(loss='categorical_crossentropy', optimizer='adam')
        model.fit(x_train, np.eye(10)[y_train])
        """,
    "several labels that are written down": """
        y = np.array([[1, 1, 0], [0, 1, 1]])
        model = Sequential([Dense(3, activation='sigmoid')])
        model.compile(loss='binary_crossentropy', optimizer='adam')
        model.fit(x, y)
        """,
    "a function that makes two kinds": """
        def build(units, activation, loss):
            model = Sequential([Dense(units, activation=activation)])
            model.compile('adam', loss)
            return model
        build(1, 'sigmoid', 'binary_crossentropy').fit(x, y)
        build(4, 'softmax', 'categorical_crossentropy').fit(x, z)
        """,
    "a hinge with 0 and 1, which Keras turns into signs": """
        model = Sequential([Dense(1, activation='tanh')])
        model.compile(loss='hinge', optimizer='adam')
        model.fit(x, np.array([0, 1, 1, 0]))
        """,
    "policy and value": """
        x = Flatten()(board)
        model = Model(board, [Dense(64, activation='softmax')(x), Dense(1, activation='tanh')(x)])
        model.compile(loss=['categorical_crossentropy', 'mean_squared_error'], optimizer='adam')
        """,
}


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in BROKEN.items()])
def test_what_does_not_go_together_is_found(program: str) -> None:
    assert announced(program)
    assert reported(program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in CLEAN.items()])
def test_what_goes_together_is_left_alone(program: str) -> None:
    assert reported(program) == set()
