"""Small programs against the static half of kept-graph: losses that are kept with their graphs."""

from __future__ import annotations

import pytest
from shape_cases import announced, mended, reported

from pitfallcheck.pitfalls.kept_graph.static import judge

BROKEN = {
    "summed": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        total = 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss  # PF408 warning: total
        print(total / len(loader))
        """,
    "summed with a factor": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss * x.size(0)  # PF408 warning: total
        """,
    "summed by an assignment": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total = total + loss  # PF408 warning: total
        """,
    "kept in a list": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        losses = []
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss)  # PF408 warning: losses
        plt.plot(losses)
        """,
    "reset now and then": """
        def train(model, loader, optimizer, criterion):
            running_loss = 0.0
            for i, (x, y) in enumerate(loader):
                optimizer.zero_grad()
                out = model(x)
                loss = criterion(out, y)
                loss.backward()
                optimizer.step()
                running_loss += loss  # PF408 warning: running_loss
                if i % 100 == 99:
                    print(running_loss / 100)
                    running_loss = 0.0
        """,
    "kept on self": """
        class T:
            def __init__(self, model):
                self.model = model
                self.opt = torch.optim.SGD(model.parameters(), lr=0.1)
                self.losses = []
            def train(self, loader):
                for x, y in loader:
                    self.opt.zero_grad()
                    loss = F.mse_loss(self.model(x), y)
                    loss.backward()
                    self.opt.step()
                    self.losses.append(loss)  # PF408 warning: self.losses
        """,
    "kept in a dictionary of lists": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        history = {'loss': []}
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            history['loss'].append(loss)  # PF408 warning: history['loss']
        """,
    "summed in an evaluation": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()

        val = 0
        for x, y in val_loader:
            val += criterion(model(x), y)  # PF408 warning: val
        print(val)
        """,
    "summed and returned": """
        def train(model, loader, opt):
            epoch_loss = 0
            for batch in loader:
                opt.zero_grad()
                preds = model(batch.text).squeeze(1)
                loss = F.binary_cross_entropy_with_logits(preds, batch.label)
                loss.backward()
                opt.step()
                epoch_loss += loss  # PF408 warning: epoch_loss
            return epoch_loss / len(loader)
        """,
    "one term of the loss": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        a_hist, b_hist = [], []
        for x, y in loader:
            optimizer.zero_grad()
            la = criterion(model(x), y)
            lb = model(x).abs().mean()
            loss = la + lb
            loss.backward()
            optimizer.step()
            a_hist.append(la)  # PF408 warning: a_hist
            b_hist.append(lb.item())
        """,
}

CLEAN = {
    "a part as a number": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        recon = 0
        for x, y in loader:
            optimizer.zero_grad()
            a = criterion(model(x), y)
            b = (model(x) ** 2).mean()
            loss = a + b
            loss.backward()
            optimizer.step()
            recon += loss.item()
        """,
    "numbers and values": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        total = 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
            tot2 = loss.detach()
            losses.append(float(loss))
            losses.append(loss.data)
        """,
    "summed for one backward": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for seq in loader:
            optimizer.zero_grad()
            loss = 0
            for x, y in seq:
                loss += criterion(model(x), y)
            loss.backward()
            optimizer.step()
        """,
    "kept for one backward": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for seq in loader:
            optimizer.zero_grad()
            losses = []
            for x, y in seq:
                l = criterion(model(x), y)
                losses.append(l)
            loss = torch.stack(losses).mean()
            loss.backward()
            optimizer.step()
        """,
    "summed under no_grad": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()

        val = 0
        with torch.no_grad():
            for x, y in val_loader:
                val += criterion(model(x), y)
        print(val)
        """,
    "the name bound to its number": """
        model = nn.Linear(2, 1)
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        total = 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            loss = loss.item()
            total += loss
        """,
    "log-probabilities kept for the update": """
        policy = nn.Linear(4, 2)
        optimizer = torch.optim.Adam(policy.parameters())
        for ep in range(10):
            saved = []
            for t in range(100):
                lp = policy(s).log_softmax(-1)[0]
                saved.append(lp)
            loss = -torch.stack(saved).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
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
    ("row", "line"),
    [
        ("summed", "total += loss.detach()"),
        ("summed with a factor", "total += loss.detach() * x.size(0)"),
        ("kept in a list", "losses.append(loss.detach())"),
    ],
)
def test_the_fix_keeps_the_value_alone_and_is_safe(row: str, line: str) -> None:
    program = mended(judge, BROKEN[row])
    assert line in program
    assert reported(judge, program) == set()
