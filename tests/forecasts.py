"""Small pipelines to forecast, with probabilities written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from features.history.history import History
from scoring.calendar_periods import Calendar
from scoring.chances import Chances
from scoring.forecast import Forecast, forecast
from scoring.standing import Standing, standing_at
from tests.histories import Row, at, history, opportunity, stage, value

DAY = 100
"""The day as of which is asked."""
CALENDAR = Calendar()


def deal(
    name: str, amount: float | None = 100.0, *, created: float = 90, due: str | None = None, **more: Any
) -> list[Row]:
    """An opportunity in proposal, perhaps with an amount and a stated close date."""
    rows = [opportunity(name, created, **({"currency": "EUR"} | more)), stage("proposal", created, of=name)]
    rows += [value("amount", str(amount), created, of=name)] if amount is not None else []
    return rows + ([value("expected_close_date", due, created, of=name)] if due is not None else [])


def sold(name: str, amount: float, *, created: float, closed: float, first: float | None = None) -> list[Row]:
    """An opportunity won, perhaps for less than its first amount."""
    rows = [*deal(name, amount if first is None else first, created=created), stage("won", closed, of=name)]
    return rows + ([value("amount", str(amount), closed, of=name)] if first is not None else [])


def pipeline(*rows: Sequence[Row]) -> History:
    return history(*(row for deal_rows in rows for row in deal_rows), observed_until=at(200))


def chances(standing: Standing, win: Sequence[float], **more: Any) -> Chances:
    by = np.array(win, dtype=np.float64)
    stated = np.where(np.isnan(standing.stated_close), np.nan, by / 2)
    return Chances(by, by, stated, **more)


def forecast_of(known: History, win: Sequence[float], day: float = DAY, period: str = "30", **more: Any) -> Forecast:
    """Forecast what is open at a day, each won within the period with the probability given."""
    standing = standing_at(known, at(day))
    classes = more.pop("classes", None)
    asked = CALENDAR.period(period, at(day))
    return forecast(standing, chances(standing.open(), win, classes=classes), asked, CALENDAR, **more)
