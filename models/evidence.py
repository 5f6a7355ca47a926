"""Logistic regression that learns how strongly to penalise each term.

With hundreds of terms and hundreds of wins one penalty for all is too strong for what
matters and too weak for what does not. Each coefficient has a normal prior of its own
width, learned from the data: terms that the data do not speak for shrink to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIRST_PENALTY = 16.0
"""Penalty of each standardised term before anything is learned, in opportunities."""

_LEAST, _MOST = 1.0, 10_000.0
_FREE = 1e-3
_ROUNDS = 2
_STEPS, _SMALL = 8, 0.005


@dataclass(frozen=True)
class Regression:
    """Coefficients of k terms and J intercepts, shape (k + J,), and their posterior covariance."""

    coefficients: Floats
    covariance: Floats


def regress(terms: Floats, intercepts: NDArray[np.int64], happened: NDArray[np.bool_], repeats: float) -> Regression:
    """Fit P(happened) of rows.

    Parameters
    ----------
    terms
        Standardised terms of each row, shape (n, k).
    intercepts
        Which intercept each row has, shape (n,), from 0.
    happened
        Whether it happened, shape (n,).
    repeats
        Rows that tell as much as one: rows of one opportunity repeat each other.

    Notes
    -----
    MacKay (1992) and Tipping (2001): Newton steps to the most likely coefficients alternate
    with setting each penalty to 1 / (b² + its posterior variance). The likelihood is divided by
    ``repeats``. Two rounds are made: more change little.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> terms = draw.normal(size=(4000, 3))
    >>> happened = draw.random(4000) < 1 / (1 + np.exp(1 - terms[:, 0]))
    >>> regress(terms, np.zeros(4000, np.int64), happened, 1.0).coefficients.round(1) + 0.0
    array([ 1.,  0.,  0., -1.])
    """
    count, groups = terms.shape[1], int(intercepts.max()) + 1
    # Single precision: the step that costs is a product of matrices, and it need not be exact.
    design = np.concatenate([terms, np.eye(groups)[intercepts]], axis=1).astype(np.float32)
    penalty = np.concatenate([np.full(count, FIRST_PENALTY), np.full(groups, _FREE)])
    found = np.concatenate([np.zeros(count), _starting_odds(intercepts, happened, groups)])
    for _ in range(_ROUNDS):
        found, covariance = _newton(design, happened, penalty, found, repeats)
        learned = 1 / np.maximum(found**2 + np.diag(covariance), 1 / _MOST)
        penalty[:count] = np.clip(learned[:count], _LEAST, _MOST)
    return Regression(*_newton(design, happened, penalty, found, repeats))


def _starting_odds(intercepts: NDArray[np.int64], happened: NDArray[np.bool_], groups: int) -> Floats:
    rows = np.bincount(intercepts, minlength=groups)
    share = (np.bincount(intercepts, happened, minlength=groups) + 0.05) / (rows + 1)
    return np.asarray(np.log(share / (1 - share)), dtype=np.float64)


def _newton(
    design: NDArray[np.float32], happened: NDArray[np.bool_], penalty: Floats, start: Floats, repeats: float
) -> tuple[Floats, Floats]:
    """Most likely coefficients, and the covariance around them."""
    found = start
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(design @ found.astype(np.float32)).astype(np.float64)))
        gradient = design.T @ ((chance - happened) / repeats).astype(np.float32) + penalty * found
        rooted = design * np.sqrt(chance * (1 - chance) / repeats).astype(np.float32)[:, None]
        curvature = (rooted.T @ rooted).astype(np.float64) + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        found = found - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < _SMALL:
            break
    return found, np.asarray(np.linalg.inv(curvature), dtype=np.float64)
