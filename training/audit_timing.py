"""When the values of a column were known: before the outcome, with it, after it, or filled in later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from features.history.history import History
from features.instants import DAY, SECOND
from features.outcomes import CENSORED, LOST, WON
from training.audit_columns import Column
from training.audit_ends import NEVER, Ends
from training.audit_power import FEWEST, NO_POWER, Power, power_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LAST_PART = 0.05
"""Last part of an opportunity's life; values set without regard to the close fall into it as seldom."""
_AT_ONCE = 60 * SECOND
_STRATA = 10


@dataclass(frozen=True)
class DatedTiming:
    """Shares of a dated column's rows; NaN without any.

    Parameters
    ----------
    rows
        Rows of opportunities that closed; the shares up to ``in_last_part`` are of these.
    at_or_after
        Recorded at or after the outcome.
    back_filled
        Recorded at or after the outcome and said to have happened before it.
    in_last_part
        Recorded before the outcome, in the last 5 % of the time to it.
    changed_at_close
        Share of closed opportunities with a row within a minute of the close.
    own_recorded
        Share of all rows whose ``recorded_at`` is another instant than ``occurred_at``.
    """

    rows: int
    at_or_after: float
    back_filled: float
    in_last_part: float
    changed_at_close: float
    own_recorded: float


def dated_timing(column: Column, ends: Ends) -> DatedTiming | None:
    """Say when the rows of a dated column were recorded; None for a column without dates."""
    events = column.events
    if events is None:
        return None
    closed = ends.closed[events.opportunity]
    own = _share(events.recorded != events.occurred)
    of_closed = closed != NEVER
    when, recorded, occurred = closed[of_closed], events.recorded[of_closed], events.occurred[of_closed]
    who = events.opportunity[of_closed]
    at_or_after = recorded >= when
    life = when - ends.created[who]
    near = ~at_or_after & (life > 0) & (when - recorded < LAST_PART * life)
    at_close = np.unique(who[np.abs(occurred - when) <= _AT_ONCE])
    return DatedTiming(
        rows=int(of_closed.sum()),
        at_or_after=_share(at_or_after),
        back_filled=_share(at_or_after & (occurred < when)),
        in_last_part=_share(near),
        changed_at_close=len(at_close) / max(int(ends.is_closed.sum()), 1),
        own_recorded=own,
    )


@dataclass(frozen=True)
class Coverage:
    """Share of opportunities that have a value, by what became of them; NaN where there are none."""

    won: float
    lost: float
    open: float


def coverage_of(column: Column, ends: Ends) -> Coverage:
    """Say how many have a value by the end of what is known."""
    filled = column.at_end.notna().to_numpy()
    return Coverage(*(_share(filled[ends.outcome == code]) for code in (WON, LOST, CENSORED)))


@dataclass(frozen=True)
class FillGap:
    """Share filled among closed less that among open ones created in the same part of time."""

    gap: float
    low: float
    n_open: int


def fill_gap(column: Column, ends: Ends) -> FillGap | None:
    """Compare how often closed and open opportunities of the same age class have a value.

    Only within tenths of creation time that hold both: a column that came into use late, or
    went out of use, is filled less for either. None with fewer than 20 of either to compare.
    ``low`` is the lower bound of 90 %.
    """
    filled, closed, strata = column.at_end.notna().to_numpy(), ends.is_closed, creation_strata(ends)
    gaps, weights, variances = [], [], []
    for stratum in np.unique(strata):
        parts = [filled[(strata == stratum) & (closed == flag)] for flag in (True, False)]
        if all(len(part) for part in parts):
            gaps.append(parts[0].mean() - parts[1].mean())
            weights.append(len(parts[1]))
            variances.append(sum((part.mean() * (1 - part.mean()) + 0.25 / len(part)) / len(part) for part in parts))
    compared = int(sum(weights))
    if compared < FEWEST:
        return None
    share = np.array(weights) / compared
    gap, spread = float(share @ np.array(gaps)), float(np.sqrt(share**2 @ np.array(variances)))
    return FillGap(gap, gap - 1.645 * spread, compared)


def creation_strata(ends: Ends) -> Ints:
    """Tenth of the open opportunities' creation times in which each opportunity was created."""
    opened = ends.created[~ends.is_closed]
    if not len(opened):
        return np.zeros(len(ends.created), dtype=np.int64)
    inner = np.quantile(opened, np.linspace(0, 1, _STRATA + 1)[1:-1])
    before = ends.created < opened.min()
    return np.where(before, -1, np.searchsorted(inner, ends.created)).astype(np.int64) + 1


def closed_from_open(column: Column, ends: Ends) -> Power:
    """Say how well the column tells closed from open opportunities created in the same part of time."""
    if not ends.is_closed.any() or ends.is_closed.all():
        return NO_POWER
    return power_of(column.at_end, ends.is_closed.astype(np.float64), creation_strata(ends))


def close_day_share(column: Column, ends: Ends) -> float:
    """Share of closings whose day, give or take one, is the date in the column; NaN for what is no date."""
    rows = np.flatnonzero(ends.is_closed & column.at_end.notna().to_numpy())
    if column.kind != "date" or column.events is not None or len(rows) < FEWEST:
        return np.nan
    return _share(np.abs(column.at_end.to_numpy(np.float64)[rows] - ends.closed[rows] / DAY) < 1.5)


@dataclass(frozen=True)
class Course:
    """What an opportunity had gone through by its end, on which a duration or a count would depend."""

    quantities: dict[str, Floats]


def course_of(history: History, ends: Ends) -> Course:
    """Measure days, stages entered and activities of each opportunity by its end."""
    index = pd.Index(history.opportunities["opportunity_id"])

    def rows_of(frame: pd.DataFrame) -> Floats:
        place = index.get_indexer(pd.Index(frame["opportunity_id"]))
        return np.bincount(place[place >= 0], minlength=len(index)).astype(np.float64)

    return Course(
        {
            "days": ends.days,
            "stages": rows_of(history.stage_history),
            "activities": rows_of(history.activities[history.activities["opportunity_id"].notna()]),
        }
    )


def follows_course(column: Column, course: Course, ends: Ends) -> tuple[str, float]:
    """Name the quantity of the course that a number goes with most closely, and the rank correlation.

    Over closed opportunities. Nothing (an empty name, 0) for what is no number.
    """
    if column.kind != "numeric" or column.events is not None:
        return "", 0.0
    rows = np.flatnonzero(ends.is_closed & column.at_end.notna().to_numpy())
    values = column.at_end.to_numpy(np.float64)[rows]
    found = {name: rank_correlation(values, quantity[rows]) for name, quantity in course.quantities.items()}
    name = max(found, key=lambda one: abs(found[one]))
    return name, found[name]


def rank_correlation(left: Floats, right: Floats) -> float:
    """Spearman's rank correlation; 0 where either does not vary, or for fewer than 20.

    Examples
    --------
    >>> rank_correlation(np.arange(30.0), np.arange(30.0) ** 3)
    1.0
    """
    if len(left) < FEWEST or np.ptp(left) == 0 or np.ptp(right) == 0:
        return 0.0
    return float(round(np.corrcoef(rankdata(left), rankdata(right))[0, 1], 6))


def _share(where: NDArray[np.bool_]) -> float:
    return float(where.mean()) if len(where) else np.nan
