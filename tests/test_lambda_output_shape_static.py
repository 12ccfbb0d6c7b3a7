"""The static half of PF203: which programs it reports, on which lines, about what, and how it mends them."""

from __future__ import annotations

import pytest
from shape_cases import announced, mended, reported, source

from pitfallcheck.pitfalls.lambda_output_shape import PITFALL
from pitfallcheck.pitfalls.lambda_output_shape.static import judge

BROKEN = {
    "a sum over the axis": """
        total = layers.Lambda(lambda t: ops.sum(t, axis=1), output_shape=(1,), name='total')  # PF203: total
        model = keras.Sequential([layers.Input(shape=(3,)), total])
        """,
    "a function in a model built by add": """
        def diff(t):
            a = t[:, 0]
            b = t[:, 1]
            return a - b
        model = keras.Sequential()
        model.add(layers.Dense(2, input_shape=(3,)))
        model.add(layers.Lambda(diff, output_shape=(1,)))  # PF203: diff
        """,
    "a shape function for two inputs": """
        def dist(vects):
            x, y = vects
            return K.sqrt(K.sum(K.square(x - y), axis=1))
        def eucl_dist_output_shape(shapes):
            shape1, shape2 = shapes
            return (shape1[0], 1)
        a = layers.Input(shape=(128,)); b = layers.Input(shape=(128,))
        d = layers.Lambda(dist, output_shape=eucl_dist_output_shape)([a, b])  # PF203: dist
        """,
    "a wrong length": """
        x = layers.Input(shape=(4,))
        y = layers.Lambda(lambda t: t[:, :2], output_shape=(3,))(x)  # PF203: lambda t: t[:, :2]
        """,
    "a wrong length after concatenating": """
        x = layers.Input(shape=(4,))
        twice = layers.Lambda(lambda t: K.concatenate([t, t]), output_shape=(4,), name='twice')  # PF203: twice
        y = twice(x)
        """,
    "compute_output_shape of a layer class": """
        class Mean(layers.Layer):
            def call(self, inputs):
                return ops.mean(inputs, axis=-1)
            def compute_output_shape(self, input_shape):
                return (input_shape[0], 1)
        inp = layers.Input(shape=(2,))
        out = Mean()(inp)  # PF203: Mean
        """,
    "the batch axis declared as well": """
        x = layers.Input(shape=(4,))
        y = layers.Lambda(lambda t: t[:, :1], output_shape=(None, 1))(x)  # PF203: lambda t: t[:, :1]
        """,
    "everything summed": """
        def total(t):
            return ops.sum(t)
        x = layers.Lambda(total, output_shape=(1,))(layers.Input(shape=(4,)))  # PF203: total
        """,
    "the older tf_keras, which does not believe it": """
        import tf_keras
        inputs = tf_keras.Input(shape=(2,))
        x = tf_keras.layers.Lambda(lambda t: t[:, 0], output_shape=(1,))(inputs)  # PF203 warning: lambda t: t[:, 0]
        """,
}

