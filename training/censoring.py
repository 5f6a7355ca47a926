"""Loss at a horizon with open opportunities counted: weights by the inverse probability of being watched so long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.outcomes import CENSORED, WON, Labels

Floats = NDArray[np.float64]

_NARROW = 1e-6


def watching_reaches(labels: Labels, days: Floats) -> Floats:
    """Probability of being watched for at least so many days, whatever happens meanwhile.

    The Kaplan–Meier estimate of the censoring: there the end of watching is the event, and a
    closing takes a snapshot out of sight. A closing at the same time as an end of watching
    comes before it.

    Parameters
    ----------
    labels
        What became of the judged snapshots; those that are still open are censored.
    days
        Days asked for, any shape.

    Examples
    --------
    >>> labels = Labels(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 2, 0]), np.full(4, 9.0))
    >>> watching_reaches(labels, np.array([2.0, 3.0, 5.0])).round(3)
    array([1.   , 0.667, 0.   ])
    """
    times, place = np.unique(labels.days, return_inverse=True)
    is_open = labels.outcome == CENSORED
    ended = np.bincount(place, is_open, minlength=len(times))
    closed = np.bincount(place, ~is_open, minlength=len(times))
    at_risk = np.cumsum((ended + closed)[::-1])[::-1] - closed
    beyond = np.cumprod(1 - ended / np.maximum(at_risk, 1))
    reached: Floats = np.concatenate([[1.0], beyond])[np.searchsorted(times, days, side="left")]
    return reached


def horizon_weights(labels: Labels, horizon: float) -> Floats:
    """Weight of each snapshot for what happened within a horizon, shape (n,).

    A snapshot whose fate at the horizon is known stands for those like it that were watched
    too short: it weighs 1 over the probability of being watched as long as it took to know.
    One that was still open when watching ended before the horizon weighs nothing.

    Parameters
    ----------
    labels
        What became of the judged snapshots.
    horizon
        Days ahead.

    Notes
    -----
    Graf, Schmoor, Sauerbrei and Schumacher (1999), Statistics in Medicine 18, 2529–2545. The
    weights sum to n when some snapshot was watched up to the horizon.

    Examples
    --------
    >>> labels = Labels(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 2, 0]), np.full(4, 9.0))
    >>> horizon_weights(labels, 3.5)
    array([1. , 0. , 1.5, 1.5])
    """
    known = (labels.outcome != CENSORED) | (labels.days >= horizon)
    reached = watching_reaches(labels, np.minimum(labels.days, horizon))
    return np.asarray(np.where(known, 1 / np.where(known, reached, 1), 0), dtype=np.float64)


def horizon_losses(win: Floats, labels: Labels, horizon: float) -> Floats:
    """Log loss of each snapshot for being won within a horizon, before weighting, shape (n,).

    Parameters
    ----------
    win
        Probability of being won within the horizon, shape (n,); kept within 1e-6 of 0 and 1.
    labels
        What became of the snapshots. Where it is not known the loss has no meaning, and no weight.
    horizon
        Days ahead.

    Examples
    --------
    >>> labels = Labels(np.array([1.0, 4.0]), np.array([1, 0]), np.array([9.0, 4.0]))
    >>> horizon_losses(np.array([0.5, 0.2]), labels, 3.0).round(3)
    array([0.693, 0.223])
    """
    kept = np.clip(win, _NARROW, 1 - _NARROW)
    won = (labels.outcome == WON) & (labels.days <= horizon)
    return np.asarray(-np.log(np.where(won, kept, 1 - kept)), dtype=np.float64)
