"""Small programs against the static half of cut-graph: losses that have lost their way back to the parameters."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported

from pitfallcheck.pitfalls.cut_graph.hint import may_be_in
from pitfallcheck.pitfalls.cut_graph.static import judge

BROKEN = {
    "a detached output": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x).detach()  # PF308: loss
            loss = criterion(out, y)
            loss.requires_grad_(True)
            loss.backward()
            optimizer.step()
        """,
    "detached in the loss": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            loss = criterion(out.detach(), y)  # PF308: loss
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
        """,
    "a tensor made of the number": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            loss = torch.tensor(criterion(out, y).item(), requires_grad=True)  # PF308: loss
            loss.backward()
            optimizer.step()
        """,
    "Variable of the data": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            loss = criterion(out, y)
            loss = torch.autograd.Variable(loss.data, requires_grad=True)  # PF308: loss
            loss.backward()
            optimizer.step()
        """,
    "a re-wrapped output": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            loss = criterion(torch.tensor(out, requires_grad=True), y)  # PF308: loss
            loss.backward()
            optimizer.step()
        """,
    "forward under no_grad": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            with torch.no_grad():  # PF308: loss
                out = model(x)
            loss = criterion(out, y)
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
        """,
    "argmax": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            pred = torch.argmax(out, dim=1).float()  # PF308: loss
            loss = criterion(pred, y)
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
        """,
    "the indices of max": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            _, pred = torch.max(out, 1)  # PF308: loss
            loss = criterion(pred.float(), y)
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
        """,
    "a threshold": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            pred = (out > 0.5).float()  # PF308: loss
            loss = F.mse_loss(pred, y)
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
        """,
    "through NumPy": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x).cpu().detach().numpy()  # PF308: loss
            out = torch.from_numpy(out)
            loss = criterion(out, y)
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
        """,
    "a tensor made of a list of losses": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            losses = [criterion(model(x), y), criterion(model(2 * x), y)]
            loss = torch.Tensor([losses[0], losses[1]]).mean()  # PF308: loss
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
        """,
    "Variable around the loss of parameters": """
        from torch.autograd import Variable
        def train(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                out = model(x)
                loss = criterion(out, y)
                loss = Variable(loss, requires_grad=True)  # PF308: loss
                loss.backward()
                optimizer.step()
        """,
    "the loss told to require a gradient": """
        def train(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                out = model(x).data
                loss = criterion(out, y)
                loss.requires_grad_(True)  # PF308 warning: loss
                loss.backward()
                optimizer.step()
        """,
    "a tensor copied between layers": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(2, 8)
                self.fc2 = nn.Linear(8, 1)
            def forward(self, x):
                h = F.relu(self.fc1(x))
                h = torch.tensor(h)  # PF308 warning: self.fc2
                return self.fc2(h)
        def train(net, loader, opt):
            for x, y in loader:
                opt.zero_grad()
                F.mse_loss(net(x), y).backward()
                opt.step()
        """,
    "a module that detaches its output": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(2, 8)
            def forward(self, x):
                return self.fc1(x).detach()  # PF308: loss
        net = Net()
        opt = torch.optim.SGD(net.parameters(), 0.1)
        for x, y in loader:
            opt.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.requires_grad = True
            loss.backward()
            opt.step()
        """,
    "a loss outside of the tape": """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        opt = tf.keras.optimizers.SGD()
        for x, y in ds:
            with tf.GradientTape() as tape:
                pred = model(x)
            loss = tf.reduce_mean((pred - y) ** 2)  # PF308: loss
            grads = tape.gradient(loss, model.trainable_variables)
            opt.apply_gradients(zip(grads, model.trainable_variables))
        """,
    "numpy inside the tape": """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        for x, y in ds:
            with tf.GradientTape() as tape:
                pred = model(x).numpy()  # PF308: loss
                loss = tf.reduce_mean((pred - y) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
        """,
    "targets that are parameters": """
        net = nn.Linear(2, 1)
        def step(x, y):
            out = net(x).detach()  # PF308: loss
            loss = F.mse_loss(out, y)
            loss.requires_grad = True
            loss.backward()
        """,
    "a loss of one's own in NumPy": """
        model = nn.Linear(2, 1)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        def rmse(pred, target):
            e = pred.detach().numpy() - target.numpy()  # PF308: loss
            return torch.tensor(np.sqrt(np.mean(e ** 2)), requires_grad=True)
        for x, y in loader:
            opt.zero_grad()
            loss = rmse(model(x), y)
            loss.backward()
            opt.step()
        """,
    "a layer whose output is detached": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                feat = self.first(x).detach()  # PF308 warning: self.first
                return self.second(feat)
        """,
    "a layer whose output is detached behind a function": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                feat = F.relu(self.first(x))
                print(feat.shape)
                return self.second(feat.detach())  # PF308 warning: self.first
        """,
    "an attention whose output is detached": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.MultiheadAttention(8, 2)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                out, _ = self.first(x, x, x)
                out = out.detach()  # PF308 warning: self.first
                return self.second(out)
        """,
    "a state that is detached in each turn": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                state = x
                for _ in range(3):
                    state = self.first(state).detach()  # PF308 warning: self.first
                return self.second(state)
        """,
    "the data of a stack": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Sequential(nn.Linear(16, 8), nn.ReLU())
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                h = self.first(x).data  # PF308 warning: self.first
                return self.second(h)
        """,
}

CLEAN = {
    "an unknown Variable": """
        def train(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                out = model(x)
                loss = criterion(out, y)
                loss = Variable(loss, requires_grad=True)
                loss.backward()
                optimizer.step()
        """,
    "a forward pass in a file that trains nothing": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(2, 8)
                self.fc2 = nn.Linear(8, 1)
            def forward(self, x):
                h = F.relu(self.fc1(x)).detach().cpu().numpy()
                h = np.sort(h)
                h = torch.from_numpy(h)
                return self.fc2(h)
        """,
    "detached targets": """
        q = nn.Linear(4, 2)
        t = nn.Linear(4, 2)
        opt = torch.optim.Adam(q.parameters())
        for s, a, r, s2 in loader:
            with torch.no_grad():
                target = r + t(s2).max(1)[0]
            loss = F.mse_loss(q(s).gather(1, a), target)
            opt.zero_grad()
            loss.backward()
            opt.step()
        """,
    "a detached fake": """
        G = nn.Linear(3, 1)
        D = nn.Linear(1, 1)
        optD = torch.optim.Adam(D.parameters())
        for real in loader:
            fake = G(z).detach()
            lossD = -(D(real) - D(fake)).mean()
            optD.zero_grad()
            lossD.backward()
            optD.step()
        """,
    "a straight-through estimator and logging": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            q = out + (out.round() - out).detach()
            loss = criterion(q, y)
            loss.backward()
            optimizer.step()
            print(loss.item(), loss.detach().numpy(), (out > 0.5).sum())
        """,
    "an adversarial input": """
        model = nn.Linear(2, 1)
        for x, y in loader:
            x = x.detach()
            x.requires_grad = True
            loss = F.mse_loss(model(x), y)
            loss.backward()
        """,
    "a leaf made anew": """
        w = torch.tensor([1., 2.], requires_grad=True)
        for i in range(5):
            w = w.detach().requires_grad_(True)
            loss = (w ** 2).sum()
            loss.backward()
        """,
    "a mask": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            mask = (out > 0.5).float()
            loss = (mask * (out - y) ** 2).mean()
            loss.backward()
            optimizer.step()
        """,
    "a loss inside the tape": """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        for x, y in ds:
            with tf.GradientTape() as tape:
                pred = model(x)
                loss = tf.reduce_mean((pred - y) ** 2)
            print(loss.numpy())
            grads = tape.gradient(loss, model.trainable_variables)
        """,
    "a sum with an unknown loss": """
        def f(model, loss, x):
            total = loss + model(x).detach()
            total.backward()
        """,
    "a latent that is optimised": """
        enc = nn.Linear(2, 1)
        for x in loader:
            z = torch.tensor(enc(x).detach(), requires_grad=True)
            opt = torch.optim.SGD([z], lr=0.1)
            loss = (z ** 2).sum()
            loss.backward()
            opt.step()
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
    "a tape in a tape": """
        for x, y in ds:
            with tf.GradientTape() as t2:
                with tf.GradientTape() as t1:
                    t1.watch(x)
                    u = model(x)
                du = t1.gradient(u, x)
                loss = tf.reduce_mean(du ** 2)
            g = t2.gradient(loss, model.trainable_variables)
        """,
    "a persistent tape": """
        with tf.GradientTape(persistent=True) as tape:
            a = f(x)
            b = g(a)
            total = a + b
        d1 = tape.gradient(a, vs)
        d2 = tape.gradient(total, vs)
        """,
    "a layer detached and used": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                h = self.first(x)
                self.kept = h.detach()
                return self.second(h)
        """,
    "a head on detached features": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                h = x.detach()
                return self.second(self.first(h))
        """,
    "a layer detached on a condition": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                h = self.first(x)
                if self.stop:
                    h = h.detach()
                return self.second(h)
        """,
    "a frozen layer": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.first.requires_grad_(False)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                return self.second(self.first(x).detach())
        """,
    "a layer that the file trains elsewhere": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                return self.second(self.first(x).detach())

        net = Net()
        F.mse_loss(net.first(x), y).backward()
        """,
    "a teacher": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.teacher = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                return self.second(self.teacher(x).detach())
        """,
    "a module handed in": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = encoder
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                return self.second(self.first(x).detach())
        """,
    "a network of another file": """
        import torchvision
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = torchvision.models.resnet18(pretrained=True)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                return self.second(self.first(x).detach())
        """,
    "quantised straight through": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.embed = nn.Embedding(8, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                z = self.first(x)
                q = self.embed(z.argmax(1))
                q = z + (q - z).detach()
                return self.second(q)
        """,
    "a hidden state detached between batches": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.LSTM(16, 8)
                self.second = nn.Linear(8, 4)

            def forward(self, x):
                out, (h, c) = self.first(x, self.state)
                self.state = (h.detach(), c.detach())
                return self.second(out)
        """,
    "a layer used by another method": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 8)
                self.second = nn.Linear(8, 4)

            def reconstruct(self, x):
                return self.first(x)

            def forward(self, x):
                return self.second(self.first(x).detach())
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
        pytest.param("def forward(self, x):\n    return self.a(x).detach()", True, id="detaches what a layer gives"),
        pytest.param("def forward(self, x):\n    h, _ = self.a(x)\n    return h.detach()", True, id="by its name"),
        pytest.param("def forward(self, x):\n    return self.a(x.detach())", False, id="detaches what a layer gets"),
        pytest.param("def step(self, x):\n    return self.a(x).detach()", False, id="no forward"),
        pytest.param(
            "from ..layers import A\ndef forward(self, x):\n    return self.a(x).detach()",
            False,
            id="deep in a package",
        ),
    ],
)
def test_the_bytes_of_a_file_tell_whether_it_is_to_be_judged(code: str, told: bool) -> None:
    assert may_be_in(b"\n" + code.encode()) is told
