"""Shows the memory of a framework's tensor as a NumPy array, without a copy and without importing the framework."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray


def view(thing: Any) -> NDArray[Any] | None:
    """A NumPy array over the memory of `thing`, or None where it is no tensor or its memory cannot be read here.

    torch tensors on the CPU, TensorFlow's eager tensors (their memory may be a NumPy array's) and JAX arrays.
    """
    home = type(thing).__module__.partition(".")[0]
    try:
        if home == "torch" and "torch" in sys.modules:
            return _torch(thing)
        if home == "tensorflow" and "tensorflow" in sys.modules:
            return _tensorflow(thing)
        if home in ("jaxlib", "jax") and "jax" in sys.modules:
            return np.asarray(memoryview(thing))
    except (TypeError, ValueError, RuntimeError, BufferError, NotImplementedError):
        # A symbolic tensor, one on an accelerator, or of a type NumPy has no word for: there is no memory to show.
        return None
    return None


def _torch(thing: Any) -> NDArray[Any] | None:
    torch = sys.modules["torch"]
    if not isinstance(thing, torch.Tensor) or thing.device.type != "cpu" or thing.layout is not torch.strided:
        return None
    return thing.detach().numpy()  # type: ignore[no-any-return]


def _tensorflow(thing: Any) -> NDArray[Any] | None:
    if type(thing).__name__ != "EagerTensor":
        return None
    return np.asarray(memoryview(thing))
