"""What NumPy, torch and TensorFlow do with memory: which calls make an array, which share one, which write into one."""

from __future__ import annotations

from pitfallcheck.pitfalls.reused_buffer.values import Kind


def named(names: str) -> frozenset[str]:
    """The names in a text that spaces separate."""
    return frozenset(names.split())


def under(module: str, names: str) -> frozenset[str]:
    """The names in a text, each behind that of the module."""
    return frozenset(module + name for name in names.split())


_RANDOM = (
    "rand randn random random_sample ranf sample uniform normal standard_normal randint random_integers poisson "
    "binomial exponential gamma beta laplace lognormal bytes"
)

NUMPY_SHAPED = under("numpy.", "zeros empty ones full ndarray memmap") | under("cupy.", "zeros empty ones full")
"""NumPy's allocators whose first argument (`shape=`) is the shape; `memmap` names it only."""

NUMPY_NEW = (
    NUMPY_SHAPED
    | under(
        "numpy.",
        "zeros_like empty_like full_like ones_like array arange linspace logspace geomspace eye identity copy fromiter "
        "fromfile loadtxt genfromtxt fromfunction tile repeat concatenate stack vstack hstack dstack column_stack "
        "block diag tri tril triu outer kron pad roll sort append insert delete cumsum cumprod convolve "
        "asfortranarray require lib.format.open_memmap ctypeslib.as_array random.permutation "
        "random.dirichlet random.multivariate_normal",
    )
    | under("cupy.", "zeros_like empty_like full_like ones_like array arange linspace eye copy")
)
"""Calls that give an array of new memory, or of memory that nothing else in a program is likely to write."""

NUMPY_RANDOM = under("numpy.random.", _RANDOM)
"""Draws that are arrays when they are given any argument that says a shape, scalars otherwise."""

TORCH_SHAPED = under("torch.", "zeros empty ones rand randn")
TORCH_NEW = TORCH_SHAPED | under(
    "torch.",
    "full tensor randint randperm arange linspace logspace eye zeros_like empty_like ones_like full_like rand_like "
    "randn_like clone stack cat hstack vstack empty_strided normal FloatTensor DoubleTensor LongTensor IntTensor "
    "ByteTensor BoolTensor HalfTensor Tensor",
)
TENSORFLOW_NEW = frozenset({"tensorflow.Variable", "keras.Variable"})

SHARING: dict[str, Kind] = {
    **dict.fromkeys(
        under(
            "numpy.",
            "expand_dims squeeze atleast_1d atleast_2d atleast_3d transpose swapaxes moveaxis rollaxis reshape ravel "
            "flip fliplr flipud asarray asanyarray ascontiguousarray asfarray broadcast_to rot90 matrix_transpose "
            "permute_dims frombuffer",
        ),
        "numpy",
    ),
    **dict.fromkeys(
        under(
            "torch.",
            "from_numpy as_tensor asarray squeeze unsqueeze reshape transpose permute flatten t movedim moveaxis "
            "swapaxes swapdims ravel view_as_real detach narrow frombuffer",
        ),
        "torch",
    ),
    "jax.device_put": "jax",
    "memoryview": "bytes",
}
"""Functions whose result shares the memory of their first argument, and the kind of array they give."""

CONVERTING = under("numpy.", "asarray asanyarray ascontiguousarray") | under("torch.", "as_tensor asarray")
"""Those of SHARING that copy instead when asked for another `dtype` or device: with more arguments they are unknown."""

SHARING_METHODS: dict[Kind, frozenset[str]] = {
    "numpy": named("reshape ravel squeeze transpose swapaxes view"),
    "torch": named(
        "reshape view view_as reshape_as ravel flatten squeeze unsqueeze transpose permute t detach expand expand_as "
        "movedim moveaxis swapaxes swapdims contiguous narrow requires_grad_ share_memory_ cpu"
    ),
    "tensorflow": frozenset(),
    "jax": frozenset(),
    "bytes": frozenset({"cast"}),
}
CONTIGUOUS_ONLY = named("reshape ravel flatten contiguous ascontiguousarray")
"""Functions and methods that share memory only where the array lies there in one piece; of a view they may copy."""

WRITING_METHODS: dict[Kind, frozenset[str]] = {
    "numpy": named("fill sort put partition itemset resize setfield"),
    "torch": frozenset(),
    "tensorflow": named(
        "assign assign_add assign_sub scatter_update scatter_add scatter_nd_update scatter_nd_add batch_scatter_update"
    ),
    "jax": frozenset(),
    "bytes": named("extend"),
}

NOT_WRITING = named("requires_grad_ share_memory_ rename_ retain_grad_ coalesce_")
"""Methods of tensors that end in an underscore and leave the values alone."""

WRITING_FIRST = under("numpy.", "copyto put place putmask put_along_axis fill_diagonal") | under(
    "torch.nn.init.",
    "uniform_ normal_ constant_ ones_ zeros_ eye_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ "
    "trunc_normal_ orthogonal_",
)
"""Functions that write into their first argument."""

WRITING_ARGUMENT = named("readinto readinto1 recv_into read_direct")
"""Methods of any object that write into their first array argument."""

WRITING_KEYWORDS = frozenset({"out", "dst"})

UNARY = named(
    "negative absolute abs sqrt square exp expm1 exp2 log log1p log2 log10 sin cos tan tanh sinh cosh sign floor ceil "
    "rint trunc reciprocal positive conjugate logical_not invert isnan isinf isfinite"
)
BINARY = named(
    "add subtract multiply divide true_divide floor_divide power mod remainder fmod maximum minimum fmax fmin "
    "logical_and logical_or logical_xor equal not_equal less less_equal greater greater_equal matmul dot arctan2 hypot "
    "bitwise_and bitwise_or bitwise_xor"
)
"""NumPy's functions of one and of two arrays: the argument after those is `out`."""

INDEX_ARRAYS = named("permutation choice argsort nonzero flatnonzero where argpartition randperm argwhere multinomial")
"""Functions and methods, of whatever object, whose result is an array of indices."""

REORDERING = frozenset({"shuffle"})
"""Functions and methods that write their first argument's own values in another order."""
