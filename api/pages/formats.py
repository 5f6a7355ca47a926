"""Numbers, amounts and dates as a language writes them; what is not known is a dash."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent

NOTHING = "–"
_MINUS, _PLUS = "\u2212", "+"


class Formats:
    """Writes values for one locale.

    Examples
    --------
    >>> english = Formats(Locale("en", "GB"))
    >>> english.percent(0.4613), english.percent(None), english.points(-3.2)
    ('46%', '–', '−3.2')
    >>> english.number(-22.13, 1), english.number(1234.0)
    ('−22.1', '1,234')
    >>> english.day("2026-09-30T16:00:00Z"), english.day("2026-09-30T16:00:00Z", "Asia/Shanghai")
    ('30 Sept 2026', '1 Oct 2026')
    >>> english.instant("2026-09-30T16:00:00Z", "Asia/Shanghai")
    '1 Oct 2026, 00:00:00 Asia/Shanghai'
    >>> english.money(1234567.8, "EUR"), english.money(1236.0, None), english.money(1.0, "points")
    ('€1,234,568', '1,236', '1 points')
    """

    def __init__(self, locale: Locale) -> None:
        self.locale = locale

    def percent(self, share: float | None, digits: int = 0) -> str:
        """Write a share of 1."""
        if share is None:
            return NOTHING
        pattern = "#,##0%" if digits == 0 else f"#,##0.{'0' * digits}%"
        return str(format_percent(share, pattern, locale=self.locale))

    def chance(self, share: float | None) -> str:
        """Write a probability that was drawn: never as 0 or 1, which no drawing can tell.

        Examples
        --------
        >>> english = Formats(Locale("en"))
        >>> english.chance(0.0), english.chance(0.46), english.chance(0.999), english.chance(None)
        ('<1%', '46%', '>99%', '–')
        """
        if share is None or 0.005 <= share <= 0.995:
            return self.percent(share)
        return f"<{self.percent(0.01)}" if share < 0.005 else f">{self.percent(0.99)}"

    def points(self, points: float | None) -> str:
        """Write percentage points with their sign, to a tenth."""
        if points is None:
            return NOTHING
        sign = _PLUS if points > 0 else _MINUS if points < 0 else ""
        return sign + str(format_decimal(abs(points), "#,##0.0", locale=self.locale))

    def tenths(self, value: float | None) -> str:
        """Write percentage points that are a level, or days, to a tenth."""
        if value is None:
            return NOTHING
        return str(format_decimal(value, "#,##0.0", locale=self.locale)).replace("-", _MINUS)

    def number(self, value: float | None, digits: int = 0) -> str:
        """Write a number."""
        if value is None:
            return NOTHING
        pattern = "#,##0" if digits == 0 else f"#,##0.{'#' * digits}"
        return str(format_decimal(value, pattern, locale=self.locale)).replace("-", _MINUS)

    def money(self, amount: float | None, currency: str | None) -> str:
        """Write an amount in whole units; a currency that is none of ISO 4217 stands as it is."""
        if amount is None:
            return NOTHING
        if currency is None:
            return self.number(amount)
        if currency not in self.locale.currencies:
            return f"{self.number(amount)} {currency}"
        return str(format_currency(amount, currency, "¤#,##0", locale=self.locale, currency_digits=False))

    def day(self, at: datetime | date | pd.Timestamp | str | None, zone: str = "UTC") -> str:
        """Write a day, as it is in a time zone."""
        return NOTHING if at is None else str(format_date(_moment(at, zone), "medium", locale=self.locale))

    def last_day(self, end: datetime | pd.Timestamp | str, zone: str) -> str:
        """Write the last day of what ends where the next day begins."""
        last = _moment(end, zone) - pd.Timedelta(seconds=1)
        return str(format_date(last, "medium", locale=self.locale))

    def instant(self, at: datetime | pd.Timestamp | str | None, zone: str = "UTC") -> str:
        """Write a day and a time, as they are in a time zone."""
        if at is None:
            return NOTHING
        return f"{format_datetime(_moment(at, zone), 'medium', locale=self.locale)} {zone}"

    def iso(self, at: datetime | pd.Timestamp | str) -> str:
        """Write an instant for programs."""
        return _moment(at).isoformat().replace("+00:00", "Z")


def _moment(at: datetime | date | pd.Timestamp | str, zone: str = "UTC") -> datetime:
    found = pd.Timestamp(at)
    return (found if found.tzinfo is None else found.tz_convert(zone)).to_pydatetime(warn=False)
