"""Foresees a training run from its first batch: the stability limit, and what is left after the steps asked for."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pitfallcheck.analysis.limits import stability_limit
from pitfallcheck.analysis.objective import MovableObjective, Objective, Vector
from pitfallcheck.analysis.quadratic import LocalQuadratic, foresee, local_quadratic
from pitfallcheck.analysis.spectrum import Spectrum, columns, exact_spectrum, lanczos
from pitfallcheck.observe.learning import Curvature, Forecast, Optimizer

PRODUCTS = 20
"""Hessian-vector products that an analysis may ask for: each costs about two training steps."""

_SEED = 20210300065
_ASIDE = 0.01
"""How much of a fixed random direction joins the gradient at the start, so that no eigendirection is left out."""

_UNTOUCHED = 1e-7
"""Coordinates whose gradient is below this share of the largest stand still in Adam's first step."""

_SAME = 1e-3
"""How far, relatively, the gradient may be from what a quadratic loss gives, for float32's sake."""


class Analysis(NamedTuple):
    """What was foreseen. `top` is the direction of the largest eigenvalue, in parameter space, of unit length.

    `local` is the model behind the forecast: `quadratic.foresee(local, optimizer, steps)` forecasts again at no cost
    worth naming, once the number of steps or the learning rate is known better. None where there is no forecast.
    """

    curvature: Curvature | None
    forecast: Forecast | None
    top: Vector | None
    gradient: Vector
    local: LocalQuadratic | None = None


@np.errstate(all="ignore")  # what overflows is infinite, and the program need not hear of it
def analyse(objective: Objective, optimizer: Optimizer, steps: int, *, products: int = PRODUCTS) -> Analysis:
    """Analyse the objective at its first step. Raises NoSecondDerivativeError where the objective does.

    For at most `products` parameters the Hessian is known whole, above that it is what as many Hessian-vector products
    tell. Curvature and forecast are None for an optimizer that is not known, a gradient that is zero or not finite,
    and a model without parameters; the forecast alone where the loss has no floor near by, where `steps` is 0, and
    for Adam with more parameters than `products`.
    """
    gradient = np.asarray(objective.gradient(), dtype=np.float64).ravel()
    nothing = Analysis(None, None, None, gradient)
    if not gradient.size or not np.isfinite(gradient).all() or not gradient.any() or optimizer.kind == "other":
        return nothing
    now = float(objective.loss())

    def product(vector: Vector) -> Vector:
        return np.asarray(objective.times_hessian(vector), dtype=np.float64).ravel()

    adam = optimizer.kind == "adam"
    scale = _adam_scale(gradient, optimizer.epsilon) if adam else np.ones_like(gradient)
    whole = None
    if gradient.size <= products:
        hessian = columns(product, gradient.size)
        if not np.isfinite(hessian).all():
            return nothing
        whole = exact_spectrum(hessian, gradient.size)
        limiting = exact_spectrum(hessian * np.outer(scale, scale), gradient.size) if adam else whole
    else:
        limiting = lanczos(
            lambda vector: scale * product(scale * vector), _start(gradient, scale), products, early=adam
        )
    if not np.isfinite(limiting.values).all():
        return nothing
    spectrum = whole if whole is not None else None if adam else limiting
    largest = float(limiting.values[-1])
    curvature = Curvature(
        largest=largest,
        limit=stability_limit(optimizer, largest),
        preconditioned=adam,
        products=limiting.products,
        exact=limiting.exact,
        quadratic=spectrum is not None and _is_quadratic(objective, gradient, spectrum),
        now=now,
    )
    local = local_quadratic(now, gradient, spectrum, largest, objective.blocks) if spectrum is not None else None
    top = scale * limiting.vectors[:, -1]
    return Analysis(
        curvature,
        foresee(local, optimizer, steps) if local is not None else None,
        top / max(float(np.linalg.norm(top)), math.ulp(0.0)),
        gradient,
        local,
    )


def _adam_scale(gradient: Vector, epsilon: float) -> Vector:
    """P^-1/2 of Adam's first step, whose bias-corrected second moment is the squared gradient: P = |g| + epsilon.

    A coordinate without a gradient does not move in that step; what P will be for it the second one shows. It is left
    out, which can only lower the eigenvalues (Cauchy's interlacing), and so never the limit.
    """
    size = np.abs(gradient)
    scale = 1.0 / np.sqrt(size + epsilon)
    scale[size <= _UNTOUCHED * size.max()] = 0.0
    return scale


def _start(gradient: Vector, scale: Vector) -> Vector:
    aside = np.random.Generator(np.random.PCG64(_SEED)).standard_normal(gradient.size)
    scaled = gradient * scale
    start = scaled / np.linalg.norm(scaled) + _ASIDE * aside / np.linalg.norm(aside)
    return np.asarray(start)


def _is_quadratic(objective: Objective, gradient: Vector, spectrum: Spectrum) -> bool:
    """Whether the gradient a whole Newton step away is the one that the Hessian here foretells."""
    if not isinstance(objective, MovableObjective):
        return False
    used = spectrum.values > spectrum.noise
    if not used.any():
        return False
    vectors, values = spectrum.vectors[:, used], spectrum.values[used]
    step = -vectors @ ((vectors.T @ gradient) / values)
    there = np.asarray(objective.gradient_after(step), dtype=np.float64).ravel()
    foretold = gradient + np.asarray(objective.times_hessian(step), dtype=np.float64).ravel()
    size = np.linalg.norm(gradient) + np.linalg.norm(foretold - gradient)
    return bool(np.linalg.norm(there - foretold) <= _SAME * size)
