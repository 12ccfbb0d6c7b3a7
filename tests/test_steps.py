"""The walk through a training step: which act comes when, in which loop, on which object."""

from __future__ import annotations

import pytest
from shape_cases import source

from pitfallcheck.lint.steps.acts import Moment
from pitfallcheck.lint.steps.facts import Steps
from pitfallcheck.lint.steps.modes import mode_layer

SETUP = """
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""


def acts(program: str) -> list[Moment]:
    """What the module of a small program does, in its order."""
    steps = Steps(source(SETUP + program))
    return steps.walks[0][1] if steps.walks else []


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        pytest.param("optimizer.zero_grad()\nloss.backward()\noptimizer.step()", "clear backward step", id="in order"),
        pytest.param("def f():\n    loss.backward()\noptimizer.zero_grad()\nf()", "clear backward", id="a function"),
        pytest.param("loss.backward()\nfor p in ps:\n    p.grad = None", "backward clear", id="set to None"),
        pytest.param("p.grad.zero_()\np.grad = other", "clear written", id="zeroed, and replaced"),
        pytest.param("w -= 0.1 * w.grad", "moved", id="a step by hand"),
        pytest.param("w -= 0.1 * v.grad", "", id="along the gradient of another"),
        pytest.param("scaler.scale(loss).backward()\nscaler.step(optimizer)", "backward step", id="a scaler"),
        pytest.param("model.train()\nmodel.eval()\nmodel.train(False)", "train eval eval", id="modes"),
        pytest.param("s = torch.optim.lr_scheduler.StepLR(optimizer, 1)\ns.step()", "schedule", id="a schedule"),
        pytest.param("train_batch(optimizer)", "unknown", id="another file's function"),
        pytest.param(
            "class Net(nn.Module):\n    def __init__(self):\n        super(Net, self).__init__()\nNet()",
            "",
            id="super in its old spelling",
        ),
        pytest.param(
            "class Net(nn.Module):\n    def __init__(self):\n        prepare(self)\nNet()",
            "unknown",
            id="self handed over",
        ),
        pytest.param("nn.utils.clip_grad_norm_(model.parameters(), 1)", "clip", id="clipping"),
        pytest.param("nn.utils.parameters_to_vector(model.parameters())", "", id="a function of torch"),
        pytest.param("from net import Net\nm = Net()\nm(x)", "hidden", id="a network of another file"),
        pytest.param("def f():\n    optimizer.step()\n    f()\nf()", "step", id="a function that calls itself"),
        pytest.param("def c():\n    loss.backward()\noptimizer.step(c)", "backward step", id="a closure"),
    ],
)
def test_acts_are_told_in_the_order_in_which_they_run(program: str, kinds: str) -> None:
    assert " ".join(one.kind for one in acts(program)) == kinds


def test_an_act_knows_its_loops_through_the_functions_that_lead_to_it() -> None:
    program = "def f(o):\n    for x in y:\n        o.step()\nfor e in range(3):\n    f(optimizer)"
    (step,) = acts(program)
    assert len(step.loops) == 2
    assert step.frame is not None and step.frame.function.name == "f"


def test_what_follows_a_conditional_continue_is_conditional() -> None:
    first, second, third = acts(
        "for x in y:\n    a.backward()\n    if bad:\n        continue\n    optimizer.step()\nb.backward()"
    )
    assert (len(first.conditions), len(second.conditions), len(third.conditions)) == (0, 1, 0)
    assert second.implies(first) and not first.implies(second)


def test_layers_gathered_in_a_list_belong_to_the_network() -> None:
    steps = Steps(
        source("layers = [nn.Linear(1, 1)]\nlayers.append(nn.Dropout(0.1))\nnet = nn.Sequential(*layers)\nnet(x)")
    )
    (forward,) = steps.walks[0][1]
    assert forward.subject is not None
    made = steps.things.module(forward.subject, forward.frame)
    assert made is not None
    assert mode_layer(steps.things, made) == "nn.Dropout"


def test_an_act_under_no_grad_is_quiet() -> None:
    first, second = acts("with torch.no_grad():\n    model(x)\nmodel(x)")
    assert (first.quiet, second.quiet) == (True, False)


@pytest.mark.parametrize(
    ("clearing", "concerned"),
    [
        pytest.param("optimizer.zero_grad()", True, id="the optimizer"),
        pytest.param("model.zero_grad()", True, id="its model"),
        pytest.param("same = optimizer\nsame.zero_grad()", True, id="an alias"),
        pytest.param("net = nn.Linear(1, 1)\nnet.zero_grad()", False, id="another model"),
        pytest.param("o = torch.optim.SGD(nn.Linear(1, 1).parameters())\no.zero_grad()", False, id="another optimizer"),
        pytest.param(
            "o = torch.optim.Adam(model.parameters())\no.zero_grad()", None, id="an optimizer of the same model"
        ),
        pytest.param("something.zero_grad()", None, id="an unknown object"),
    ],
)
def test_a_clearing_concerns_an_optimizer(clearing: str, concerned: bool | None) -> None:
    steps = Steps(source(SETUP + clearing + "\noptimizer.step()"))
    clear, step = steps.walks[0][1]
    assert steps.concerns(clear, step) is concerned


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        pytest.param("nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.5))", "nn.Dropout", id="dropout"),
        pytest.param("nn.Sequential(nn.Linear(1, 1), nn.Dropout(0))", None, id="dropout of zero"),
        pytest.param("nn.Sequential(nn.Linear(1, 1), nn.LayerNorm(1))", None, id="neither"),
        pytest.param("nn.BatchNorm1d(3, track_running_stats=False)", None, id="batch norm without statistics"),
        pytest.param("nn.LSTM(1, 1, 2, dropout=0.3)", "nn.LSTM", id="dropout between layers"),
        pytest.param("nn.Sequential(*[nn.Linear(1, 1), nn.Dropout()])", "nn.Dropout", id="a list"),
        pytest.param("nn.TransformerEncoderLayer(8, 2)", "nn.TransformerEncoderLayer", id="dropout by default"),
    ],
)
def test_a_network_names_the_layer_that_depends_on_the_mode(network: str, layer: str | None) -> None:
    steps = Steps(source(f"net = {network}\nnet(x)"))
    (forward,) = steps.walks[0][1]
    assert forward.subject is not None
    made = steps.things.module(forward.subject, forward.frame)
    assert made is not None
    assert mode_layer(steps.things, made) == layer