FINE = {
    "axes kept, or declared as they are": """
        model = keras.Sequential([layers.Input(shape=(3,))])
        model.add(layers.Lambda(lambda t: ops.sum(t, axis=1, keepdims=True), output_shape=(1,), name='total'))
        m2 = keras.Sequential([layers.Input(shape=(3,))])
        m2.add(layers.Lambda(lambda t: ops.sum(t, axis=1), output_shape=()))
        m3 = keras.Sequential([layers.Input(shape=(3,))])
        m3.add(layers.Lambda(lambda t: t[:, 0]))
        m4 = keras.Sequential([layers.Input(shape=(3,))])
        m4.add(layers.Lambda(lambda t: K.expand_dims(t[:, 0]), output_shape=(1,)))
        m5 = keras.Sequential([layers.Input(shape=(3,))])
        m5.add(layers.Lambda(lambda t: K.stack([t[:, 0], t[:, 1]], axis=1), output_shape=(2,)))
        """,
    "a shape function that is right": """
        def dist(vects):
            x, y = vects
            return K.sqrt(K.sum(K.square(x - y), axis=1, keepdims=True))
        def eucl_dist_output_shape(shapes):
            shape1, shape2 = shapes
            return (shape1[0], 1)
        a = layers.Input(shape=(128,)); b = layers.Input(shape=(128,))
        d = layers.Lambda(dist, output_shape=eucl_dist_output_shape)([a, b])
        """,
    "compute_output_shape that is right": """
        class Mean(layers.Layer):
            def call(self, inputs):
                return ops.mean(inputs, axis=-1, keepdims=True)
            def compute_output_shape(self, input_shape):
                return input_shape[:-1] + (1,)
        inp = layers.Input(shape=(2,))
        out = Mean()(inp)
        """,
    "an input that is not seen": """
        def head(features):
            return layers.Lambda(lambda t: t[:, 0], output_shape=(1,))(features)
        """,
    "arguments that decide": """
        def pick(t, keep=False):
            return t[:, :1] if keep else t[:, 0]
        x = layers.Lambda(pick, output_shape=(1,), arguments={"keep": True})(layers.Input(shape=(4,)))
        """,
    "a function of another module": """
        from mine import pick
        x = layers.Lambda(pick, output_shape=(1,))(layers.Input(shape=(4,)))
        """,
    "an axis that any length fits": """
        x = layers.Lambda(lambda t: t[:, :2], output_shape=(None,))(layers.Input(shape=(4,)))
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


MENDED = {
    "a lambda": (
        "y = layers.Lambda(lambda t: t[:, 0] - t[:, 1], output_shape=(1,))(layers.Input((2,)))\n",
        "y = layers.Lambda(lambda t: (t[:, 0] - t[:, 1])[:, None], output_shape=(1,))(layers.Input((2,)))\n",
    ),
    "a lambda that calls a function": (
        "def f(t):\n    return t[:, 0]\ny = layers.Lambda(lambda t: f(t), output_shape=(1,))(layers.Input((2,)))\n",
        "def f(t):\n    return t[:, 0]\n"
        "y = layers.Lambda(lambda t: f(t)[:, None], output_shape=(1,))(layers.Input((2,)))\n",
    ),
    "a function": (
        "def f(t):\n    return t[:, 0]\ny = layers.Lambda(f, output_shape=(1,))(layers.Input((2,)))\n",
        "def f(t):\n    return t[:, 0][:, None]\ny = layers.Lambda(f, output_shape=(1,))(layers.Input((2,)))\n",
    ),
    "a higher rank": (
        "y = layers.Lambda(lambda t: ops.sum(t, axis=-1), output_shape=(5, 1))(layers.Input((5, 2)))\n",
        "y = layers.Lambda(lambda t: ops.sum(t, axis=-1)[..., None], output_shape=(5, 1))(layers.Input((5, 2)))\n",
    ),
}


@pytest.mark.parametrize(("program", "expected"), MENDED.values(), ids=MENDED)
def test_a_missing_last_axis_is_put_back(program: str, expected: str) -> None:
    assert mended(judge, program) == expected
    assert reported(judge, expected) == set()


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            "def f(t):\n    return t[:, 0]\ny = layers.Lambda(f, output_shape=(1,))(layers.Input((2,)))\nz = f(y)\n",
            id="a function that is used elsewhere",
        ),
        pytest.param(
            "y = layers.Lambda(lambda t: t[:, :2], output_shape=(3,))(layers.Input((4,)))\n",
            id="a wrong length",
        ),
        pytest.param(
            "y = layers.Lambda(lambda t: ops.sum(t), output_shape=(1,))(layers.Input((4,)))\n",
            id="a lost batch axis",
        ),
    ],
)
def test_what_one_axis_does_not_mend_is_left_alone(program: str) -> None:
    (found,) = judge(source(program))
    assert found.fix is None
