"""Periods as people report them: months, quarters and years of a time zone and a fiscal calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import RequestError
from features.instants import DAY, micros_of

Floats = NDArray[np.float64]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
NEXT = "next-"
"""Before the name of a period: the one after it."""
_WRITTEN = re.compile(r"(?P<year>(?:19|20)\d\d)(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")


@dataclass(frozen=True)
class Period:
    """A period from an instant up to, and without, another.

    ``name`` is how it is written, such as 2026-Q1; ``zone`` is the time zone in which its days begin.
    """

    name: str
    start: pd.Timestamp
    end: pd.Timestamp
    zone: str = "UTC"

    @property
    def days(self) -> tuple[date, date]:
        """First and last day of the period, where they are reported."""
        last = self.end - pd.Timedelta(microseconds=1)
        return self.start.tz_convert(self.zone).date(), last.tz_convert(self.zone).date()

    def days_left(self, as_of: pd.Timestamp) -> float:
        """Days from an instant to the end of the period; 0 when it is over."""
        return max((self.end - as_of) / pd.Timedelta(days=1), 0.0)

    def days_until(self, as_of: pd.Timestamp) -> float:
        """Days from an instant to the start of the period; 0 when it has begun."""
        return max((self.start - as_of) / pd.Timedelta(days=1), 0.0)


@dataclass(frozen=True)
class Calendar:
    """Where days begin, and on which day of which month the fiscal year does.

    A fiscal year has the number of the calendar year in which it begins. Months and quarters begin on
    ``first_day`` too, which is 28 at most.

    Examples
    --------
    >>> Calendar("Asia/Shanghai").period("2026-02", pd.Timestamp("2026-02-10", tz="UTC")).end.isoformat()
    '2026-02-28T16:00:00+00:00'
    >>> Calendar(fiscal_start=4).period("2026-Q4", pd.Timestamp("2026-02-10", tz="UTC")).start.isoformat()
    '2027-01-01T00:00:00+00:00'
    """

    zone: str = "UTC"
    fiscal_start: int = 1
    first_day: int = 1

    def __post_init__(self) -> None:
        """Refuse a zone or a month that there is not."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
            raise RequestError(
                f"the time zone {self.zone!r}", "a name such as Asia/Shanghai", "correct the name", "/zone"
            ) from problem
        if not 1 <= self.fiscal_start <= 12:
            raise RequestError(
                f"a fiscal year from month {self.fiscal_start}", "1 to 12", "correct it", "/fiscal_start"
            )
        if not 1 <= self.first_day <= 28:
            raise RequestError(f"months from day {self.first_day}", "1 to 28", "correct it", "/fiscal_start")

    @classmethod
    def starting(cls, zone: str, fiscal_start: str) -> Calendar:
        """Make a calendar of a zone and the month and day on which the fiscal year starts.

        Examples
        --------
        >>> Calendar.starting("UTC", "04-01")
        Calendar(zone='UTC', fiscal_start=4, first_day=1)
        """
        month, day = (int(part) for part in fiscal_start.split("-"))
        return cls(zone, month, day)

    def period(self, text: str, as_of: pd.Timestamp) -> Period:
        """Read a period as it is written.

        Parameters
        ----------
        text
            ``2026-Q1`` (fiscal quarter), ``2026-02`` (calendar month), ``2026`` (fiscal year);
            ``month``, ``quarter`` or ``year`` for the one that ``as_of`` is in, ``next-month`` and so
            on for the one after it; a number of days such as ``30``, from ``as_of`` on.

        Raises
        ------
        RequestError
            It is none of these.
        """
        if text in _MONTHS:
            return self._around(as_of, _MONTHS[text])
        if text.removeprefix(NEXT) in _MONTHS:
            months = _MONTHS[text.removeprefix(NEXT)]
            return self._around(self._around(as_of, months).end, months)
        if re.fullmatch(r"[1-9]\d{0,2}", text):
            return Period(text, as_of, (as_of + pd.Timedelta(days=int(text))).as_unit("us"), self.zone)
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise RequestError(
                f"the period {text!r}",
                "2026-Q1, 2026-02, 2026, month, quarter, year, next-month, next-quarter, next-year, "
                "or a number of days below 1000",
                "write it so",
                "/period",
            )
        year = int(written["year"])
        if written["month"]:
            return self._from(text, year * 12 + int(written["month"]) - 1, 1)
        first = year * 12 + self.fiscal_start - 1
        if written["quarter"]:
            return self._from(text, first + 3 * (int(written["quarter"]) - 1), 3)
        return self._from(text, first, 12)

    def end_of_day(self, days: Floats) -> Floats:
        """When stated days end, shape (n,): days since 1970 UTC; NaN stays.

        A stated close date is a day without a zone; it ends at midnight where people report.

        Examples
        --------
        >>> Calendar("Asia/Shanghai").end_of_day(np.array([0.0, np.nan])).round(3)
        array([0.667,   nan])
        """
        stated, place = np.unique(np.floor(days[~np.isnan(days)]), return_inverse=True)
        found = np.full(len(days), np.nan)
        found[~np.isnan(days)] = np.array([self._day_end(day) for day in stated], dtype=np.float64)[place]
        return found

    def _day_end(self, day: float) -> float:
        after = pd.Timestamp("1970-01-01") + pd.Timedelta(days=day + 1)
        return micros_of(datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(self.zone))) / DAY

    def _around(self, as_of: pd.Timestamp, months: int) -> Period:
        local = as_of.tz_convert(self.zone)
        month = local.year * 12 + local.month - 1 - (local.day < self.first_day)
        begun = month - (month - (self.fiscal_start - 1)) % months
        if months == 1:
            return self._from(f"{begun // 12}-{begun % 12 + 1:02d}", begun, 1)
        years, since = divmod(begun - (self.fiscal_start - 1), 12)
        return self._from(f"{years}-Q{since // 3 + 1}" if months == 3 else str(years), begun, months)

    def _from(self, name: str, month: int, months: int) -> Period:
        """Make the period of some months from one on, counted from the year 0."""
        start, end = (
            pd.Timestamp(datetime(count // 12, count % 12 + 1, self.first_day, tzinfo=ZoneInfo(self.zone))).tz_convert(
                "UTC"
            )
            for count in (month, month + months)
        )
        return Period(name, start.as_unit("us"), end.as_unit("us"), self.zone)
