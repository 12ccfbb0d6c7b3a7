"""Small programs against the static half of uncleared-gradients: gradients that flow from one step into the next."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from shape_cases import announced, mended, reported

from pitfallcheck.lint.fix import apply
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.uncleared_gradients.static import judge

BROKEN = {
    "a script that never clears": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for epoch in range(10):
            for x, y in loader:
                out = model(x)
                loss = criterion(out, y)
                loss.backward()  # PF405: optimizer
                optimizer.step()
        """,
    "cleared once before the loop": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.Adam(model.parameters())
        optimizer.zero_grad()
        for epoch in range(10):
            out = model(x)
            loss = F.mse_loss(out, y)
            loss.backward()  # PF405: optimizer
            optimizer.step()
        """,
    "cleared per epoch, stepping per batch": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.Adam(model.parameters())
        def train(model, loader, optimizer, criterion):
            for epoch in range(10):
                optimizer.zero_grad()
                for i, (x, y) in enumerate(loader):
                    out = model(x)
                    loss = criterion(out, y)
                    loss.backward()  # PF405: optimizer
                    optimizer.step()
        train(model, loader, optimizer, nn.MSELoss())
        """,
    "cleared between backward and step": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 1)
            def forward(self, x): return self.fc(x)
        net = Net()
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for epoch in range(100):
            pred = net(x)
            loss = F.mse_loss(pred, y)
            loss.backward()
            opt.zero_grad()  # PF405: opt
            opt.step()
        """,
    "the model cleared between": """
        net = nn.Linear(3, 1)
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for epoch in range(100):
            pred = net(x)
            loss = F.mse_loss(pred, y)
            loss.backward()
            net.zero_grad()  # PF405: net
            opt.step()
        """,
    "another optimizer cleared": """
        G = nn.Linear(3, 1)
        D = nn.Linear(1, 1)
        optG = torch.optim.Adam(G.parameters())
        optD = torch.optim.Adam(D.parameters())
        for epoch in range(100):
            for real in loader:
                optD.zero_grad()
                fake = G(z)
                lossD = D(real).mean() - D(fake.detach()).mean()
                lossD.backward()
                optD.step()
                lossG = -D(fake).mean()
                lossG.backward()  # PF405: optG
                optG.step()
        """,
    "a trainer class": """
        class Trainer:
            def __init__(self, model, lr):
                self.model = model
                self.optimizer = torch.optim.Adam(self.model.parameters(), lr=lr)
                self.criterion = nn.CrossEntropyLoss()
            def train_epoch(self, loader):
                self.model.train()
                total = 0
                for x, y in loader:
                    out = self.model(x)
                    loss = self.criterion(out, y)
                    loss.backward()  # PF405: self.optimizer
                    self.optimizer.step()
                    total += loss.item()
                return total
        """,
    "a step function called in a loop": """
        net = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        def train_step(x, y):
            loss = F.mse_loss(net(x), y)
            loss.backward()  # PF405: optimizer
            optimizer.step()
            return loss.item()
        for epoch in range(5):
            for x, y in loader:
                train_step(x, y)
        """,
    "an optimizer that is a parameter": """
        def train(model, device, loader, optimizer, epoch):
            model.train()
            for batch_idx, (data, target) in enumerate(loader):
                data, target = data.to(device), target.to(device)
                output = model(data)
                loss = F.nll_loss(output, target)
                loss.backward()  # PF405 warning: optimizer
                optimizer.step()
        """,
    "a method that somebody else calls": """
        class Agent:
            def __init__(self):
                self.net = nn.Linear(4, 2)
                self.optimizer = torch.optim.Adam(self.net.parameters())
            def learn(self, s, a, r, s2):
                q = self.net(s).gather(1, a)
                target = r + self.net(s2).max(1)[0].detach()
                loss = F.mse_loss(q, target)
                loss.backward()  # PF405 warning: self.optimizer
                for param in self.net.parameters():
                    param.grad.data.clamp_(-1, 1)
                self.optimizer.step()
        """,
    "by hand under no_grad": """
        w = torch.randn(3, requires_grad=True)
        b = torch.zeros(1, requires_grad=True)
        for i in range(100):
            loss = ((x @ w + b - y) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad  # PF405: w
                b -= 0.1 * b.grad
        """,
    "by hand through data": """
        w = torch.randn(3, requires_grad=True)
        for i in range(100):
            loss = ((x @ w - y) ** 2).mean()
            loss.backward()
            w.data = w.data - 0.1 * w.grad.data  # PF405: w
        """,
    "by hand over parameters": """
        net = nn.Linear(2, 1)
        for t in range(500):
            loss = F.mse_loss(net(x), y)
            loss.backward()
            for f in net.parameters():
                f.data.sub_(f.grad.data * 0.01)  # PF405: f
        """,
    "by hand in a helper": """
        def sgd(params, lr, batch_size):
            for param in params:
                param.data -= lr * param.grad / batch_size  # PF405: param
        for epoch in range(3):
            for X, y in data_iter:
                l = loss(net(X, w, b), y).sum()
                l.backward()
                sgd([w, b], lr, 10)
        """,
    "accumulation without an end": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for i, (x, y) in enumerate(loader):
            loss = F.mse_loss(model(x), y) / 4
            loss.backward()
            if (i + 1) % 4 == 0:
                optimizer.step()  # PF405: optimizer
        """,
    "the method not called": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            optimizer.zero_grad  # PF405: optimizer
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "one of two optimizers": """
        model = nn.Linear(2, 1)
        if args.adam:
            optimizer = torch.optim.Adam(model.parameters())
        else:
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
        for x, y in loader:
            loss = F.mse_loss(model(x), y)
            loss.backward()  # PF405: optimizer
            optimizer.step()
            scheduler.step()
        """,
    "a gradient scaler": """
        model = nn.Linear(2, 1).cuda()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scaler = torch.cuda.amp.GradScaler()
        for x, y in loader:
            with torch.cuda.amp.autocast():
                loss = F.mse_loss(model(x), y)
            scaler.scale(loss).backward()  # PF405: optimizer
            scaler.step(optimizer)
            scaler.update()
        """,
    "a main function": """
        def main():
            net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
            net = net.cuda()
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            net.train()
            for e in range(10):
                for data in trainloader:
                    inputs, labels = data
                    outputs = net(inputs)
                    loss = F.mse_loss(outputs, labels)
                    loss.backward()  # PF405: optimizer
                    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                    optimizer.step()
                print(evaluate(net))
        if __name__ == '__main__':
            main()
        """,
    "a while loop": """
        m = nn.Linear(1, 1)
        o = torch.optim.SGD(m.parameters(), lr=0.1)
        i = 0
        while i < 100:
            l = F.mse_loss(m(x), y)
            l.backward()  # PF405: o
            o.step()
            i += 1
        """,
    "an old script with Variable": """
        from torch.autograd import Variable
        class CNN(nn.Module):
            def __init__(self):
                super(CNN, self).__init__()
                self.conv1 = nn.Conv2d(1, 16, 5)
                self.bn = nn.BatchNorm2d(16)
                self.fc = nn.Linear(16, 10)
            def forward(self, x):
                x = F.max_pool2d(F.relu(self.bn(self.conv1(x))), 2)
                return self.fc(x.mean(3).mean(2))
        cnn = CNN()
        cnn.cuda()
        criterion = nn.CrossEntropyLoss()
        optimizer = torch.optim.Adam(cnn.parameters(), lr=0.001)
        for epoch in range(5):
            for i, (images, labels) in enumerate(train_loader):
                images = Variable(images).cuda()
                labels = Variable(labels).cuda()
                outputs = cnn(images)
                loss = criterion(outputs, labels)
                loss.backward()  # PF405: optimizer
                optimizer.step()
                if (i+1) % 100 == 0:
                    print(loss.data[0])
        """,
    "two modules in one list": """
        rnn = nn.RNN(1, 32, 1, batch_first=True)
        head = nn.Linear(32, 1)
        optimizer = torch.optim.Adam(list(rnn.parameters()) + list(head.parameters()), lr=0.02)
        h = None
        for step in range(60):
            out, h = rnn(x, h)
            h = h.data
            pred = head(out)
            loss = F.mse_loss(pred, y)
            loss.backward()  # PF405: optimizer
            optimizer.step()
        """,
    "by hand in a training function": """
        class RNN(nn.Module):
            def __init__(self, n):
                super(RNN, self).__init__()
                self.i2h = nn.Linear(n, n)
            def forward(self, x, h):
                return self.i2h(x + h), h
        rnn = RNN(4)
        criterion = nn.NLLLoss()
        lr = 0.005
        def train(category, line):
            hidden = torch.zeros(1, 4)
            for i in range(line.size()[0]):
                output, hidden = rnn(line[i], hidden)
            loss = criterion(output, category)
            loss.backward()
            for p in rnn.parameters():
                p.data.add_(-lr, p.grad.data)  # PF405: p
            return output, loss.item()
        for it in range(1000):
            output, loss = train(c, l)
        """,
}

