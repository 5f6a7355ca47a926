"""Descriptive statistics of sales: mean and median side by side, since one large seller hides nine small ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from features.compiled import Floats
from features.reporting_calendar import Period
from scoring.cut_words import value_name
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.words import Words

STATISTIC_NAMES = {
    "count": Words("count", "数量"),
    "total": Words("total", "合计"),
    "mean": Words("mean", "平均值"),
    "median": Words("median", "中位数"),
    "mode": Words("mode (most frequent)", "众数"),
    "deviation": Words("standard deviation", "标准差"),
    "smallest": Words("smallest", "最小值"),
    "largest": Words("largest", "最大值"),
    "spread": Words("range", "极差"),
}

_APART = 1.25


@dataclass(frozen=True)
class Statistics(Report):
    """Statistics of numbers; None where there are too few. ``mode`` is None when no number comes twice.

    ``deviation`` is that of a sample (n − 1). ``unknown`` numbers are in nothing else.
    """

    count: int
    unknown: int
    total: float
    mean: float | None
    median: float | None
    mode: float | None
    deviation: float | None
    smallest: float | None
    largest: float | None
    spread: float | None
    note: Words | None


def statistics_of(numbers: Floats) -> Statistics:
    """Describe numbers.

    Examples
    --------
    >>> found = statistics_of(np.array([1_000_000.0, *[100_000.0] * 9]))
    >>> found.mean, found.median, found.mode
    (190000.0, 100000.0, 100000.0)
    """
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return Statistics(0, len(numbers), 0.0, None, None, None, None, None, None, None, note=None)
    mean, median = float(known.mean()), float(np.median(known))
    smallest, largest = float(known.min()), float(known.max())
    return Statistics(
        count=len(known),
        unknown=len(numbers) - len(known),
        total=float(known.sum()),
        mean=mean,
        median=median,
        mode=_mode(known),
        deviation=float(known.std(ddof=1)) if len(known) > 1 else None,
        smallest=smallest,
        largest=largest,
        spread=largest - smallest,
        note=_note(known, mean, median),
    )


def _mode(known: Floats) -> float | None:
    values, times = np.unique(known, return_counts=True)
    return float(values[times.argmax()]) if times.max() > 1 else None


def _note(known: Floats, mean: float, median: float) -> Words | None:
    if len(known) < 2 or mean <= _APART * median:
        return None
    below = int((known < mean).sum())
    return Words(
        f"{below} of {len(known)} are below the mean: a few large ones raise it; the median says what is usual",
        f"{len(known)}个中有{below}个低于平均值：少数大额拉高了平均值，中位数更能代表一般水平",
    )


@dataclass(frozen=True)
class Trend(Report):
    """How numbers of periods went: ``slope`` is the change from one period to the next.

    The median of all pairs' slopes (Theil and Sen), which one outlier does not turn; None below 3
    periods. ``direction`` is ``rising``, ``falling`` or ``steady`` (less than 2 % of the median a period).
    """

    slope: float | None
    direction: str | None
    name: Words


_DIRECTIONS = {
    "rising": Words("rising", "上升"),
    "falling": Words("falling", "下降"),
    "steady": Words("steady", "平稳"),
}


def trend_of(numbers: Sequence[float | None]) -> Trend:
    """Say where numbers of consecutive periods go; None is a period without one.

    Examples
    --------
    >>> trend_of([10.0, 12.0, None, 16.0, 18.0, 90.0]).slope
    2.0
    """
    known = [(place, number) for place, number in enumerate(numbers) if number is not None]
    if len(known) < 3:
        return Trend(None, None, Words("too few periods to tell", "期数太少，无法判断"))
    slopes = [(b - a) / (later - earlier) for (earlier, a), (later, b) in combinations(known, 2)]
    slope, size = float(np.median(slopes)), abs(float(np.median([number for _, number in known])))
    direction = "steady" if abs(slope) <= 0.02 * size else "rising" if slope > 0 else "falling"
    return Trend(slope, direction, _DIRECTIONS[direction])


@dataclass(frozen=True)
class SalesOfPeriod(Report):
    """Sales of one period: of deals by amount and by days from creation to the win, and of sellers by what each won."""

    first_day: str
    last_day: str
    deals: Statistics
    sellers: Statistics
    days: Statistics


@dataclass(frozen=True)
class Sales(Report):
    """Sales over periods, with the trend of their total, of the mean and median deal, and of its days to the win."""

    currency: str | None
    periods: tuple[SalesOfPeriod, ...]
    total: Trend
    mean: Trend
    median: Trend
    mean_days: Trend
    median_days: Trend


def sales_over_time(
    pipeline: Pipeline, periods: Sequence[Period], where: Mapping[str, str | None] | None = None
) -> Sales:
    """Describe what was won in each period; sellers that won nothing in one have no number in it."""
    chosen = pipeline.chosen(where)
    found = tuple(_sales(chosen[chosen["outcome"] == "won"], period) for period in periods)
    begun = [one for one, period in zip(found, periods, strict=True) if period.end <= pipeline.as_of]
    # A period that is not over would look like a fall.
    return Sales(
        pipeline.currency,
        found,
        trend_of([one.deals.total for one in begun]),
        trend_of([one.deals.mean for one in begun]),
        trend_of([one.deals.median for one in begun]),
        trend_of([one.days.mean for one in begun]),
        trend_of([one.days.median for one in begun]),
    )


def _sales(won: pd.DataFrame, period: Period) -> SalesOfPeriod:
    rows = won[(won["closed_at"] >= period.start) & (won["closed_at"] < period.end)]
    by_seller = rows.groupby("owner")["value"].sum(min_count=1)
    return SalesOfPeriod(
        first_day=period.first.isoformat(),
        last_day=period.last.isoformat(),
        deals=statistics_of(rows["value"].to_numpy(np.float64)),
        sellers=statistics_of(by_seller.to_numpy(np.float64)),
        days=statistics_of(_days(rows)),
    )


def _days(won: pd.DataFrame) -> Floats:
    """Days from creation to the win, shape (n,)."""
    return np.asarray((won["closed_at"] - won["created_at"]).dt.total_seconds().to_numpy(np.float64) / 86_400)


@dataclass(frozen=True)
class CutSales(Report):
    """Statistics of what one value of a cut won in a period."""

    cut: str
    value: str | None
    name: Words
    deals: Statistics
    days: Statistics


def sales_by(
    pipeline: Pipeline, cut: str, period: Period, where: Mapping[str, str | None] | None = None
) -> tuple[CutSales, ...]:
    """Describe what each value of a cut won in a period, the largest total first."""
    pipeline.chosen({cut: None})  # refuses what is no cut
    chosen = pipeline.chosen(where)
    won = chosen[
        (chosen["outcome"] == "won") & (chosen["closed_at"] >= period.start) & (chosen["closed_at"] < period.end)
    ]
    found = []
    for key, rows in won.groupby(cut, dropna=False):
        value = None if pd.isna(key) else str(key)
        deals, days = (statistics_of(numbers) for numbers in (rows["value"].to_numpy(np.float64), _days(rows)))
        found.append(CutSales(cut, value, value_name(cut, value), deals, days))
    return tuple(sorted(found, key=lambda one: (-one.deals.total, one.value or "")))
