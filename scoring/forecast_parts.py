"""What a forecast is made of: opportunities, their amounts in one currency, what past wins teach, and the sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.instants import DAY, micros_of
from scoring.amount_risk import AmountRisk, learn_amount_risk
from scoring.arrivals import Arrivals, learn_arrivals
from scoring.calendar_periods import Calendar, Period
from scoring.chances import Chances
from scoring.forecast_groups import Groups
from scoring.forecast_lines import Measure
from scoring.one_currency import in_one_currency
from scoring.standing import Standing

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """What a forecast is made of: opportunities, their amounts in one currency, and what past wins teach."""

    open: Standing
    won: Standing
    chances: Chances
    open_amount: Floats
    won_amount: Floats
    in_period: NDArray[np.bool_]
    stated: NDArray[np.bool_]
    risk: AmountRisk
    arrivals: Arrivals
    currency: str | None


def parts_of(
    standing: Standing, chances: Chances, period: Period, calendar: Calendar, rates: Mapping[str, float] | None
) -> Parts:
    """Bring together what a forecast needs; parameters are those of ``forecast``."""
    amounts, currency = in_one_currency(standing.amount, standing.currency, rates)
    is_open, is_won = standing.outcome == 0, standing.outcome == 1
    now_open, won = standing.take(is_open), standing.take(is_won)
    open_amount, won_amount = amounts[is_open], amounts[is_won]
    start, end = (micros_of(at) / DAY for at in (period.start, period.end))
    # Until anything is won an unknown amount is drawn from what is open.
    teaching = won_amount if (~np.isnan(won_amount)).any() else open_amount
    return Parts(
        open=now_open,
        won=won,
        chances=chances,
        open_amount=open_amount,
        won_amount=won_amount,
        in_period=(won.since >= start) & (won.since < end),
        stated=stated_in(now_open, start, end, calendar),
        risk=learn_amount_risk(won, teaching),
        arrivals=learn_arrivals(standing, won, period.days_left(standing.as_of), period.days_until(standing.as_of)),
        currency=currency,
    )


def stated_in(standing: Standing, start: float, end: float, calendar: Calendar) -> NDArray[np.bool_]:
    """Tell which open opportunities the managers' rule counts: those stated to close in the period, shape (n,).

    ``start`` and ``end`` are days since 1970. Where nobody states any date all are
    counted: the rule knows no other way.
    """
    due = calendar.end_of_day(standing.stated_close)
    if np.isnan(due).all():
        return np.ones(len(standing), dtype=bool)
    return np.asarray((due > start) & (due <= end), dtype=bool)


def past_wins_again(parts: Parts) -> Standing:
    """Past wins that may come again; what comes again comes to the team that the owner is in now."""
    chosen = np.zeros(len(parts.won), dtype=bool)
    chosen[parts.arrivals.row] = True
    again = parts.won.take(chosen)
    return replace(again, team=again.team_now)


def sums_won(parts: Parts, groups: Groups) -> dict[Measure, Floats]:
    """Sum what was won in the period by group; what is won for an unknown amount counts as a mean one."""
    amount = parts.won_amount[parts.in_period]
    paid = np.where(np.isnan(amount), parts.risk.mean_amount, amount)
    return {"amount": groups.sum(groups.won, paid), "count": groups.sum(groups.won, np.ones(len(paid)))}


def sums_of(parts: Parts, groups: Groups, measure: Measure) -> dict[str, Floats]:
    """Everything that is summed by group; each of shape (groups,)."""
    amount, chances = parts.open_amount, parts.chances
    unknown = np.isnan(amount)
    again = parts.won_amount[parts.arrivals.row]
    if measure == "amount":
        paid = parts.risk.expected(amount, parts.open.stage)
        stated = np.where(unknown, parts.risk.mean_amount, amount)
        new = np.where(np.isnan(again), parts.risk.mean_amount, again)
    else:
        paid, stated, new = np.ones(len(amount)), np.ones(len(amount)), np.ones(len(again))
    won = sums_won(parts, groups)[measure]
    sums = {
        "open": groups.sum(groups.open, np.ones(len(amount))),
        "unpriced": groups.sum(groups.open, unknown.astype(np.float64)),
        "won": won,
        "expected_open": groups.sum(groups.open, chances.within * paid),
        "expected_new": groups.sum(groups.new, parts.arrivals.rate * new),
        "fixed_weights": won + groups.sum(groups.open, parts.open.weight * parts.stated * stated),
    }
    if chances.stage_rates is not None:
        sums["stage_rates"] = won + groups.sum(groups.open, chances.stage_rates * stated)
    return sums
