"""Loops with `GradientTape` under `run`: the first step is foreseen from the user's own tape, and nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import lay, python, report_of, run

pytestmark = pytest.mark.frameworks("tensorflow", "keras")

LOOP = """
    import numpy as np, tensorflow as tf
    tf.keras.utils.set_random_seed(0)
    X = np.random.default_rng(0).normal(size=(200, 3)).astype("float32") * 3
    Y = X.sum(axis=1, keepdims=True)
    model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(1)])
    rate = RATE
    optimizer = tf.keras.optimizers.SGD(rate)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(X, training=True) - Y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss
    for _ in range(60):
        loss = step()
    exact = np.linalg.eigvalsh(2 * np.c_[X, np.ones(200)].T @ np.c_[X, np.ones(200)] / 200).max()
    print(f"{2 / exact:.6g}", [w.tobytes().hex() for w in model.get_weights()])
"""


def write(folder: Path, rate: str, *, traced: bool = False) -> None:
    text = LOOP.replace("RATE", rate)
    lay(folder, {"p.py": text.replace("    def step", "    @tf.function\n    def step") if traced else text})


def test_a_rate_beyond_the_limit_is_named_where_it_is_given(tmp_path: Path) -> None:
    write(tmp_path, "0.15")
    found = report_of(tmp_path, "p.py").report["findings"]
    assert [(finding["code"], finding["line"]) for finding in found] == [("PF401", 8)]


def test_the_limit_is_that_of_the_exact_hessian_and_the_weights_are_the_same(tmp_path: Path) -> None:
    write(tmp_path, "0.03")
    alone = python(tmp_path, "p.py")
    watched = run(tmp_path, "--report", "p.py")
    assert watched.out == alone.out
    limit = float(alone.out.split()[0])
    said = watched.err.partition("stable below ")[2]
    assert float(said.partition(",")[0]) == pytest.approx(limit, rel=2e-3)
    assert "nothing found" in watched.err


def test_a_step_that_is_compiled_is_named(tmp_path: Path) -> None:
    write(tmp_path, "0.15", traced=True)
    report = report_of(tmp_path, "p.py").report
    assert [item["what"] for item in report["skipped"]] == ["the training step in step()"]
    assert report["findings"] == []
