"""Small programs against the static half of wrong-softmax-axis: softmaxes over the batch, or over no chosen axis."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.wrong_softmax_axis.static import judge

BROKEN = {
    "the end of a network, after a view": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(784, 10)
            def forward(self, x):
                x = x.view(-1, 784)
                return F.log_softmax(self.out(x), dim=0)  # PF212: F.log_softmax(self.out(x), dim=0)
        F.nll_loss(Net()(x), y).backward()
        """,
    "a Sequential trained from a loader": """
        model = nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(dim=0))  # PF212: nn.LogSoftmax(dim=0)
        for i, (x, y) in enumerate(DataLoader(data, batch_size=8)):
            nn.NLLLoss()(model(x), y).backward()
        """,
    "at the loss": """
        for x, y in train_loader:
            F.nll_loss(torch.log_softmax(model(x), 0), y).backward()  # PF212: torch.log_softmax(model(x), 0)
        """,
    "searched along the other axis": """
        probabilities = F.softmax(model(x), dim=0)  # PF212: F.softmax(model(x), dim=0)
        guess = torch.argmax(probabilities, dim=1)
        """,
    "searched on the spot": """
        guess = F.softmax(model(x), dim=0).argmax(1)  # PF212: F.softmax(model(x), dim=0)
        """,
    "no axis, of three": """
        y = F.softmax(nn.Conv1d(2, 3, 3)(x))  # PF212 warning: F.softmax(nn.Conv1d(2, 3, 3)(x))
        """,
    "no axis, of nobody knows how many": """
        y = F.softmax(x)  # PF212 note: F.softmax(x)
        """,
    "a layer of Keras": """
        model = keras.Sequential([layers.Dense(3), layers.Softmax(axis=0)])  # PF212: layers.Softmax(axis=0)
        """,
    "TensorFlow, of what a layer gives": """
        logits = layers.Dense(3)(inputs)
        y = tf.nn.softmax(logits, axis=0)  # PF212: tf.nn.softmax(logits, axis=0)
        """,
    "an activation of Keras": """
        d = layers.Dense(3, activation=lambda t: tf.nn.softmax(t, axis=0))  # PF212: tf.nn.softmax(t, axis=0)
        def shares(t):
            return keras.activations.softmax(t, axis=0)  # PF212: keras.activations.softmax(t, axis=0)
        a = layers.Activation(shares)
        """,
    "by hand, over a whole matrix": """
        def softmax(z):
            e = np.exp(z - np.max(z))
            return e / np.sum(e)  # PF212: e / np.sum(e)
        x = np.random.randn(100, 4)
        w = np.random.randn(4, 3)
        p = softmax(x @ w)
        """,
    "by hand, inline, from a data set": """
        from sklearn.datasets import load_iris
        x, y = load_iris(return_X_y=True)
        w = np.random.normal(size=(4, 3))
        z = np.dot(x, w) + b
        p = np.exp(z) / np.sum(np.exp(z))  # PF212: np.exp(z) / np.sum(np.exp(z))
        """,
}

CLEAN = {
    "the weights of a mixture": """
        w = nn.Parameter(torch.zeros(3))
        F.nll_loss(F.softmax(w, dim=0), y).backward()
        """,
    "a policy for one state": """
        class Policy(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(4, 2)
            def forward(self, x):
                return F.softmax(self.out(x), dim=0)
        p = Policy()(state)
        action = p.argmax()
        """,
    "attention over a bag": """
        class Bag(nn.Module):
            def __init__(self):
                super().__init__()
                self.score, self.out = nn.Linear(4, 1), nn.Linear(4, 3)
            def forward(self, x):
                x = x.view(-1, 4)
                return self.out((F.softmax(self.score(x), dim=0) * x).sum(0, keepdim=True))
        F.cross_entropy(Bag()(x), y).backward()
        """,
    "one label at a time": """
        for sentence, tag in pairs:
            F.nll_loss(F.log_softmax(nn.Linear(4, 3)(sentence), dim=0), tag).backward()
        """,
    "no axis, of two": "y = F.softmax(x.view(-1, 10))",
    "the last axis": "y = F.softmax(x, dim=-1)",
    "every axis of another library": "y = mine.softmax(x)",
    "TensorFlow, of a vector": "y = tf.nn.softmax(weights, axis=0)",
    "by hand, for each row": """
        def softmax(z):
            e = np.exp(z - np.max(z))
            return e / np.sum(e)
        p = [softmax(row) for row in np.random.randn(5, 3)]
        q = softmax(np.random.randn(3))
        """,
    "by hand, along an axis": """
        def softmax(z):
            e = np.exp(z)
            return e / np.sum(e, axis=1, keepdims=True)
        p = softmax(np.random.randn(5, 3))
        """,
    "by hand, one row as a matrix": """
        def softmax(z):
            e = np.exp(z)
            return e / e.sum()
        p = softmax(np.random.randn(1, 3))
        """,
    "by hand, told by the rank": """
        def softmax(z):
            e = np.exp(z)
            if z.ndim == 1:
                return e / np.sum(e)
            return e / np.sum(e, axis=1, keepdims=True)
        p = softmax(np.random.randn(5, 3))
        """,
    "a joint distribution": "p = np.exp(energy) / np.sum(np.exp(energy))",
    "a Sequential for a bag": """
        model = nn.Sequential(nn.Linear(4, 1), nn.Softmax(dim=0))
        for x, y in train_loader:
            F.kl_div(model(x), y).backward()
        """,
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_softmax_along_the_wrong_axis_is_found(case: str) -> None:
    assert reported(judge, BROKEN[case]) == announced(BROKEN[case]) != set()


@pytest.mark.parametrize("case", CLEAN)
def test_an_axis_that_may_be_meant_is_left_alone(case: str) -> None:
    assert reported(judge, CLEAN[case]) == set()


def test_an_axis_that_is_written_down_is_exchanged_on_request() -> None:
    found = [one.fix for one in judge(source("y = layers.Softmax(axis=0)")) if one.fix is not None]
    assert [(edit.replacement, fix.safe) for fix in found for edit in fix.edits] == [("-1", False)]
