"""Programs for PyTorch under `run`: one of everything that must not be disturbed, and one of trainings to look at."""

UNDISTURBED = """
import hashlib, random, sys, traceback
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

def told(name, *models):
    digest = hashlib.sha256()
    for model in models:
        for key, value in (model.state_dict().items() if isinstance(model, nn.Module) else [("", model)]):
            digest.update(value.detach().float().numpy().tobytes())
        if isinstance(model, nn.Module):
            for p in model.parameters():
                digest.update(b"-" if p.grad is None else p.grad.float().numpy().tobytes())
    digest.update(torch.get_rng_state().numpy().tobytes() + np.random.get_state()[1].tobytes())
    digest.update(repr(random.getstate()).encode())
    print(name, digest.hexdigest()[:16])

def loop(model, optimizer, x, y, criterion, steps=6, after=lambda: None):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        after()
    return loss.item()

X = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
Y = X @ torch.tensor([[1.0], [2.0], [-1.0]]) + 0.5
LABELS = (Y[:, 0] > 0).long()

def mlp(out=1):
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, out))

def optimizers():
    for make in (lambda p: torch.optim.SGD(p, 0.01, momentum=0.9, nesterov=True), lambda p: torch.optim.Adam(p, 0.01),
                 lambda p: torch.optim.AdamW(p, 0.01), lambda p: torch.optim.RMSprop(p, 0.01),
                 lambda p: torch.optim.Adagrad(p, 0.01)):
        model = mlp()
        print(loop(model, make(model.parameters()), X, Y, nn.MSELoss()))
        told("optimizers", model)

def classifier():
    model = mlp(2)
    print(loop(model, torch.optim.SGD(model.parameters(), 0.1), X, LABELS, nn.CrossEntropyLoss()))
    told("classifier", model)

def cnn():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(),
                          nn.Linear(4 * 36, 3))
    x, y = torch.randn(16, 1, 8, 8), torch.randint(0, 3, (16,))
    print(loop(model, torch.optim.Adam(model.parameters(), 0.001), x, y, F.cross_entropy))
    told("cnn", model)

def lstm():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(2, 4, batch_first=True)
            self.out = nn.Linear(4, 1)
        def forward(self, x):
            h, _ = self.lstm(x)
            return self.out(h[:, -1])
    model = Net()
    print(loop(model, torch.optim.Adam(model.parameters(), 0.01), torch.randn(8, 5, 2), torch.randn(8, 1), F.mse_loss))
    told("lstm", model)

def scheduler():
    model = mlp(); optimizer = torch.optim.SGD(model.parameters(), 0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    loop(model, optimizer, X, Y, nn.MSELoss(), after=schedule.step)
    told("scheduler", model)

def accumulation():
    model = mlp(); optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for step in range(8):
        loss = F.mse_loss(model(X), Y) / 2
        loss.backward()
        if step % 2:
            optimizer.step(); optimizer.zero_grad()
    told("accumulation", model)

def gan():
    g, d = nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(), nn.Linear(8, 1))
    og, od = torch.optim.Adam(g.parameters(), 1e-3), torch.optim.Adam(d.parameters(), 1e-3)
    one, zero = torch.ones(64, 1), torch.zeros(64, 1)
    for _ in range(5):
        fake = g(torch.randn(64, 2))
        od.zero_grad()
        loss = F.binary_cross_entropy_with_logits(d(X), one)
        loss = loss + F.binary_cross_entropy_with_logits(d(fake.detach()), zero)
        loss.backward(); od.step()
        og.zero_grad()
        F.binary_cross_entropy_with_logits(d(fake), one).backward(); og.step()
    told("gan", g, d)

def by_hand():
    w = torch.zeros(3, 1, requires_grad=True); b = torch.zeros(1, requires_grad=True)
    for _ in range(5):
        loss = ((X @ w + b - Y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad; b -= 0.1 * b.grad
            w.grad.zero_(); b.grad = None
    told("by hand", w, b)

def hooks():
    model = mlp(); optimizer = torch.optim.SGD(model.parameters(), 0.01); seen = []
    for _ in range(4):
        optimizer.zero_grad()
        h = model[0](X); h.register_hook(lambda g: seen.append(float(g.sum())) or g * 2)
        out = model[2](model[1](h)); out.retain_grad()
        F.mse_loss(out, Y).backward(); optimizer.step()
        seen.append(float(out.grad.sum()))
    print(seen)
    model[0].weight.register_hook(lambda g: seen.append(len(seen)))
    optimizer.zero_grad(); F.mse_loss(model(X), Y).backward(); print(len(seen), seen[-1])
    model = mlp()
    model.register_full_backward_hook(lambda *a: print("module hook"))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    loop(model, optimizer, X, Y, F.mse_loss, 2)
    told("hooks", model)

def lbfgs():
    model = nn.Linear(3, 1); optimizer = torch.optim.LBFGS(model.parameters()); calls = []
    def closure():
        optimizer.zero_grad(); loss = F.mse_loss(model(X), Y); loss.backward(); calls.append(1); return loss
    for _ in range(3): print(optimizer.step(closure).item())
    print(len(calls)); told("lbfgs", model)

def clipping():
    model = mlp(); optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(4):
        optimizer.zero_grad(); F.mse_loss(model(X), Y).backward()
        print(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1).item()); optimizer.step()
    told("clipping", model)

def counting():
    class Net(nn.Module):
        calls = 0
        def __init__(self): super().__init__(); self.fc = nn.Linear(3, 1)
        def forward(self, x):
            Net.calls += 1; print("forward", Net.calls)
            return self.fc(x) + torch.rand(1) + float(np.random.rand()) + random.random()
    model = Net(); loop(model, torch.optim.SGD(model.parameters(), 0.01), X, Y, F.mse_loss, 4); told("counting", model)

def checkpoints():
    from torch.utils.checkpoint import checkpoint
    class Net(nn.Module):
        def __init__(self): super().__init__(); self.a = nn.Linear(3, 4); self.b = nn.Linear(4, 1)
        def forward(self, x): return self.b(checkpoint(self.inner, x, use_reentrant=False))
        def inner(self, x): print("inner"); return F.dropout(torch.relu(self.a(x)), 0.2)
    model = Net()
    loop(model, torch.optim.SGD(model.parameters(), 0.01), X, Y, F.mse_loss, 3)
    told("checkpoint", model)

def own_function():
    class Loud(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x): return x * 1
        @staticmethod
        def backward(ctx, g): print("backward"); return g
    model = mlp()
    loop(model, torch.optim.SGD(model.parameters(), 0.01), X, Y, lambda a, b: F.mse_loss(Loud.apply(a), b), 3)
    told("own function", model)

def odd():
    model = mlp(); optimizer = torch.optim.SGD(model.parameters(), 0.01)
    out = model(X); out.backward(torch.ones_like(out)); optimizer.step(); told("gradient given", model)
    loss = F.mse_loss(model(X), Y)
    loss.backward(retain_graph=True)
    loss.backward()
    optimizer.step()
    told("twice", model)
    torch.autograd.backward([F.mse_loss(model(X), Y), model(X).sum()]); optimizer.step(); told("two", model)
    with torch.autocast("cpu", torch.bfloat16):
        loss = F.mse_loss(model(X), Y)
    loss.backward(); optimizer.step(); told("autocast", model)
    half = mlp().bfloat16()
    loop(half, torch.optim.SGD(half.parameters(), 0.01), X.bfloat16(), Y.bfloat16(), F.mse_loss, 3)
    told("bfloat16", half)
    z = torch.zeros(3, dtype=torch.complex64, requires_grad=True); opt = torch.optim.SGD([z], 0.1)
    for _ in range(3): opt.zero_grad(); (z - 1).abs().square().sum().backward(); opt.step()
    print(z)
    emb = nn.Embedding(10, 4, sparse=True); opt = torch.optim.SGD(emb.parameters(), 0.1)
    for _ in range(3): opt.zero_grad(); emb(torch.tensor([1, 2, 3])).square().mean().backward(); opt.step()
    told("sparse", emb.weight)
    double = mlp().double()
    loop(double, torch.optim.Adam(double.parameters(), 0.01), X.double(), Y.double(), F.mse_loss, 5)
    told("double", double)
    class Dicts(nn.Module):
        def __init__(self): super().__init__(); self.fc = nn.Linear(3, 1)
        def forward(self, batch): return {"out": self.fc(batch["x"]), "none": None}
    model = Dicts(); opt = torch.optim.SGD(model.parameters(), 0.01)
    for _ in range(3): opt.zero_grad(); F.mse_loss(model({"x": X})["out"], Y).backward(); opt.step()
    told("dicts", model)

def failing():
    for broken in (lambda: mlp()(torch.zeros(1, 4)), lambda: torch.optim.SGD([], lr=0.1),
                   lambda: torch.zeros(3, requires_grad=True).backward(), lambda: mlp()(X).backward(),
                   lambda: torch.optim.Adam(mlp().parameters(), lr=-1), lambda: nn.Linear(2),
                   lambda: torch.zeros(1).register_hook(print), lambda: torch.zeros(1).retain_grad(),
                   lambda: F.cross_entropy(mlp(2)(X), LABELS + 5), twice, lambda: Unmade()(X)):
        try:
            broken()
        except Exception:
            traceback.print_exc(file=sys.stdout)

def twice():
    loss = F.mse_loss(mlp()(X), Y); loss.backward(); loss.backward()

class Unmade(nn.Module):
    def __init__(self): pass
    def forward(self, x): return x

def inference():
    model = mlp(); model.eval()
    with torch.no_grad(): print(model(X).sum().item())
    with torch.inference_mode(): print(model(X).sum().item())
    print(model.forward(X).sum().item())

def compiling():
    net = mlp()
    step = torch.compile(lambda x: F.mse_loss(net(x), Y), backend="eager", fullgraph=True)
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    for _ in range(3):
        optimizer.zero_grad(); step(X).backward(); optimizer.step()
    told("compiling", net)

def transforms():
    net = mlp()
    named = {name: p.detach() for name, p in net.named_parameters()}
    print(torch.func.grad(lambda p: F.mse_loss(torch.func.functional_call(net, p, (X,)), Y))(named)["2.bias"])
    print(torch.fx.symbolic_trace(net).code, torch.jit.trace(net.eval(), X)(X).sum())
    import copy, pickle
    print(pickle.loads(pickle.dumps(net))(X).sum(), copy.deepcopy(net)(X).sum())

torch.manual_seed(0); np.random.seed(0); random.seed(0)
for part in (optimizers, classifier, cnn, lstm, scheduler, accumulation, gan, by_hand, hooks, lbfgs, clipping, counting,
             checkpoints, own_function, odd, failing, inference, compiling, transforms):
    part()
raise ValueError("the end")
"""
"""Trains in many ways, and prints digests of weights, gradients and random states, and the tracebacks of failures."""

