"""Learning the level from partial outcomes: who was won or lost this week, among those open at its start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln

from features.outcomes import CENSORED, LOST, WON, Labels
from models.calibration import Level, cumulative_hazards
from models.incidence import Incidence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK = 7.0

SPREAD, SEGMENT_SPREAD = 0.3, 0.2
"""Usual size of a shift overall, and of a segment beside the overall, in logarithms."""
CHANCE_OF_A_CHANGE = 1 / 26
"""Chance that the level changes at the start of a week: about twice a year."""
FEWEST_EXPECTED = 10.0
"""Wins to be expected of a segment below which it stays at the overall."""

_PAIRS_FOR_DISPERSION = 8
_MEDIAN_OF_CHI_SQUARE = 0.4549


@dataclass(frozen=True)
class Weeks:
    """What was open at the start of each of some weeks, and what the week brought; arrays of shape (n,).

    Parameters
    ----------
    week
        Place of the week, 0 for the oldest, without gaps.
    outcome
        Won, lost or still open (censored) at the end of the week.
    win, loss
        Hazards of winning and of losing while the opportunity was open in the week, summed up:
        added over opportunities they are the wins, and the losses, that were to be expected.
    segment
        Word by which segments are told apart; None for missing.
    """

    week: Ints
    outcome: Ints
    win: Floats
    loss: Floats
    segment: NDArray[np.object_]

    def take(self, rows: NDArray[np.bool_]) -> Weeks:
        """Select some of the rows."""
        return Weeks(self.week[rows], self.outcome[rows], self.win[rows], self.loss[rows], self.segment[rows])

    def counts(self, weeks: int = 0) -> pd.DataFrame:
        """Count what was open, won and lost each week, and what was expected; a row a week, at least ``weeks``."""
        size = max(weeks, int(self.week.max()) + 1 if len(self.week) else 0)
        columns = {
            "open": None,
            "won": self.outcome == WON,
            "expected_won": self.win,
            "lost": self.outcome == LOST,
            "expected_lost": self.loss,
        }
        return pd.DataFrame({name: np.bincount(self.week, of, size) for name, of in columns.items()})


def watch_weeks(answer: Incidence, labels: Labels, week: Ints, segment: NDArray[np.object_] | None = None) -> Weeks:
    """Compare answers, without any level, with what the week after each snapshot brought.

    Parameters
    ----------
    answer
        For snapshots of what was open at the start of each week.
    labels
        What became of them; what happened after the week is left out.
    week
        Place of the week of each snapshot, shape (n,).
    segment
        Words, shape (n,); None for no segments.
    """
    within = within_week(labels)
    win, loss = (_in_a_week(answer.edges, whole) for whole in cumulative_hazards(answer))
    exposed = np.where(within.outcome == CENSORED, 1.0, _exposed_when_closed(win + loss))
    words = np.full(len(week), None, dtype=object) if segment is None else segment
    return Weeks(week, within.outcome, exposed * win, exposed * loss, words)


def within_week(labels: Labels) -> Labels:
    """Cut labels at the end of the week: what closed later was still open."""
    later = labels.days > WEEK
    outcome = np.where(later, CENSORED, labels.outcome)
    return Labels(np.minimum(labels.days, WEEK), outcome, np.minimum(labels.watched, WEEK))


def learn_level(weeks: Weeks, column: str = "") -> Level:
    """Learn the level that holds at the end of the weeks.

    Notes
    -----
    With constant hazards in the week, an opportunity's likelihood is that of a Poisson count
    for as long as it was open (Aitkin and Clayton 1980), for each cause alone, so that actual
    over expected is the likeliest factor: a standardised ratio, as in Breslow and
    Day (1987). It is shrunk as if 1 / ``SPREAD``² events had come as expected (Berry 1983).
    A segment's factor is shrunk in the same way towards the overall one.

    Old weeks are not discounted by a half-life: one short enough to find a jump in four weeks
    chases noise for ever. The level holds until it changes, each week with
    ``CHANCE_OF_A_CHANGE``; when it last did is weighed by what the weeks say (Adams and
    MacKay 2007), and the weeks since then count.

    Examples
    --------
    >>> nothing = np.full(2, None, dtype=object)
    >>> learn_level(Weeks(np.array([0, 0]), np.array([1, 2]), np.full(2, 0.5), np.full(2, 0.5), nothing))
    Level(win=0.0, loss=0.0, column='', segments={})
    """
    if not len(weeks.week):
        return Level()
    counts = weeks.counts()
    win, counting = shrunken_shift(counts["won"].to_numpy(), counts["expected_won"].to_numpy())
    loss, _ = shrunken_shift(counts["lost"].to_numpy(), counts["expected_lost"].to_numpy())
    segments = _segments(weeks, np.exp(win), counting) if column else {}
    return Level(round(win, 6), round(loss, 6), column if segments else "", segments)


def shrunken_shift(actual: Floats, expected: Floats) -> tuple[float, Floats]:
    """Shift at the end of a series of weeks, in logarithms, and how much each week counted, shape (T,).

    Examples
    --------
    >>> shift, counted = shrunken_shift(np.array([60.0]), np.array([100.0]))
    >>> round(shift, 4) == round(float(np.log((60 + 1 / 0.09) / (100 + 1 / 0.09))), 4), counted
    (True, array([1.]))
    """
    spread = _dispersion(actual, expected)
    actual, expected = actual / spread, expected / spread
    starts = np.exp(_log_weights_of_starts(actual, expected))
    since_actual, since_expected = (np.cumsum(a[::-1])[::-1] for a in (actual, expected))
    shifts = np.log((_PRIOR + since_actual) / (_PRIOR + since_expected))
    return float(starts @ shifts), np.cumsum(starts)


_PRIOR = 1 / SPREAD**2


def _log_weights_of_starts(actual: Floats, expected: Floats) -> Floats:
    """Log of the chance that the last change was at the start of each week, shape (T,)."""
    stays, changes = np.log(1 - CHANCE_OF_A_CHANGE), np.log(CHANCE_OF_A_CHANGE)
    weights, counted = np.array([0.0]), np.array([_PRIOR + actual[0]])
    hoped = np.array([_PRIOR + expected[0]])
    for count, hope in zip(actual[1:], np.maximum(expected[1:], 1e-9), strict=True):
        counted, hoped = np.append(counted, _PRIOR), np.append(hoped, _PRIOR)
        before = np.append(weights + stays, np.logaddexp.reduce(weights) + changes)
        weights = before + _log_chance(count, hope, counted, hoped)
        weights = weights - np.logaddexp.reduce(weights)
        counted, hoped = counted + count, hoped + hope
    return np.asarray(weights, dtype=np.float64)


def _log_chance(count: float, hope: float, counted: Floats, hoped: Floats) -> Floats:
    """Log of the chance of a week's count, when the factor is gamma distributed (negative binomial)."""
    ways = gammaln(counted + count) - gammaln(counted) - gammaln(count + 1)
    at_hope = count * np.log(hope / (hoped + hope)) if count else 0.0
    return np.asarray(ways + counted * np.log(hoped / (hoped + hope)) + at_hope, dtype=np.float64)


