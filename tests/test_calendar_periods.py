"""Months, quarters and years where people report them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import RequestError
from scoring.calendar_periods import Calendar

AS_OF = pd.Timestamp("2026-02-28T20:00:00Z")


def bounds(calendar: Calendar, text: str, as_of: pd.Timestamp = AS_OF) -> tuple[str, str]:
    period = calendar.period(text, as_of)
    return period.start.isoformat()[:16], period.end.isoformat()[:16]


def test_a_month_in_shanghai_does_not_end_at_midnight_utc() -> None:
    assert bounds(Calendar("Asia/Shanghai"), "2026-02") == ("2026-01-31T16:00", "2026-02-28T16:00")


def test_the_same_instant_is_in_the_next_month_in_shanghai() -> None:
    assert Calendar().period("month", AS_OF).name == "2026-02"
    assert Calendar("Asia/Shanghai").period("month", AS_OF).name == "2026-03"


def test_a_quarter_is_of_the_fiscal_year() -> None:
    assert bounds(Calendar(), "2026-Q1") == ("2026-01-01T00:00", "2026-04-01T00:00")
    assert bounds(Calendar(fiscal_start=4), "2026-Q1") == ("2026-04-01T00:00", "2026-07-01T00:00")
    assert bounds(Calendar(fiscal_start=4), "2025-Q4") == ("2026-01-01T00:00", "2026-04-01T00:00")


@pytest.mark.parametrize("start", [1, 2, 4, 7, 10, 12])
@pytest.mark.parametrize("kind", ["month", "quarter", "year"])
def test_the_period_of_an_instant_holds_it_and_reads_back_by_its_name(start: int, kind: str) -> None:
    calendar = Calendar("Asia/Shanghai", start)
    for month in range(1, 13):
        at = pd.Timestamp(year=2026, month=month, day=15, tz="UTC")
        period = calendar.period(kind, at)
        assert period.start <= at < period.end
        assert calendar.period(period.name, at) == period


def test_days_begin_at_the_instant_and_clocks_may_change_within_a_period() -> None:
    assert bounds(Calendar(), "30")[0] == "2026-02-28T20:00"
    march = Calendar("Europe/Berlin").period("2026-03", AS_OF)
    assert march.end - march.start == pd.Timedelta(days=31) - pd.Timedelta(hours=1)


def test_a_stated_day_ends_at_midnight_where_it_is_stated() -> None:
    day = np.array([20_000.0, np.nan])
    utc, shanghai = Calendar().end_of_day(day), Calendar("Asia/Shanghai").end_of_day(day)
    assert utc[0] == 20_001
    assert shanghai[0] == pytest.approx(20_001 - 8 / 24)
    assert np.isnan(shanghai[1])


@pytest.mark.parametrize("text", ["2026-Q5", "2026-13", "soon", "0", "-3", "1000"])
def test_another_period_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="the period"):
        Calendar().period(text, AS_OF)


def test_another_zone_or_month_is_refused() -> None:
    with pytest.raises(RequestError, match="time zone"):
        Calendar("Mars/Olympus")
    with pytest.raises(RequestError, match="month 13"):
        Calendar(fiscal_start=13)


@pytest.mark.parametrize(
    ("calendar", "text", "name"),
    [
        (Calendar(), "next-month", "2026-03"),
        (Calendar("Asia/Shanghai"), "next-month", "2026-04"),
        (Calendar(), "next-quarter", "2026-Q2"),
        (Calendar(fiscal_start=3), "next-quarter", "2026-Q1"),
        (Calendar(), "next-year", "2027"),
    ],
)
def test_the_next_period_begins_where_this_one_ends(calendar: Calendar, text: str, name: str) -> None:
    this, after = (calendar.period(one, AS_OF) for one in (text.removeprefix("next-"), text))
    assert (after.name, after.start) == (name, this.end)
    assert calendar.period(name, AS_OF) == after


def test_a_fiscal_year_may_start_within_a_month() -> None:
    calendar = Calendar(fiscal_start=4, first_day=6)
    assert bounds(calendar, "month") == ("2026-02-06T00:00", "2026-03-06T00:00")
    assert bounds(calendar, "month", pd.Timestamp("2026-02-05T20:00:00Z")) == ("2026-01-06T00:00", "2026-02-06T00:00")
    assert bounds(calendar, "2026-Q1") == ("2026-04-06T00:00", "2026-07-06T00:00")
    with pytest.raises(RequestError, match="day 29"):
        Calendar(first_day=29)
