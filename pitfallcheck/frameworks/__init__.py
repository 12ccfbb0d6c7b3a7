"""The only place that names keras, tensorflow, torch or jax; a framework is asked for, never imported."""

TAKES_AHEAD = frozenset({"keras", "tensorflow", "tf_keras"})
"""Frameworks that take batches before they use them, and may keep an array's memory meanwhile.

Keras 3.15 looks at the first two batches and prefetches the rest; tf.data of TensorFlow 2.21 keeps the memory of a
NumPy array that starts on a 64-byte boundary, and prefetches where asked to. torch 2.13's DataLoader and JAX 0.10 hold
no batch that their caller does not hold, so for them it is counted who still refers to a batch.
"""
