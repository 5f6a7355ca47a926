"""Targets, commits, teams and rates as a forecast takes them: as they held and were known at its instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from features.errors import DataError
from features.history.dated_inputs import DatedInputs, holding, teams_at
from features.history.exchange import rate_between
from features.instants import DAY
from scoring.calendar_periods import Calendar, Period
from scoring.forecast_goals import Aims, Goals
from scoring.standing import Standing
from scoring.stated_periods import unmatched
from scoring.words import Words

_SCOPED = ("team", "owner", "product", "region")
"""Cuts whose groups may have targets of their own."""


def goals_at(
    inputs: DatedInputs | None,
    as_of: pd.Timestamp,
    period: Period,
    by: str | None,
    currency: str | None,
    calendar: Calendar | None = None,
) -> Goals:
    """Find the targets and commits of a period, as they were known at an instant.

    Parameters
    ----------
    inputs
        What managers stated; what was recorded after ``as_of`` has no effect.
    period
        A target or a commit counts when it is stated for exactly its days.
    by
        Cut whose groups are asked for, None for none.
    currency
        What amounts are brought into, by the rates as of ``as_of``; None when amounts name none: then
        stated amounts are taken as they are where they are all in one.
    calendar
        Whose months, quarters and years are meant: of what is stated for other days a note says so. None for no note.

    Returns
    -------
    What is stated; what is not is missing, which is not zero. An amount that no rate brings into the
    currency is left out, and a note says so.
    """
    if inputs is None:
        return Goals()
    stated = {kind: holding(inputs, kind, as_of) for kind in ("targets", "commits")}
    targets, commits = (_of_days(rows, period) for rows in stated.values())
    wanted = targets[targets["scope"].isin({"company", by} & {"company", *_SCOPED})]
    codes = {str(code) for frame in (wanted, commits) for code in frame["currency"][frame["amount"].notna()].dropna()}
    worth, notes = _worth(inputs, codes, currency, as_of)
    if calendar is not None:
        notes += [words for kind, rows in stated.items() for words in unmatched(_valued(rows), kind, calendar, period)]
    return Goals(
        amount=_aims(wanted, commits, "amount", worth),
        count=_aims(wanted, commits, "wins", None),
        teams=_teams_now(inputs, as_of),
        notes=tuple(notes),
    )


def _of_days(rows: pd.DataFrame, period: Period) -> pd.DataFrame:
    first, last = (day.isoformat() for day in period.days)
    found: pd.DataFrame = rows[(rows["period_start"] == first) & (rows["period_end"] == last)]
    return found


def _valued(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows that say that nothing is known any more."""
    found: pd.DataFrame = rows[rows["amount"].notna() | rows["wins"].notna()]
    return found


def _worth(
    inputs: DatedInputs, codes: Iterable[str], currency: str | None, as_of: pd.Timestamp
) -> tuple[dict[str, float], list[Words]]:
    """What one unit of each currency is worth, as far as it is known, and what is not."""
    stated = sorted(codes)
    if currency is None and len(stated) == 1:
        text = f"the amounts name no currency: taken for {stated[0]}, as what is stated"
        return {stated[0]: 1.0}, [Words(text, f"金额没有注明币种：按目标和承诺所用的{stated[0]}处理")]
    worth, notes = {}, []
    for code in stated:
        try:
            if currency is None:
                raise DataError("no currency of the amounts", "one", "name it")
            worth[code] = rate_between(inputs, code, currency, as_of)
        except DataError:
            to = currency or "a currency of the amounts"
            zh_to = currency or "金额所用的币种"
            en = f"targets and commits in {code} are left out: no exchange rate to {to} is known"
            notes.append(Words(en, f"以{code}计的目标和承诺未计入：没有兑{zh_to}的汇率"))
    return worth, notes


