"""The static half of PF202: which programs it reports, on which lines, about what."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.broadcast_loss import PITFALL
from pitfallcheck.pitfalls.broadcast_loss.static import judge

BROKEN = {
    "weights in Variables, and a sum in place": """
        from torch.autograd import Variable
        x = Variable(torch.Tensor([[1, 2.0], [1, 3.0], [1, 7.0], [1, 9.0]]))
        y = Variable(torch.Tensor([2.0, 3.0, 7.0, 9.0]))
        weights = Variable(torch.randn(2, 1), requires_grad=True)
        bias = Variable(torch.randn(1), requires_grad=True)
        for i in range(100):
            out = x.mm(weights).add_(bias)
            loss = torch.mean((out - y) ** 2)  # PF202: out - y
            loss.backward()
        """,
    "weights in Parameters": """
        x = torch.randn(64, 3)
        y = x.sum(dim=1)
        weights = nn.Parameter(torch.randn(3, 1))
        pred = x @ weights
        loss = ((pred.mul_(1.0) - y) ** 2).mean()  # PF202: pred.mul_(1.0) - y
        loss.backward()
        """,
    "three units and one target each": """
        X = torch.tensor([[1], [2], [3], [4]], dtype=torch.float32)
        Y = torch.tensor([[2], [4], [6], [8]], dtype=torch.float32)
        model = nn.Linear(1, 3)
        criterion = nn.MSELoss()
        y_pred = model(X)
        loss = criterion(Y, y_pred)  # PF202: criterion(Y, y_pred)
        loss.backward()
        """,
    "one unit and two targets each": """
        X = torch.randn(64, 5)
        Y = torch.stack([X.sum(1), X.prod(1)], dim=1)
        model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
        loss = F.l1_loss(model(X), Y)  # PF202: F.l1_loss(model(X), Y)
        loss.backward()
        """,
    "three units and one target each, by hand": """
        X = torch.randn(64, 5)
        Y = X.sum(dim=1, keepdim=True)
        model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
        loss = ((model(X) - Y) ** 2).mean()  # PF202 warning: model(X) - Y
        loss.backward()
        """,
    "a NumPy regression on flat targets": """
        rng = np.random.default_rng(0)
        X = rng.normal(size=(100, 3)); w_true = np.array([1., 2., 3.]); y = X @ w_true
        w = np.zeros((3, 1)); b = 0.0
        for step in range(100):
            y_pred = X @ w + b
            error = y_pred - y  # PF202: y_pred - y
            loss = np.mean(error ** 2)
            w -= 0.1 * (2 / 100) * X.T @ error
        """,
    "a network written as a class": """
        class Net:
            def __init__(self, n_in, n_hidden):
                self.W1 = np.random.randn(n_in, n_hidden) * 0.1
                self.b1 = np.zeros(n_hidden)
                self.W2 = np.random.randn(n_hidden, 1) * 0.1
                self.b2 = np.zeros(1)
            def forward(self, x):
                self.h = np.tanh(x @ self.W1 + self.b1)
                return self.h @ self.W2 + self.b2
            def loss(self, x, y):
                out = self.forward(x)
                return np.mean((out - y) ** 2)  # PF202: out - y
        X = np.random.rand(50, 2)
        y = X[:, 0] + X[:, 1]
        net = Net(2, 8)
        print(net.loss(X, y))
        """,
    "a loss function called with both": """
        def forward(x, w1, w2):
            return np.maximum(x.dot(w1), 0).dot(w2)
        def mse(y_pred, y_true):
            return ((y_pred - y_true) ** 2).mean()  # PF202: y_pred - y_true
        def main(n=64):
            x = np.random.randn(n, 4)
            y = np.sin(x[:, 0])
            w1 = np.random.randn(4, 16); w2 = np.random.randn(16, 1)
            for t in range(500):
                print(mse(forward(x, w1, w2), y))
        main()
        """,
    "a cross-entropy by hand": """
        X = np.random.randn(100, 2); y = (X[:, 0] > 0).astype(float)
        w = np.zeros((2, 1))
        p = 1 / (1 + np.exp(-(X @ w)))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))  # PF202: y * np.log(p)
        """,
    "torch MSELoss and a Linear": """
        x = torch.linspace(-1, 1, 100).unsqueeze(1)
        y = 3 * x.squeeze(1) + 2
        model = nn.Linear(1, 1)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        loss_fn = nn.MSELoss()
        for epoch in range(10):
            opt.zero_grad()
            loss = loss_fn(model(x), y)  # PF202: loss_fn(model(x), y)
            loss.backward()
            opt.step()
        """,
    "torch tensors made from NumPy": """
        X_np = np.random.rand(200, 4).astype(np.float32)
        y_np = X_np.sum(axis=1)
        X = torch.from_numpy(X_np); y = torch.tensor(y_np, dtype=torch.float32)
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
            def forward(self, x):
                x = self.net(x)
                return x
        device = torch.device("cpu")
        model = Net().to(device)
        criterion = nn.L1Loss()
        def train(model, X, y):
            model.train()
            out = model(X.to(device))
            loss = criterion(out, y.to(device))  # PF202: criterion(out, y.to(device))
            loss.backward()
            return loss.item()
        for i in range(3):
            train(model, X, y)
        """,
    "forward squeezes, target a column": """
        X = torch.rand(200, 4); y = X.sum(1, keepdim=True)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Linear(4, 1)
            def forward(self, x):
                return self.net(x).squeeze(-1)
        loss = F.mse_loss(Net()(X), y)  # PF202: F.mse_loss(Net()(X), y)
        """,
    "a loss written as a torch module": """
        X = torch.rand(200, 4); y = X.sum(1)
        class Loss(nn.Module):
            def forward(self, pred, target):
                return torch.mean(torch.abs(pred - target))  # PF202: pred - target
        model = nn.Sequential(nn.Linear(4, 1))
        loss = Loss()(model(X), y)
        """,
    "a data set class behind a DataLoader": """
        from torch.utils.data import Dataset, DataLoader
        class Data(Dataset):
            def __init__(self, n):
                self.x = torch.randn(n, 3)
                self.y = self.x.sum(dim=1)
            def __len__(self):
                return len(self.x)
            def __getitem__(self, i):
                return self.x[i], self.y[i]
        model = nn.Linear(3, 1)
        for x, y in DataLoader(Data(100), batch_size=16, shuffle=True):
            loss = ((model(x) - y) ** 2).mean()  # PF202: model(x) - y
        """,
    "after a train-test split": """
        from sklearn.model_selection import train_test_split
        from sklearn.datasets import make_regression
        X, y = make_regression(n_samples=100, n_features=5, noise=0.1)
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
        X_train = torch.tensor(X_train, dtype=torch.float32)
        y_train = torch.tensor(y_train, dtype=torch.float32)
        model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
        crit = nn.MSELoss()
        for e in range(10):
            outputs = model(X_train)
            loss = crit(outputs, y_train)  # PF202: crit(outputs, y_train)
        """,
    "a GradientTape step": """
        x = np.random.rand(100, 2).astype('float32')
        y = (x[:, 0] + x[:, 1]) / 2
        model = keras.Sequential([layers.Dense(8, activation='relu'), layers.Dense(1)])
        opt = keras.optimizers.Adam()
        for epoch in range(5):
            with tf.GradientTape() as tape:
                pred = model(x)
                loss = tf.reduce_mean(tf.square(pred - y))  # PF202: pred - y
            grads = tape.gradient(loss, model.trainable_variables)
        """,
    "a GradientTape step in a tf.function": """
        model = tf.keras.Sequential([tf.keras.Input(shape=(2,)), tf.keras.layers.Dense(1)])
        @tf.function
        def train_step(x, y):
            with tf.GradientTape() as tape:
                y_hat = model(x, training=True)
                far = tf.math.squared_difference(y, y_hat)  # PF202: tf.math.squared_difference(y, y_hat)
                loss = tf.reduce_mean(far)
            return loss
        def gen(batch_size):
            x = np.random.rand(batch_size, 2)
            y = x.mean(axis=1)
            return x, y
        for i in range(100):
            x, y = gen(32)
            train_step(tf.constant(x), tf.constant(y))
        """,
    "batches of a tf.data pipeline": """
        x = tf.random.normal((100, 2)); y = tf.reduce_sum(x, axis=1)
        ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(100).batch(10)
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        for xb, yb in ds:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((yb - model(xb)) ** 2)  # PF202: yb - model(xb)
        """,
    "a Loss subclass fed by a generator": """
        class Own(keras.losses.Loss):
            def __init__(self, w=1.0, name='own'):
                super().__init__(name=name)
                self.w = w
            def call(self, y_true, y_pred):
                error = y_true - y_pred  # PF202: y_true - y_pred
                return self.w * tf.square(error)
        def gen():
            while True:
                x = np.random.rand(32, 2)
                yield x, x.mean(axis=1)
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss=Own(2.0), optimizer='sgd')
        model.fit(gen(), steps_per_epoch=3)
        """,
    "a loss function that squeezes one side": """
        def my_loss(y_true, y_pred):
            return K.mean(K.square(tf.squeeze(y_true) - y_pred))  # PF202: tf.squeeze(y_true) - y_pred
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss=my_loss, optimizer='sgd')
        """,
    "a loss function whose model is not seen": """
        def my_loss(y_true, y_pred):
            y = tf.reshape(y_true, [-1])
            return tf.reduce_mean(tf.abs(y - y_pred), axis=-1)  # PF202 warning: y - y_pred
        def train(model, data):
            model.compile(loss=my_loss, optimizer='sgd')
            model.fit(data)
        """,
    "a loss made by a function": """
        def weighted(w):
            def loss(y_true, y_pred):
                return tf.reduce_mean(w * tf.square(y_true[:, 0] - y_pred))  # PF202: y_true[:, 0] - y_pred
            return loss
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss=weighted(2.), optimizer='sgd')
        """,
    "jax.grad of a loss": """
        import jax, jax.numpy as jnp
        x = jnp.ones((10, 3)); y = jnp.sum(x, axis=1)
        def predict(params, x):
            w, b = params
            return jnp.dot(x, w) + b
        def loss_fn(params, x, y):
            preds = predict(params, x)
            return jnp.mean((preds - y) ** 2)  # PF202: preds - y
        params = (jnp.zeros((3, 1)), jnp.zeros(1))
        grads = jax.grad(loss_fn)(params, x, y)
        """,
    "a loss inside a jitted update": """
        import jax, jax.numpy as jnp
        @jax.jit
        def update(params, x, y, lr=0.1):
            def loss_fn(p):
                return jnp.mean((x @ p['w'] + p['b'] - y) ** 2)  # PF202: x @ p['w'] + p['b'] - y
            l, g = jax.value_and_grad(loss_fn)(params)
            return l
        x = jnp.ones((10, 3)); y = jnp.sum(x, axis=1)
        update({'w': jnp.zeros((3, 1)), 'b': jnp.zeros((1,))}, x, y)
        """,
    "torch's Poisson loss, which does not warn": """
        x = torch.rand(10, 2); y = torch.poisson(torch.ones(10)); y = torch.ones(10)
        m = nn.Linear(2, 1)
        F.poisson_nll_loss(m(x), y)  # PF202: F.poisson_nll_loss(m(x), y)
        """,
    "a loss reduced later": """
        x = torch.rand(10, 2); y = torch.ones(10)
        m = nn.Linear(2, 1)
        l = F.mse_loss(m(x), y, reduction='none')  # PF202: F.mse_loss(m(x), y, reduction='none')
        (l * 2).mean().backward()
        """,
    "a norm of the difference": """
        x = np.random.rand(10, 2)
        y_pred = x @ np.zeros((2, 1))
        y_true = x.sum(axis=1)
        loss = np.linalg.norm(y_pred - y_true)  # PF202: y_pred - y_true
        """,
    "a Loss subclass behind a Lambda that drops the axis": """
        class Own(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return ops.mean(ops.abs(y_pred - y_true), axis=-1)  # PF202: y_pred - y_true
        x = np.random.rand(100, 2)
        inputs = layers.Input(shape=(2,))
        model = keras.Model(inputs, layers.Lambda(lambda t: t[:, 0], output_shape=(1,))(inputs))
        model.compile(loss=Own())
        model.fit(x, x[:, :1])
        """,
    "a Loss subclass that nothing compiles": """
        class Own(keras.losses.Loss):
            def call(self, y_true, y_pred):
                error = ops.squeeze(y_true, -1) - y_pred  # PF202 warning: ops.squeeze(y_true, -1) - y_pred
                return ops.mean(ops.square(error))
        """,
}

FINE = {
    "a Variable that keeps the column": """
        from torch.autograd import Variable
        x = Variable(torch.Tensor([[1, 2.0], [1, 3.0], [1, 7.0], [1, 9.0]]))
        y = Variable(torch.Tensor([[2.0], [3.0], [7.0], [9.0]]))
        weights = Variable(torch.randn(2, 1), requires_grad=True)
        out = x.mm(weights).add_(1.0)
        loss = torch.mean((out - y) ** 2)
        loss.backward()
        """,
    "an axis taken away in place": """
        x = torch.randn(64, 3)
        y = x.sum(dim=1)
        out = nn.Linear(3, 1)(x).squeeze_(1)
        loss = ((out - y) ** 2).mean()
        """,
    "as many units as targets": """
        X = torch.randn(64, 5)
        Y = torch.stack([X.sum(1), X.prod(1)], dim=1)
        loss = F.mse_loss(nn.Linear(5, 2)(X), Y)
        """,
    "one unit and one target": """
        X = torch.randn(64, 5)
        loss = F.mse_loss(nn.Linear(5, 1)(X), X.sum(dim=1, keepdim=True))
        """,
    "an ensemble whose target gets its axis on the spot": """
        X = torch.randn(64, 5)
        loss = ((nn.Linear(5, 10)(X) - X.sum(dim=1)[:, None]) ** 2).mean()
        """,
    "outputs less their own mean": """
        out = nn.Linear(5, 10)(torch.randn(64, 5))
        spread = ((out - out.mean(dim=1, keepdim=True)) ** 2).mean()
        """,
    "columns of unknown number": """
        X = torch.randn(64, 5)
        loss = F.mse_loss(nn.Linear(5, units)(X), X.sum(dim=1, keepdim=True))
        """,
    "data of one column less that of three, no model": """
        a = torch.randn(64, 1)
        pred = torch.randn(64, 3)
        print(((pred - a) ** 2).mean())
        """,
    "log-probabilities weighted by an advantage": """
        X = torch.randn(64, 5)
        logp = F.log_softmax(nn.Linear(5, 3)(X), dim=1)
        advantage = X.sum(dim=1, keepdim=True)
        loss = -(logp * advantage).mean()
        """,
    "values less a baseline of a network": """
        X = torch.randn(64, 5)
        q = nn.Linear(5, 3)(X)
        v = nn.Linear(5, 1)(X)
        advantage = q - v
        loss = (advantage ** 2).mean()
        """,
    "a NumPy regression on a column": """
        rng = np.random.default_rng(0)
        X = rng.normal(size=(100, 3)); w_true = np.array([[1.], [2.], [3.]]); y = X @ w_true
        w = np.zeros((3, 1)); b = 0.0
        for step in range(100):
            y_pred = X @ w + b
            loss = np.mean((y_pred - y) ** 2)
        """,
    "forward squeezes, target flat": """
        X = torch.rand(200, 4); y = X.sum(1)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Linear(4, 1)
            def forward(self, x):
                return self.net(x).squeeze(-1)
        loss = F.mse_loss(Net()(X), y)
        """,
    "a column after a train-test split": """
        from sklearn.model_selection import train_test_split
        from sklearn.datasets import make_regression
        X, y = make_regression(n_samples=100, n_features=5, noise=0.1)
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
        X_train = torch.tensor(X_train, dtype=torch.float32)
        y_train = torch.tensor(y_train, dtype=torch.float32).view(-1, 1)
        model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
        crit = nn.MSELoss()
        for e in range(10):
            outputs = model(X_train)
            loss = crit(outputs, y_train)
            l2 = crit(outputs.squeeze(), y_train.squeeze())
        """,
    "Keras's own losses, called by hand": """
        x = tf.random.normal((100, 2)); y = tf.reduce_sum(x, axis=1)
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        loss_fn = tf.keras.losses.MeanSquaredError()
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x))
            loss2 = tf.reduce_mean(tf.keras.losses.mean_squared_error(y, model(x)))
        """,
    "Loss subclasses that bring the ranks together": """
        class Own(keras.losses.Loss):
            def call(self, y_true, y_pred):
                y_true = tf.reshape(y_true, tf.shape(y_pred))
                return tf.square(y_true - y_pred)
        class Own2(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return tf.square(tf.reshape(y_true, [-1]) - tf.reshape(y_pred, [-1]))
        class Own3(keras.losses.Loss):
            def call(self, y_true, y_pred):
                y_true = tf.cast(y_true, y_pred.dtype)
                return tf.reduce_mean(tf.square(y_true[:, 0] - y_pred[:, 0]))
        x = np.random.rand(32, 2); y = x.mean(axis=1)
        for loss in (Own(), Own2()):
            model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
            model.compile(loss=loss, optimizer='sgd')
            model.fit(x, y)
        """,
    "columns taken from both sides": """
        def my_loss(y_true, y_pred):
            return K.mean(y_true[:, 1] * K.square(y_true[:, 0] - y_pred[:, 0]))
        def my_loss2(y_true, y_pred):
            return K.mean(K.square(y_true[:, :1] - y_pred))
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(units=1)])
        model.compile(loss=my_loss, optimizer='sgd')
        model.compile(loss=my_loss2, optimizer='sgd')
        """,
    "all pairs that are meant": """
        a = np.random.rand(10); b = np.random.rand(20)
        d = np.mean((a[:, None] - b) ** 2)
        pred = np.random.rand(10, 1)
        e = np.abs(pred - pred.T).mean()
        x = torch.rand(10); k = torch.exp(-(x.unsqueeze(1) - x) ** 2).mean()
        """,
    "a score over all pairs of samples": """
        def crps(samples, y):
            return np.mean(np.abs(samples - y)) - 0.5 * np.mean(np.abs(samples[:, None] - samples))
        s = np.random.rand(100, 1); t = np.random.rand(100, 1)
        crps(s, t)
        """,
    "sample weights of rank 1": """
        x = torch.rand(10, 2); y = torch.ones(10, 1); w = torch.ones(10)
        m = nn.Linear(2, 1)
        l = (w * (m(x) - y)[:, 0] ** 2).mean()
        """,
    "the rank mended in a branch": """
        x = np.random.rand(10, 2); y = x[:, 0]
        if y.ndim == 1:
            y = y.reshape(-1, 1)
        w = np.zeros((2, 1))
        pred = x @ w
        loss = ((pred - y) ** 2).mean()
        """,
    "a distance matrix of predictions": """
        model = nn.Linear(3, 1)
        pred = model(torch.rand(10, 3)).squeeze(1)
        far = ((pred.unsqueeze(1) - pred) ** 2).mean()
        """,
    "every prediction with every target, written out": """
        y_pred = np.random.rand(10)
        y = np.random.rand(10)
        energy = np.mean(np.abs(y_pred[:, None] - y))
        """,
    "one target for all": """
        loss = ((nn.Linear(3, 1)(torch.rand(10, 3)) - torch.rand(1)) ** 2).mean()
        """,
    "a difference that nothing reduces": """
        w = np.zeros((2, 1))
        x = np.random.rand(10, 2)
        y = x[:, 0]
        y_pred = x @ w
        table = y_pred - y
        """,
    "features, not predictions": """
        grid = np.linspace(0, 1, 50)
        centres = np.random.rand(10, 1)
        spread = np.mean((centres - grid) ** 2)
        """,
    "a batch of one": """
        model = nn.Linear(3, 1)
        loss = ((model(torch.rand(1, 3)) - torch.rand(1)) ** 2).mean()
        """,
    "BCEWithLogitsLoss, which raises": """
        model = nn.Linear(3, 1)
        loss = nn.BCEWithLogitsLoss()(model(torch.rand(8, 3)), torch.ones(8))
        """,
    "a plain function that Keras aligns for": """
        def own(y_true, y_pred):
            return ops.square(y_true - y_pred)
        x = np.random.rand(32, 2)
        model = keras.Sequential([layers.Input(shape=(2,)), layers.Dense(1)])
        model.compile(loss=own)
        model.fit(x, x[:, 0])
        """,
    "tf_keras, which gives flat targets their axis": """
        import tf_keras
        class Own(tf_keras.losses.Loss):
            def call(self, y_true, y_pred):
                return tf.square(y_true - y_pred)
        x = np.random.rand(32, 2)
        model = tf_keras.Sequential([tf_keras.layers.Input(shape=(2,)), tf_keras.layers.Dense(1)])
        model.compile(loss=Own())
        model.fit(x, x[:, 0])
        """,
    "a parameter that decides the rank": """
        def targets(x, flat):
            y = x[:, :1]
            if flat:
                y = y[:, 0]
            return y
        x = torch.rand(10, 3)
        loss = F.mse_loss(nn.Linear(3, 1)(x), targets(x, False))
        """,
    "a list that grows": """
        y = [1.0]
        for i in range(9):
            y.append([2.0])
        loss = F.mse_loss(nn.Linear(3, 1)(torch.rand(10, 3)), torch.tensor(y))
        """,
    "an axis put back in place": """
        y = torch.rand(10)
        y.unsqueeze_(1)
        loss = F.mse_loss(nn.Linear(3, 1)(torch.rand(10, 3)), y)
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


def test_a_compiled_loss_names_where_it_is_compiled_and_where_its_target_comes_from() -> None:
    program = BROKEN["a Loss subclass fed by a generator"]
    (found,) = judge(source(program))
    lines = source(program).lines
    assert {fact.kind: lines[(fact.line or 0) - 1].strip() for fact in found.evidence} == {
        "compiled": "model.compile(loss=Own(2.0), optimizer='sgd')",
        "target": "yield x, x.mean(axis=1)",
    }
