"""Where the win probability of one opportunity has been going: improving, steady, declining, or too little to tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.instants import DAY

Trend = Literal["improving", "steady", "declining", "not_enough_information"]
Floats = NDArray[np.float64]

TRENDS: dict[Trend, dict[str, str]] = {
    "improving": {"en": "improving", "zh-CN": "好转"},
    "steady": {"en": "steady", "zh-CN": "平稳"},
    "declining": {"en": "declining", "zh-CN": "走低"},
    "not_enough_information": {"en": "not enough information", "zh-CN": "信息不足"},
}

WINDOW_DAYS = 30
"""Days that are looked back on: a month, as the funnel is reviewed."""
FEWEST_SCORES = 3
"""On different days; two points are always on a line."""
SHORTEST_DAYS = 7.0
"""Days from the first to the last: what happens in a day or two is news, no trend."""

LEAST_CHANGE = 0.02
"""Two points of a hundred: less is nothing to act on, however sure."""
_OF_THE_WIDTH = 0.25


def trend_of(instants: Sequence[int], probabilities: Sequence[float], widths: Sequence[float | None]) -> Trend:
    """Say where the probability of one opportunity has been going.

    A straight line is put through the last score of each of the last 30 days. The change
    along it, from the first day to the last, must exceed a quarter of the usual width of the
    interval. The interval holds the middle 80 %, so half its width is 1.28 standard deviations
    of one score. The scores of one opportunity by one model share most of their error, about
    four fifths; the change between two has then a standard deviation of √(2 (1 − 0.8)) = 0.63
    of that of one score, which is a quarter of the width. Less is noise.

    Parameters
    ----------
    instants
        When it was scored, microseconds, rising, shape (n,).
    probabilities
        Win probabilities by one and the same model: a new model is no trend. Shape (n,).
    widths
        Upper less lower bound of each interval, None where there is none, shape (n,).

    Returns
    -------
    ``not_enough_information`` with scores on fewer than 3 days, or within less than a week.

    Examples
    --------
    >>> days = [0, 5 * DAY, 10 * DAY]
    >>> trend_of(days, [0.2, 0.3, 0.4], [0.2, 0.2, 0.2]), trend_of(days, [0.4, 0.3, 0.2], [0.2, 0.2, 0.2])
    ('improving', 'declining')
    >>> trend_of(days, [0.2, 0.3, 0.4], [0.9, 0.9, 0.9]), trend_of(days[:2], [0.2, 0.4], [0.2, 0.2])
    ('steady', 'not_enough_information')
    """
    if not len(instants):
        return "not_enough_information"
    days, chosen = _last_of_each_day(np.asarray(instants, np.int64))
    if len(days) < FEWEST_SCORES or days[-1] - days[0] < SHORTEST_DAYS:
        return "not_enough_information"
    change = _slope(days, np.asarray(probabilities, np.float64)[chosen]) * float(days[-1] - days[0])
    known = [width for width in (widths[place] for place in chosen) if width is not None]
    noise = max(LEAST_CHANGE, _OF_THE_WIDTH * float(np.median(known))) if known else LEAST_CHANGE
    if abs(change) < noise:
        return "steady"
    return "improving" if change > 0 else "declining"


def _last_of_each_day(instants: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Days back to the window's start, and the places of the last score of each: a busy day is one day."""
    back = (instants[-1] - instants) / DAY
    day = np.floor(back)
    is_last = np.append(day[:-1] != day[1:], True) & (back <= WINDOW_DAYS)
    return -back[is_last], np.flatnonzero(is_last)


def _slope(days: Floats, values: Floats) -> float:
    """Slope of the line of least squares, a day."""
    apart = days - days.mean()
    return float((apart * (values - values.mean())).sum() / (apart**2).sum())
