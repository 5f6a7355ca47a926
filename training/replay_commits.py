"""A replayed week in the month or the quarter that owners had committed to: what they said beside every method."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.history.dated_inputs import DatedInputs
from features.instants import DAY, micros_of
from features.outcomes import WON
from models.incidence import Incidence
from scoring.calendar_periods import Calendar, Period
from scoring.chances import chances_from
from scoring.forecast import Forecast, forecast
from scoring.forecast_lines import Measure
from scoring.one_currency import in_one_currency
from scoring.standing import Standing
from scoring.stated_inputs import goals_at
from training.replay_rows import Came, Committed, Week, said_and_came


def committed_at(
    known: Standing,
    answers: Mapping[str, Incidence],
    calendar: Calendar,
    inputs: DatedInputs | None,
    currency: str | None,
    end: Standing,
) -> Committed | None:
    """Find the month or the quarter that owners had committed to by then, if it is over by now.

    Parameters
    ----------
    known, answers
        What was open then, and what each method says of it.
    end
        All opportunities at the end of the data.
    """
    if inputs is None:
        return None
    for name in ("month", "quarter"):
        period = calendar.period(name, known.as_of)
        goals = goals_at(inputs, known.as_of, period, "owner", currency)
        if goals.has_commits and period.end <= end.as_of:
            chances = chances_from(answers["learned"], known, period, calendar, answers.get("stage_rates"))
            return Committed(period, chances, goals)
    return None


def committed_rows(week: Week, *, draws: int, seed: int) -> list[dict[str, object]]:
    """Forecast the period that owners had committed to: of all together, and of each who had.

    A commit is of everything that is won in the period: what is won already, open, and not created yet.
    All together are judged where each owner with something in hand had committed: the rest is unknown, not zero.
    """
    if week.committed is None:
        return []
    rows: list[dict[str, object]] = []
    asked = week.committed
    for column in (None, "owner"):
        found = forecast(
            week.standing,
            asked.chances,
            asked.period,
            week.calendar,
            by=column,
            past=week.past,
            rates=week.rates,
            goals=asked.goals,
            draws=draws,
            seed=seed,
        )
        came = _won_in(week, asked.period, column, found)
        rows += [row for row in said_and_came(week, found, "committed", came) if _has_commit(found, row)]
    return rows


def _has_commit(found: Forecast, row: Mapping[str, object]) -> bool:
    measure: Measure = "amount" if row["measure"] == "amount" else "count"
    lines = (found.totals[measure],) if found.by is None else found.lines[measure]
    return any(line.group == row["group"] and line.commit is not None for line in lines)


def _won_in(week: Week, period: Period, by: str | None, found: Forecast) -> Came:
    """What was won in a period, as it is known in the end."""
    start, end = (micros_of(at) / DAY for at in (period.start, period.end))
    won = week.end.take((week.end.outcome == WON) & (week.end.since >= start) & (week.end.since < end))
    amounts, _ = in_one_currency(won.amount, won.currency, week.rates)
    came: dict[tuple[Measure, str | None], float] = {}
    for name in {None} if by is None else {line.group for line in found.lines["count"]}:
        rows = np.array([by is None or owner == name for owner in won.owner], dtype=bool)
        came["count", name] = float(rows.sum())
        came["amount", name] = float(np.nansum(amounts[rows]))
    return came
