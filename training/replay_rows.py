"""One replayed week as rows of the long tables: what each method said, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import History
from features.instants import DAY, SECOND, micros_of
from features.labels import labels_of
from features.outcomes import LOST, WON, Labels
from models.incidence import Incidence
from scoring.calendar_periods import Calendar, Period
from scoring.chances import Chances
from scoring.forecast import Forecast, forecast
from scoring.forecast_goals import Goals
from scoring.forecast_lines import Line, Measure, quantiles
from scoring.forecast_parts import stated_in
from scoring.one_currency import in_one_currency
from scoring.shared_factor import PastForecast
from scoring.standing import Standing

Floats = NDArray[np.float64]

_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
_NONE = dict.fromkeys(("low_80", "low_50", "median", "high_50", "high_80"), np.nan)


@dataclass(frozen=True)
class Committed:
    """The period of a past week that owners had committed to, the chances within it, and the commits."""

    period: Period
    chances: Chances
    goals: Goals


@dataclass(frozen=True)
class Week:
    """A past week: how all opportunities stood, the open ones, what was said of them, and what became of them."""

    standing: Standing
    open: Standing
    chances: Chances
    answers: Mapping[str, Incidence]
    labels: Labels
    period: Period
    calendar: Calendar
    days: float | None
    past: Sequence[PastForecast]
    end: Standing
    history: History
    rates: Mapping[str, float] | None = None
    committed: Committed | None = None

    @property
    def won(self) -> NDArray[np.bool_]:
        """Which of the open ones were won within the days asked, shape (n,)."""
        return self._ended(WON)

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Which of the open ones were lost within the days asked, shape (n,)."""
        return self._ended(LOST)

    def _ended(self, outcome: int) -> NDArray[np.bool_]:
        limit = np.inf if self.days is None else self.days
        return np.asarray((self.labels.outcome == outcome) & (self.labels.days <= limit))


def forecast_rows(
    week: Week,
    by: Sequence[str],
    *,
    draws: int,
    seed: int,
) -> list[dict[str, object]]:
    """Forecast a past week: of all together and by each column, of what was open; and with what was new.

    Returns
    -------
    Rows as ``scoring.comparison.compare`` takes them.
    """
    rows: list[dict[str, object]] = []
    amounts = _amounts_at_end(week)
    for column in (None, *by):
        found = _forecast(week, column, True, draws, seed)
        rows += said_and_came(week, found, "open", _came(week, found, column, amounts))
    if week.days is not None:
        found = _forecast(week, None, False, draws, seed)
        rows += said_and_came(week, found, "all", _with_new(week, _came(week, found, None, amounts)))
    return rows


def _forecast(
    week: Week,
    by: str | None,
    only_open: bool,
    draws: int,
    seed: int,
) -> Forecast:
    return forecast(
        week.standing,
        week.chances,
        week.period,
        week.calendar,
        by=by,
        past=week.past,
        rates=week.rates,
        only_open=only_open,
        everything=week.days is None,
        draws=draws,
        seed=seed,
    )


Came = Mapping[tuple[Measure, str | None], float]


def _amounts_at_end(week: Week) -> Floats:
    """Amount of each open opportunity as known in the end, by the rates of the week, shape (n,)."""
    known, _ = in_one_currency(week.end.amount, week.end.currency, week.rates)
    return known[pd.Index(week.end.ids).get_indexer(pd.Index(week.open.ids))]


def _came(week: Week, found: Forecast, by: str | None, amounts: Floats) -> dict[tuple[Measure, str | None], float]:
    """What came, by measure and group; the group is that of the past week."""
    group = _group(week, by)
    came: dict[tuple[Measure, str | None], float] = {}
    for name in {None} if by is None else {line.group for line in found.lines["count"]}:
        rows = week.won & (np.ones(len(group), dtype=bool) if by is None else np.array([g == name for g in group]))
        came["count", name] = float(rows.sum())
        came["amount", name] = float(np.nansum(amounts[rows]))
    return came


