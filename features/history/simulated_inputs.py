"""What the managers of a simulated CRM state: targets, owners' commits and teams, from what was known at the time.

A target is a tenth above what the three periods before brought. An owner commits to what he or she
usually brings, times an optimism of his or her own. Nobody looks ahead. Simulated, as the history is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.as_of import known_as_of
from features.history.history import History
from features.reporting_calendar import Period, ReportingCalendar, Span

GROWTH = 1.10
OPTIMISM = (1.05, 1.45)
"""An owner's commit over what he or she usually brings: least and most."""
_NOISE = 0.15
_TOLD_BEFORE = pd.Timedelta(days=45)
_BACK: dict[Span, int] = {"month": 9, "quarter": 3}
_USUAL = 3
_ROUND = 1_000.0


def simulated_inputs(history: History, calendar: ReportingCalendar, seed: int) -> dict[str, pd.DataFrame]:
    """State targets, commits and teams of the past months and quarters, this one and, for targets, the next.

    Parameters
    ----------
    history
        A simulated history with owners, teams and amounts in one currency.
    calendar
        Where months and quarters begin.
    seed
        Draws optimism and noise.

    Returns
    -------
    Rows by kind, as ``dealodds inputs import`` takes them; days and instants as text. Nothing is told after the
    history's end.
    """
    rng = np.random.default_rng((seed, 11))
    owners = history.opportunities.dropna(subset=["owner_id"]).groupby("owner_id")["team"].first()
    optimism = dict(zip(owners.index, rng.uniform(*OPTIMISM, len(owners)), strict=True))
    told: dict[str, list[dict[str, object]]] = {"targets": [], "commits": [], "teams": []}
    for owner, team in owners.items():
        first = history.opportunities["created_at"].min()
        told["teams"].append({"owner_id": owner, "team": team} | _told(first, history.observed_until))
    for period, span, is_next in _periods(calendar, history.observed_until):
        told["targets"] += _targets(history, calendar, period, span)
        if not is_next:
            told["commits"] += _commits(history, calendar, period, span, optimism, rng)
    return {kind: pd.DataFrame(rows) for kind, rows in told.items()}


def _periods(calendar: ReportingCalendar, end: pd.Timestamp) -> Iterator[tuple[Period, Span, bool]]:
    for span, back in _BACK.items():
        now = calendar.period_of(end, span)
        yield calendar.period_of(now.end, span), span, True
        for _ in range(back + 1):
            yield now, span, False
            now = _before(calendar, now, span)


def _before(calendar: ReportingCalendar, period: Period, span: Span) -> Period:
    return calendar.period_of(period.start - pd.Timedelta(microseconds=1), span)


def _targets(history: History, calendar: ReportingCalendar, period: Period, span: Span) -> list[dict[str, object]]:
    at = min(period.start - _TOLD_BEFORE, history.observed_until)
    won = _usually_won(history, calendar, at, span)
    goals = [("company", "", won), *(("team", str(team), rows) for team, rows in won.groupby("team"))]
    return [
        {"scope": scope, "name": name} | _days(period) | _goal(rows, GROWTH) | _told(at, history.observed_until)
        for scope, name, rows in goals
    ]


def _commits(
    history: History,
    calendar: ReportingCalendar,
    period: Period,
    span: Span,
    optimism: dict[str, float],
    rng: np.random.Generator,
) -> list[dict[str, object]]:
    won = _usually_won(history, calendar, period.start, span)
    rows: list[dict[str, object]] = []
    for owner, own in optimism.items():
        times = own * float(np.exp(rng.normal(0, _NOISE)))
        mine = won[won["owner_id"] == owner]
        told = _told(period.start, history.observed_until)
        rows.append({"owner_id": owner} | _days(period) | _goal(mine, times) | told)
    return rows


def _usually_won(history: History, calendar: ReportingCalendar, at: pd.Timestamp, span: Span) -> pd.DataFrame:
    """What was won in the last whole periods before an instant, as known then: owner, team and amount."""
    known = known_as_of(history, at)
    end = calendar.period_of(at, span).start
    start = calendar.period_of(at, span)
    for _ in range(_USUAL):
        start = _before(calendar, start, span)
    stages = known.stage_history
    inside = (stages["occurred_at"] >= start.start) & (stages["occurred_at"] < end) & (stages["stage"] == "won")
    ids = stages[inside]["opportunity_id"].unique()
    fields = known.field_history
    amounts = fields[(fields["field"] == "amount") & fields["opportunity_id"].isin(ids)]
    last = amounts.sort_values("occurred_at", kind="stable").groupby("opportunity_id")["value"].last()
    rows = known.opportunities.set_index("opportunity_id").loc[ids, ["owner_id", "team"]]
    return rows.assign(amount=pd.to_numeric(last).reindex(rows.index).astype("float64"))


def _goal(won: pd.DataFrame, times: float) -> dict[str, object]:
    amount = won["amount"].sum() / _USUAL * times
    wins = max(round(len(won) / _USUAL * times), 1)
    return {"amount": max(round(amount / _ROUND), 1) * _ROUND, "currency": "EUR", "wins": wins}


def _days(period: Period) -> dict[str, object]:
    return {"period_start": period.first.isoformat(), "period_end": period.last.isoformat()}


def _told(at: pd.Timestamp, end: pd.Timestamp) -> dict[str, object]:
    told = min(at, end).isoformat()
    return {"valid_from": told, "recorded_at": told}
