"""Everything measured of one column, before anything is concluded from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.instants import DAY
from training.audit_columns import Column
from training.audit_ends import Ends
from training.audit_names import Told, names_identifier, told_by_name
from training.audit_power import NO_POWER, Power, auc_within, codes_of, out_of_fold, power_of
from training.audit_timing import (
    Course,
    Coverage,
    DatedTiming,
    FillGap,
    close_day_share,
    closed_from_open,
    coverage_of,
    dated_timing,
    fill_gap,
    follows_course,
    rank_correlation,
)

Floats = NDArray[np.float64]

STRONG = 0.7
"""Area under the curve from which a column is compared with all the others together."""
_RATIO_VALUES = 20


@dataclass(frozen=True)
class Evidence:
    """What was measured of one column.

    Parameters
    ----------
    power
        How well it predicts won against lost alone, by its values before the outcome.
    hindsight
        The same by its last values, whatever they know; another figure for dated columns only.
    others
        How well all usable columns but this one predict together; only for a strong column.
    coverage
        Share filled among won, lost and open.
    timing
        When the rows of a dated column were recorded.
    gap
        Share filled among closed less that among open; None for dated columns.
    open_power
        How well it tells closed from open; measured for columns of unknown timing only.
    close_day
        Share of closings on whose day the date in the column is.
    follows
        What of the course it goes with most closely, and the rank correlation.
    with_time
        Rank correlation with the time of creation.
    distinct
        Share of its values that occur once or first, among those filled.
    drift
        Share won among closed with the lowest and the highest tenth of values; NaN for words.
    told
        What its name says of it: duration, ratio, count; None for nothing, and for words.
    looks_ratio
        Whether its values are fractions between 0 and 1.
    named_identifier
        Whether its name says that it identifies.
    """

    column: Column
    power: Power
    hindsight: Power
    others: Power
    coverage: Coverage
    timing: DatedTiming | None
    gap: FillGap | None
    open_power: Power
    close_day: float
    follows: tuple[str, float]
    with_time: float
    distinct: float
    drift: tuple[float, float]
    told: Told | None
    looks_ratio: bool
    named_identifier: bool


def gather(column: Column, ends: Ends, course: Course, usable: Sequence[Column]) -> Evidence:
    """Measure one column.

    Parameters
    ----------
    usable
        The columns to compare a strong one with.
    """
    rows, won = ends.won_of_closed()
    power = power_of(_take(column.before, rows), won)
    dated = column.events is not None
    unknown = column.measured == "unknown"
    return Evidence(
        column=column,
        power=power,
        hindsight=power_of(_take(column.at_end, rows), won) if dated else power,
        others=_others(column, usable, ends) if power.auc >= STRONG and not dated else NO_POWER,
        coverage=coverage_of(column, ends),
        timing=dated_timing(column, ends),
        gap=None if dated or column.identifies else fill_gap(column, ends),
        open_power=closed_from_open(column, ends) if unknown else NO_POWER,
        close_day=close_day_share(column, ends),
        follows=follows_course(column, course, ends),
        with_time=_with_time(column, ends),
        distinct=_distinct(column),
        drift=_drift(_take(column.at_end, rows), won),
        told=told_by_name(column.names) if column.kind == "numeric" and not dated else None,
        looks_ratio=_looks_ratio(column),
        named_identifier=column.identifies or names_identifier(column.names),
    )


def usable_columns(columns: Sequence[Column]) -> list[Column]:
    """Select the columns measured at creation, and the dated fields by their values before the outcome."""
    known = [c for c in columns if c.measured in ("creation", "dated") and c.table != "activities"]
    return [c for c in known if not c.identifies]


def _others(column: Column, usable: Sequence[Column], ends: Ends) -> Power:
    """All other columns together: the sum of their log-odds, each from the other folds (naive Bayes)."""
    rows, won = ends.won_of_closed()
    together = np.zeros(len(rows))
    fold = np.zeros(len(rows), dtype=np.int64)
    for other in usable:
        if other.name != column.name:
            score, fold = out_of_fold(codes_of(_take(other.before, rows)), won)
            together += score
    return auc_within(together, won, fold)


def _take(values: pd.Series, rows: NDArray[np.int64]) -> pd.Series:
    return values.iloc[rows].reset_index(drop=True)


def _numbers(column: Column) -> tuple[NDArray[np.int64], Floats]:
    """Rows with a number (or date), and the numbers; none for words and dated columns."""
    if column.kind == "category" or column.events is not None:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    values = column.at_end.to_numpy(np.float64)
    rows = np.flatnonzero(~np.isnan(values))
    return rows, values[rows]


def _with_time(column: Column, ends: Ends) -> float:
    rows, values = _numbers(column)
    return rank_correlation(values, ends.created[rows] / DAY)


def _distinct(column: Column) -> float:
    filled = column.at_end.dropna()
    return float(filled.nunique() / len(filled)) if len(filled) else np.nan


def _drift(values: pd.Series, won: Floats) -> tuple[float, float]:
    if values.dtype != np.float64 or values.notna().sum() == 0:
        return np.nan, np.nan
    low, high = values.quantile(0.1), values.quantile(0.9)
    return float(won[values <= low].mean()), float(won[values >= high].mean())


def _looks_ratio(column: Column) -> bool:
    _, values = _numbers(column)
    if column.kind != "numeric" or not len(values):
        return False
    return bool(values.min() >= 0 and values.max() <= 1 and len(np.unique(values)) >= _RATIO_VALUES)
