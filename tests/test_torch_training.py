"""PyTorch under `run`: training is what it is without us, and what is told of it is what torch itself computes."""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import lay, python, report_of, run
from test_run import spoken
from torch_trainings import TRAININGS, UNDISTURBED

from pitfallcheck.observe.events import Event, NotLooked
from pitfallcheck.observe.learning import TrainingSeen
from pitfallcheck.observe.runner import Plan
from pitfallcheck.observe.supervisor import Supervision

pytestmark = pytest.mark.frameworks("torch")


def events_of(folder: Path, program: str) -> list[Event]:
    """The events of a program that is run in `folder`."""
    lay(folder, {"program.py": program})
    before = os.getcwd()
    os.chdir(folder)
    try:
        return list(Supervision(Plan(kind="script", target="program.py")).wait().events)
    finally:
        os.chdir(before)


class Looked:
    """One run of all trainings: the events of each function, what was not looked at, and the exact numbers."""

    def __init__(self, folder: Path) -> None:
        self.trainings: dict[str, list[TrainingSeen]] = defaultdict(list)
        self.skipped: list[str] = []
        for event in events_of(folder, TRAININGS):
            if isinstance(event, TrainingSeen):
                place = event.made or event.at
                assert place is not None
                self.trainings[place.function].append(event)
            elif isinstance(event, NotLooked):
                self.skipped.append(event.why)
        self.facts: dict[str, Any] = json.loads((folder / "facts.json").read_text())

    def __getitem__(self, name: str) -> TrainingSeen:
        (event,) = self.trainings[name]
        return event


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    return Looked(tmp_path_factory.mktemp("trainings"))


