"""The forecast of a period: won so far, expected from what is open, and from what is not created yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.instants import DAY, micros_of
from scoring.amount_risk import AmountRisk, learn_amount_risk
from scoring.arrivals import NO_ARRIVALS, Arrivals, learn_arrivals
from scoring.calendar_periods import Calendar, Period
from scoring.chances import Chances
from scoring.forecast_draws import DRAWS, Draws, certain, draw_new, draw_open, draw_shared
from scoring.forecast_groups import Groups, groups_of
from scoring.forecast_lines import MEASURES, Line, Measure, bounds, chance_of, middle
from scoring.forecast_notes import notes_of
from scoring.one_currency import in_one_currency
from scoring.shared_factor import PastForecast, Spread, fit_spread
from scoring.slippage import Slippage, slippage_of
from scoring.standing import Standing
from scoring.words import Words

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """What a period will bring.

    Parameters
    ----------
    as_of, period
        When it was asked, and of which period.
    by
        Column of the groups, None when it is of all together.
    currency
        Of the amounts, None when none is named.
    draws
        Ways in which the period may end, by measure: shape (draws, groups) each. ``amount`` is
        absent where amounts are not known.
    totals, lines
        All together, and each group, by measure.
    slippage
        Open opportunities with a stated date, the least likely to meet it first.
    spread
        What is known of the shared factor.
    notes
        What a reader must know, in both languages.
    """

    as_of: pd.Timestamp
    period: Period
    by: str | None
    currency: str | None
    draws: Mapping[Measure, Floats]
    totals: Mapping[Measure, Line]
    lines: Mapping[Measure, tuple[Line, ...]]
    slippage: tuple[Slippage, ...]
    spread: Spread
    notes: tuple[Words, ...]

    def to_dict(self) -> dict[str, Any]:
        """Describe the forecast in JSON, without the draws."""
        return {
            "as_of": self.as_of.isoformat(),
            "period": {
                "name": self.period.name,
                "start": self.period.start.isoformat(),
                "end": self.period.end.isoformat(),
                "zone": self.period.zone,
            },
            "by": self.by,
            "currency": self.currency,
            "totals": {measure: line.to_dict() for measure, line in self.totals.items()},
            "groups": {measure: [line.to_dict() for line in lines] for measure, lines in self.lines.items()},
            "slippage": [one.to_dict() for one in self.slippage],
            "shared_factor": {"mean": self.spread.mean, "periods": self.spread.periods},
            "notes": [{"en": note.en, "zh-CN": note.zh} for note in self.notes],
        }


@dataclass(frozen=True)
class _Parts:
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


def forecast(
    standing: Standing,
    chances: Chances,
    period: Period,
    calendar: Calendar,
    *,
    by: str | None = None,
    target: float | None = None,
    targets: Mapping[str | None, float] | None = None,
    past: Sequence[PastForecast] = (),
    rates: Mapping[str, float] | None = None,
    commits: Mapping[str, float] | None = None,
    only_open: bool = False,
    everything: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
) -> Forecast:
    """Forecast a period as of an instant.

    Parameters
    ----------
    standing
        All opportunities as they stood then (``standing_at``).
    chances
        What a model says of ``standing.open()``, in its order.
    period
        Begun, to come, or over.
    calendar
        Where the stated days end.
    by
        Column to cut by: ``team``, ``owner``, ``product``, ``stage``, ``class``, or another of segments.
    target, targets
        Amount to be reached by all together, and by groups.
    past
        Past periods of about this length, from which the spread of the shared factor is learned.
    rates
        What one unit of each currency is worth; needed where there are several.
    commits
        What each owner committed to, by owner.
    only_open
        Leave out what is not created yet, to compare with rules that know nothing of it.
    everything
        Ask how all that is open will end, whenever that is: the fixed weights then count all of it.
    draws, seed
        How many ways to draw, and the seed of them.

    Raises
    ------
    DataError
        Amounts are in several currencies and rates are missing.
    """
    parts = _parts(standing, chances, period, calendar, rates)
    if only_open or everything:
        parts = replace(parts, arrivals=NO_ARRIVALS)
    if everything:
        parts = replace(parts, stated=np.ones(len(parts.open), dtype=bool))
    groups = groups_of(by, parts.open, parts.won.take(parts.in_period), _again(parts), chances.classes)
    spread = fit_spread(past)
    drawn = _draw(parts, groups, spread, draws, seed)
    by_measure: dict[Measure, Floats] = {"count": drawn.count}
    if np.isfinite(drawn.amount).all():
        by_measure = {"amount": drawn.amount, **by_measure}
    committed = groups.commits(commits, parts.open)
    wanted = {} if targets is None else targets
    totals, lines = {}, {}
    for measure in (m for m in MEASURES if m in by_measure):
        sums = _sums(parts, groups, measure)
        found = by_measure[measure]
        is_amount = measure == "amount"
        aims = [wanted.get(name) if is_amount else None for name in groups.names]
        gave = committed if is_amount else [None] * len(groups.names)
        lines[measure] = tuple(
            _line(name, {k: float(v[at]) for k, v in sums.items()}, found[:, at], measure, aims[at], gave[at])
            for at, name in enumerate(groups.names)
        )
        total = {key: float(values.sum()) for key, values in sums.items()}
        said = sum(commits.values()) if commits and is_amount else None
        totals[measure] = _line(None, total, found.sum(axis=1), measure, target if is_amount else None, said)
    return Forecast(
        as_of=standing.as_of,
        period=period,
        by=by,
        currency=parts.currency,
        draws=by_measure,
        totals=totals,
        lines=lines if by is not None else {},
        slippage=slippage_of(parts.open, chances),
        spread=spread,
        notes=notes_of(parts.open, parts.open_amount, parts.stated, parts.arrivals, spread, "amount" in by_measure),
    )


def _parts(
    standing: Standing, chances: Chances, period: Period, calendar: Calendar, rates: Mapping[str, float] | None
) -> _Parts:
    amounts, currency = in_one_currency(standing.amount, standing.currency, rates)
    is_open, is_won = standing.outcome == 0, standing.outcome == 1
    now_open, won = standing.take(is_open), standing.take(is_won)
    open_amount, won_amount = amounts[is_open], amounts[is_won]
    start, end = (micros_of(at) / DAY for at in (period.start, period.end))
    # Until anything is won an unknown amount is drawn from what is open.
    teaching = won_amount if (~np.isnan(won_amount)).any() else open_amount
    return _Parts(
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


def _again(parts: _Parts) -> Standing:
    """Past wins that may come again."""
    chosen = np.zeros(len(parts.won), dtype=bool)
    chosen[parts.arrivals.row] = True
    return parts.won.take(chosen)


def _draw(parts: _Parts, groups: Groups, spread: Spread, draws: int, seed: int) -> Draws:
    rng, k = np.random.default_rng(seed), len(groups.names)
    shared = draw_shared(spread, draws, rng)
    won = _sums_won(parts, groups)
    open_part = draw_open(
        parts.chances.within, parts.open_amount, parts.open.stage, groups.open, k, parts.risk, shared, rng
    )
    new_part = draw_new(parts.arrivals, parts.won_amount[parts.arrivals.row], groups.new, k, parts.risk, shared, rng)
    return certain(won["count"], won["amount"], draws).plus(open_part).plus(new_part)


def _sums_won(parts: _Parts, groups: Groups) -> dict[Measure, Floats]:
    amount = parts.won_amount[parts.in_period]
    paid = np.where(np.isnan(amount), parts.risk.mean_amount, amount)
    return {"amount": groups.sum(groups.won, paid), "count": groups.sum(groups.won, np.ones(len(paid)))}


def _sums(parts: _Parts, groups: Groups, measure: Measure) -> dict[str, Floats]:
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
    won = _sums_won(parts, groups)[measure]
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


def _line(
    group: str | None,
    sums: Mapping[str, float],
    draws: Floats,
    measure: Measure,
    target: float | None,
    commit: float | None,
) -> Line:
    return Line(
        group=group,
        open=round(sums["open"]),
        unpriced=round(sums["unpriced"]),
        won=sums["won"],
        expected_open=sums["expected_open"],
        expected_new=sums["expected_new"],
        expected=sums["won"] + sums["expected_open"] + sums["expected_new"],
        median=middle(draws, measure),
        half=bounds(draws, measure, 0.5),
        eighty=bounds(draws, measure, 0.8),
        target=target,
        target_probability=chance_of(draws, target),
        fixed_weights=sums["fixed_weights"],
        stage_rates=sums.get("stage_rates"),
        commit=commit,
    )