TRAININGS = '''
import json
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

def inputs(rows=200, features=2, low=-10.0, high=10.0, seed=0):
    return torch.rand(rows, features, generator=torch.Generator().manual_seed(seed)) * (high - low) + low

def run(model, optimizer, x, y, criterion, steps, after=None):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        if after is not None:
            after()
    return loss.item()

def exact(model, x, y, criterion):
    """All eigenvalues of the Hessian and the loss, by torch's own functions."""
    names = [name for name, _ in model.named_parameters()]
    shapes = [p.shape for p in model.parameters()]
    def loss(flat):
        parts = torch.split(flat, [s.numel() for s in shapes])
        named = {n: p.view(s) for n, p, s in zip(names, parts, shapes)}
        return criterion(torch.func.functional_call(model, named, (x,)), y)
    flat = torch.cat([p.detach().reshape(-1) for p in model.parameters()])
    hessian = torch.autograd.functional.hessian(loss, flat).double()
    gradient = torch.autograd.functional.jacobian(loss, flat).double()
    return hessian, gradient

FACTS = {}

def subtraction():
    x = inputs(1000); y = x[:, :1] - x[:, 1:]
    model = nn.Linear(2, 1)
    hessian, _ = exact(model, x, y, F.mse_loss)
    FACTS["subtraction"] = {"eigenvalues": torch.linalg.eigvalsh(hessian).tolist()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    criterion = nn.MSELoss()
    for step in range(100):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()  # line of subtraction
        optimizer.step()
    FACTS["subtraction"]["left"] = F.mse_loss(model(x), y).item()
    FACTS["subtraction"]["variance"] = y.var(unbiased=False).item()

def classifier():
    x = inputs(200, 2, -1, 1); y = (x[:, 0] * x[:, 1] > 0.2).long()
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    hessian, _ = exact(model, x, y, F.cross_entropy)
    share = y.float().mean().item()
    FACTS["classifier"] = {"eigenvalues": torch.linalg.eigvalsh(hessian).tolist(), "share": share}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    for step in range(60):
        optimizer.zero_grad(); loss = criterion(model(x), y); loss.backward(); optimizer.step()

def adam():
    x = inputs(64, 3, -1, 1); y = x.sum(1, keepdim=True)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    hessian, gradient = exact(model, x, y, F.mse_loss)
    scale = 1 / torch.sqrt(gradient.abs() + 1e-8)
    FACTS["adam"] = {"eigenvalues": torch.linalg.eigvalsh(hessian * torch.outer(scale, scale)).tolist()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(20):
        optimizer.zero_grad(); loss = ((model(x) - y) ** 2).mean(); loss.backward(); optimizer.step()

def recurrent():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(2, 4, batch_first=True)
            self.out = nn.Linear(4, 1)
        def forward(self, x):
            return self.out(self.lstm(x)[0][:, -1])
    x = torch.randn(16, 5, 2, generator=torch.Generator().manual_seed(3)); y = x.sum((1, 2)).view(-1, 1)
    model = Net()
    hessian, _ = exact(model, x, y, F.mse_loss)
    FACTS["recurrent"] = {"eigenvalues": torch.linalg.eigvalsh(hessian).tolist()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(10):
        optimizer.zero_grad(); loss = F.mse_loss(model(x), y); loss.backward(); optimizer.step()

def scheduled():
    x = inputs(); y = x[:, :1]
    model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 5)
    for step in range(20):
        optimizer.zero_grad(); loss = F.mse_loss(model(x), y); loss.backward(); optimizer.step(); schedule.step()

def accumulated():
    model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(20):
        x = inputs(20, seed=step)
        loss = F.mse_loss(model(x), x[:, :1]) / 2; loss.backward()
        if step % 2: optimizer.step(); optimizer.zero_grad()

def uncleared():
    x = inputs(); model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    for step in range(20):
        loss = F.mse_loss(model(x), x[:, :1]); loss.backward(); optimizer.step()

def clipped():
    x = inputs(); model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(20):
        optimizer.zero_grad(); loss = F.mse_loss(model(x), x[:, :1]); loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1e9); optimizer.step()

def adversaries():
    x = inputs(64, 3)
    g, d = nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(), nn.Linear(8, 1))
    og, od = torch.optim.Adam(g.parameters(), 1e-3), torch.optim.Adam(d.parameters(), 1e-3)
    one, zero = torch.ones(64, 1), torch.zeros(64, 1)
    for step in range(20):
        fake = g(torch.randn(64, 2)); od.zero_grad()
        loss = F.binary_cross_entropy_with_logits(d(torch.cat([x, fake.detach()])), torch.cat([one, zero]))
        loss.backward(); od.step()
        og.zero_grad(); F.binary_cross_entropy_with_logits(d(fake), one).backward(); og.step()

def by_hand():
    x = inputs(); y = x[:, :1] - x[:, 1:]
    w = torch.zeros(2, 1, requires_grad=True); b = torch.zeros(1, requires_grad=True)
    for step in range(20):
        loss = ((x @ w + b - y) ** 2).mean(); loss.backward()
        with torch.no_grad():
            w -= 0.02 * w.grad; b -= 0.02 * b.grad
            w.grad.zero_(); b.grad.zero_()

def by_hand_with_momentum():
    x = inputs(); y = x[:, :1] - x[:, 1:]
    w = torch.zeros(2, 1, requires_grad=True); v = torch.zeros(2, 1)
    for step in range(20):
        loss = ((x @ w - y) ** 2).mean(); loss.backward()
        with torch.no_grad():
            v = 0.9 * v + w.grad; w -= 0.001 * v; w.grad = None

def tensors():
    x = inputs(); y = x[:, :1] - x[:, 1:]
    weight = torch.zeros(2, 1, requires_grad=True); bias = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight, bias], lr=0.01)
    for step in range(20):
        optimizer.zero_grad(); loss = ((x @ weight + bias - y) ** 2).sum(); loss.backward(); optimizer.step()

class Two(nn.Module):
    def __init__(self, cut=False, unused=False):
        super().__init__()
        self.hidden = nn.Linear(2, 8)
        self.out = nn.Linear(8, 1)
        self.cut = cut
    def forward(self, x):
        h = torch.relu(self.hidden(x))
        return self.out(h.detach() if self.cut else h)

def forgotten():
    x = inputs(64, 2, -1, 1); model = Two(); optimizer = torch.optim.SGD(model.out.parameters(), lr=0.01)
    run(model, optimizer, x, x[:, :1], F.mse_loss, 10)
def cut():
    x = inputs(64, 2, -1, 1); model = Two(cut=True); optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    run(model, optimizer, x, x[:, :1], F.mse_loss, 10)
def replaced():
    x = inputs(64, 2, -1, 1); model = Two(); optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model.out = nn.Linear(8, 1)
    run(model, optimizer, x, x[:, :1], F.mse_loss, 10)
def unused():
    x = inputs(64, 2, -1, 1); model = Two(); model.spare = nn.Linear(8, 1)
    run(model, torch.optim.SGD(model.parameters(), lr=0.01), x, x[:, :1], F.mse_loss, 10)
def averaged():
    x = inputs(64, 2, -1, 1); model = Two(); model.mean = nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(10):
        optimizer.zero_grad(); F.mse_loss(model(x), x[:, :1]).backward(); optimizer.step()
        with torch.no_grad():
            for mean, own in zip(model.mean.parameters(), model.out.parameters()): mean.lerp_(own, 0.1)
def frozen():
    x = inputs(64, 2, -1, 1); model = Two(); model.hidden.requires_grad_(False)
    run(model, torch.optim.SGD(model.out.parameters(), lr=0.01), x, x[:, :1], F.mse_loss, 10)
def evaluated():
    x = inputs(64, 2, -1, 1); model = Two(); model.hidden.eval()
    run(model, torch.optim.SGD(model.out.parameters(), lr=0.01), x, x[:, :1], F.mse_loss, 10)
def attacked():
    x = inputs(64, 2, -1, 1); model = Two(); delta = torch.zeros(64, 2, requires_grad=True)
    optimizer = torch.optim.SGD([delta], lr=0.01)
    for step in range(10):
        optimizer.zero_grad(); F.mse_loss(model(x + delta), x[:, :1]).backward(); optimizer.step()
def in_turns():
    x = inputs(64, 2, -1, 1); model = Two()
    run(model, torch.optim.SGD(model.out.parameters(), lr=0.01), x, x[:, :1], F.mse_loss, 10)
    run(model, torch.optim.SGD(model.hidden.parameters(), lr=0.01), x, x[:, :1], F.mse_loss, 10)

def deep_linear():
    x = inputs(); model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.1), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for step in range(5): optimizer.zero_grad(); F.mse_loss(model(x), x[:, :1]).backward(); optimizer.step()
def with_relu():
    x = inputs(); model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for step in range(5): optimizer.zero_grad(); F.mse_loss(model(x), x[:, :1]).backward(); optimizer.step()
def polynomial():
    class Square(nn.Module):
        def __init__(self): super().__init__(); self.fc = nn.Linear(4, 1)
        def forward(self, x): return self.fc(torch.cat([x, x ** 2], 1))
    x = inputs(); model = Square(); optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
    for step in range(5): optimizer.zero_grad(); F.mse_loss(model(x), x[:, :1]).backward(); optimizer.step()

def twice():
    x = inputs()
    for rate in (0.001, 0.002):
        model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for step in range(5): optimizer.zero_grad(); F.mse_loss(model(x), x[:, :1]).backward(); optimizer.step()
def again():
    x = inputs(); model = nn.Linear(2, 1)
    for rate in (0.001, 0.002):
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for step in range(5): optimizer.zero_grad(); F.mse_loss(model(x), x[:, :1]).backward(); optimizer.step()
def forward_itself():
    x = inputs(); network = nn.Linear(2, 1); optimizer = torch.optim.SGD(network.parameters(), lr=0.001)
    for step in range(5): optimizer.zero_grad(); F.mse_loss(network.forward(x), x[:, :1]).backward(); optimizer.step()
def with_evaluation():
    x = inputs(); model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    for step in range(5):
        optimizer.zero_grad(); F.mse_loss(model(x), x[:, :1]).backward(); optimizer.step()
        model(x + 100)
def small_batches():
    x = inputs(300); model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    for i in range(300):
        optimizer.zero_grad(); F.mse_loss(model(x[i:i + 1]), x[i:i + 1, :1]).backward(); optimizer.step()
def scaled_inside():
    class Scaled(nn.Module):
        def __init__(self): super().__init__(); self.fc = nn.Linear(2, 1)
        def forward(self, x): return self.fc(x / 1000)
    x = inputs(200, 2, 0, 1000); model = Scaled(); optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    for step in range(5): optimizer.zero_grad(); F.mse_loss(model(x), x[:, :1]).backward(); optimizer.step()
def absolute():
    x = inputs(); model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    for step in range(5): optimizer.zero_grad(); (model(x) - x[:, :1]).abs().mean().backward(); optimizer.step()
def weighted():
    x = inputs(); model = nn.Linear(2, 1); optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    for step in range(5):
        optimizer.zero_grad(); (torch.rand(200, 1) * (model(x) - x[:, :1]) ** 2).mean().backward(); optimizer.step()

PARTS = [subtraction, classifier, adam, recurrent, scheduled, accumulated, uncleared, clipped, adversaries, by_hand,
         by_hand_with_momentum, tensors, deep_linear, with_relu, polynomial, twice, again, forward_itself,
         with_evaluation, small_batches, scaled_inside, absolute, weighted]
WIRED = [forgotten, cut, replaced, unused, averaged, frozen, evaluated, attacked, in_turns]
for part in PARTS + WIRED:
    torch.manual_seed(0)
    part()
json.dump(FACTS, open("facts.json", "w"))
'''
"""Each training of `PARTS` in a function of its own; the exact numbers go to facts.json."""
