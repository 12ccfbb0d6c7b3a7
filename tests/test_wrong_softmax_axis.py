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
    "attention by einsum along the queries": """
        class Attention(nn.Module):
            def forward(self, x):
                q, k, v = self.to_q(x), self.to_k(x), self.to_v(x)
                attn = torch.einsum('b i d, b j d -> b i j', q, k) / x.shape[-1] ** 0.5
                attn = F.softmax(attn, dim=1)  # PF212: F.softmax(attn, dim=1)
                return torch.einsum('b i j, b j d -> b i d', attn, v)
        """,
    "attention of heads along the batch": """
        def forward(self, x, mask=None):
            q, k, v = self.qkv(x).chunk(3, dim=-1)
            q = q.view(B, S, H, -1)
            k = k.view(B, S, H, -1)
            scores = torch.matmul(q, k.transpose(-2, -1))
            if mask is not None:
                scores = scores.masked_fill(mask == 0, -1e9)
            w = F.softmax(scores, dim=0)  # PF212: F.softmax(scores, dim=0)
            w = F.dropout(w, 0.1)
            return torch.matmul(w, v)
        """,
    "attention by bmm, the queries counted from the end": """
        def forward(self, q, k, v):
            scores = torch.bmm(q, k.transpose(1, 2))
            return torch.bmm(scores.softmax(-2), v)  # PF212: scores.softmax(-2)
        """,
    "attention by @ with a layer": """
        class Attention(nn.Module):
            def __init__(self, dim):
                super().__init__()
                self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
                self.softmax = nn.Softmax(dim=1)
            def forward(self, x):
                scores = self.q(x) @ self.k(x).transpose(1, 2) / 8
                weights = self.softmax(scores)  # PF212: self.softmax(scores)
                return weights @ self.v(x)
        """,
    "a layer that names no axis, and is called twice": """
        class Classifier(nn.Module):
            def __init__(self):
                super().__init__()
                self.softmax = nn.Softmax()  # PF212 note: nn.Softmax()
            def forward(self, x):
                return self.softmax(self.head(x)) + self.softmax(self.tail(x))
        """,
}

CLEAN = {
    "attention along the keys": """
        def forward(self, q, k, v):
            attn = torch.softmax(q @ k.transpose(-2, -1), dim=-1)
            same = torch.bmm(F.softmax(torch.bmm(q, k.transpose(1, 2)), dim=2), v)
            return attn @ v + same
        """,
    "attention of one matrix": """
        def forward(self, q, k, v):
            attn = F.softmax(q @ k.T, dim=1)
            return attn @ v
        """,
    "attention of one query": """
        def forward(self, query, keys, values):
            attn = F.softmax(keys @ query, dim=0)
            return attn @ values
        """,
    "slots that compete, and are normalized after": """
        def forward(self, q, k, v):
            dots = torch.einsum('bid,bjd->bij', q, k)
            attn = dots.softmax(dim=1) + 1e-8
            attn = attn / attn.sum(dim=-1, keepdim=True)
            return torch.einsum('bjd,bij->bid', v, attn)
        """,
    "weights that are divided by their sum later": """
        def forward(self, q, k, v):
            attn = torch.einsum('bid,bjd->bij', q, k).softmax(dim=1)
            total = attn.sum(dim=-1, keepdim=True)
            return torch.einsum('bij,bjd->bid', attn, v) / total
        """,
    "transposed on the way": """
        def forward(self, q, k, v):
            attn = F.softmax(torch.bmm(q, k.transpose(1, 2)), dim=1)
            return torch.bmm(attn.transpose(1, 2), v)
        """,
    "einsum that sums over the axis of the softmax": """
        def forward(self, q, k, v):
            attn = torch.einsum('bjd,bid->bji', k, q).softmax(dim=1)
            return torch.einsum('bji,bjd->bid', attn, v)
        """,
    "samples that are shared out to clusters": """
        def forward(self, x):
            assign = torch.einsum('kd,bnd->bkn', self.centers, x).softmax(dim=1)
            soft = F.softmax(self.conv(x).view(8, 16, -1), dim=1)
            return torch.einsum('bkn,bnd->bkd', assign, x) + soft @ x
        """,
    "linear attention": """
        def forward(self, q, k, v):
            q, k = q.softmax(dim=-1), k.softmax(dim=-2)
            return q @ (k.transpose(-2, -1) @ v)
        """,
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
