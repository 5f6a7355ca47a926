"""The calendar that figures are reported by: a time zone, and the day on which the fiscal year starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from features.errors import DataError

Span = Literal["day", "week", "month", "quarter", "year"]
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    """Days from ``first`` to ``last``, both inclusive; instants from ``start``, inclusive, to ``end``, exclusive."""

    first: date
    last: date
    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def name(self) -> str:
        """Name the period by its days."""
        return f"{self.first.isoformat()}/{self.last.isoformat()}"


@dataclass(frozen=True)
class ReportingCalendar:
    """Where days begin, and when the fiscal year does.

    Parameters
    ----------
    zone
        Name of an IANA time zone. A month in Shanghai does not end at 00:00 UTC.
    fiscal_start
        Month and day on which the fiscal year starts, such as ``04-01``; its quarters
        and months start on that day of the month. The day is 28 at most.

    Examples
    --------
    >>> china = ReportingCalendar("Asia/Shanghai")
    >>> china.period_of(pd.Timestamp("2026-03-31T17:00Z"), "month").name
    '2026-04-01/2026-04-30'
    >>> ReportingCalendar("UTC", "04-01").period_of(pd.Timestamp("2026-03-31T17:00Z"), "year").name
    '2025-04-01/2026-03-31'
    """

    zone: str = "UTC"
    fiscal_start: str = "01-01"

    def __post_init__(self) -> None:
        """Refuse a zone or a day that is none."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            found = f"time zone {self.zone!r}"
            raise DataError(found, "a name such as Asia/Shanghai", "correct DEALODDS_TIME_ZONE") from None
        # A 29th is not in every month.
        if not re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])", self.fiscal_start):
            found = f"fiscal year start {self.fiscal_start!r}"
            raise DataError(found, "month and day, at most the 28th, such as 04-01", "correct DEALODDS_FISCAL_START")

    def day_of(self, instant: pd.Timestamp) -> date:
        """Give the day that an instant lies in."""
        return instant.tz_convert(self.zone).date()

    def period(self, first: date, last: date) -> Period:
        """Make a period of two days, both inclusive."""
        return Period(first, last, self._begin(first), self._begin(last + timedelta(days=1)))

    def _begin(self, day: date) -> pd.Timestamp:
        # Where clocks skip midnight the day begins after it; where they repeat it, at the first.
        local = pd.Timestamp(day).tz_localize(self.zone, nonexistent="shift_forward", ambiguous=True)
        return local.tz_convert("UTC").as_unit("us")

    def period_of(self, instant: pd.Timestamp, span: Span) -> Period:
        """Give the day, week (from Monday), or fiscal month, quarter or year that an instant lies in."""
        first = self._first(self.day_of(instant), span)
        return self.period(first, self._next(first, span) - timedelta(days=1))

    def periods(self, start: pd.Timestamp, end: pd.Timestamp, span: Span) -> list[Period]:
        """List the periods that have an instant from ``start`` (inclusive) to ``end`` (exclusive), in order."""
        found = [self.period_of(start, span)]
        while found[-1].end < end:
            found.append(self.period_of(found[-1].end, span))
        return found

    def _first(self, day: date, span: Span) -> date:
        if span == "day":
            return day
        if span == "week":
            return day - timedelta(days=day.weekday())
        month, of_month = (int(part) for part in self.fiscal_start.split("-"))
        begun = day.year * 12 + day.month - 1 - (day.day < of_month)
        begun -= (begun - (month - 1)) % _MONTHS[span]
        return date(begun // 12, begun % 12 + 1, of_month)

    def _next(self, first: date, span: Span) -> date:
        if span in ("day", "week"):
            return first + timedelta(days=1 if span == "day" else 7)
        later = first.year * 12 + first.month - 1 + _MONTHS[span]
        return date(later // 12, later % 12 + 1, first.day)
