"""What was observed of a model in training and in use, as frozen numbers; see `observe.events` for the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pitfallcheck.observe.place import Place

OptimizerKind = Literal["sgd", "adam", "other"]


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer's settings at the first step.

    `sgd` is gradient descent with or without momentum (`momentum` 0); `adam` has Adam's rule (AdamW too, with its
    decoupled `weight_decay`). Anything else is `other`, of which no stability limit is claimed. `name` is its class's,
    `scheduled` says that the learning rate is a schedule's or was changed in the run. `at` is where the user made it.
    """

    kind: OptimizerKind
    name: str
    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    scheduled: bool = False
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class Curvature:
    """The Hessian of the loss of the first batch (for Adam, the preconditioned one) before the first step.

    `largest` is its largest eigenvalue, `limit` the learning rate beyond which the optimizer is unstable there.
    `later` is the mean of v'Hv over later batches for the direction v of the largest eigenvalue, 0 where not asked:
    a lower bound for what the whole data would give. `products` counts the Hessian-vector products, `exact` says that
    every eigenvalue is known. `quadratic` says that the loss is quadratic as far as seen: H is the same everywhere.
    `now` is the loss of that batch before the first step, NaN where not known.
    """

    largest: float
    limit: float
    later: float = 0.0
    preconditioned: bool = False
    products: int = 0
    exact: bool = False
    quadratic: bool = False
    now: float = float("nan")