CLEAN = {
    "cleared before the forward pass": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "cleared after the step": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        """,
    "accumulation over four steps": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        optimizer.zero_grad()
        for i, (x, y) in enumerate(loader):
            loss = F.mse_loss(model(x), y)
            loss.backward()
            if (i + 1) % 4 == 0:
                optimizer.step()
                optimizer.zero_grad()
        """,
    "a closure": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.LBFGS(model.parameters())
        for i in range(20):
            def closure():
                optimizer.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                return loss
            optimizer.step(closure)
        """,
    "a helper": """
        def reset(opts):
            for o in opts:
                o.zero_grad()
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            reset([optimizer])
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "gradients set to None": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            for p in model.parameters():
                p.grad = None
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "a helper of another file": """
        from utils import zero_gradients
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            zero_gradients(model)
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "two losses": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            optimizer.zero_grad()
            a = F.mse_loss(model(x), y)
            a.backward(retain_graph=True)
            b = F.l1_loss(model(x), y)
            b.backward()
            optimizer.step()
        """,
    "the model cleared": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            model.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "one step per epoch": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(10):
            optimizer.zero_grad()
            for x, y in loader:
                loss = F.mse_loss(model(x), y) / len(loader)
                loss.backward()
            optimizer.step()
        """,
    "a fresh model in each turn": """
        for lr in [0.1, 0.01]:
            model = nn.Linear(2, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=lr)
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            print(loss)
        """,
    "one step and no loop": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        """,
    "by hand and zeroed": """
        w = torch.randn(3, requires_grad=True)
        for i in range(100):
            loss = ((x @ w - y) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
                w.grad.zero_()
        """,
    "by hand with a fresh leaf": """
        w = torch.randn(3, requires_grad=True)
        for i in range(100):
            w = w.detach().requires_grad_(True)
            loss = ((x @ w - y) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
        """,
    "a bad batch skipped": """
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            if torch.isnan(loss):
                optimizer.zero_grad()
                continue
            optimizer.step()
        """,
    "manual optimisation of Lightning": """
        import pytorch_lightning as pl
        class M(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.net = nn.Linear(2, 1)
            def training_step(self, batch, i):
                opt = self.optimizers()
                opt.zero_grad()
                loss = self.net(batch).mean()
                self.manual_backward(loss)
                opt.step()
            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters())
        """,
    "a GAN that clears its models": """
        G = nn.Linear(3, 1)
        D = nn.Linear(1, 1)
        optG = torch.optim.Adam(G.parameters())
        optD = torch.optim.Adam(D.parameters())
        for real in loader:
            D.zero_grad()
            errD = D(real).mean()
            errD.backward()
            fake = G(z)
            errF = D(fake.detach()).mean()
            errF.backward()
            optD.step()
            G.zero_grad()
            errG = D(fake).mean()
            errG.backward()
            optG.step()
        """,
    "a backward in a method": """
        class CycleGANModel(BaseModel):
            def __init__(self):
                self.netG = nn.Linear(1, 1)
                self.optimizer_G = torch.optim.Adam(self.netG.parameters())
            def backward_G(self):
                self.loss_G = self.netG(self.x).mean()
                self.loss_G.backward()
            def optimize_parameters(self):
                self.forward()
                self.optimizer_G.zero_grad()
                self.backward_G()
                self.optimizer_G.step()
        """,
    "two-step optimizer": """
        model = nn.Linear(2, 1)
        optimizer = SAM(model.parameters(), torch.optim.SGD)
        for x, y in loader:
            F.mse_loss(model(x), y).backward()
            optimizer.first_step(zero_grad=True)
            F.mse_loss(model(x), y).backward()
            optimizer.second_step(zero_grad=True)
        """,
    "a list of optimizers": """
        model = nn.Linear(2, 1)
        optimizers = [torch.optim.SGD(model.parameters(), lr=0.1)]
        for x, y in loader:
            for o in optimizers: o.zero_grad()
            F.mse_loss(model(x), y).backward()
            for o in optimizers:
                o.step()
        """,
    "callbacks": """
        class Learner:
            def __init__(self, model, opt, cbs):
                self.model, self.opt, self.cbs = model, opt, cbs
            def one_batch(self, b):
                self.loss = self.model(b).mean()
                self.loss.backward()
                self('after_backward')
                self.opt.step()
                self('after_step')
        """,
    "training and validation in phases": """
        def train_model(model, criterion, optimizer, scheduler, num_epochs=25):
            for epoch in range(num_epochs):
                for phase in ['train', 'val']:
                    if phase == 'train':
                        scheduler.step()
                        model.train()
                    else:
                        model.eval()
                    for inputs, labels in dataloaders[phase]:
                        optimizer.zero_grad()
                        with torch.set_grad_enabled(phase == 'train'):
                            outputs = model(inputs)
                            loss = criterion(outputs, labels)
                            if phase == 'train':
                                loss.backward()
                                optimizer.step()
        """,
    "by hand, the module cleared": """
        rnn = nn.Linear(4, 4)
        criterion = nn.NLLLoss()
        def train(category, line):
            rnn.zero_grad()
            loss = criterion(rnn(line), category)
            loss.backward()
            for p in rnn.parameters():
                p.data.add_(-0.1, p.grad.data)
        for it in range(1000):
            train(c, l)
        """,
    "several critic steps": """
        class D(nn.Module):
            def __init__(self):
                super().__init__()
                self.l = nn.Linear(2, 1)
            def forward(self, x): return self.l(x)
        netD, netG = D(), nn.Linear(1, 2)
        optD = torch.optim.RMSprop(netD.parameters(), lr=1e-4)
        optG = torch.optim.RMSprop(netG.parameters(), lr=1e-4)
        for it in range(100):
            for _ in range(5):
                netD.zero_grad()
                lossD = -(netD(real).mean() - netD(netG(z).detach()).mean())
                lossD.backward()
                optD.step()
                for p in netD.parameters():
                    p.data.clamp_(-0.01, 0.01)
            netG.zero_grad()
            lossG = -netD(netG(z)).mean()
            lossG.backward()
            optG.step()
        """,
    "a policy update": """
        class Agent:
            def __init__(self):
                self.actor = nn.Linear(4, 2)
                self.critic = nn.Linear(4, 1)
                self.opt = torch.optim.Adam([{'params': self.actor.parameters()}, {'params': self.critic.parameters()}])
            def update(self, memory):
                old = torch.stack(memory.logs).detach()
                for _ in range(4):
                    lp = self.actor(s).log_softmax(-1)
                    ratio = torch.exp(lp - old.detach())
                    adv = r - self.critic(s).detach()
                    loss = -torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv) + 0.5 * F.mse_loss(self.critic(s), r)
                    self.opt.zero_grad()
                    loss.mean().backward()
                    self.opt.step()
        """,
    "accumulation with continue": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for i, (x, y) in enumerate(loader):
            update = (i + 1) % 4 == 0 or i + 1 == len(loader)
            loss = criterion(model(x), y) / 4
            loss.backward()
            if not update:
                continue
            optimizer.step()
            optimizer.zero_grad()
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


def test_the_fix_calls_the_method_and_is_safe() -> None:
    assert mended(judge, BROKEN["the method not called"]) == dedent(BROKEN["the method not called"]).replace(
        "optimizer.zero_grad ", "optimizer.zero_grad() "
    )


@pytest.mark.parametrize(
    ("line", "mends"),
    [("loss.backward()", True), ("loss.backward()  # back", True), ("loss.backward(); optimizer.step()", False)],
)
def test_the_clearing_goes_in_front_of_backward(line: str, mends: bool) -> None:
    text = (
        "import torch\nmodel = torch.nn.Linear(1, 1)\noptimizer = torch.optim.SGD(model.parameters(), 0.1)\n"
        f"for x in torch.rand(9, 5, 1):\n    loss = model(x).mean()\n    {line}\n    optimizer.step()\n"
    )
    (finding,) = judge(Source("program.py", text, ast.parse(text)))
    assert (finding.fix is not None) == mends
    if finding.fix is not None:
        mended = apply(text, [finding.fix])
        assert mended == text.replace(f"    {line}", f"    optimizer.zero_grad()\n    {line}")
        assert not list(judge(Source("program.py", mended, ast.parse(mended))))
