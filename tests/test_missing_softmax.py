"""PF206 in Keras: which losses get something else than probabilities, and how that is mended."""

from __future__ import annotations

from textwrap import dedent

import pytest
from objective_cases import IMPORTS, announced, findings, reported, source

from pitfallcheck.lint.fix import apply

BROKEN = {
    "no activation before a loss in a string": """
        model = Sequential()
        model.add(Dense(64, activation='relu', input_dim=20))
        model.add(Dense(10))  # PF206 error
        model.compile(loss='categorical_crossentropy', optimizer='sgd', metrics=['accuracy'])
        """,
    "a relu as a layer of its own, in the words of Keras 1": """
        model = Sequential()
        model.add(Dense(output_dim=10, init='uniform', input_dim=20))
        model.add(Activation('relu'))  # PF206 error
        model.compile(loss='categorical_crossentropy', optimizer='sgd')
        """,
    "a tanh before the binary loss": """
        model = Sequential([Dense(8, activation='tanh'), Dense(1, activation='tanh')])  # PF206 error
        model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
        """,
    "a loss object without the flag": """
        model = keras.Sequential([Flatten(), Dense(128, activation='relu'), Dense(10)])
        model.compile(optimizer='adam', loss=tf.keras.losses.SparseCategoricalCrossentropy())  # PF206 error
        """,
    "a convolution that is pooled": """
        x = Conv2D(10, (1, 1))(inputs)  # PF206 error
        x = keras.layers.GlobalAveragePooling2D()(x)
        model = Model(inputs=inputs, outputs=x)
        model.compile('adam', 'categorical_crossentropy')
        """,
    "a leaky relu as a layer": """
        model = Sequential()
        model.add(Dense(1))
        model.add(LeakyReLU(0.2))  # PF206 error
        model.compile('adam', 'binary_crossentropy')
        """,
    "a model made by a function and kept in an attribute": """
        class Trainer:
            def __init__(self):
                self.model = self.build()
                self.model.compile(loss='binary_crossentropy', optimizer='adam')
            def build(self):
                model = Sequential()
                model.add(Dense(1))  # PF206 error
                return model
        """,
    "one of two outputs": """
        h = Dense(16, activation='relu')(inputs)
        kind = Dense(3, name='kind')(h)  # PF206 error
        size = Dense(1, name='size')(h)
        model = Model(inputs, [kind, size])
        model.compile('adam', loss={'kind': 'categorical_crossentropy', 'size': 'mse'})
        """,
    "a logarithm of logits in a loss that is written out, in torch": """
        import torch
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = torch.nn.Linear(4, 2)
                self.drop = torch.nn.Dropout(0.2)
            def forward(self, x):
                return self.drop(self.fc(x))
        net = Net()
        output = net(x)
        loss = -torch.mean(torch.sum(torch.mul(target, torch.log(output)), dim=0))  # PF206 error
        loss.backward()
        """,
}
CLEAN = {
    "logarithms of what is positive, in torch": """
        import torch
        net, scale = torch.nn.Linear(4, 2), torch.nn.Linear(4, 2)
        p = torch.softmax(net(x), dim=1)
        spread = scale(x) ** 2 + 1e-6
        loss = -(y * torch.log(p)).sum() + torch.log(spread).sum() + torch.log(torch.exp(net(x)).sum(dim=1)).sum()
        loss.backward()
        """,
    "a logarithm that is only printed, and one of what is clamped, in torch": """
        import torch
        net = torch.nn.Linear(4, 2)
        print(torch.log(net(x)))
        loss = -(y * torch.log(net(x).clamp(min=1e-6))).sum()
        loss.backward()
        """,
    "a softmax as a layer of its own": """
        model = Sequential()
        model.add(Dense(10))
        model.add(Activation('softmax'))
        model.compile(loss='categorical_crossentropy', optimizer='sgd')
        """,
    "a softmax behind dropout and a reshape": """
        x = Dropout(0.1)(Activation(tf.nn.softmax)(Dense(12)(inputs)))
        model = Model(inputs, keras.layers.Reshape((3, 4))(x))
        model.compile('adam', 'categorical_crossentropy')
        """,
    "an unknown layer behind it": """
        model = Sequential([Dense(10), MyHead()])
        model.compile('adam', 'categorical_crossentropy')
        """,
    "a function of the file adds the end": """
        def finish(net):
            net.add(Activation('softmax'))
        model = Sequential()
        model.add(Dense(10))
        finish(model)
        model.compile('adam', 'categorical_crossentropy')
        """,
    "the end depends on the number of classes": """
        if classes == 2:
            model.add(Dense(1, activation='sigmoid'))
            loss = 'binary_crossentropy'
        else:
            model.add(Dense(classes))
            loss = 'categorical_crossentropy'
        model.compile(loss=loss, optimizer='adam')
        """,
    "arguments that do not show": """
        model = Sequential([Dense(10, **options)])
        model.compile('adam', 'categorical_crossentropy')
        """,
    "nothing done to what is not known": """
        x = Activation('linear', dtype='float32')(head(inputs))
        model = Model(inputs, x)
        model.compile('adam', 'categorical_crossentropy')
        """,
    "a softplus, whose share is taken": """
        model = Sequential([Dense(10, activation='softplus')])
        model.compile('adam', 'categorical_crossentropy')
        """,
    "a loss of one's own": """
        model = Sequential([Dense(10)])
        model.compile('adam', loss=lambda y, p: tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, p)))
        """,
    "another package's Dense": """
        from bayes.layers import Dense as Bayes
        model = Sequential([Bayes(10)])
        model.compile('adam', 'categorical_crossentropy')
        """,
    "a parameter whose calls are elsewhere": """
        def create(activation=None):
            model = Sequential([Dense(10, activation=activation)])
            model.compile('adam', 'categorical_crossentropy')
            return model
        """,
}


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in BROKEN.items()])
def test_an_output_that_is_no_probability_is_found(program: str) -> None:
    assert announced(program)
    assert reported(program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in CLEAN.items()])
def test_a_program_without_one_is_left_alone(program: str) -> None:
    assert reported(program) == set()


@pytest.mark.parametrize(
    ("made", "after"),
    [
        ("keras.losses.BinaryCrossentropy()", "keras.losses.BinaryCrossentropy(from_logits=True)"),
        (
            "keras.losses.BinaryCrossentropy(label_smoothing=0.1)",
            "keras.losses.BinaryCrossentropy(label_smoothing=0.1, from_logits=True)",
        ),
    ],
)
def test_the_fix_says_that_they_are_logits(made: str, after: str) -> None:
    program = f"model = Sequential([Dense(1)])\nmodel.compile('adam', loss={made})\n"
    fixes = [finding.fix for finding in findings(program) if finding.fix is not None]
    result = apply(source(program).text, fixes).removeprefix(IMPORTS)
    assert result == dedent(program).replace(made, after)
    assert reported(result) == set()
