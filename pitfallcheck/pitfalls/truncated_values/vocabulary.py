"""The names by which libraries make integers and floats."""

from __future__ import annotations

from pitfallcheck.lint.shapes.vocabulary import words

ARRAYS = {"numpy": "numpy", "torch": "torch"}
"""The modules whose arrays keep their type when something is stored in them; JAX and TensorFlow store nothing."""

MAKERS = words("""
    array asarray zeros ones empty full arange zeros_like ones_like empty_like full_like tensor as_tensor from_numpy
    """)

DTYPE_PLACE = {"zeros": 1, "ones": 1, "empty": 1, "full": 2, "zeros_like": 1, "ones_like": 1, "empty_like": 1} | {
    "array": 1,
    "asarray": 1,
    "full_like": 2,
}
"""Where NumPy takes a type by position."""

NARROW_TYPES = words("int8 uint8 int16 uint16 short byte ubyte ushort char i1 u1 i2 u2 b B")
INT_TYPES = NARROW_TYPES | words(
    "int int_ int32 int64 uint uint32 uint64 intp intc long longlong i i4 i8 u4 u8 l q integer"
)
FLOAT_TYPES = words("float float_ float16 float32 float64 half single double bfloat16 longdouble f f2 f4 f8 d floating")

FLOATS = words("""
    float numpy.mean numpy.std numpy.var numpy.average numpy.median numpy.sqrt numpy.exp numpy.log numpy.log10
    numpy.log2 numpy.log1p numpy.expm1 numpy.sin numpy.cos numpy.tan numpy.tanh numpy.arctan numpy.arcsin numpy.arccos
    numpy.hypot numpy.logspace numpy.divide numpy.true_divide numpy.reciprocal_float numpy.float64
    numpy.float32 numpy.linalg.norm numpy.random.rand numpy.random.randn numpy.random.random numpy.random.normal
    numpy.random.uniform numpy.random.random_sample numpy.random.standard_normal numpy.random.exponential
    random.random random.uniform random.gauss random.normalvariate torch.rand torch.randn torch.sqrt torch.exp torch.log
    torch.sin torch.cos torch.tanh torch.sigmoid torch.mean torch.std torch.normal
    """)

INTS = words("""
    int len ord id hash numpy.random.randint numpy.argmax numpy.argmin numpy.argsort numpy.count_nonzero
    numpy.digitize numpy.searchsorted numpy.bincount random.randint random.randrange torch.randint torch.argmax
    torch.randperm
    """)

WHOLE_MATH = words("floor ceil trunc gcd lcm factorial comb perm isqrt isnan isinf isfinite isclose")
"""Functions of `math` that give integers or booleans."""

ROUNDING = words("numpy.floor numpy.ceil numpy.round numpy.rint numpy.trunc numpy.around torch.round torch.floor")

LIKE_ARGUMENTS = words("max min numpy.maximum numpy.minimum numpy.concatenate numpy.hstack numpy.vstack")
"""What gives numbers of the kind of all its arguments."""

LIKE_FIRST = words("""
    abs sum sorted list tuple reversed numpy.abs numpy.sum numpy.max numpy.min numpy.sort numpy.cumsum numpy.prod
    numpy.dot numpy.clip numpy.copy numpy.ravel numpy.unique numpy.square torch.abs torch.sum torch.clone
    """)

KEEPING = words("""
    copy clone reshape view ravel flatten sum max min item tolist squeeze unsqueeze detach numpy cumsum cpu cuda
    transpose T contiguous abs clip repeat
    """)
"""Methods whose result holds numbers of their object's kind."""