def _dispersion(actual: Floats, expected: Floats) -> float:
    """How many times more weeks differ from their neighbours than chance would have it; at least 1.

    By the median, so that a jump is not taken for dispersion.
    """
    if len(actual) <= _PAIRS_FOR_DISPERSION:
        return 1.0
    ratio = expected[1:] / np.maximum(expected[:-1], 1e-9)
    pooled = (actual[1:] + actual[:-1]) / np.maximum(expected[1:] + expected[:-1], 1e-9)
    variance = pooled * (expected[1:] + ratio**2 * expected[:-1])
    squares = (actual[1:] - ratio * actual[:-1]) ** 2 / np.maximum(variance, 1e-9)
    return max(1.0, float(np.median(squares)) / _MEDIAN_OF_CHI_SQUARE)


def _segments(weeks: Weeks, factor: float, counting: Floats) -> dict[str, float]:
    """Shift of each segment beside the overall; those of which too little was to be expected are left out."""
    counted = counting[weeks.week]
    prior, found = 1 / SEGMENT_SPREAD**2, {}
    for word in sorted({str(word) for word in weeks.segment if word is not None}):
        rows = weeks.segment == word
        actual = float(counted[rows] @ (weeks.outcome[rows] == WON))
        expected = factor * float(counted[rows] @ weeks.win[rows])
        if expected >= FEWEST_EXPECTED:
            found[word] = round(float(np.log((prior + actual) / (prior + expected))), 6)
    return found


def _in_a_week(edges: Floats, cumulative: Floats) -> Floats:
    """Cumulative hazards of a week, shape (n,); beyond the last edge at the last pace."""
    bounds = np.concatenate([[0.0], edges])
    values = np.concatenate([np.zeros((len(cumulative), 1)), cumulative], axis=1)
    place = int(np.clip(np.searchsorted(bounds, WEEK, side="left") - 1, 0, len(edges) - 1))
    share = (WEEK - bounds[place]) / (bounds[place + 1] - bounds[place])
    return np.asarray(values[:, place] + share * (values[:, place + 1] - values[:, place]), dtype=np.float64)


def _exposed_when_closed(whole: Floats) -> Floats:
    """Share of the week that one which closes in it is open, on average, with such hazards; about one half.

    When in the week it closed is not asked: of what is told late, or by the day, it is not known.
    """
    kept = np.maximum(whole, 1e-3)
    return np.asarray(1 / kept - 1 / np.expm1(kept), dtype=np.float64)
