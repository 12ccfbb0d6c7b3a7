"""Small programs against the static half of step-order: steps, backwards and schedules out of order or absent."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported

from pitfallcheck.pitfalls.step_order.hint import may_be_in
from pitfallcheck.pitfalls.step_order.static import judge

BROKEN = {
    "step before backward": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            optimizer.step()  # PF409: optimizer
            loss.backward()
        """,
    "step first and cleared last": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            loss = criterion(model(x), y)
            optimizer.step()  # PF409: optimizer
            loss.backward()
            optimizer.zero_grad()
        """,
    "the gradients of the turn before": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            loss = criterion(model(x), y)
            optimizer.step()  # PF409 warning: optimizer
            optimizer.zero_grad()
            loss.backward()
        """,
    "step behind the batch loop": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for e in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
            optimizer.step()  # PF409: optimizer
        """,
    "step behind the loop of a function": """
        def train(model, loader, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
            optimizer.step()  # PF409: optimizer
            return loss.item()
        model = nn.Linear(1, 1)
        opt = torch.optim.SGD(model.parameters(), 0.1)
        for e in range(4):
            train(model, loader, opt)
        """,
    "no backward": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            optimizer.step()  # PF409: optimizer
        """,
    "a schedule steps and the optimizer never": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        for e in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()  # PF409: optimizer
            scheduler.step()
        """,
    "an optimizer for each batch": """
        model = nn.Linear(2, 1)
        for x, y in loader:
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)  # PF409 warning: optimizer
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "an optimizer for each call": """
        model = nn.Linear(2, 1)
        def train(x, y):
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)  # PF409 warning: optimizer
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        for x, y in loader:
            train(x, y)
        """,
    "schedule at the head of the epoch": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        for e in range(3):
            scheduler.step()  # PF409 warning: scheduler
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
        """,
    "schedule before a training function": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        from torch.optim.lr_scheduler import ExponentialLR
        scheduler = ExponentialLR(optimizer, 0.9)
        def train():
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
        for e in range(3):
            scheduler.step()  # PF409 warning: scheduler
            train()
        """,
    "backward not called": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward  # PF409: loss
            optimizer.step()
        """,
    "step not called": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step  # PF409: optimizer
        """,
    "step before backward in a method": """
        class MNIST:
            def __init__(self, lr):
                self.net = nn.Sequential(nn.Linear(784, 10))
                self.opt = torch.optim.SGD(self.net.parameters(), lr=lr)
                self.loss_fn = nn.CrossEntropyLoss()
            def step(self, x, y):
                self.opt.zero_grad()
                out = self.net(x)
                loss = self.loss_fn(out, y)
                self.opt.step()  # PF409: self.opt
                loss.backward()
                return loss.item()
        m = MNIST(0.1)
        for x, y in loader:
            m.step(x, y)
        """,
    "step before backward, all of it parameters": """
        def train_one_epoch(model, optimizer, criterion, loader, device):
            model.train()
            for images, labels in loader:
                images, labels = images.to(device), labels.to(device)
                optimizer.zero_grad()
                outputs = model(images)
                loss = criterion(outputs, labels)
                optimizer.step()  # PF409: optimizer
                loss.backward()
        """,
    "step behind the batch loop of a trainer": """
        class Trainer:
            def __init__(self, model, loader, optimizer):
                self.model = model
                self.loader = loader
                self.optimizer = optimizer
            def run(self, epochs):
                for e in range(epochs):
                    for x, y in self.loader:
                        self.optimizer.zero_grad()
                        loss = F.cross_entropy(self.model(x), y)
                        loss.backward()
                    self.optimizer.step()  # PF409: self.optimizer
        """,
    "no backward, the loss in a helper": """
        vae = nn.Linear(4, 4)
        opt = torch.optim.Adam(vae.parameters(), lr=1e-3)
        def loss_function(r, x):
            return F.binary_cross_entropy(r, x, reduction='sum')
        for epoch in range(10):
            train_loss = 0
            for data, _ in loader:
                opt.zero_grad()
                recon = vae(data)
                loss = loss_function(recon, data)
                train_loss += loss.item()
                opt.step()  # PF409: opt
        """,
    "schedule before a function with parameters": """
        def main():
            model = nn.Linear(1, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            lr_scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [10, 20])
            for epoch in range(30):
                lr_scheduler.step()  # PF409 warning: lr_scheduler
                train_epoch(model, optimizer, epoch)
        def train_epoch(model, optimizer, epoch):
            for x, y in loader:
                optimizer.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                optimizer.step()
        main()
        """,
    "clipped behind the step": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # PF409: nn.utils.clip_grad_norm_
        """,
    "clipped behind the step, with no clearing": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            criterion(model(x), y).backward()
            optimizer.step()
            if limit is not None:
                nn.utils.clip_grad_value_(model.parameters(), limit)  # PF409 warning: nn.utils.clip_grad_value_
        """,
    "clipped behind the step, in a method": """
        class Trainer:
            def __init__(self, model):
                self.model = model
                self.optimizer = torch.optim.Adam(self.model.parameters())

            def train_batch(self, x, y):
                self.optimizer.zero_grad()
                loss = F.mse_loss(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                nn.utils.clip_grad_norm_(self.model.parameters(), 5)  # PF409: nn.utils.clip_grad_norm_
                return loss.item()
        """,
    "an optimizer that is made and left": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for epoch in range(100):
            out = model(x)
            loss = criterion(out, y)  # PF409: optimizer
            print(loss.item())
        """,
    "an optimizer that only clears": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)  # PF409: optimizer
            total += loss.item()
        """,
    "an optimizer that is left, in a function": """
        def fit(net, x, y, steps=80):
            opt = torch.optim.Adam(net.parameters(), lr=0.01)
            losses = []
            for _ in range(steps):
                net.eval()
                losses.append(F.mse_loss(net(x), y).item())  # PF409: opt
            return losses
        fit(nn.Linear(2, 1), torch.rand(8, 2), torch.rand(8, 1))
        """,
    "a schedule over epochs, with each batch": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
        for epoch in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
                scheduler.step()  # PF409 note: scheduler
        """,
    "milestones of epochs, with each batch of a function": """
        def train(model, optimizer, scheduler):
            for x, y in loader:
                optimizer.zero_grad()
                F.mse_loss(model(x), y).backward()
                optimizer.step()
                scheduler.step()  # PF409 note: scheduler
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [30, 60])
        for epoch in range(90):
            train(model, optimizer, scheduler)
        """,
}

CLEAN = {
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
    "schedule at the end of the epoch": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        for e in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            scheduler.step()
        """,
    "schedule told its epoch": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        for e in range(3):
            scheduler.step(e)
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
        """,
    "a schedule that is only plotted": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        lrs = []
        for e in range(3):
            optimizer.step()
            lrs.append(scheduler.get_last_lr())
            scheduler.step()
        """,
    "schedule from the second epoch on": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        for e in range(3):
            if e > 0:
                scheduler.step()
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "gradients of the input": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            x.requires_grad = True
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            adv = x + 0.1 * x.grad.sign()
        """,
    "a model reset for each batch": """
        model = nn.Linear(2, 1)
        state = model.state_dict()
        for x, y in loader:
            model.load_state_dict(state)
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "an optimizer for each latent": """
        for img in images:
            z = torch.zeros(1, 8, requires_grad=True)
            optimizer = torch.optim.Adam([z], lr=0.01)
            for k in range(100):
                optimizer.zero_grad()
                loss = F.mse_loss(dec(z), img)
                loss.backward()
                optimizer.step()
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
    "clipped in front of the step": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        """,
    "clipped for the step of another optimizer": """
        first, second = nn.Linear(2, 2), nn.Linear(2, 1)
        one = torch.optim.SGD(first.parameters(), lr=0.01)
        two = torch.optim.SGD(second.parameters(), lr=0.01)
        for x, y in loader:
            one.zero_grad()
            two.zero_grad()
            F.mse_loss(second(first(x)), y).backward()
            one.step()
            nn.utils.clip_grad_norm_(second.parameters(), 1.0)
            two.step()
        """,
    "the norm behind the step is looked at": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
            norm = nn.utils.clip_grad_norm_(model.parameters(), float("inf"))
            print(norm)
        """,
    "clipped on both sides of the step": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        """,
    "an optimizer that is returned": """
        def prepare(model):
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            for x, y in loader:
                print(F.mse_loss(model(x), y))
            return optimizer
        prepare(nn.Linear(2, 1))
        """,
    "an optimizer that is handed over": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        state = prepare(model, optimizer)
        for x, y in loader:
            total += criterion(model(x), y).item()
        """,
    "an evaluation next to an optimizer": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        optimizer.load_state_dict(torch.load("state.pt"))
        for x, y in loader:
            total += criterion(model(x), y).item()
        """,
    "an evaluation of a model in evaluation mode": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        model.eval()
        for x, y in loader:
            total += criterion(model(x), y).item()
        """,
    "an evaluation of the test set": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in test_loader:
            total += criterion(model(x), y).item()
        """,
    "an evaluation under no_grad": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        with torch.no_grad():
            for x, y in loader:
                total += criterion(model(x), y).item()
        """,
    "the loss of another network": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        teacher = nn.Linear(2, 1)
        for x, y in loader:
            total += criterion(teacher(x), y).item()
        """,
    "a schedule over batches": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10000)
        for epoch in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
                scheduler.step()
        """,
    "a schedule over epochs behind the batches": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1)
        for epoch in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            scheduler.step()
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
        pytest.param("loss.backward()\noptimizer.step()", True, id="a step"),
        pytest.param(
            "o = optim.SGD(m.parameters())\nfor x in xs:\n    loss = f(x)", True, id="an optimizer, and no step"
        ),
        pytest.param("o = optim.SGD(m.parameters())\nfor x in xs:\n    o.step()", False, id="a step by another"),
        pytest.param("o = optim.SGD(m.parameters())\nloss = f(x)", False, id="no loop"),
        pytest.param("for x in xs:\n    loss = f(x)", False, id="no optimizer"),
    ],
)
def test_the_bytes_of_a_file_tell_whether_it_is_to_be_judged(code: str, told: bool) -> None:
    assert may_be_in(b"\n" + code.encode()) is told
