"""The static half of PF204: which models it takes for ones of a single input, and which lists for lists of arrays."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.stacked_inputs import PITFALL
from pitfallcheck.pitfalls.stacked_inputs.static import judge

BROKEN = {
    "a list to fit": """
        a, b = np.random.rand(2, 100, 1)
        model = keras.Sequential([layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit([a, b], a - b)  # PF204: [a, b]
        """,
    "a list by its keyword, after an Input": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit(x=[a, b], y=a - b, epochs=3)  # PF204: [a, b]
        """,
    "a list with a name, to the first of several calls": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        inputs = [a, b]
        model = keras.Sequential()
        model.add(layers.Dense(4, activation='relu'))
        model.add(layers.Dense(1))
        model.compile('sgd', 'mse')
        model.fit(inputs, a - b)  # PF204: inputs
        print(model.predict(inputs))
        """,
    "a tuple to train_on_batch": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        model = keras.Sequential([layers.Flatten(), layers.Dense(1)])
        model.compile('sgd', 'mse')
        for _ in range(10):
            model.train_on_batch((a, b), a - b)  # PF204: (a, b)
        """,
    "a generator of lists": """
        def gen():
            while True:
                a = np.random.rand(32, 1); b = np.random.rand(32, 1)
                yield [a, b], a - b  # PF204: [a, b]
        model = keras.Sequential([layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit(gen(), steps_per_epoch=10)
        """,
    "a functional model of one Input": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        given = keras.Input((1,))
        model = keras.Model(given, layers.Dense(1)(given))
        model.compile('sgd', 'mse')
        model.fit([a, b], a - b)  # PF204: [a, b]
        """,
    "a functional model of a list of one Input, made in a function": """
        def build():
            given = keras.Input((1,))
            model = keras.Model(inputs=[given], outputs=layers.Dense(1)(given))
            model.compile('sgd', 'mse')
            return model
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        model = build()
        model.evaluate([a, b], a - b)  # PF204: [a, b]
        """,
}

CLEAN = {
    "one array of both": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        model = keras.Sequential([layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit(np.concatenate([a, b], axis=1), a - b)
        """,
    "a list of one": """
        a = np.random.rand(100, 1)
        model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit([a], a)
        """,
    "two Inputs": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        one, two = keras.Input((1,)), keras.Input((1,))
        model = keras.Model([one, two], layers.Dense(1)(layers.Concatenate()([one, two])))
        model.compile('sgd', 'mse')
        model.fit([a, b], a - b)
        """,
    "a layer that joins them": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        model = keras.Sequential([layers.Concatenate(), layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit([a, b], a - b)
        """,
    "a Lambda that joins them": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        model = keras.Sequential([layers.Lambda(lambda parts: keras.ops.concatenate(parts, -1)), layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit([a, b], a - b)
        """,
    "a layer of the file first": """
        class Join(keras.layers.Layer):
            def call(self, parts):
                return keras.ops.concatenate(parts, -1)
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        model = keras.Sequential([Join(), layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit([a, b], a - b)
        """,
    "a model class of the file": """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = layers.Dense(1)
            def call(self, parts):
                return self.dense(keras.ops.concatenate(parts, -1))
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        model = Net()
        model.compile('sgd', 'mse')
        model.fit([a, b], a - b)
        """,
    "numbers written down": """
        model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
        model.predict([[5.0, 3.0]])
        """,
    "a dictionary": """
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        given = keras.Input((1,), name='a')
        model = keras.Model({'a': given}, layers.Dense(1)(given))
        model.compile('sgd', 'mse')
        model.fit({'a': a, 'b': b}, a - b)
        """,
    "a list or an array": """
        import sys
        a = np.random.rand(100, 1); b = np.random.rand(100, 1)
        x = [a, b]
        if len(sys.argv):
            x = np.concatenate(x, axis=1)
        model = keras.Sequential([layers.Dense(1)])
        model.compile('sgd', 'mse')
        model.fit(x, a - b)
        """,
}


@pytest.mark.parametrize("program", BROKEN.values(), ids=BROKEN)
def test_a_list_to_a_model_of_one_input_is_found(program: str) -> None:
    assert announced(program)
    assert reported(judge, program) == announced(program)


@pytest.mark.parametrize("program", CLEAN.values(), ids=CLEAN)
def test_what_takes_a_list_or_gets_none_is_not(program: str) -> None:
    assert reported(judge, program) == set()


@pytest.mark.parametrize("program", BROKEN.values(), ids=BROKEN)
def test_the_screen_lets_it_through(program: str) -> None:
    assert PITFALL.may_be_in(source(program).text.encode())


def test_the_remedy_can_be_written_down_as_it_stands() -> None:
    (found,) = judge(
        source("""
        a, b = np.random.rand(100), np.random.rand(100)
        model = keras.Sequential([layers.Dense(1)])
        model.fit([a, b], a - b)
        """)
    )
    assert "`np.stack([a, b], axis=1)`" in found.remedy and "(100, 2)" in found.remedy
    assert "`a` (100,), `b` (100,)" in found.message
