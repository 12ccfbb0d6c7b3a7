"""The static half of PF201: which programs it reports, on which lines, about what."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.flat_target import PITFALL
from pitfallcheck.pitfalls.flat_target.static import judge

BROKEN = {
    "a generator and a functional model": """
        def gen():
            while True:
                x = np.random.rand(32, 2)
                yield x, x.mean(axis=1)  # PF201 note: x.mean(axis=1)
        inp = keras.Input(shape=(2,))
        h = layers.Dense(4)(inp)
        out = layers.Dense(1)(h)
        model = keras.Model(inp, out)
        model.compile('adam', 'mse')
        model.fit(gen(), steps_per_epoch=10)
        """,
    "a generator used in main": """
        def gen(batch_size=32):
            while True:
                x = np.random.rand(batch_size, 2)
                y = np.zeros(batch_size)
                for i in range(batch_size):
                    y[i] = x[i].sum()
                yield x, y  # PF201 note: y
        def build():
            model = keras.Sequential()
            model.add(layers.Dense(4, input_dim=2))
            model.add(layers.Dense(1))
            model.compile(optimizer='adam', loss=keras.losses.MeanSquaredError())
            return model
        def main():
            model = build()
            g = gen()
            model.fit(g, steps_per_epoch=10)
        if __name__ == '__main__':
            main()
        """,
    "arrays given to fit and evaluate": """
        x = np.random.rand(100, 2); y = x[:, 0] - x[:, 1]
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss='mean_squared_error', optimizer='sgd')
        model.fit(x, y, epochs=3)  # PF201 note: y
        model.evaluate(x, y)
        """,
    "an array of numbers written down": """
        x = np.array([[1., 2.], [3., 4.]]); y = np.array([1., 2.])
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x, y, epochs=3)  # PF201 note: y
        """,
    "a Sequence of the file": """
        class Seq(keras.utils.Sequence):
            def __init__(self):
                self.x = np.random.rand(100, 2)
                self.y = self.x.mean(axis=1)
            def __len__(self):
                return 10
            def __getitem__(self, i):
                return self.x[i*10:(i+1)*10], self.y[i*10:(i+1)*10]  # PF201 note: self.y[i * 10:(i + 1) * 10]
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss='mse')
        model.fit(Seq())
        """,
    "a model class": """
        class M(keras.Model):
            def __init__(self):
                super().__init__()
                self.d1 = layers.Dense(8)
                self.d2 = layers.Dense(1)
            def call(self, x):
                return self.d2(self.d1(x))
        x = np.random.rand(100, 2); y = x.mean(axis=1)
        m = M()
        m.compile(loss='mse', optimizer='sgd')
        m.fit(x, y)  # PF201 note: y
        """,
    "tf.data from_generator": """
        def gen():
            for i in range(100):
                x = np.random.rand(2)
                yield x, x.mean()  # PF201 note: x.mean()
        signature = (tf.TensorSpec((2,)), tf.TensorSpec(()))
        ds = tf.data.Dataset.from_generator(gen, output_signature=signature).batch(8)
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss='mse')
        model.fit(ds)
        """,
    "a column for an output without its axis": """
        x = np.random.rand(100, 2)
        inputs = layers.Input(shape=(2,))
        model = keras.Model(inputs, ops.mean(inputs, axis=1))
        model.compile(loss="mse", optimizer="sgd")
        model.fit(x, x[:, :1])  # PF201 note: x[:, :1]
        """,
}

FINE = {
    "class labels and a sparse loss": """
        x = np.random.rand(100, 2); y = np.random.randint(0, 3, size=100)
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(3, activation='softmax')])
        model.compile(loss='sparse_categorical_crossentropy', optimizer='sgd')
        model.fit(x, y, epochs=3)
        """,
    "slices that keep the axis": """
        x = np.random.rand(100, 2); y = x[:, :1] - x[:, 1:]
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x, y, epochs=3)
        """,
    "a Loss subclass, which PF202 is about": """
        class Own(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return ops.square(y_true - y_pred)
        x = np.random.rand(100, 2)
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(1)])
        model.compile(loss=Own(), optimizer="sgd")
        model.fit(x, x[:, 0])
        """,
    "a loss of another module": """
        from mine import loss
        x = np.random.rand(100, 2)
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(1)])
        model.compile(loss=loss, optimizer="sgd")
        model.fit(x, x[:, 0])
        """,
    "two units": """
        x = np.random.rand(100, 2)
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(2)])
        model.compile(loss="mse", optimizer="sgd")
        model.fit(x, x[:, 0])
        """,
    "one of two units, by a branch": """
        def build(regression):
            model = keras.Sequential([layers.Input(shape=(2,))])
            if regression:
                model.add(layers.Dense(1))
            else:
                model.add(layers.Dense(10))
            model.compile(loss="mse", optimizer="sgd")
            return model
        x = np.random.rand(100, 2)
        build(False).fit(x, x[:, 0])
        """,
    "sample weights of rank 1": """
        def batches():
            while True:
                x = np.random.rand(32, 2)
                yield x, x.mean(axis=1, keepdims=True), np.ones(32)
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(1)])
        model.compile(loss="mse", optimizer="sgd")
        model.fit(batches(), steps_per_epoch=10)
        """,
    "a column that lost its axis in a Lambda, which PF203 is about": """
        x = np.random.rand(100, 2)
        inputs = layers.Input(shape=(2,))
        model = keras.Model(inputs, layers.Lambda(lambda t: t[:, 0], output_shape=(1,))(inputs))
        model.compile(loss="mse", optimizer="sgd")
        model.fit(x, x[:, :1])
        """,
    "targets from a file": """
        data = np.load("data.npz")
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(1)])
        model.compile(loss="mse", optimizer="sgd")
        model.fit(data["x"], data["y"])
        """,
}


@pytest.mark.parametrize("program", BROKEN.values(), ids=BROKEN)
def test_reports_what_is_broken(program: str) -> None:
    assert announced(program)
    assert reported(judge, program) == announced(program)


@pytest.mark.parametrize("program", FINE.values(), ids=FINE)
def test_is_silent_about_what_is_fine(program: str) -> None:
    assert reported(judge, program) == set()


@pytest.mark.parametrize("program", BROKEN.values(), ids=BROKEN)
def test_the_screen_lets_it_through(program: str) -> None:
    assert PITFALL.may_be_in(source(program).text.encode())