@dataclass(frozen=True, slots=True)
class Slow:
    """The slowest direction that matters: its eigenvalue, the parameter it mostly lies in, the share of its error that
    is left after the steps, and the part of the loss (of now, above the floor) that lies in it."""

    eigenvalue: float
    parameter: str
    kept: float
    share: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the local quadratic model of the loss foresees for `steps` steps of this optimizer.

    `now` is the loss before the first step, `floor` the least that the quadratic model can reach, `left` the loss
    foreseen after the steps. `better_rate` is a learning rate that would do in the same steps, `better_steps` the steps
    that would do at this rate; 0 where there is none. `best` is the loss that the best of all stable learning rates
    would leave after the steps, NaN where not known. `exact` as in `Curvature`.
    """

    steps: int
    now: float
    floor: float
    left: float
    slow: Slow | None = None
    better_rate: float = 0.0
    better_steps: int = 0
    exact: bool = False
    best: float = float("nan")


@dataclass(frozen=True, slots=True)
class AffineFit:
    """The best affine map from inputs to targets by least squares, on the samples seen.

    `constant` is the mean squared error of the best constant prediction (the targets' variance), `error` that of the
    best affine one, `r2` is 1 - error / constant. All means run over samples and outputs. `noise` is what no smooth
    function of the inputs could go below, estimated from neighbouring samples (`analysis.remainder`), NaN where there
    are too few of them.
    """

    samples: int
    features: int
    outputs: int
    constant: float
    error: float
    r2: float
    noise: float = float("nan")


@dataclass(frozen=True, slots=True)
class Conditioning:
    """The condition number of the inputs' second-moment matrix with the constant column, now and standardised.

    `means` and `deviations` are those of at most eight features, the first ones. `largest` and `standardised_largest`
    are the largest eigenvalue of the matrix, now and standardised; 0 where not known.
    """

    samples: int
    features: int
    condition: float
    standardised: float
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    largest: float = 0.0
    standardised_largest: float = 0.0


@dataclass(frozen=True, slots=True)
class Losses:
    """The training loss over the run: `count` values, the mean of the `first` few and of the `last` few (at least one,
    at most a tenth each), the `lowest`, and the number (from 1) of the first that was not finite, or 0."""

    count: int
    first: float
    last: float
    lowest: float
    nonfinite_at: int = 0


@dataclass(frozen=True, slots=True)
class GradientNorm:
    """Norms of one parameter, in the order of the model: of the weights, and of their gradient at the first step and
    at the newest step looked at; `largest` is the largest gradient norm seen, `step` when (from 1)."""

    parameter: str
    size: int
    weights: float
    first: float
    last: float
    largest: float
    step: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Unwired:
    """A trainable parameter that learns nothing: `why` is `no gradient` or `not in the optimizer`. `at` is where the
    user made the layer that holds it. What something else writes, such as an average of the weights, is none."""

    parameter: str
    why: Literal["no gradient", "not in the optimizer"]
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class TrainingSeen:
    """One model with its optimizer in training; one event that grows. What is None was not looked at.

    `at` is the user's line that trains: the `fit` call, or the line of `backward`/`apply_gradients` in a loop of the
    user's. `made` is where the model was constructed, `compiled` the `compile` call. `loss_kind` is what the loss
    computes, `other` where that is not known; `summed` that it is summed over the samples of a batch, `batch` how many
    there are. `steps` is how many steps were asked for where that is known, else taken. `baseline` is the loss of the
    best constant prediction, in units of the loss, NaN where not known; `error` the model's own mean squared error on
    the newest batches looked at, NaN where not known. `midpoint` is how far the model is from affine: the largest
    deviation of its output at midpoints of two inputs from the mean of their outputs, relative to the outputs' spread;
    NaN where not looked at.
    """

    key: str
    framework: str
    model: str
    at: Place | None
    made: Place | None
    compiled: Place | None
    parameters: int
    loss: str
    loss_kind: Literal["mse", "mae", "huber", "crossentropy", "binary_crossentropy", "other"]
    batch: int
    steps: int
    optimizer: Optimizer | None = None
    summed: bool = False
    losses: Losses | None = None
    curvature: Curvature | None = None
    forecast: Forecast | None = None
    affine: AffineFit | None = None
    inputs: Conditioning | None = None
    baseline: float = float("nan")
    error: float = float("nan")
    midpoint: float = float("nan")
    gradients: tuple[GradientNorm, ...] = ()
    unwired: tuple[Unwired, ...] = ()
    layers: tuple[str, ...] = ()
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Outside:
    """A feature that was asked about outside of what training covered; `samples` rows of those asked lie outside."""

    feature: int
    trained_low: float
    trained_high: float
    asked_low: float
    asked_high: float
    samples: int


@dataclass(frozen=True, slots=True)
class PredictionSeen:
    """A model asked for predictions at `at` after training; `trained_at` is the line that trained it.

    Of `samples` rows, `outside_samples` have at least one feature outside the trained range.
    """

    key: str
    at: Place
    model: str
    method: str
    samples: int
    outside_samples: int
    outside: tuple[Outside, ...]
    trained_at: Place | None = None
    trained_samples: int = 0


@dataclass(frozen=True, slots=True)
class GradientChecked:
    """A hand-written gradient beside central differences of the loss.

    `error` is the largest difference relative to the gradient's norm, `tolerance` what the dtype and the step explain.
    `factor` is the constant c for which the gradient is c times the true one within the tolerance, NaN where there is
    none. `worst` names the parameter with the largest difference, `index` where in it, `given` and `expected` its
    values there; `wrong` are the parameters beyond the tolerance, `factors` each one's own constant factor, or NaN.

    `right` are the parameters that agree, `transposed` those whose gradient is the transpose of the true one. `samples`
    is how many samples the batch had, `outputs` how many numbers a prediction has, `compared` how many slopes were
    compared. `moved` says that `given` and `expected` are of parameters moved at random: at the ones of the program
    both are right, or too small to tell. `loss` is the name of the loss.
    """

    key: str
    at: Place | None
    function: str
    error: float
    tolerance: float
    factor: float
    worst: str
    index: tuple[int, ...]
    given: float
    expected: float
    wrong: tuple[str, ...] = ()
    factors: tuple[float, ...] = ()
    samples: int = 0
    right: tuple[str, ...] = ()
    transposed: tuple[str, ...] = ()
    outputs: int = 0
    compared: int = 0
    moved: bool = False
    loss: str = "loss"


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A framework call of the user's that raised: what it was given, and what the model takes.

    `inputs` and `targets` are shapes; `expected_inputs` is how many arrays the model takes, 0 where unknown.
    """

    key: str
    at: Place
    method: str
    model: str
    error: str
    inputs: tuple[tuple[int, ...], ...] = ()
    targets: tuple[tuple[int, ...], ...] = ()
    weights: tuple[tuple[int, ...], ...] = ()
    expected_inputs: int = 0
    made: Place | None = None
