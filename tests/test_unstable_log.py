"""Small programs against the static half of unstable-log: logarithms of softmaxes and sigmoids."""

from __future__ import annotations

import pytest
from shape_cases import announced, mended, reported, source

from pitfallcheck.pitfalls.unstable_log.static import judge

BROKEN = {
    "the logarithm of a softmax": """
        a = torch.log(F.softmax(x, dim=1))  # PF211 warning: F.softmax(x, dim=1)
        """,
    "as methods": """
        a = x.softmax(dim=-1).log()  # PF211 warning: x.softmax(dim=-1)
        b = torch.sigmoid(x).log().mean()  # PF211 warning: torch.sigmoid(x)
        """,
    "a name between": """
        p = torch.sigmoid(z)
        loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()  # PF211 warning: p
        """,
    "the complement alone": """
        p = torch.sigmoid(z)
        loss = -torch.log(1 - p).mean()  # PF211 warning: 1 - p
        """,
    "TensorFlow": """
        loss = -tf.reduce_sum(y * tf.math.log(tf.nn.softmax(z)), axis=1)  # PF211 warning: tf.nn.softmax(z)
        """,
    "the Keras backend": """
        p = K.sigmoid(z)
        loss = K.mean(y * K.log(p))  # PF211 warning: p
        """,
    "JAX": """
        def loss(w):
            p = jax.nn.softmax(x @ w)
            return -jnp.mean(jnp.log(p[jnp.arange(5), y]))  # PF211 warning: p[jnp.arange(5), y]
        """,
    "a sigmoid written out": """
        def sigmoid(z):
            return 1.0 / (1.0 + np.exp(-z))
        def cost(w, b):
            a = sigmoid(np.dot(w.T, x) + b)
            return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))  # PF211 warning: a
        """,
    "a softmax written out": """
        def softmax(z):
            e = np.exp(z - np.max(z, axis=1, keepdims=True))
            return e / np.sum(e, axis=1, keepdims=True)
        probs = softmax(x @ w)
        loss = -np.log(probs[range(10), y]).mean()  # PF211 warning: probs[range(10), y]
        """,
    "a method that is a sigmoid": """
        class Regression:
            def sigmoid(self, z):
                return 1 / (1 + np.exp(-z))
            def loss(self, x, y):
                h = self.sigmoid(x @ self.w)
                return -(y * np.log(h)).mean()  # PF211 warning: h
        """,
    "given to a loss of the file": """
        def loss(p, y):
            return -(y * np.log(p)).mean()  # PF211 warning: p
        def train():
            p = 1 / (1 + np.exp(-z))
            return loss(p, y)
        """,
    "a network that ends in a sigmoid": """
        class D(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())
            def forward(self, x):
                return self.net(x)
        d = D()
        loss = -torch.mean(torch.log(d(real)) + torch.log(1 - d(fake)))  # PF211 warning: d(real)
        """,
    "either of two sigmoids": """
        p = torch.sigmoid(a) if first else torch.sigmoid(b)
        q = p if first else torch.sigmoid(b)
        if first:
            r = torch.sigmoid(a)
        else:
            r = torch.sigmoid(b)
        loss = torch.log(r)  # PF211 warning: r
        """,
    "the picked classes": """
        p = F.softmax(z, dim=1)
        loss = -p.gather(1, y).squeeze(1).log().mean()  # PF211 warning: p.gather(1, y).squeeze(1)
        """,
}

CLEAN = {
    "an epsilon": "a = torch.log(F.softmax(x, dim=1) + 1e-8)",
    "an epsilon of another name": "a = torch.log(F.softmax(x, dim=1) + eps)",
    "a clip": "a = np.log(np.clip(1 / (1 + np.exp(-z)), 1e-7, 1 - 1e-7))",
    "a clamp in between": """
        p = torch.sigmoid(z)
        p = p.clamp(1e-6, 1 - 1e-6)
        a = torch.log(p)
        """,
    "a clamp in the network": """
        class D(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(3, 1)
            def forward(self, x):
                return torch.clamp(torch.sigmoid(self.out(x)), 1e-6, 1 - 1e-6)
        d = D()
        a = torch.log(d(x))
        """,
    "a clamp on one path": """
        p = torch.sigmoid(z)
        if stable:
            p = p.clamp(min=1e-6)
        a = torch.log(p)
        """,
    "a mean": "a = torch.log(F.softmax(x, dim=1).mean(dim=0))",
    "the largest": "a = torch.log(F.softmax(x, dim=1).max(dim=1).values)",
    "clipped afterwards": "a = torch.clamp(torch.log(torch.sigmoid(x)), min=-100)",
    "nan_to_num afterwards": "a = torch.log(torch.sigmoid(x)).nan_to_num()",
    "given probabilities": """
        def entropy(p):
            return -(p * np.log(p)).sum()
        print(entropy(counts / counts.sum()))
        """,
    "a helper that others call, too": """
        def entropy(p):
            return -(p * np.log(p)).sum()
        print(entropy(1 / (1 + np.exp(-z))), entropy(weights))
        """,
    "log_softmax": "a = F.log_softmax(x, dim=1)",
    "the logarithm of a sum of exponentials": "a = np.log(np.exp(z).sum())",
    "a sigmoid that keeps away from 0": """
        def sigmoid(z):
            return np.clip(1 / (1 + np.exp(-z)), 1e-9, 1 - 1e-9)
        a = np.log(sigmoid(z))
        """,
    "an odd function": "a = np.log(1 / (2 + np.exp(-z)))",
    "a logger": "trainer.log('loss', torch.sigmoid(x)); run.log()",
    "a softplus": "a = torch.log(1 + torch.exp(x))",
    "softmax of another library": "a = torch.log(mine.softmax(x))",
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_logarithm_of_a_bare_probability_is_found(case: str) -> None:
    assert reported(judge, BROKEN[case]) == announced(BROKEN[case]) != set()


@pytest.mark.parametrize("case", CLEAN)
def test_what_is_kept_finite_or_unknown_is_left_alone(case: str) -> None:
    assert reported(judge, CLEAN[case]) == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = torch.log(F.softmax(x, dim=1))\n", "a = F.log_softmax(x, dim=1)\n"),
        ("a = x.softmax(-1).log()\n", "a = x.log_softmax(-1)\n"),
        ("a = tf.math.log(tf.nn.softmax(\n    z, axis=1))\n", "a = tf.nn.log_softmax(\n    z, axis=1)\n"),
        ("a = jnp.log(jax.nn.softmax(z))\n", "a = jax.nn.log_softmax(z)\n"),
    ],
)
def test_a_softmax_in_its_logarithm_is_mended(before: str, after: str) -> None:
    assert mended(judge, before) == after
    assert reported(judge, after) == set()


@pytest.mark.parametrize(
    "program",
    [
        "a = torch.log2(F.softmax(x, dim=1))",
        "p = F.softmax(x, dim=1)\na = torch.log(p)",
        "from torch.nn.functional import softmax\na = torch.log(softmax(x, dim=1))",
    ],
    ids=["another base", "a name between", "a name that was imported alone"],
)
def test_what_needs_more_than_one_exchange_has_no_fix(program: str) -> None:
    (found,) = judge(source(program))
    assert found.fix is None
