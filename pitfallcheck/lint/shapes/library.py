"""What the array functions of NumPy, TensorFlow, Keras, torch and JAX return, by the shapes they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pitfallcheck.lint.shapes import algebra
from pitfallcheck.lint.shapes.call import ABSENT, NO_AXIS, Call, axis_of, shape_of, truth
from pitfallcheck.lint.shapes.values import Array, Constant, Items, Number, Value
from pitfallcheck.lint.shapes.vocabulary import words

PREFIXES = (
    "numpy.linalg.",
    "numpy.",
    "jax.numpy.",
    "jax.nn.",
    "keras.ops.",
    "keras.backend.",
    "keras.activations.",
    "tensorflow.math.",
    "tensorflow.linalg.",
    "tensorflow.nn.",
    "tensorflow.keras.backend.",
    "tensorflow.",
    "torch.nn.functional.",
    "torch.",
    "builtins.",
)
RANDOM_PREFIXES = ("numpy.random.", "jax.random.", "tensorflow.random.", "keras.random.", "torch.")

ELEMENTWISE = words(
    """
    sin cos tan arcsin arccos arctan exp expm1 log log1p log2 log10 sqrt rsqrt abs fabs absolute square tanh sinh
    cosh sigmoid softplus relu relu6 gelu silu swish elu selu leaky_relu logsigmoid log_sigmoid softmax
    log_softmax negative neg sign floor ceil round rint around clip clamp clip_by_value cast zeros_like ones_like
    empty_like full_like rand_like randn_like copy stop_gradient nan_to_num isnan isfinite flip fliplr flipud
    roll deg2rad radians degrees reciprocal erf erfinv sigmoid_v2 asfarray l2_normalize normalize dropout
    logical_not bitwise_not real imag float32 float64 float16 int32 int64
    """
)
"""Functions whose result has the shape of their first argument."""

ALONG_AXIS = words("cumsum cumprod argsort")
"""Functions that keep the shape where their axis is named."""

BINARY = words(
    """
    add subtract sub multiply mul divide div true_divide truediv floor_divide mod maximum minimum pow power hypot
    atan2 arctan2 squared_difference squareddifference equal not_equal greater greater_equal less less_equal
    logical_and logical_or divide_no_nan xlogy logaddexp
    """
)
"""Functions that broadcast their first two arguments."""

REDUCTIONS = words(
    """
    mean sum prod max min amax amin std var median nanmean nansum nanmax nanmin any all argmax argmin logsumexp
    ptp reduce_mean reduce_sum reduce_max reduce_min reduce_prod reduce_std reduce_variance reduce_any reduce_all
    reduce_logsumexp count_nonzero average quantile percentile
    """
)
PAIRED_IN_TORCH = words("max min median var_mean std_mean")
"""Reductions that return values and indices in torch once an axis is named."""


def base_name(name: str, prefixes: tuple[str, ...] = PREFIXES) -> str | None:
    """`mean` of `numpy.mean`: the name below one of `prefixes`, where nothing more stands between."""
    for prefix in prefixes:
        if name.startswith(prefix) and "." not in name[len(prefix) :]:
            return name[len(prefix) :]
    return None


def library_call(name: str, call: Call) -> Value:
    """What calling the library function `name` returns, as far as it shows."""
    if call.starred:
        return None
    base = base_name(name)
    if base is None:
        drawn = base_name(name, RANDOM_PREFIXES)
        return random_call(drawn, call, first=name.startswith(("jax.", "tensorflow.", "keras."))) if drawn else None
    torch = name.startswith("torch.")
    first = call.get(0, "x", "a", "input", "array", "tensor", "object", "inputs", "value", default=None)
    if base in CREATION:
        return CREATION[base](call, torch)
    if torch and base in RANDOM:
        return random_call(base, call, first=False, torch=True)
    if base in BINARY:
        return algebra.broadcast(first, call.get(1, "y", "other", "x2", "b", default=None))
    if base in ("concatenate", "concat", "cat", "hstack", "vstack", "row_stack", "column_stack", "dstack", "stack"):
        return _joined(base, name, call)
    if base in ("matmul", "dot", "mm", "mv") and not call.has("transpose_a", "transpose_b", "adjoint_a", "adjoint_b"):
        return algebra.matmul(first, call.get(1, "y", "b", "other", "mat2", "x2", default=None))
    if base == "where" and len(call.args) == 3:
        return algebra.broadcast(algebra.broadcast(call.args[0], call.args[1]), call.args[2])
    if base in ("shape", "int_shape") and isinstance(first, Array) and not first.open:
        return Items(tuple(Number(dim) for dim in first.dims))
    if isinstance(first, Number) and base in ELEMENTWISE:
        return Number()
    if not isinstance(first, Array):
        return _reshaped(None, call.get(1, "shape", "newshape", default=None)) if base == "reshape" else None
    return array_function(base, first, call, start=1, torch=torch)


def array_function(base: str, array: Array, call: Call, *, start: int, torch: bool | None) -> Value:
    """A function or method of an array; its own arguments begin at `start`. `torch` is None where it may be."""
    if base in ELEMENTWISE:
        return None if call.has("shape") else array
    if base in ALONG_AXIS:
        named = isinstance(call.get(start, "axis", "dim"), Number)
        return array if (named and array.dims) or array.rank == 1 else None
    if base in REDUCTIONS:
        return _reduced(base, array, call, start, torch)
    if base in ("ravel", "batch_flatten") or (base == "flatten" and len(call.args) == start and not call.keywords):
        return algebra.flatten(array) if base != "batch_flatten" else None
    if base == "norm" and len(call.args) == start and not call.keywords:
        return algebra.reduce(array, NO_AXIS, False)
    if base in ("expand_dims", "unsqueeze"):
        default = Number(-1) if base == "expand_dims" else None
        return algebra.expand(array, call.get(start, "axis", "dim", default=default))
    if base == "squeeze":
        return algebra.squeeze(array, axis_of(call.get(start, "axis", "dim")))
    if base in ("reshape", "view"):
        shape = call.get(None, "shape", "newshape")
        return _reshaped(array, call.rest(start) if shape == ABSENT else shape)
    if base in ("transpose", "t", "swapaxes", "permute", "permute_dimensions"):
        return _transposed(array, call, start)
    if base == "atleast_1d":
        return array if array.dims or array.open else Array((1,))
    if base == "atleast_2d" and not array.open:
        return array if len(array.dims) > 1 else replace(array, dims=(1,) * (2 - len(array.dims)) + array.dims)
    return None


def _reduced(base: str, array: Array, call: Call, start: int, torch: bool | None) -> Value:
    if base in ("quantile", "percentile"):
        if not isinstance(call.get(start, "q"), Number):
            return None
        start += 1
    axis = axis_of(call.get(start, "axis", "dim", "reduction_indices"))
    if axis == NO_AXIS and base in ("argmax", "argmin"):
        return None
    if base in PAIRED_IN_TORCH and torch is not False and axis != NO_AXIS and not call.has("axis"):
        return None
    keep = call.get(None, "keepdims", "keepdim", "keep_dims")
    if keep == ABSENT and len(call.args) > start + 1:
        keep = call.args[start + 1]
    kept = truth(keep)
    return None if kept is None else algebra.reduce(array, axis, kept)


def _reshaped(array: Array | None, shape: Value) -> Array | None:
    if isinstance(shape, Number):
        shape = Items((shape,))
    return algebra.reshape(array, shape.values) if isinstance(shape, Items) else None


def _transposed(array: Array, call: Call, start: int) -> Array | None:
    """NumPy's permutation and torch's swap agree only on (1, 0) and on no argument at all; else the rank is kept."""
    if array.open:
        return None
    asked = call.rest(start)
    if isinstance(asked, Items) and asked.values in ((), (Number(1), Number(0))):
        return replace(array, dims=array.dims[::-1])
    return replace(array, dims=(None,) * len(array.dims))


def _joined(base: str, name: str, call: Call) -> Value:
    arrays = call.get(0, "arrays", "values", "tensors", "xs", "tup", "inputs", default=None)
    if not isinstance(arrays, Items):
        return None
    if base in ("concatenate", "concat", "cat"):
        default = Number(-1) if name.startswith("keras.backend.") else Number(0)
        return algebra.concatenate(arrays.values, call.get(1, "axis", "dim", default=default))
    if base == "stack":
        return algebra.stack(arrays.values, call.get(1, "axis", "dim", default=Number(0)))
    ranks = {array.rank if isinstance(array, Array) else None for array in arrays.values}
    if ranks == {1} and base in ("column_stack", "vstack", "row_stack") and not name.startswith("keras."):
        return algebra.stack(arrays.values, Number(1 if base == "column_stack" else 0))
    if ranks == {1} and base == "hstack":
        return algebra.concatenate(arrays.values, Number(0))
    if ranks == {2} and base != "dstack":
        return algebra.concatenate(arrays.values, Number(0 if base in ("vstack", "row_stack") else 1))
    return None


def nested(value: Value) -> Array | None:
    """The array that `np.array` makes of nested lists, numbers and arrays."""
    if isinstance(value, Array):
        return replace(value, predicted=value.predicted)
    if isinstance(value, Number):
        return algebra.SCALAR
    if not isinstance(value, Items) or not value.values:
        return None
    inner = [nested(one) for one in value.values]
    return algebra.stack(inner, Number(0))


def _array(call: Call, torch: bool) -> Value:
    if call.has("ndmin", "shape"):
        return _full(Call(call.node, (), call.keywords, False), torch)
    return nested(call.get(0, "object", "data", "value", "a", "x", "obj", default=None))


def _tensor(call: Call, torch: bool) -> Value:
    """The old constructors of torch, which take lengths as well as values."""
    given = call.get(0, "data", default=None)
    return nested(given) if isinstance(given, Items | Array) else None


def _zeros(call: Call, torch: bool) -> Value:
    shape = call.get(None, "shape", "size")
    if shape == ABSENT:
        shape = call.rest(0) if torch else call.get(0, default=None)
    dims = shape_of(shape)
    return None if dims is None else Array(dims)


def _full(call: Call, torch: bool) -> Value:
    dims = shape_of(call.get(0, "shape", "size", "dims", default=None))
    return None if dims is None else Array(dims)


def _vector(call: Call, torch: bool) -> Value:
    numbers = all(isinstance(arg, Number) or arg is None for arg in call.args)
    return Array((None,)) if numbers and not call.has("axis") else None


def _linspace(call: Call, torch: bool) -> Value:
    count = call.get(2, "num", "steps")
    plain = all(isinstance(arg, Number) or (isinstance(arg, Array) and not arg.dims) for arg in call.args[:2])
    return Array((count.value if isinstance(count, Number) else None,)) if plain and not call.has("axis") else None


def _eye(call: Call, torch: bool) -> Value:
    return Array((None, None)) if len(call.args) >= 1 and isinstance(call.args[0], Number | None) else None


def _fromiter(call: Call, torch: bool) -> Value:
    return Array((None,))


CREATION: dict[str, Callable[[Call, bool], Value]] = {
    **dict.fromkeys(("array", "asarray", "tensor", "as_tensor", "constant", "convert_to_tensor", "Variable"), _array),
    **dict.fromkeys(("from_numpy", "variable"), _array),
    **dict.fromkeys(("FloatTensor", "Tensor"), _tensor),
    **dict.fromkeys(("zeros", "ones", "empty"), _zeros),
    **dict.fromkeys(("full", "fill"), _full),
    **dict.fromkeys(("arange", "range"), _vector),
    **dict.fromkeys(("linspace", "logspace", "geomspace"), _linspace),
    **dict.fromkeys(("eye",), _eye),
    **dict.fromkeys(("fromiter",), _fromiter),
}

RANDOM: dict[str, int | str] = {
    **dict.fromkeys(("rand", "randn"), "each"),
    **dict.fromkeys(("random", "random_sample", "ranf", "standard_normal", "sample", "standard_exponential"), 0),
    **dict.fromkeys(("normal", "uniform", "randint", "integers", "laplace", "logistic", "gumbel", "binomial"), 2),
    **dict.fromkeys(("lognormal", "gamma", "beta", "vonmises", "random_integers"), 2),
    **dict.fromkeys(("exponential", "poisson", "choice", "geometric", "standard_t", "chisquare", "rayleigh"), 1),
}
"""The position of the size in NumPy's order, `each` where every argument is a length."""


def random_call(base: str, call: Call, *, first: bool, torch: bool = False) -> Value:
    """A draw of random numbers; `first` where the shape comes first or second instead of last (TensorFlow, JAX)."""
    if base == "permutation" and not first:
        drawn = call.get(0, default=None)
        return Array((drawn.value,)) if isinstance(drawn, Number) else drawn if isinstance(drawn, Array) else None
    if base not in RANDOM:
        return None
    if first:
        stated = call.get(None, "shape")
        if stated == ABSENT:
            stated = next((arg for arg in call.args[:2] if isinstance(arg, Items)), None)
        dims = shape_of(stated) if isinstance(stated, Items) else None
        return None if dims is None else Array(dims)
    place = RANDOM[base]
    size = call.get(None, "size", "shape")
    if size == ABSENT:
        if place == "each":
            size = call.rest(0)
        elif torch:
            size = next((arg for arg in call.args if isinstance(arg, Items)), None)
        else:
            size = call.get(int(place), default=Constant(None))
    if size == Constant(None):
        scalars = all(isinstance(arg, Number) for arg in [*call.args, *call.keywords.values()])
        return Number() if scalars else None
    dims = shape_of(size)
    return None if dims is None else Array(dims)
