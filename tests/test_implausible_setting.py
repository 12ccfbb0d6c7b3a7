"""Small programs against implausible-setting: numbers and words that can only be a slip."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.implausible_setting import PITFALL
from pitfallcheck.pitfalls.implausible_setting.static import judge

DEEP = "model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))"
TRAIN = "loss = model(x).mean(); loss.backward()"

BROKEN = {
    "ten for Adam, by position": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), 10)  # PF410: Adam
        {TRAIN}
        """,
    "a tenth for AdamW and convolutions": """
        from torch import optim
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Conv2d(1, 8, 3), nn.Linear(8, 2)
        net = Net().to("cuda")
        opt = optim.AdamW(net.parameters(), lr=0.1)  # PF410 warning: AdamW
        loss.backward()
        """,
    "a constant of the module": f"""
        LEARNING_RATE = 1.0
        {DEEP}
        opt = torch.optim.RMSprop(model.parameters(), lr=LEARNING_RATE)  # PF410: RMSprop
        {TRAIN}
        """,
    "a default of the command line": f"""
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--learning-rate", type=float, default=5.0)
        args = parser.parse_args()
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=args.learning_rate)  # PF410: Adam
        {TRAIN}
        """,
    "a dictionary of settings": f"""
        config = {{"lr": 10.0, "epochs": 3}}
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=config["lr"])  # PF410: Adam
        {TRAIN}
        """,
    "an attribute of self": """
        class Trainer:
            def __init__(self, model):
                self.lr = -0.01
                self.opt = torch.optim.SGD(model.parameters(), lr=self.lr)  # PF410: SGD
            def step(self, loss):
                loss.backward()
        """,
    "zero": f"""
        {DEEP}
        opt = torch.optim.SGD(model.parameters(), lr=0)  # PF410: SGD
        {TRAIN}
        """,
    "nothing that moves": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=1e-10)  # PF410 warning: Adam
        {TRAIN}
        """,
    "a hundred for plain descent": f"""
        {DEEP}
        opt = torch.optim.SGD(model.parameters(), lr=100)  # PF410: SGD
        {TRAIN}
        """,
    "old Keras, by its argument lr": """
        from keras.models import Sequential
        from keras.layers.core import Dense
        from keras.optimizers import Adam
        model = Sequential()
        model.add(Dense(output_dim=64, input_dim=8))
        model.add(Dense(output_dim=1))
        model.compile(loss="mse", optimizer=Adam(lr=1))  # PF410: Adam
        model.fit(x, y, nb_epoch=10)
        """,
    "tf.keras, the optimizer under a name": """
        model = tf.keras.Sequential([tf.keras.layers.LSTM(32), tf.keras.layers.Dense(1)])
        opt = tf.keras.optimizers.Adam(learning_rate=0.5)  # PF410 warning: Adam
        model.compile(optimizer=opt, loss="mse")
        model.fit(x, y, epochs=5)
        """,
    "dropout as a percentage": """
        model = keras.Sequential([layers.Dense(8), layers.Dropout(50), layers.Dense(1)])  # PF410: Dropout
        model.fit(x, y)
        """,
    "dropout of everything": """
        drop = nn.Dropout(p=1.0)  # PF410: Dropout
        loss.backward()
        """,
    "dropout that keeps too little": """
        model = keras.Sequential([layers.Dense(8), layers.Dropout(0.95), layers.Dense(1)])  # PF410 warning: Dropout
        model.fit(x, y)
        """,
    "recurrent dropout as a percentage": """
        model = keras.Sequential([layers.LSTM(8, recurrent_dropout=20), layers.Dense(1)])  # PF410: LSTM
        model.fit(x, y)
        """,
    "momentum of one": f"""
        {DEEP}
        opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=1)  # PF410: SGD
        {TRAIN}
        """,
    "a beta of one": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=0.001, betas=(1.0, 0.999))  # PF410: Adam
        {TRAIN}
        """,
    "weight decay of five": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=0.001, weight_decay=5)  # PF410 warning: Adam
        {TRAIN}
        """,
    "decay by time, in old Keras": """
        model.compile(keras.optimizers.SGD(lr=0.01, decay=0.9), "mse")  # PF410 warning: SGD
        model.fit(x, y)
        """,
    "validation split as a percentage": """
        model.fit(x, y, epochs=10, validation_split=20)  # PF410: fit
        """,
    "validation split the wrong way round": """
        model.fit(x, y, epochs=10, validation_split=0.8)  # PF410 warning: fit
        """,
    "an empty batch": """
        loader = DataLoader(data, batch_size=0)  # PF410: DataLoader
        loss.backward()
        """,
    "a slope above one": """
        act = nn.LeakyReLU(2)  # PF410 warning: LeakyReLU
        loss.backward()
        """,
    "momentum of batch norm as Keras counts it": """
        norm = nn.BatchNorm1d(8, momentum=0.99)  # PF410 note: BatchNorm1d
        loss.backward()
        """,
    "a factor that raises": """
        from keras.callbacks import ReduceLROnPlateau
        model.fit(x, y, callbacks=[ReduceLROnPlateau(factor=1.5)])  # PF410: ReduceLROnPlateau
        """,
    "stops when the loss falls": """
        from keras.callbacks import EarlyStopping
        stop = EarlyStopping(monitor="val_loss", patience=3, mode="max")  # PF410: EarlyStopping
        model.fit(x, y, callbacks=[stop])
        """,
    "keeps the worst accuracy": """
        Checkpoint = keras.callbacks.ModelCheckpoint
        best = Checkpoint("m.h5", monitor="val_acc", save_best_only=True, mode="min")  # PF410: ModelCheckpoint
        model.fit(x, y, callbacks=[best])
        """,
    "Lightning's default is min": """
        from pytorch_lightning.callbacks import EarlyStopping
        stop = EarlyStopping(monitor="val_acc", patience=3)  # PF410: EarlyStopping
        trainer.fit(model)
        """,
    "a schedule that waits for the accuracy to fall": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=0.001)
        sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=2)
        {TRAIN}
        sched.step(val_acc)  # PF410 warning: val_acc
        """,
    "dropout at the end of a stack": """
        model = keras.Sequential()
        model.add(layers.Dense(8, activation="relu"))
        model.add(layers.Dense(3))
        model.add(layers.Dropout(0.2))  # PF410 warning: layers.Dropout
        model.add(layers.Activation("softmax"))
        model.compile("adam", "categorical_crossentropy")
        model.fit(x, y)
        """,
    "dropout at the end of a functional model": """
        inputs = keras.Input((3,))
        h = layers.Dense(8, activation="relu")(inputs)
        out = layers.Dense(1)(h)
        out = layers.Dropout(0.5)(out)  # PF410 warning: layers.Dropout(0.5)
        model = keras.Model(inputs, out)
        model.compile("adam", "mse")
        model.fit(x, y)
        """,
    "dropout at the end of a module": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(3, 8), nn.Linear(8, 2)
                self.drop = nn.Dropout(0.5)
            def forward(self, x):
                x = F.relu(self.a(x))
                x = self.b(x)
                return F.log_softmax(F.dropout(x, training=self.training), dim=1)  # PF410 warning: F.dropout
        net = Net()
        loss = F.nll_loss(net(x), y)
        loss.backward()
        """,
    "a half for Adam, and a width by default": """
        class Net(nn.Module):
            def __init__(self, inputs=2, hidden=128):
                super().__init__()
                self.a, self.b = nn.Linear(inputs, hidden), nn.Linear(hidden, 2)
        net = Net()
        opt = torch.optim.Adam(net.parameters(), lr=0.5)  # PF410 warning: Adam
        loss.backward()
        """,
    "a half for Adam, and a width by its call": """
        class Net(nn.Module):
            def __init__(self, inputs=2, hidden=4):
                super().__init__()
                self.a, self.b = nn.Linear(inputs, hidden), nn.Linear(hidden, 2)
        net = Net(2, hidden=128)
        opt = torch.optim.Adam(net.parameters(), lr=0.5)  # PF410 warning: Adam
        loss.backward()
        """,
}

FINE = {
    "a line with Adam at a tenth": """
        model = nn.Linear(1, 1)
        opt = torch.optim.Adam(model.parameters(), lr=0.1)
        loss.backward()
        """,
    "a toy with Adam at a tenth": """
        model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
        opt = torch.optim.Adam(model.parameters(), lr=0.1)
        loss.backward()
        """,
    "a few narrow layers with Adam at a tenth": """
        model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid())
        opt = torch.optim.Adam(model.parameters(), lr=0.1)
        loss.backward()
        """,
    "a model without layers": """
        model = FiniteElements(mesh)
        opt = torch.optim.Adam(model.parameters(), lr=1)
        loss.backward()
        """,
    "an image with Adam at ten": """
        opt = torch.optim.Adam([image], lr=10)
        loss.backward()
        """,
    "a rate that a schedule multiplies": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
        sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda step: step ** -0.5)
        {TRAIN}
        """,
    "a rate of zero that is set later": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=0)
        for group in opt.param_groups:
            group["lr"] = rate(step)
        {TRAIN}
        """,
    "two possible rates": f"""
        {DEEP}
        lr = 10
        if small:
            lr = 0.001
        opt = torch.optim.Adam(model.parameters(), lr=lr)
        {TRAIN}
        """,
    "a rate that is handed over": f"""
        def make(lr=10):
            {DEEP}
            return torch.optim.Adam(model.parameters(), lr=lr)
        {TRAIN}
        """,
    "arguments behind two stars": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), **settings)
        {TRAIN}
        """,
    "a default that the program replaces": f"""
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=10)
        args = parser.parse_args()
        args.lr = args.lr / 10000
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=args.lr)
        {TRAIN}
        """,
    "a language model at twenty": """
        model = nn.Sequential(nn.Embedding(100, 64), nn.Linear(64, 100))
        opt = torch.optim.SGD(model.parameters(), lr=20.0)
        loss.backward()
        """,
    "usual settings": f"""
        {DEEP}
        opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)
        drop, norm, act = nn.Dropout(0.5), nn.BatchNorm1d(64, momentum=0.01), nn.LeakyReLU(0.2)
        model.fit(x, y, validation_split=0.2, batch_size=32)
        sgd = keras.optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)
        {TRAIN}
        """,
    "an error that is awaited": """
        import pytest
        def test_rate():
            keras.layers.Dropout(50)
        with pytest.raises(ValueError):
            keras.layers.Dropout(50)
        model.fit(x, y)
        """,
    "modes that fit": """
        from keras.callbacks import EarlyStopping, ModelCheckpoint
        a = EarlyStopping(monitor="val_loss", mode="min")
        b = EarlyStopping(monitor="val_dice_loss", mode="min")
        c = ModelCheckpoint("m.h5", monitor="val_accuracy", mode="max", save_best_only=True)
        d = EarlyStopping(monitor="val_accuracy", patience=5)
        e = ModelCheckpoint("m.h5", monitor="val_accuracy", mode="min", save_best_only=False)
        f = EarlyStopping(monitor="val_reward", mode="min")
        g = EarlyStopping(monitor="val_accuracy", mode="min", baseline=0.97)
        model.fit(x, y, callbacks=[a, b, c, d, e, f])
        """,
    "a schedule on the loss": f"""
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=0.001)
        sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, "max")
        sched.step(val_acc)
        other = torch.optim.lr_scheduler.ReduceLROnPlateau(opt)
        other.step(val_loss)
        {TRAIN}
        """,
    "dropout in front of the last layer": """
        model = keras.Sequential([layers.Dense(8), layers.Dropout(0.5), layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, y)
        """,
    "a block that ends in dropout": """
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.drop = nn.Linear(8, 8), nn.Dropout(0.1)
            def forward(self, x):
                return self.drop(self.a(x))
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.block, self.out = Block(), nn.Linear(8, 1)
            def forward(self, x):
                return self.out(self.block(x))
        net = Net()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        """,
    "a function of another library": """
        from mine import Dropout, Adam
        drop, opt = Dropout(50), Adam(model.parameters(), lr=10)
        loss.backward()
        """,
    "a half for Adam, and a narrow width by default": """
        class Net(nn.Module):
            def __init__(self, inputs=2, hidden=4):
                super().__init__()
                self.a, self.b = nn.Linear(inputs, hidden), nn.Linear(hidden, 2)
        net = Net()
        opt = torch.optim.Adam(net.parameters(), lr=0.5)
        loss.backward()
        """,
    "a half for Adam, and a narrow width by its call": """
        class Net(nn.Module):
            def __init__(self, inputs=2, hidden=128):
                super().__init__()
                self.a, self.b = nn.Linear(inputs, hidden), nn.Linear(hidden, 2)
        net = Net(2, 4)
        opt = torch.optim.Adam(net.parameters(), lr=0.5)
        loss.backward()
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


def test_the_number_behind_a_name_and_its_place_are_told() -> None:
    program = f"""
        LR = 10
        {DEEP}
        opt = torch.optim.Adam(model.parameters(), lr=LR)
        {TRAIN}
        """
    (found,) = judge(source(program))
    assert found.message.startswith("the learning rate `LR`, which is 10, of `Adam` is the length of a step")
    assert [evidence.line for evidence in found.evidence] == [found.location.line - 2]


@pytest.mark.parametrize(
    ("head", "called", "seen"),
    [
        pytest.param("def test(x):", "", True, id="a function that tests a network"),
        pytest.param("def test_model(x):", "test_model(1)", True, id="one that the file calls"),
        pytest.param("def test_rate():", "", False, id="a test"),
        pytest.param("def train(x):", "", True, id="any other"),
    ],
)
def test_only_tests_are_left_alone(head: str, called: str, seen: bool) -> None:
    text = (
        f"import torch\nmodel = torch.nn.Linear(1, 1)\n{head}\n"
        f"    opt = torch.optim.SGD(model.parameters(), lr=-0.1)\n    model(x).backward()\n    opt.step()\n{called}\n"
    )
    assert bool(list(judge(source(text)))) == seen
