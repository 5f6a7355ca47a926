"""The threshold of a probability that best parts those to whom something happened from the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 30
"""Snapshots to which it happened, and as many others, below which nothing is judged."""


def youden_threshold(probability: NDArray[np.float64], happened: NDArray[np.bool_]) -> float | None:
    """Choose the threshold that maximises the share of hits above it less that of others (Youden 1950).

    Parameters
    ----------
    probability
        Answers for snapshots that the model was not trained on, shape (n,).
    happened
        Whether it then happened, shape (n,).

    Returns
    -------
    One of the twentieths of the probabilities, rounded to three digits; None with fewer than
    30 of either sort.

    Examples
    --------
    >>> answers = np.repeat([0.1, 0.2, 0.6], 30)
    >>> youden_threshold(answers, answers > 0.5), youden_threshold(answers[:59], answers[:59] > 0.5)
    (0.2, None)
    """
    if min(happened.sum(), (~happened).sum()) < FEWEST:
        return None
    candidates = np.unique(np.quantile(probability, np.linspace(0.05, 0.95, 19)).round(3))
    gains = [(probability[happened] > c).mean() - (probability[~happened] > c).mean() for c in candidates]
    return float(candidates[int(np.argmax(gains))])
