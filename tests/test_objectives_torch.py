"""Small torch programs, and the losses that are read off them: the output that each is given, and the labels."""

from __future__ import annotations

import pytest
from shape_cases import source

from pitfallcheck import catalog
from pitfallcheck.lint.objectives.torch_read import torch_objectives

Told = tuple[str, str | None, int | None]
"""A loss, the last activation of the output that it is given, and the number of units; None where nothing shows."""

CASES: dict[str, tuple[str, list[Told]]] = {
    "a function train beside a method train": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
                self.out = nn.Softmax(dim=-1)
            def forward(self, x):
                return self.out(self.fc(x)), x
        class Trainer:
            def __init__(self, model, criterion, loader):
                self.model, self.criterion, self.loader = model, criterion, loader
            def train(self):
                for epoch in range(3):
                    self._train_epoch(epoch)
            def _train_epoch(self, epoch):
                self.model.train()
                for x, y in self.loader:
                    scores, attention = self.model(x)
                    loss = self.criterion(scores, y)
                    loss.backward()
        def train(config, samples):
            loader = make_loader(samples, config.batch_size)
            trainer = Trainer(Net(), nn.NLLLoss(), loader)
            trainer.train()
        """,
        [("NLLLoss", "softmax", 3)],
    ),
    "two functions that call each other": (
        """
        def step(model, criterion, x, y, left):
            criterion(model(x), y).backward()
            again(model, criterion, x, y, left - 1)
        def again(model, criterion, x, y, left):
            if left:
                step(model, criterion, x, y, left)
        step(nn.Linear(4, 1), nn.MSELoss(), x, y, 5)
        """,
        [("MSELoss", "linear", 1)],
    ),
    "a softmax that forward returns": (
        """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc1 = nn.Linear(784, 100)
                self.fc2 = nn.Linear(100, 10)
            def forward(self, x):
                x = x.view(-1, 784)
                x = F.relu(self.fc1(x))
                x = self.fc2(x)
                return F.softmax(x, dim=1)
        net = Net()
        criterion = nn.CrossEntropyLoss()
        optimizer = optim.SGD(net.parameters(), lr=0.01)
        for epoch in range(2):
            for data in loader:
                inputs, labels = data
                optimizer.zero_grad()
                outputs = net(inputs)
                loss = criterion(outputs, labels)
                loss.backward()
                optimizer.step()
        """,
        [("CrossEntropyLoss", "softmax", 10)],
    ),
    "a Sequential and a loss given to a function": (
        """
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=1))
        def train(model, loader, criterion, opt):
            for x, y in loader:
                opt.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                opt.step()
        train(model, loader, nn.CrossEntropyLoss(), optim.Adam(model.parameters()))
        """,
        [("CrossEntropyLoss", "softmax", 3)],
    ),
    "two models given to one function": (
        """
        class A(nn.Module):
            def __init__(self):
                super().__init__()
                self.l = nn.Linear(3, 3); self.s = nn.Softmax(1)
            def forward(self, x): return self.s(self.l(x))
        class B(nn.Module):
            def __init__(self, k=5):
                super().__init__()
                self.l = nn.Linear(3, k)
            def forward(self, x): return self.l(x)
        def train(model, crit):
            for x, y in loader:
                out = model(x)
                crit(out, y).backward()
        train(A(), nn.MSELoss())
        train(B(), nn.CrossEntropyLoss())
        """,
        [("MSELoss", "softmax", 3), ("CrossEntropyLoss", "linear", 5)],
    ),
    "a Lightning module that calls itself": (
        """
        import pytorch_lightning as pl
        class Lit(pl.LightningModule):
            def __init__(self, n=10):
                super().__init__()
                self.layers = nn.Sequential(nn.Flatten(), nn.Linear(20, n), nn.LogSoftmax(dim=1))
                self.loss = nn.CrossEntropyLoss()
            def forward(self, x):
                return self.layers(x)
            def training_step(self, batch, idx):
                x, y = batch
                logits = self(x)
                loss = F.nll_loss(logits, y)
                return self.loss(logits, y)
            def _step(self, batch):
                x, y = batch
                return F.cross_entropy(self.forward(x), y)
        """,
        [
            ("NLLLoss", "log_softmax", None),
            ("CrossEntropyLoss", "log_softmax", None),
            ("CrossEntropyLoss", "log_softmax", None),
        ],
    ),
    "a Lightning module around another, and a loss by default": (
        """
        import lightning as L
        class Net(nn.Module):
            def __init__(self, c):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(3, 8), nn.Linear(8, c), nn.Sigmoid())
            def forward(self, x): return self.net(x)
        class Lit(L.LightningModule):
            def __init__(self, model, loss_fn=nn.BCEWithLogitsLoss()):
                super().__init__()
                self.model = model; self.loss_fn = loss_fn
            def training_step(self, batch, i):
                x, y = batch
                p = self.model(x).squeeze()
                return self.loss_fn(p, y)
        lit = Lit(Net(1))
        """,
        [("BCEWithLogitsLoss", "sigmoid", None)],
    ),
    "a softmax for evaluation alone": (
        """
        class N(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 4)
            def forward(self, x):
                x = self.fc(x)
                if not self.training:
                    x = F.softmax(x, 1)
                return x
        m = N(); F.cross_entropy(m(x), y).backward()
        """,
        [("CrossEntropyLoss", "linear", 4)],
    ),
    "a return for training alone": (
        """
        class N(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 4)
            def forward(self, x):
                x = self.fc(x)
                if self.training:
                    return x
                return F.softmax(x, 1)
        m = N(); F.cross_entropy(m(x), y).backward()
        """,
        [("CrossEntropyLoss", "linear", 4)],
    ),
    "a softmax behind a setting that nobody knows": (
        """
        class N(nn.Module):
            def __init__(self, prob):
                super().__init__()
                self.fc = nn.Linear(3, 4); self.prob = prob
            def forward(self, x):
                x = self.fc(x)
                if self.prob:
                    x = F.softmax(x, 1)
                return x
        m = N(args.prob); F.cross_entropy(m(x), y).backward()
        """,
        [("CrossEntropyLoss", None, None)],
    ),
    "a softmax behind a setting that the call shows": (
        """
        class N(nn.Module):
            def __init__(self, prob=False):
                super().__init__()
                self.fc = nn.Linear(3, 4); self.prob = prob
            def forward(self, x):
                x = self.fc(x)
                if self.prob:
                    x = F.softmax(x, 1)
                return x
        m = N(); F.cross_entropy(m(x), y).backward()
        m = N(True); F.cross_entropy(m(x), y).backward()
        """,
        [("CrossEntropyLoss", "linear", 4), ("CrossEntropyLoss", "softmax", 4)],
    ),
    "logits and probabilities side by side": (
        """
        class N(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 4)
                self.softmax = nn.Softmax(dim=1)
            def forward(self, x):
                logits = self.fc(x)
                probs = self.softmax(logits)
                return logits, probs
        m = N()
        logits, probs = m(x)
        F.cross_entropy(logits, y).backward()
        F.cross_entropy(m(x)[1], y).backward()
        """,
        [("CrossEntropyLoss", "linear", 4), ("CrossEntropyLoss", "softmax", 4)],
    ),
    "layers gathered in a list": (
        """
        class MLP(nn.Module):
            def __init__(self, sizes, act=nn.ReLU):
                super().__init__()
                layers = []
                for i in range(len(sizes) - 2):
                    layers.append(nn.Linear(sizes[i], sizes[i+1]))
                    layers.append(act())
                layers.append(nn.Linear(sizes[-2], 10))
                layers.append(nn.Softmax(dim=1))
                self.net = nn.Sequential(*layers)
            def forward(self, x):
                return self.net(x)
        model = MLP([3,4,5])
        loss_fn = nn.CrossEntropyLoss()
        loss = loss_fn(model(x), y)
        loss.backward()
        """,
        [("CrossEntropyLoss", "softmax", 10)],
    ),
    "a last layer that may be left out": (
        """
        layers = [nn.Linear(3,4)]
        if prob:
            layers.append(nn.Softmax(dim=1))
        model = nn.Sequential(*layers)
        F.cross_entropy(model(x), y).backward()
        """,
        [("CrossEntropyLoss", None, None)],
    ),
    "an OrderedDict of layers": (
        """
        from collections import OrderedDict
        model = nn.Sequential(OrderedDict([
            ('fc1', nn.Linear(784, 128)), ('relu', nn.ReLU()),
            ('fc2', nn.Linear(128, 10)), ('output', nn.LogSoftmax(dim=1)),
        ]))
        criterion = nn.NLLLoss()
        criterion(model(x), y).backward()
        """,
        [("NLLLoss", "log_softmax", 10)],
    ),
    "another head for a network of torchvision": (
        """
        from torchvision import models
        model = models.resnet18(pretrained=True)
        for p in model.parameters(): p.requires_grad = False
        model.fc = nn.Sequential(nn.Linear(512, 2), nn.Softmax(dim=1))
        model = model.to(device)
        criterion = nn.CrossEntropyLoss()
        for x, y in loader:
            out = model(x)
            criterion(out, y).backward()
        """,
        [("CrossEntropyLoss", "softmax", 2)],
    ),
    "another last layer for a network of torchvision, in a class": (
        """
        import torchvision.models as models
        class V(nn.Module):
            def __init__(self, n):
                super().__init__()
                self.vgg = models.vgg16(pretrained=True)
                self.vgg.classifier[6] = nn.Linear(4096, n)
            def forward(self, x):
                return torch.sigmoid(self.vgg(x))
        m = V(14)
        nn.BCEWithLogitsLoss()(m(x), y).backward()
        """,
        [("BCEWithLogitsLoss", "sigmoid", 14)],
    ),
    "a loop over a ModuleList": (
        """
        class M(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList([nn.Linear(3,3), nn.ReLU(), nn.Linear(3,2), nn.Sigmoid()])
            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x
        m = M()
        nn.CrossEntropyLoss()(m(x), y).backward()
        """,
        [("CrossEntropyLoss", "sigmoid", 2)],
    ),
    "a global model in a training function": (
        """
        class N(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 10, 5); self.fc = nn.Linear(320, 10)
            def forward(self, x):
                x = F.relu(F.max_pool2d(self.conv(x), 2))
                x = x.view(-1, 320)
                x = F.relu(self.fc(x))
                return x
        model = N()
        def train(epoch):
            model.train()
            for batch_idx, (data, target) in enumerate(train_loader):
                output = model(data)
                loss = F.nll_loss(output, target)
                loss.backward()
        for e in range(3): train(e)
        """,
        [("NLLLoss", "relu", 10)],
    ),
    "activations between model and loss": (
        """
        model = Something()
        for x, y in loader:
            logits = model(x)
            loss = F.cross_entropy(F.softmax(logits, dim=1), y)
            probs = torch.sigmoid(logits)
            l2 = nn.BCEWithLogitsLoss()(probs, y)
            l3 = F.binary_cross_entropy_with_logits(logits.sigmoid(), y)
            l4 = F.nll_loss(torch.log(torch.softmax(logits, 1) + 1e-8), y)
            loss.backward()
        """,
        [
            ("CrossEntropyLoss", "softmax", None),
            ("BCEWithLogitsLoss", "sigmoid", None),
            ("BCEWithLogitsLoss", "sigmoid", None),
            ("NLLLoss", "log_softmax", None),
        ],
    ),
    "a dictionary of losses": (
        """
        LOSSES = {"ce": nn.CrossEntropyLoss(), "mse": nn.MSELoss()}
        crit = LOSSES["ce"]
        net = nn.Sequential(nn.Linear(3,1))
        crit(net(x), y).backward()
        """,
        [("CrossEntropyLoss", "linear", 1)],
    ),
    "a trainer that holds model and loss": (
        """
        class Trainer:
            def __init__(self, model, lr=1e-3):
                self.model = model
                self.criterion = nn.BCELoss()
                self.opt = optim.Adam(model.parameters(), lr)
            def step(self, x, y):
                out = self.model(x)
                loss = self.criterion(out, y)
                loss.backward()
            def run(self, loader):
                for x, y in loader:
                    self.step(x, y)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 1)
            def forward(self, x):
                return self.fc(x)
        def main():
            net = Net()
            t = Trainer(net)
            t.run(loader)
        if __name__ == '__main__':
            main()
        """,
        [("BCELoss", "linear", 1)],
    ),
    "a discriminator": (
        """
        D = nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())
        G = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
        bce = nn.BCELoss()
        loss = bce(D(real), ones) + bce(D(G(z)), zeros)
        loss.backward()
        """,
        [("BCELoss", "sigmoid", 1), ("BCELoss", "sigmoid", 1)],
    ),
    "a training step in a base class": (
        """
        class Base(nn.Module):
            def training_step(self, batch):
                images, labels = batch
                out = self(images)
                loss = F.cross_entropy(out, labels)
                return loss
        class Cnn(Base):
            def __init__(self):
                super().__init__()
                self.network = nn.Sequential(nn.Conv2d(3,8,3), nn.Flatten(), nn.Linear(8, 10), nn.Softmax(dim=1))
            def forward(self, xb):
                return self.network(xb)
        model = Cnn()
        def fit(model, loader):
            for batch in loader:
                loss = model.training_step(batch)
                loss.backward()
        fit(model, loader)
        """,
        [("CrossEntropyLoss", "softmax", 10)],
    ),
    "attention inside the network": (
        """
        class Att(nn.Module):
            def __init__(self, h, k):
                super().__init__()
                self.w = nn.Linear(h, 1)
                self.out = nn.Linear(h, k)
            def forward(self, h):
                a = F.softmax(self.w(h), dim=1)
                ctx = (a * h).sum(1)
                return self.out(ctx)
        m = Att(3, 4)
        F.cross_entropy(m(x), y).backward()
        """,
        [("CrossEntropyLoss", "linear", 4)],
    ),
    "a softmax for predictions alone": (
        """
        model = nn.Sequential(nn.Linear(3,3))
        for x, y in loader:
            logits = model(x)
            probs = F.softmax(logits, dim=1)
            acc = (probs.argmax(1) == y).float().mean()
            loss = F.cross_entropy(logits, y)
            loss.backward()
        """,
        [("CrossEntropyLoss", "linear", 3)],
    ),
    "the output bound anew": (
        """
        class N(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(3, 4)
                self.act = nn.Softmax(dim=-1)
            def forward(self, x):
                out = self.out(x)
                out = self.act(out)
                return out
        class W:
            pass
        def main():
            model = N().cuda()
            crit = torch.nn.CrossEntropyLoss().cuda()
            for x, y in loader:
                pred = model.forward(x)
                loss = crit(pred.float(), y.long())
                loss.backward()
        main()
        """,
        [("CrossEntropyLoss", "softmax", 4)],
    ),
    "names imported one by one": (
        """
        from torch.nn import Linear, Softmax, CrossEntropyLoss, Module
        class N(Module):
            def __init__(self):
                super().__init__()
                self.out = Linear(3, 4)
                self.act = Softmax(dim=-1)
            def forward(self, x):
                return self.act(self.out(x))
        m = N()
        c = CrossEntropyLoss()
        c(m(x), y).backward()
        """,
        [("CrossEntropyLoss", "softmax", 4)],
    ),
    "an activation chosen by a string": (
        """
        class N(nn.Module):
            def __init__(self, act='softmax'):
                super().__init__()
                self.out = nn.Linear(3, 4)
                if act == 'softmax':
                    self.act = nn.Softmax(dim=1)
                elif act == 'sigmoid':
                    self.act = nn.Sigmoid()
            def forward(self, x):
                return self.act(self.out(x))
        c = nn.CrossEntropyLoss()
        c(N()(x), y).backward()
        c(N('sigmoid')(x), y).backward()
        """,
        [("CrossEntropyLoss", "softmax", 4), ("CrossEntropyLoss", "sigmoid", 4)],
    ),
    "an activation given as a function": (
        """
        class N(nn.Module):
            def __init__(self, act=torch.sigmoid):
                super().__init__()
                self.out = nn.Linear(3, 1)
                self.act = act
            def forward(self, x):
                return self.act(self.out(x)).squeeze(-1)
        c = nn.BCEWithLogitsLoss()
        c(N()(x), y).backward()
        """,
        [("BCEWithLogitsLoss", "sigmoid", 1)],
    ),
    "layers added one by one": (
        """
        model = nn.Sequential()
        model.add_module('l', nn.Linear(3, 2))
        model.add_module('s', nn.Softmax(dim=1))
        nn.CrossEntropyLoss()(model(x), y).backward()
        """,
        [("CrossEntropyLoss", "softmax", 2)],
    ),
    "a function that makes blocks": (
        """
        def block(i, o):
            return nn.Sequential(nn.Linear(i, o), nn.ReLU())
        class N(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(block(3, 4), *[block(4, 4) for _ in range(3)], block(4, 2))
            def forward(self, x): return self.net(x)
        nn.MSELoss()(N()(x), y).backward()
        """,
        [("MSELoss", "relu", 2)],
    ),
    "a closure": (
        """
        def main():
            model = nn.Sequential(nn.Linear(2, 1), nn.Softmax(dim=1))
            crit = nn.MSELoss()
            def closure():
                out = model(x)
                loss = crit(out, y)
                loss.backward()
                return loss
            opt.step(closure)
        main()
        """,
        [("MSELoss", "softmax", 1)],
    ),
    "one activation for two layers": (
        """
        class Net(nn.Module):
            def __init__(self, inp, hidden, out):
                super(Net, self).__init__()
                self.l1 = nn.Linear(inp, hidden)
                self.l2 = nn.Linear(hidden, out)
                self.sig = nn.Sigmoid()
            def forward(self, x):
                h = self.sig(self.l1(x))
                return self.sig(self.l2(h))
        INP, OUT = 10, 3
        model = Net(INP, 5, OUT)
        loss_func = torch.nn.CrossEntropyLoss()
        def step():
            y_pred = model(x)
            loss = loss_func(y_pred, y)
            loss.backward()
        """,
        [("CrossEntropyLoss", "sigmoid", 3)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_loss_is_told_with_the_output_that_it_is_given(case: str) -> None:
    program, due = CASES[case]
    found = [
        (one.loss.name, one.output.activation if one.output else None, one.output.units if one.output else None)
        for one in torch_objectives(source(program))
        if one.loss is not None
    ]
    assert found == due


def test_the_place_of_an_activation_is_that_of_the_call_or_of_the_layer_in_a_stack() -> None:
    program = """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(3, 4)
                self.last = nn.Softmax(dim=1)
            def forward(self, x):
                return self.last(self.out(x))
        stack = nn.Sequential(nn.Linear(3, 4), nn.Softmax(dim=1))
        criterion = nn.CrossEntropyLoss()
        criterion(Net()(x), y).backward()
        criterion(stack(x), y).backward()
        """
    parsed = source(program)
    places = [one.output.activated_at for one in torch_objectives(parsed) if one.output is not None]
    assert [parsed.segment(place) for place in places if place is not None] == [
        "self.last(self.out(x))",
        "nn.Softmax(dim=1)",
    ]


LABELS = {
    "a TensorDataset in a DataLoader": (
        """
        from sklearn.datasets import load_iris
        x, y = load_iris(return_X_y=True)
        loader = DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size=8)
        model = nn.Linear(4, 3)
        for inputs, targets in loader:
            F.cross_entropy(model(inputs), targets).backward()
        """,
        ("integers", 3),
    ),
    "a data set of torchvision, counted batches": (
        """
        import torchvision
        loader = torch.utils.data.DataLoader(torchvision.datasets.CIFAR10("."), batch_size=8)
        model = nn.Linear(4, 3)
        for i, data in enumerate(loader, 0):
            inputs, targets = data
            F.cross_entropy(model(inputs), targets).backward()
        """,
        ("integers", 10),
    ),
    "a data set class of the file": (
        """
        from sklearn.datasets import make_regression
        x, y = make_regression()
        class Pairs(Dataset):
            def __init__(self, x, y):
                self.x, self.y = x, y
            def __len__(self):
                return len(self.x)
            def __getitem__(self, i):
                return self.x[i], self.y[i]
        model = nn.Linear(4, 1)
        for inputs, targets in DataLoader(Pairs(x, y)):
            F.mse_loss(model(inputs), targets).backward()
        """,
        ("reals", None),
    ),
    "one-hot rows made at the loss": (
        """
        model = nn.Linear(4, 3)
        for inputs, targets in loader:
            F.mse_loss(model(inputs), F.one_hot(targets, 3).float()).backward()
        """,
        ("one-hot", 3),
    ),
    "a transformed target": (
        """
        import torchvision
        data = torchvision.datasets.MNIST(".", target_transform=lambda t: t / 10)
        model = nn.Linear(4, 3)
        for inputs, targets in DataLoader(data):
            F.mse_loss(model(inputs), targets).backward()
        """,
        None,
    ),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_are_followed_through_loaders(case: str) -> None:
    program, due = LABELS[case]
    (objective,) = torch_objectives(source(program))
    found = objective.labels
    assert (None if found is None else (found.kind, found.classes)) == due


def test_functions_that_all_call_each_other_do_not_multiply() -> None:
    names = [f"step_{i}" for i in range(12)]
    bodies = "\n    ".join(f"{name}(out, y)" for name in names)
    text = "\n".join(f"def {name}(out, y):\n    {bodies}" for name in names)
    program = f"{text}\ndef last(out, y):\n    {bodies}\n    return F.cross_entropy(out, y)\n" + "".join(
        f"{name}(torch.sigmoid(x), y)\n" for name in [*names, "last"]
    )
    (objective,) = torch_objectives(source(program))
    assert objective.output is not None and objective.output.activation == "sigmoid"


END_TO_END = {
    "a softmax before CrossEntropyLoss": (
        """
        model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
        nn.CrossEntropyLoss()(model(x), y).backward()
        """,
        {"PF205"},
    ),
    "a sigmoid at the call": (
        """
        F.binary_cross_entropy_with_logits(torch.sigmoid(model(x)), y).backward()
        """,
        {"PF205"},
    ),
    "a softmax before NLLLoss": (
        """
        model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
        nn.NLLLoss()(model(x), y).backward()
        """,
        {"PF206"},
    ),
    "no sigmoid before BCELoss": (
        """
        model = nn.Linear(4, 1)
        nn.BCELoss()(model(x), y).backward()
        """,
        {"PF206"},
    ),
    "CrossEntropyLoss over one unit": (
        """
        model = nn.Linear(4, 1)
        nn.CrossEntropyLoss()(model(x), y).backward()
        """,
        {"PF207"},
    ),
    "a softmax over one unit": (
        """
        model = nn.Sequential(nn.Linear(4, 1), nn.Softmax(dim=1))
        nn.BCELoss()(model(x), y).backward()
        """,
        {"PF207"},
    ),
    "two units for three classes": (
        """
        from sklearn.datasets import load_iris
        x, y = load_iris(return_X_y=True)
        model = nn.Linear(4, 2)
        F.cross_entropy(model(torch.tensor(x)), torch.tensor(y)).backward()
        """,
        {"PF210"},
    ),
    "a log-softmax before CrossEntropyLoss": (
        """
        model = nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(dim=1))
        nn.CrossEntropyLoss()(model(x), y).backward()
        """,
        set(),
    ),
    "attention, and candidates scored one by one": (
        """
        score = nn.Linear(4, 1)
        weights = F.softmax(score(x), dim=1)
        F.cross_entropy(score(x).view(-1, 5), y).backward()
        F.cross_entropy(score(x).squeeze(-1), y).backward()
        """,
        set(),
    ),
    "a policy gradient": (
        """
        policy = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))
        chosen = torch.distributions.Categorical(policy(state))
        (-chosen.log_prob(action) * reward).backward()
        """,
        set(),
    ),
    "a loss of the file under a known name": (
        """
        class CrossEntropyLoss(nn.Module):
            def forward(self, probabilities, target):
                return -(target * torch.log(probabilities + 1e-8)).sum()
        model = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))
        CrossEntropyLoss()(model(x), y).backward()
        """,
        set(),
    ),
    "two networks, each with its loss": (
        """
        generator = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=1))
        critic = nn.Linear(2, 3)
        F.cross_entropy(critic(generator(x)), y).backward()
        """,
        set(),
    ),
    "an attribute set from outside": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(4, 3)
                self.last = nn.Softmax(dim=1)
            def forward(self, x):
                return self.last(self.out(x))
        model = Net()
        model.last = nn.Identity()
        F.cross_entropy(model(x), y).backward()
        """,
        set(),
    ),
}


@pytest.mark.parametrize("case", END_TO_END)
def test_the_rules_judge_what_is_read(case: str) -> None:
    program, due = END_TO_END[case]
    parsed = source(program)
    codes = ("PF205", "PF206", "PF207", "PF210", "PF214")
    rules = [catalog.static_half(catalog.find(code)) for code in codes]
    assert {found.code for rule in rules for found in rule(parsed)} == due
