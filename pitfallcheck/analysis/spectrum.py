"""Eigenvalues of a Hessian of which only products with vectors can be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pitfallcheck.analysis.objective import Vector

Matrix = NDArray[np.float64]
Product = Callable[[Vector], Vector]

NOISE = 1e-6
"""The relative error of one entry of a Hessian in float32, summed over some hundred samples."""

_CONVERGED = 1e-3
"""Residual of the largest eigenvalue, relative to it, at which Lanczos may stop: a fifth of a percent of a limit."""

_LEAST = 6
"""Products before Lanczos may stop early: a start without much of the top direction looks converged before."""

_MEMORY = 4_000_000
"""Numbers that the basis may hold, 32 MB; above it fewer products are asked for."""


class Spectrum(NamedTuple):
    """Eigenvalues in ascending order and their vectors as columns, of the Hessian itself or of what Lanczos saw of it.

    `noise` is for each value the error that the framework's float32 explains; `exact` says that all are there, and
    then `hessian` is the symmetric matrix itself.
    """

    values: Vector
    vectors: Matrix
    noise: Vector
    products: int
    exact: bool
    hessian: Matrix | None = None


def exact_spectrum(hessian: Matrix, products: int) -> Spectrum:
    """The spectrum of a matrix (n, n) that is symmetric up to rounding.

    The noise of an eigenvalue with vector v is e |v|'|H||v|, for a relative error e of every entry: so a small
    eigenvalue of a Hessian of unscaled inputs counts as known where its own entries say enough.
    """
    symmetric = (hessian + hessian.T) / 2
    if not np.isfinite(symmetric).all():
        unknown = np.full(len(hessian), np.nan)
        return Spectrum(unknown, np.full_like(hessian, np.nan), unknown, products, True)
    values, vectors = np.linalg.eigh(symmetric)
    size = np.abs(vectors)
    rounding = len(values) * np.finfo(np.float64).eps * float(np.abs(values).max(initial=0.0))
    noise = NOISE * np.einsum("ij,ik,kj->j", size, np.abs(symmetric), size) + rounding
    return Spectrum(values, vectors, noise, products, True, symmetric)


def columns(product: Product, size: int) -> Matrix:
    """The whole matrix (size, size), a column for each product."""
    return np.stack([product(unit) for unit in np.eye(size)], axis=1)


def lanczos(product: Product, start: Vector, products: int, *, early: bool = False) -> Spectrum:
    """Ritz values and vectors of the Krylov space of `start`, by Lanczos with full reorthogonalisation.

    The largest converges first (Golub and Van Loan, "Matrix Computations", section 10.1). `early` stops as soon as it
    has; without it all products are spent, so that the rest of the spectrum shows, too.
    """
    size = len(start)
    products = max(1, min(products, size, max(_LEAST, _MEMORY // size)))
    basis = np.zeros((products, size))
    diagonal, beside = np.zeros(products), np.zeros(products)
    vector = start / np.linalg.norm(start)
    done = 0
    for step in range(products):
        basis[step] = vector
        image = product(vector)
        done = step + 1
        diagonal[step] = vector @ image
        if not np.isfinite(diagonal[step]):
            break
        for _ in range(2):  # once leaves rounding of the size of what was taken away ("twice is enough", Kahan)
            image = image - basis[:done].T @ (basis[:done] @ image)
        beside[step] = np.linalg.norm(image)
        values, small = _tridiagonal(diagonal[:done], beside[: done - 1])
        top = max(float(np.abs(values).max()), 1e-300)
        if beside[step] <= NOISE * top or done == products:
            break
        if early and done >= _LEAST and beside[step] * abs(small[-1, -1]) <= _CONVERGED * top:
            break
        vector = image / beside[step]
    values, small = _tridiagonal(diagonal[:done], beside[: done - 1])
    noise = np.full(done, NOISE * float(np.abs(values).max(initial=0.0)))
    return Spectrum(values, basis[:done].T @ small, noise, done, False)


def _tridiagonal(diagonal: Vector, beside: Vector) -> tuple[Vector, Matrix]:
    if not np.isfinite(diagonal).all():
        return np.full(len(diagonal), np.nan), np.zeros((len(diagonal), len(diagonal)))
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return values, vectors