def _group(week: Week, by: str | None) -> NDArray[np.object_]:
    if by is None:
        return np.full(len(week.open), None, dtype=object)
    if by == "class" and week.chances.classes is not None:
        return week.chances.classes
    return week.open.groups(by)


def _with_new(week: Week, came: Came) -> Came:
    """Add what was recorded after the week and won within its period."""
    start, days = week.open.now if len(week.open) else week.standing.now, week.days or 0.0
    new = week.end.take((week.end.told > start) & (week.end.told <= start + days))
    if not len(new):
        return came
    told = pd.to_datetime(np.round(new.told * DAY / SECOND).astype(np.int64), unit="s", utc=True).as_unit("us")
    keys = pd.DataFrame({"opportunity_id": pd.Series(new.ids, dtype="str"), "as_of": told})
    labels = labels_of(week.history, keys, week.history.observed_until)
    won = (labels.outcome == WON) & (labels.days <= start + days - new.told)
    amounts, _ = in_one_currency(new.amount, new.currency, week.rates)
    return {
        ("count", None): came["count", None] + float(won.sum()),
        ("amount", None): came["amount", None] + float(np.nansum(amounts[won])),
    }


def said_and_came(week: Week, found: Forecast, scope: str, came: Came) -> list[dict[str, object]]:
    """Write what each method said of each group, beside what came."""
    rows: list[dict[str, object]] = []
    for measure, total in found.totals.items():
        lines = found.lines.get(measure, ()) if found.by is not None else (total,)
        for at, line in enumerate(lines):
            drawn = found.draws[measure].sum(axis=1) if found.by is None else found.draws[measure][:, at]
            key = {"cutoff": week.standing.as_of, "scope": scope, "measure": measure, "by": found.by or ""}
            shared = key | {"group": line.group, "actual": came[measure, line.group]}
            rows += [shared | said for said in _said(line, drawn, measure)]
    return rows


def _said(line: Line, drawn: Floats, measure: Measure) -> list[dict[str, object]]:
    bounds = dict(zip(_NONE, quantiles(drawn, measure, _SHARES).tolist(), strict=True))
    if measure == "count":
        bounds |= {"low_80": line.eighty[0], "high_80": line.eighty[1], "low_50": line.half[0], "high_50": line.half[1]}
    said: list[dict[str, object]] = [{"method": "learned", "forecast": line.expected} | bounds]
    rules = {"fixed_weights": line.fixed_weights, "stage_rates": line.stage_rates, "commit": line.commit}
    said += [{"method": name, "forecast": value} | _NONE for name, value in rules.items() if value is not None]
    return said


def opportunity_rows(week: Week, by: Sequence[str]) -> pd.DataFrame:
    """Say of each open opportunity what the methods said, and what became of it."""
    outcome = np.select([week.labels.outcome == WON, week.labels.outcome == LOST], ["won", "lost"], "open")
    columns: dict[str, object] = {
        "cutoff": week.open.as_of,
        "opportunity_id": week.open.ids,
        "owner": week.open.owner,
        "learned": week.chances.ever,
        "fixed_weights": week.open.weight,
        "outcome": outcome,
        "won": week.won.astype(np.float64),
        "lost": week.lost.astype(np.float64),
        "counted": _counted(week).astype(np.float64),
        "stage": week.open.stage,
    }
    columns |= {column: _group(week, column) for column in by if column != "stage"}
    for name, answer in week.answers.items():
        columns[f"within_{name}"] = answer.win if week.days is None else answer.win_by([week.days])[:, 0]
    return pd.DataFrame(columns)


def _counted(week: Week) -> NDArray[np.bool_]:
    """Which of the open ones the fixed weights count, shape (n,)."""
    if week.days is None:
        return np.ones(len(week.open), dtype=bool)
    start, end = (micros_of(at) / DAY for at in (week.period.start, week.period.end))
    return stated_in(week.open, start, end, week.calendar)