def _aims(targets: pd.DataFrame, commits: pd.DataFrame, value: str, worth: Mapping[str, float] | None) -> Aims:
    whole = _values(targets[targets["scope"] == "company"], "scope", value, worth)
    return Aims(
        target=whole.get("company"),
        targets=_values(targets[targets["scope"] != "company"], "name", value, worth),
        commits=_values(commits, "owner_id", value, worth),
    )


def _values(rows: pd.DataFrame, key: str, value: str, worth: Mapping[str, float] | None) -> dict[str, float]:
    found = {}
    for name, amount, code in rows[[key, value, "currency"]].itertuples(index=False):
        rate = 1.0 if worth is None else worth.get(str(code))
        if pd.notna(amount) and rate is not None:
            found[str(name)] = float(amount) * rate
    return found


def _teams_now(inputs: DatedInputs, as_of: pd.Timestamp) -> dict[str, str]:
    rows = holding(inputs, "teams", as_of)
    rows = rows[rows["team"].notna()]
    return {str(owner): str(team) for owner, team in zip(rows["owner_id"], rows["team"], strict=True)}


def with_teams(standing: Standing, inputs: DatedInputs | None) -> Standing:
    """Put opportunities into the team that their owner was in: when it closed, or at the instant while it is open.

    Where none is stated of the owner it is the team of the opportunity at its creation.
    """
    if inputs is None or not len(inputs.frames["teams"]):
        return standing
    created = pd.Series(standing.groups("team"), dtype="str")
    owners = pd.Series(standing.owner, dtype="str")
    now = pd.Series([standing.as_of] * len(standing), dtype="datetime64[us, UTC]")
    since = pd.to_datetime(pd.Series(standing.since * DAY).round(), unit="us", utc=True).astype(now.dtype)
    then = since.where(pd.Series(standing.outcome != 0), now)
    team, team_now = (
        teams_at(inputs, owners, when, standing.as_of).fillna(created).astype(object) for when in (then, now)
    )
    return replace(
        standing,
        team=team.where(team.notna(), None).to_numpy(dtype=object),
        team_now=team_now.where(team_now.notna(), None).to_numpy(dtype=object),
    )


def currency_at(standing: Standing, inputs: DatedInputs | None, asked: str | None = None) -> str | None:
    """Find the currency to report in: the one asked for, the only one that occurs, or what all rates lead to.

    None when amounts name none, or nothing says which.
    """
    present = _present(standing)
    if asked is not None or len(present) < 2:
        return asked if asked is not None else next(iter(present), None)
    if inputs is None:
        return None
    rows = holding(inputs, "rates", standing.as_of)
    ends = sorted(set(rows["to_currency"][rows["rate"].notna()].astype("str")))
    return ends[0] if len(ends) == 1 else None


def rates_at(
    standing: Standing, inputs: DatedInputs | None, currency: str | None, later: Standing | None = None
) -> dict[str, float] | None:
    """Find what one unit of each currency is worth at the instant of a standing; None where one needs no rate.

    Parameters
    ----------
    currency
        The currency reported in.
    later
        Opportunities as they stand later; currencies that only they have take the rate of then.

    Raises
    ------
    DataError
        A rate is missing.
    """
    present = _present(standing)
    more = _present(later) - present if later is not None else set()
    if currency is None or inputs is None or not (present | more) - {currency}:
        return None
    rates = {currency: 1.0}  # first: it is the one with rate 1 that is reported in
    rates |= {code: rate_between(inputs, code, currency, standing.as_of) for code in sorted(present - {currency})}
    if later is not None:
        rates |= {code: _either(inputs, code, currency, standing, later) for code in sorted(more - {currency})}
    return rates


def _either(inputs: DatedInputs, code: str, currency: str, standing: Standing, later: Standing) -> float:
    try:
        return rate_between(inputs, code, currency, standing.as_of)
    except DataError:
        return rate_between(inputs, code, currency, later.as_of)


def _present(standing: Standing) -> set[str]:
    known = ~np.isnan(standing.amount)
    return {str(code) for code in standing.currency[known] if code is not None}
