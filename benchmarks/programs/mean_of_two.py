"""B4 with 5 epochs of 1000 steps: prints the seconds that `fit` took and the weights it came to, as one JSON object."""

import json
import time

import keras
import numpy as np


def pairs_with_mean(batch_size=64):
    rng = np.random.default_rng(0)
    while True:
        x = np.zeros((batch_size, 2))
        x[:] = rng.integers(0, 100, size=(batch_size, 2))
        mean = (x[:, 0] + x[:, 1]) / 2
        yield x, np.expand_dims(mean, -1)


keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(loss="mse", optimizer="rmsprop")
start = time.perf_counter()
model.fit(pairs_with_mean(), steps_per_epoch=1000, epochs=5, verbose=0)
seconds = time.perf_counter() - start
weights = [float(value).hex() for array in model.get_weights() for value in array.ravel()]
print(json.dumps({"seconds": seconds, "weights": weights}))
