"""Surprise wins: won amounts that were not on the funnel some days before; they break the forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.reporting_calendar import Period
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.words import Words, percent

BEFORE_DAYS = 30.0


@dataclass(frozen=True)
class SurpriseWin(Report):
    """One win that was not on the funnel: what it was worth, and how many days before it was recorded.

    ``account_was_on_funnel``: another opportunity of the customer was; None where the customer is not known.
    """

    opportunity_id: str
    account_id: str | None
    owner: str | None
    value: float | None
    won_at: pd.Timestamp
    days_on_funnel: float
    account_was_on_funnel: bool | None


@dataclass(frozen=True)
class SurpriseWins(Report):
    """How much of the won amount from ``first_day`` to ``last_day`` was not on the funnel ``days`` before each win.

    ``share`` is of the known amounts, ``share_of_wins`` of the number; None where nothing was won. Largest first.
    """

    first_day: str
    last_day: str
    days: float
    won: int
    won_value: float
    surprises: int
    surprise_value: float
    share: float | None
    share_of_wins: float | None
    wins: tuple[SurpriseWin, ...]
    said: Words


def surprise_wins(
    pipeline: Pipeline,
    period: Period,
    days: float = BEFORE_DAYS,
    where: Mapping[str, str | None] | None = None,
) -> SurpriseWins:
    """List the wins of a period that were recorded less than ``days`` before they were won, or after."""
    rows = pipeline.chosen(where)
    won = rows[(rows["outcome"] == "won") & (rows["closed_at"] >= period.start) & (rows["closed_at"] < period.end)]
    since = (won["closed_at"] - won["recorded_at"]).dt.total_seconds() / 86_400
    surprises = won.assign(since=since)[since < days].sort_values(["value", "opportunity_id"], ascending=[False, True])
    total, part = float(won["value"].sum()), float(surprises["value"].sum())
    found = tuple(_one(pipeline, row, days) for row in surprises.to_dict("records"))
    share = part / total if total > 0 else None
    of_wins = len(surprises) / len(won) if len(won) else None
    said = _said(share, of_wins, days)
    first, last = period.first.isoformat(), period.last.isoformat()
    return SurpriseWins(first, last, days, len(won), total, len(surprises), part, share, of_wins, found, said)


def _one(pipeline: Pipeline, row: Mapping[Any, Any], days: float) -> SurpriseWin:
    won_at, since = row["closed_at"], float(row["since"])
    value, account, owner = row["value"], row["account_id"], row["owner"]
    return SurpriseWin(
        opportunity_id=str(row["opportunity_id"]),
        account_id=_text(account),
        owner=_text(owner),
        value=value if isinstance(value, float) and value == value else None,
        won_at=won_at,
        days_on_funnel=max(since, 0.0),
        account_was_on_funnel=_was_on_funnel(pipeline, _text(account), won_at - pd.Timedelta(days=days)),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _was_on_funnel(pipeline: Pipeline, account: str | None, at: pd.Timestamp) -> bool | None:
    """Tell whether anything of an account was recorded and open at an instant."""
    if account is None:
        return None
    rows = pipeline.opportunities[pipeline.opportunities["account_id"] == account]
    return bool(((rows["recorded_at"] <= at) & ~(rows["closed_at"] <= at)).any())


def _said(share: float | None, of_wins: float | None, days: float) -> Words:
    if of_wins is None:
        return Words("nothing was won", "没有赢单")
    number = percent(of_wins)
    if share is None:
        return Words(
            f"{number.en} of the wins were not on the funnel {days:g} days before",
            f"{number.zh}的赢单在{days:g}天前不在漏斗中",
        )
    amount = percent(share)
    return Words(
        f"{amount.en} of the won amount ({number.en} of the wins) was not on the funnel {days:g} days before",
        f"赢单金额的{amount.zh}（赢单数的{number.zh}）在{days:g}天前不在漏斗中",
    )