def test_a_program_is_what_it_is_without_us(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": UNDISTURBED})
    plain = python(tmp_path, "program.py")
    seen = run(tmp_path, "--quiet", "--output", "report.txt", "program.py")
    assert plain.status == 1
    assert seen.out == plain.out
    assert spoken(seen.err) == plain.err
    assert "failed" not in seen.err


@pytest.mark.parametrize("name", ["subtraction", "classifier", "adam", "recurrent"])
def test_the_largest_eigenvalue_is_torchs_own(name: str, looked: Looked) -> None:
    curvature = looked[name].curvature
    assert curvature is not None
    assert curvature.largest == pytest.approx(looked.facts[name]["eigenvalues"][-1], rel=1e-3)
    assert curvature.preconditioned == (name == "adam")
    assert curvature.exact == curvature.quadratic == (name == "subtraction")


def test_what_is_known_of_a_linear_regression(looked: Looked) -> None:
    seen, facts = looked["subtraction"], looked.facts["subtraction"]
    assert seen.at is not None
    assert "# line of subtraction" in TRAININGS.splitlines()[seen.at.line - 1]
    assert (seen.model, seen.parameters, seen.batch, seen.steps, seen.finished) == ("model", 3, 1000, 100, True)
    assert (seen.loss_kind, seen.summed, seen.layers, seen.midpoint) == ("mse", False, ("Linear",), 0.0)
    assert seen.made is not None
    assert "nn.Linear(2, 1)" in TRAININGS.splitlines()[seen.made.line - 1]
    assert seen.optimizer is not None and seen.optimizer.at is not None
    assert "torch.optim.SGD" in TRAININGS.splitlines()[seen.optimizer.at.line - 1]
    assert (seen.optimizer.kind, seen.optimizer.learning_rate, seen.optimizer.scheduled) == ("sgd", 0.01, False)
    assert seen.curvature is not None
    assert seen.curvature.limit == pytest.approx(2 / facts["eigenvalues"][-1], rel=1e-4)
    assert seen.curvature.later == pytest.approx(facts["eigenvalues"][-1], rel=1e-4)
    assert seen.forecast is not None and seen.forecast.slow is not None
    assert seen.forecast.left == pytest.approx(facts["left"], rel=0.01)
    assert seen.forecast.slow.parameter == "bias"
    assert seen.affine is not None and seen.affine.samples == 1000 and seen.affine.r2 == pytest.approx(1)
    assert seen.baseline == pytest.approx(facts["variance"], rel=1e-3)
    assert seen.losses is not None and seen.losses.count == 100
    assert seen.error == pytest.approx(seen.losses.last)
    assert [(norm.parameter, norm.size) for norm in seen.gradients] == [("weight", 2), ("bias", 1)]


def test_a_classifier_and_its_best_constant(looked: Looked) -> None:
    seen, share = looked["classifier"], looked.facts["classifier"]["share"]
    assert (seen.loss, seen.loss_kind, seen.layers) == ("cross_entropy", "crossentropy", ("Linear", "Tanh", "Linear"))
    assert seen.baseline == pytest.approx(-share * math.log(share) - (1 - share) * math.log(1 - share), rel=1e-6)
    assert seen.optimizer is not None
    assert (seen.optimizer.momentum, seen.optimizer.weight_decay) == (0.9, 1e-4)
    assert seen.affine is None
    assert math.isnan(seen.midpoint)


NOT_CLAIMED = {
    "accumulated": "a step takes the gradients of 2 backward passes",
    "uncleared": "the gradients of a step flow into the next one",
    "clipped": "its gradients are clipped before the step",
    "adversaries": "several optimizers take turns in one loss",
}


@pytest.mark.parametrize("name", NOT_CLAIMED)
def test_no_limit_is_claimed_of_another_rule(name: str, looked: Looked) -> None:
    assert looked[name].curvature is None
    assert looked[name].forecast is None
    assert NOT_CLAIMED[name] in looked.skipped


def test_networks_against_each_other_have_no_best_constant(looked: Looked) -> None:
    assert math.isnan(looked["adversaries"].baseline)
    assert "its loss depends on the parameters of 2 optimizers" in looked.skipped


def test_a_schedule_is_seen(looked: Looked) -> None:
    seen = looked["scheduled"]
    assert seen.optimizer is not None and seen.optimizer.scheduled
    assert seen.curvature is not None
    assert seen.forecast is None


def test_a_rate_that_the_program_applies_itself(looked: Looked) -> None:
    seen = looked["by_hand"]
    assert seen.optimizer is not None
    assert seen.optimizer.learning_rate == pytest.approx(0.02, rel=1e-4)
    assert seen.curvature is not None and seen.forecast is not None and seen.losses is not None
    assert seen.forecast.left == pytest.approx(seen.losses.lowest, rel=0.2)
    assert {norm.parameter for norm in seen.gradients} == {"w", "b"}
    assert looked["by_hand_with_momentum"].optimizer is None
    assert looked["by_hand_with_momentum"].curvature is None


def test_tensors_without_a_module(looked: Looked) -> None:
    seen = looked["tensors"]
    assert [norm.parameter for norm in seen.gradients] == ["weight", "bias"]
    assert (seen.loss_kind, seen.summed, seen.batch) == ("mse", True, 200)
    assert seen.losses is not None and seen.losses.nonfinite_at > 1


UNWIRED = {
    "forgotten": [("hidden.weight", "not in the optimizer"), ("hidden.bias", "not in the optimizer")],
    "replaced": [("out.weight", "not in the optimizer"), ("out.bias", "not in the optimizer")],
    "cut": [("hidden.weight", "no gradient"), ("hidden.bias", "no gradient")],
    "unused": [("spare.weight", "no gradient"), ("spare.bias", "no gradient")],
    "averaged": [],
    "frozen": [],
    "evaluated": [],
    "attacked": [],
    "in_turns": [],
    "classifier": [],
}


@pytest.mark.parametrize("name", UNWIRED)
def test_parameters_that_learn_nothing(name: str, looked: Looked) -> None:
    for seen in looked.trainings[name]:
        assert [(one.parameter, one.why) for one in seen.unwired] == UNWIRED[name]


@pytest.mark.parametrize(
    ("name", "affine"),
    [("deep_linear", True), ("with_relu", False), ("polynomial", False), ("cut", False), ("frozen", False)],
)
def test_a_model_is_affine_only_where_its_graph_is(name: str, affine: bool, looked: Looked) -> None:
    midpoint = looked[name].midpoint
    assert midpoint == 0 if affine else math.isnan(midpoint)


@pytest.mark.parametrize("name", ["twice", "again"])
def test_each_optimizer_is_a_training_of_its_own(name: str, looked: Looked) -> None:
    rates = [seen.optimizer.learning_rate for seen in looked.trainings[name] if seen.optimizer is not None]
    assert rates == [0.001, 0.002]
    assert [seen.steps for seen in looked.trainings[name]] == [5, 5]


def test_samples_are_those_trained_on(looked: Looked) -> None:
    assert [looked[name].affine.samples for name in ("with_evaluation", "small_batches")] == [200, 300]  # type: ignore[union-attr]
    inputs = looked["scaled_inside"].inputs
    assert inputs is not None
    assert max(inputs.means) < 1
    assert looked["forward_itself"].model == "network"


def test_the_best_constant_of_other_losses(looked: Looked) -> None:
    assert looked["absolute"].loss_kind == "mae"
    generator = np.random.default_rng(0).uniform(-10, 10, 100_000)
    assert looked["absolute"].baseline == pytest.approx(np.abs(generator).mean(), rel=0.1)
    assert looked["weighted"].loss_kind == "other"
    assert math.isnan(looked["weighted"].baseline)


ENDS = {
    "at its end": ("", True),
    "with a status": ("raise SystemExit(3)", True),
    "with an exception": ("raise ValueError", False),
    "by Ctrl-C": ("raise KeyboardInterrupt", False),
}


@pytest.mark.parametrize("name", ENDS)
def test_however_a_program_ends(name: str, tmp_path: Path) -> None:
    end, finished = ENDS[name]
    program = """
        import torch
        x = torch.rand(64, 2)
        model = torch.nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(20):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), x[:, :1]).backward()
            optimizer.step()
    """
    (seen,) = (e for e in events_of(tmp_path, program + f"    {end}\n") if isinstance(e, TrainingSeen))
    assert (seen.steps, seen.finished) == (20, finished)
    assert seen.losses is not None and seen.losses.count == 20
    assert seen.forecast is not None and seen.forecast.steps == 20


def test_a_loop_comes_to_the_same_weights(tmp_path: Path) -> None:
    program = Path(__file__).parent.parent / "benchmarks" / "programs" / "torch_loop.py"
    lay(tmp_path, {"program.py": program.read_text("utf-8").replace("STEPS = 2000", "STEPS = 200")})
    plain = json.loads(python(tmp_path, "program.py").out)
    told = report_of(tmp_path, "program.py")
    assert json.loads(told.err.splitlines()[0])["weights"] == plain["weights"]
