"""PF205 in Keras and TensorFlow: which losses take probabilities for logits, and how that is mended."""

from __future__ import annotations

from textwrap import dedent

import pytest
from objective_cases import IMPORTS, announced, findings, reported, source

from pitfallcheck.lint.fix import apply

BROKEN = {
    "a loss object in compile": """
        model = keras.Sequential([Dense(10, activation='softmax')])
        model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))  # PF205 warning
        """,
    "the loss in a name, the activation a function": """
        loss_fn = tf.keras.losses.CategoricalCrossentropy(from_logits=True)  # PF205 warning
        model = tf.keras.Sequential()
        model.add(tf.keras.layers.Dense(64, activation=tf.nn.relu))
        model.add(tf.keras.layers.Dense(10, activation=tf.nn.softmax))
        model.compile(optimizer='adam', loss=loss_fn, metrics=['accuracy'])
        """,
    "a Softmax layer in a functional model": """
        inputs = Input((4,))
        outputs = keras.layers.Softmax()(Dense(3)(inputs))
        model = Model(inputs, outputs)
        model.compile('sgd', keras.losses.CategoricalCrossentropy(from_logits=True))  # PF205 warning
        """,
    "one sigmoid unit, the flag in its place": """
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile('sgd', keras.losses.BinaryCrossentropy(True))  # PF205 warning
        """,
    "a function of the file": """
        def loss(labels, logits):
            return tf.keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)  # PF205 warning
        model = Sequential([LSTM(8, return_sequences=True), Dense(65, activation='softmax')])
        model.compile(optimizer='adam', loss=loss)
        """,
    "a subclassed model under a tape": """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.hidden = Dense(16, activation='relu')
                self.out = Dense(10, activation='softmax')
            def call(self, x):
                return self.out(self.hidden(x))
        model = Net()
        loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # PF205 warning
        def train_step(images, labels):
            with tf.GradientTape() as tape:
                predictions = model(images)
                loss = loss_object(labels, predictions)
            return tape.gradient(loss, model.trainable_variables)
        """,
    "the graph of TensorFlow 1": """
        x = tf.placeholder(tf.float32, [None, 784])
        y_ = tf.placeholder(tf.float32, [None, 10])
        y = tf.nn.softmax(tf.matmul(x, tf.Variable(tf.zeros([784, 10]))) + tf.Variable(tf.zeros([10])))
        cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=y, labels=y_))  # PF205 error
        """,
    "a sigmoid before the sigmoid of TensorFlow": """
        h = tf.layers.dense(x, 1, activation=tf.nn.sigmoid)
        cost = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=h)  # PF205 error
        """,
    "a log-softmax of a softmax, in torch": """
        import torch
        import torch.nn.functional as F
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.out = torch.nn.Linear(4, 3)
            def forward(self, x):
                return self.out(x).softmax(-1)  # PF205 error
        net = Net()
        F.nll_loss(F.log_softmax(net(x), dim=1), y).backward()
        """,
    "a log-softmax of a softmax before the loss that has one": """
        import torch
        import torch.nn.functional as F
        from torch import nn
        net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1), nn.LogSoftmax(dim=1))  # PF205 error
        F.cross_entropy(net(x), y).backward()
        """,
}
CLEAN = {
    "a log-softmax before the loss that has one, in torch": """
        import torch
        import torch.nn.functional as F
        net = torch.nn.Linear(4, 3)
        F.cross_entropy(F.log_softmax(net(x), dim=1), y).backward()
        """,
    "a softmax inside the network and a log-softmax at its end": """
        import torch
        import torch.nn.functional as F
        gate, net = torch.nn.Linear(4, 4), torch.nn.Linear(4, 3)
        F.nll_loss(F.log_softmax(net(x * F.softmax(gate(x), dim=1)), dim=1), y).backward()
        """,
    "logits": """
        model = Sequential([Dense(10)])
        model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        """,
    "probabilities and no flag": """
        model = Sequential([Dense(10, activation='softmax')])
        model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy())
        """,
    "a softmax for predictions only": """
        model = Sequential([Dense(10)])
        model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y)
        probabilities = Sequential([model, keras.layers.Softmax()])
        """,
    "two models, each with its own loss": """
        a = Sequential([Dense(10)])
        a.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        b = Sequential([Dense(10, activation='softmax')])
        b.compile('adam', loss='sparse_categorical_crossentropy')
        """,
    "an attention inside": """
        inputs = Input((5, 8))
        weights = keras.layers.Softmax(axis=1)(Dense(1)(inputs))
        model = Model(inputs, Dense(10)(Flatten()(inputs * weights)))
        model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        """,
    "the activation depends on a setting": """
        model = Sequential([Dense(10, activation='softmax' if squash else None)])
        model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        """,
    "the flag depends on a setting": """
        model = Sequential([Dense(10, activation='softmax')])
        model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=logits))
        """,
    "the activation is replaced later": """
        model = Sequential([Dense(10, activation='softmax')])
        model.layers[-1].activation = keras.activations.linear
        model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        """,
    "probabilities beside the logits": """
        logits = tf.matmul(x, w)
        probabilities = tf.nn.softmax(logits)
        cost = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits)
        """,
}


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in BROKEN.items()])
def test_probabilities_for_logits_are_found(program: str) -> None:
    assert announced(program)
    assert reported(program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in CLEAN.items()])
def test_a_program_without_them_is_left_alone(program: str) -> None:
    assert reported(program) == set()


def mended(program: str) -> str:
    """The program with every fix made, without the shared imports."""
    fixes = [finding.fix for finding in findings(program) if finding.fix is not None]
    return apply(source(program).text, fixes).removeprefix(IMPORTS)


def test_the_fix_takes_the_flag_back() -> None:
    program = BROKEN["a subclassed model under a tape"]
    after = mended(program)
    assert after == dedent(program).replace("from_logits=True", "from_logits=False")
    assert reported(after) == set()


def test_there_is_no_fix_where_another_model_needs_the_flag() -> None:
    program = """
        loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # PF205 warning
        a = Sequential([Dense(10, activation='softmax')])
        a.compile('adam', loss=loss_fn)
        b = Sequential([Dense(10)])
        b.compile('adam', loss=loss_fn)
        """
    assert reported(program) == announced(program)
    assert mended(program) == dedent(program)
