"""PF214 in Keras: which metrics mean nothing for their output, loss and labels."""

from __future__ import annotations

import pytest
from objective_cases import announced, reported

BROKEN = {
    "the accuracy of a regression": """
        model = Sequential([Dense(8, activation='relu'), Dense(1)])
        model.compile(loss='mse', optimizer='adam', metrics=['accuracy'])  # PF214 warning
        """,
    "in the list of another name": """
        scores = ['mae', 'acc']
        model = Sequential([Dense(8, activation='relu'), Dense(1, activation='linear')])
        model.compile(loss=keras.losses.MeanAbsoluteError(), optimizer='adam', metrics=['mae', 'acc'])  # PF214 warning
        """,
    "of prices, whatever the output": """
        (x_train, y_train), _ = boston_housing.load_data()
        model = Sequential([Dense(1, activation='relu')])
        model.compile(loss='mse', optimizer='adam', metrics=['accuracy'])  # PF214 warning
        model.fit(x_train, y_train)
        """,
    "of numbers that are written down": """
        model = Sequential([Dense(1)])
        model.compile(loss='mse', optimizer='adam', metrics=['accuracy'])  # PF214 warning
        model.fit(np.array([1, 2, 3, 4]), np.array([2, 4, 6, 8]))
        """,
    "of several numbers": """
        model = Sequential([Dense(8, activation='relu'), Dense(3)])
        model.compile(loss='mse', optimizer='adam', metrics=['accuracy'])  # PF214 note
        """,
    "Keras' Accuracy on probabilities": """
        model = Sequential([Dense(3, activation='softmax')])
        model.compile('adam', 'sparse_categorical_crossentropy', [tf.keras.metrics.Accuracy()])  # PF214 error
        """,
    "a categorical accuracy beside a sparse loss": """
        model = Sequential([Dense(3, activation='softmax')])
        model.compile('adam', 'sparse_categorical_crossentropy', metrics=['categorical_accuracy'])  # PF214 error
        """,
    "a sparse accuracy beside a one-hot loss": """
        model = Sequential([Dense(3, activation='softmax')])
        model.compile(
            loss='categorical_crossentropy',
            metrics=[keras.metrics.SparseCategoricalAccuracy()],  # PF214 error
        )
        """,
    "a categorical accuracy of one unit": """
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile('adam', 'binary_crossentropy', metrics=['categorical_accuracy'])  # PF214 error
        """,
    "a binary accuracy of ten classes": """
        model = Sequential([Dense(10, activation='softmax')])
        model.compile('adam', 'categorical_crossentropy', metrics=[keras.metrics.BinaryAccuracy()])  # PF214 warning
        """,
    "silent where the output is at fault": """
        model = Sequential([Dense(1, activation='softmax')])  # PF207 error
        model.compile(loss='mse', optimizer='adam', metrics=['accuracy'])
        """,
    "of one-hot rows that are learned as numbers, which PF207 tells": """
        model = Sequential([Dense(3)])
        model.compile('adam', 'mse', metrics=['accuracy'])  # PF207 warning
        model.fit(x, to_categorical(y, 3))
        """,
}
CLEAN = {
    "the accuracy of a classifier": """
        model = Sequential([Dense(3, activation='softmax')])
        model.compile('adam', 'categorical_crossentropy', metrics=['accuracy', 'categorical_accuracy'])
        """,
    "of 0 and 1 that are learned as numbers": """
        model = Sequential([Dense(1)])
        model.compile('adam', 'mse', metrics=['accuracy'])
        model.fit(x, np.array([0, 1, 1, 0]))
        """,
    "of a sigmoid with targets that do not show": """
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile('adam', 'mse', metrics=['accuracy'])
        model.fit(x, y)
        """,
    "a distance": """
        model = Sequential([Dense(1)])
        model.compile('adam', 'mse', metrics=['mae', 'mape'])
        """,
    "of an output that does not show": """
        model = make_model()
        model.compile('adam', 'mse', metrics=['accuracy'])
        """,
    "of one of two outputs": """
        model = Model(x, [Dense(3, activation='softmax', name='kind')(x), Dense(1, name='size')(x)])
        model.compile('adam', ['categorical_crossentropy', 'mse'], metrics={'kind': 'accuracy', 'size': 'mae'})
        """,
}


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in BROKEN.items()])
def test_a_metric_that_means_nothing_is_found(program: str) -> None:
    assert announced(program)
    assert reported(program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in CLEAN.items()])
def test_a_metric_that_fits_is_left_alone(program: str) -> None:
    assert reported(program) == set()
