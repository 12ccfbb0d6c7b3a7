"""Small programs against the static half of wrong-mode: networks that are evaluated or trained in the other mode."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported

from pitfallcheck.pitfalls.wrong_mode.hint import may_be_in
from pitfallcheck.pitfalls.wrong_mode.static import judge

BROKEN = {
    "validation under no_grad": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        model = Net()
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for epoch in range(3):
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                for x, y in test_loader:
                    out = model(x)  # PF406: model
                    total += criterion(out, y).item()
        """,
    "a test function": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        def train(model, loader, opt):
            for x, y in loader:
                opt.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                opt.step()
        def test(model, loader):
            correct = 0
            with torch.no_grad():
                for x, y in loader:
                    pred = model(x).argmax(1)  # PF406: model
                    correct += (pred == y).sum().item()
            return correct
        def main():
            model = Net()
            opt = torch.optim.Adam(model.parameters())
            for e in range(5):
                train(model, loader, opt)
                test(model, loader)
        main()
        """,
    "eval in each epoch, train before them": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        model = Net()
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        model.train()
        for epoch in range(3):
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            model.eval()  # PF406: model
            with torch.no_grad():
                for x, y in test_loader:
                    total += criterion(model(x), y).item()
        """,
    "eval in a helper": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        def evaluate(net, loader):
            net.eval()  # PF406: net
            with torch.no_grad():
                return sum(F.mse_loss(net(x), y).item() for x, y in loader)
        def main():
            net = Net()
            opt = torch.optim.Adam(net.parameters())
            net.train()
            for e in range(5):
                for x, y in loader:
                    opt.zero_grad()
                    loss = F.mse_loss(net(x), y)
                    loss.backward()
                    opt.step()
                print(evaluate(net, val))
        if __name__ == "__main__":
            main()
        """,
    "eval before training": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        model = Net()
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        model.eval()  # PF406: model
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "functional dropout": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
            def forward(self, x):
                x = F.dropout(F.relu(self.fc(x)), 0.5)  # PF406 warning: F.dropout
                return F.dropout(x, p=0.2, training=self.training)
        def train(net, loader, opt):
            for x, y in loader:
                opt.zero_grad()
                F.mse_loss(net(x), y).backward()
                opt.step()
        """,
    "eval not called": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        model = Net()
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        model.eval  # PF406: model
        with torch.no_grad():
            print(criterion(model(x), y))
        """,
    "a Keras model under a tape": """
        model = tf.keras.Sequential([tf.keras.layers.Dense(8), tf.keras.layers.Dropout(0.5), tf.keras.layers.Dense(1)])
        opt = tf.keras.optimizers.SGD()
        for x, y in ds:
            with tf.GradientTape() as tape:
                pred = model(x)  # PF406 warning: model
                loss = tf.reduce_mean((pred - y) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
            opt.apply_gradients(zip(grads, model.trainable_variables))
        """,
    "a Keras class under a tape": """
        class MyModel(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.d = tf.keras.layers.Dense(1)
                self.bn = tf.keras.layers.BatchNormalization()
            def call(self, x):
                return self.d(self.bn(x))
        model = MyModel()
        opt = tf.keras.optimizers.SGD()
        @tf.function
        def train_step(x, y):
            with tf.GradientTape() as tape:
                pred = model(x)  # PF406 warning: model
                loss = tf.reduce_mean((pred - y) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
            opt.apply_gradients(zip(grads, model.trainable_variables))
        """,
    "a network of torchvision": """
        import torchvision.models as models
        model = models.resnet18(num_classes=2)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for epoch in range(3):
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                for x, y in test_loader:
                    _, p = torch.max(model(x), 1)  # PF406: model
                    c += (p == y).sum()
        """,
    "eval before a helper, in each epoch": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        def accuracy(net, loader):
            correct = 0
            for x, y in loader:
                out = net(x)
                correct += (out.argmax(1) == y).sum().item()
            return correct
        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for e in range(3):
            for x, y in loader:
                opt.zero_grad()
                loss = F.cross_entropy(net(x), y)
                loss.backward()
                opt.step()
            net.eval()  # PF406: net
            print(accuracy(net, test_loader))
        """,
    "validation in a decorated function": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        opt = torch.optim.Adam(net.parameters())
        @torch.no_grad()
        def validate():
            total = 0
            for x, y in val_loader:
                total += F.mse_loss(net(x), y).item()  # PF406: net
            return total
        for e in range(3):
            for x, y in loader:
                opt.zero_grad()
                loss = F.mse_loss(net(x), y)
                loss.backward()
                opt.step()
            print(validate())
        """,
    "eval in a method": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        class T:
            def __init__(self):
                self.net = Net()
                self.opt = torch.optim.Adam(self.net.parameters())
            def fit(self, epochs):
                self.net.train()
                for e in range(epochs):
                    self._epoch()
                    self._validate()
            def _epoch(self):
                for x, y in self.loader:
                    self.opt.zero_grad()
                    loss = F.mse_loss(self.net(x), y)
                    loss.backward()
                    self.opt.step()
            def _validate(self):
                self.net.eval()  # PF406: self.net
                with torch.no_grad():
                    for x, y in self.val:
                        F.mse_loss(self.net(x), y)
        """,
    "super in its old spelling": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
        with torch.no_grad():
            for x, y in test_loader:
                hits += (net(x).argmax(1) == y).sum()  # PF406: net
        """,
    "a loop with gradients that counts hits": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
        for x, y in test_loader:
            output = net(x)  # PF406: net
            _, predicted = torch.max(output, 1)
            hits += (predicted == y).sum().item()
        """,
    "a validation with gradients in each epoch": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        def train(model, loader, opt):
            model.train()
            for x, y in loader:
                opt.zero_grad()
                out = model(x)
                hits = (out.argmax(1) == y).sum()
                F.cross_entropy(out, y).backward()
                opt.step()
        def validate(model, loader):
            total = 0.0
            for x, y in loader:
                total += F.cross_entropy(model(x), y).item()  # PF406: model
            return total
        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(3):
            train(net, train_loader, opt)
            validate(net, test_loader)
        """,
    "one batch in a function called test": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        def test(x, y):
            out = net(x)  # PF406: net
            return (out.argmax(1) == y).float().mean().item()
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
        test(xs, ys)
        """,
    "layers in another file, train and no eval": """
        from model import BoatCNN
        model = BoatCNN().to(device)
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(3):
            model.train()
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            with torch.no_grad():
                for x, y in test_loader:
                    predicted = model(x).argmax(1)  # PF406 warning: model
                    hits += (predicted == y).sum().item()
        """,
    "a file that only validates": """
        def validate(model, loader):
            with torch.no_grad():
                for x, y in loader:
                    hits += (model(x).argmax(1) == y).sum().item()  # PF406 warning: model
            return hits
        net = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)).to(device)
        net.load_state_dict(torch.load("net.pt"))
        validate(net, loader)
        """,
    "functional dropout in a file with nothing but a model": """
        class Net(nn.Module):
            def forward(self, x):
                x = F.dropout(x, 0.5)  # PF406 warning: F.dropout
                return F.log_softmax(x, dim=1)
        """,
}

CLEAN = {
    "train and eval in turn": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        model = Net()
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for epoch in range(3):
            model.train()
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                for x, y in test_loader:
                    total += criterion(model(x), y).item()
        """,
    "no layer that depends on the mode": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.ReLU()
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        model = Net()
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for epoch in range(3):
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                for x, y in test_loader:
                    total += criterion(model(x), y).item()
        """,
    "Monte-Carlo dropout": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        model = Net()
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        def mc_dropout(x):
            with torch.no_grad():
                return torch.stack([model(x) for _ in range(100)]), F.mse_loss(model(x), y)
        mc_dropout(x)
        """,
    "a helper that goes back to training": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        model = Net()
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        def evaluate(model, loader):
            model.eval()
            with torch.no_grad():
                r = sum(F.mse_loss(model(x), y).item() for x, y in loader)
            model.train()
            return r
        for e in range(3):
            for x, y in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            evaluate(model, val)
        """,
    "fakes under no_grad": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        G = Net()
        D = Net()
        og = torch.optim.Adam(G.parameters())
        od = torch.optim.Adam(D.parameters())
        for x in loader:
            with torch.no_grad():
                fake = G(z)
            od.zero_grad()
            F.mse_loss(D(fake), y).backward()
            od.step()
            og.zero_grad()
            F.mse_loss(D(G(z)), y).backward()
            og.step()
        with torch.no_grad():
            save_image(G(fixed))
        """,
    "an evaluation of another file": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        from engine import train_one_epoch, evaluate
        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for e in range(3):
            train_one_epoch(net, opt)
            evaluate(net)
            for x, y in loader:
                opt.zero_grad()
                F.mse_loss(net(x), y).backward()
                opt.step()
        """,
    "told to train": """
        model = tf.keras.Sequential([tf.keras.layers.Dense(8), tf.keras.layers.Dropout(0.5), tf.keras.layers.Dense(1)])
        for x, y in ds:
            with tf.GradientTape() as tape:
                pred = model(x, training=True)
                loss = tf.reduce_mean((pred - y) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
        """,
    "modes set by both functions": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        def train(net, loader, opt):
            net.train()
            for x, y in loader:
                opt.zero_grad()
                F.mse_loss(net(x), y).backward()
                opt.step()
        def test(net, loader):
            net.eval()
            with torch.no_grad():
                for x, y in loader: F.mse_loss(net(x), y)
        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for e in range(3):
            train(net, loader, opt)
            test(net, loader)
        """,
    "a teacher under no_grad": """
        student, teacher = nn.Linear(2, 2), nn.Linear(2, 2)
        opt = torch.optim.Adam(student.parameters())
        teacher.eval()
        for x, y in loader:
            with torch.no_grad():
                t = teacher(x)
            s = student(x)
            loss = F.kl_div(s.log_softmax(1), t.softmax(1)) + F.cross_entropy(s, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        """,
    "hits of the training batch": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            out = net(x)
            hits += (out.argmax(1) == y).sum().item()
            F.cross_entropy(out, y).backward()
            opt.step()
        """,
    "a loss over time steps that goes backward behind the loop": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for xs, ys in loader:
            opt.zero_grad()
            loss = 0
            for x, y in zip(xs, ys):
                out = net(x)
                hits += (out.argmax(1) == y).sum().item()
                loss = loss + F.cross_entropy(out, y)
            loss.backward()
            opt.step()
        """,
    "a loop with gradients behind eval": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
        net.eval()
        for x, y in test_loader:
            hits += (net(x).argmax(1) == y).sum().item()
        """,
    "a loop with gradients, no layer that depends on the mode": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.ReLU()
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
        for x, y in test_loader:
            hits += (net(x).argmax(1) == y).sum().item()
        """,
    "forms compared behind training": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        opt = torch.optim.Adam(net.parameters())
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
        for x in others:
            best = net(x).max()
            assert net(x).shape == best.shape
        """,
    "layers in another file, eval in a helper": """
        from model import BoatCNN
        model = BoatCNN()
        optimizer = torch.optim.Adam(model.parameters())
        def quiet(network):
            network.eval()
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        quiet(model)
        with torch.no_grad():
            for x, y in test_loader:
                hits += (model(x).argmax(1) == y).sum().item()
        """,
    "layers in another file, and no mode at all": """
        from model import BoatCNN
        model = BoatCNN()
        optimizer = torch.optim.Adam(model.parameters())
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        with torch.no_grad():
            for x, y in test_loader:
                hits += (model(x).argmax(1) == y).sum().item()
        """,
    "a file that only validates, with eval": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        net.eval()
        with torch.no_grad():
            for x, y in loader:
                hits += (net(x).argmax(1) == y).sum().item()
        """,
    "a file that only validates, mode set by another file": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        from tools import restore
        net = Net()
        restore_and_update(net)
        with torch.no_grad():
            for x, y in loader:
                hits += (net(x).argmax(1) == y).sum().item()
        """,
    "a file that only validates a plain network": """
        net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
        with torch.no_grad():
            for x, y in loader:
                hits += (net(x).argmax(1) == y).sum().item()
        """,
    "the form of an output": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 8)
                self.drop = nn.Dropout(0.5)
                self.out = nn.Linear(8, 3)
            def forward(self, x):
                return self.out(self.drop(F.relu(self.fc(x))))

        net = Net()
        with torch.no_grad():
            out = net(torch.rand(4, 2))
            print(out.max(), out.shape == (4, 3))
        """,
    "functional dropout that is told the mode": """
        class Net(nn.Module):
            def forward(self, x):
                return F.dropout(F.relu(x), p=0.5, training=self.training)
        """,
}


@pytest.mark.parametrize("program", BROKEN.values(), ids=BROKEN)
def test_the_fault_is_found_where_it_is_to_be_mended(program: str) -> None:
    due = announced(program)
    assert due
    assert reported(judge, program) == due


@pytest.mark.parametrize("program", CLEAN.values(), ids=CLEAN)
def test_what_looks_alike_is_left_alone(program: str) -> None:
    assert reported(judge, program) == set()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("loss.backward()", True, id="trains"),
        pytest.param("with torch.no_grad():\n    model(x).argmax(1)", True, id="judges"),
        pytest.param("model.eval()\nwith torch.no_grad():\n    model(x).argmax(1)", False, id="sets the mode"),
        pytest.param("\nfrom .layers import Net\nwith torch.no_grad():\n    x.argmax(1)", False, id="of a package"),
        pytest.param("@torch.no_grad()\ndef f(x):\n    return model(x)", False, id="does not judge"),
        pytest.param("F.dropout(F.relu(x), 0.5)", True, id="drops untold"),
        pytest.param("F.dropout(F.relu(x), 0.5, self.training)", False, id="drops, told"),
        pytest.param("F.dropout(\n    x,\n    training=self.training)", False, id="drops, told in a line of its own"),
    ],
)
def test_the_bytes_of_a_file_tell_whether_it_is_to_be_judged(code: str, told: bool) -> None:
    assert may_be_in(b"\n" + code.encode()) is told
