"""The forecast of a period: won so far, expected from what is open, and from what is not created yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.arrivals import NO_ARRIVALS
from scoring.calendar_periods import Calendar, Period
from scoring.chances import Chances
from scoring.forecast_draws import DRAWS, Draws, certain, draw_new, draw_open, draw_shared
from scoring.forecast_goals import Commit, Goals, commit_of
from scoring.forecast_groups import Groups, group_names, groups_of, owners_of
from scoring.forecast_lines import MEASURES, Line, Measure, bounds, chance_of, middle
from scoring.forecast_notes import notes_of
from scoring.forecast_parts import Parts, parts_of, past_wins_again, sums_of, sums_won
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
    names
        What people call the groups.
    slippage
        Open opportunities with a stated date, those first that are likeliest to be won after it.
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
    names: Mapping[str | None, Words]
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
            "groups": {measure: self._rows(lines) for measure, lines in self.lines.items()},
            "slippage": [one.to_dict() for one in self.slippage],
            "shared_factor": {"mean": self.spread.mean, "periods": self.spread.periods},
            "notes": [{"en": note.en, "zh-CN": note.zh} for note in self.notes],
        }

    def _rows(self, lines: Sequence[Line]) -> list[dict[str, Any]]:
        called = ({"en": self.names[line.group].en, "zh-CN": self.names[line.group].zh} for line in lines)
        return [line.to_dict() | {"names": names} for line, names in zip(lines, called, strict=True)]


def forecast(
    standing: Standing,
    chances: Chances,
    period: Period,
    calendar: Calendar,
    *,
    by: str | None = None,
    past: Sequence[PastForecast] = (),
    rates: Mapping[str, float] | None = None,
    goals: Goals | None = None,
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
    past
        Past periods of about this length, from which the spread of the shared factor is learned.
    rates
        What one unit of each currency is worth; needed where there are several.
    goals
        What is to be reached, and what each owner committed to (``stated_inputs.goals_at``).
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
    parts = parts_of(standing, chances, period, calendar, rates)
    if only_open or everything:
        parts = replace(parts, arrivals=NO_ARRIVALS)
    if everything:
        parts = replace(parts, stated=np.ones(len(parts.open), dtype=bool))
    aimed, won = goals or Goals(), parts.won.take(parts.in_period)
    stated = aimed.groups(by) if by is not None else ()
    groups = groups_of(by, parts.open, won, past_wins_again(parts), chances.classes, stated)
    spread = fit_spread(past)
    drawn = _draw(parts, groups, spread, draws, seed)
    by_measure: dict[Measure, Floats] = {"count": drawn.count}
    if np.isfinite(drawn.amount).all():
        by_measure = {"amount": drawn.amount, **by_measure}
    totals, lines = _told(parts, groups, by_measure, aimed)
    return Forecast(
        as_of=standing.as_of,
        period=period,
        by=by,
        currency=parts.currency,
        draws=by_measure,
        totals=totals,
        lines=lines if by is not None else {},
        names=group_names(by, groups.names, standing.history.processes),
        slippage=slippage_of(parts.open, chances),
        spread=spread,
        notes=notes_of(
            parts.open,
            parts.open_amount,
            parts.stated,
            parts.arrivals,
            spread,
            priced="amount" in by_measure,
            timed=chances.timed,
            old=standing.now - float(standing.told.min()) if len(standing) else 0.0,
            ahead=0.0 if everything else (period.end - standing.as_of) / pd.Timedelta(days=1),
        )
        + aimed.notes,
    )


def _told(
    parts: Parts, groups: Groups, by_measure: Mapping[Measure, Floats], aimed: Goals
) -> tuple[dict[Measure, Line], dict[Measure, tuple[Line, ...]]]:
    """All together and each group, by measure, beside the rules and what owners committed to."""
    won, totals, lines = parts.won.take(parts.in_period), {}, {}
    for measure in (m for m in MEASURES if m in by_measure):
        aims, gave = aimed.of(measure), groups.commits(aimed, measure, parts.open, won)
        sums, found = sums_of(parts, groups, measure), by_measure[measure]
        lines[measure] = _lines(groups, sums, found, measure, aims.targets, gave)
        total = {key: float(values.sum()) for key, values in sums.items()}
        said = commit_of(owners_of(parts.open, won) | set(aims.commits), aims.commits) if aims.commits else Commit()
        totals[measure] = _line(None, total, found.sum(axis=1), measure, aims.target, said)
    return totals, lines


def _draw(parts: Parts, groups: Groups, spread: Spread, draws: int, seed: int) -> Draws:
    rng, k = np.random.default_rng(seed), len(groups.names)
    shared = draw_shared(spread, draws, rng)
    won = sums_won(parts, groups)
    open_part = draw_open(
        parts.chances.within, parts.open_amount, parts.open.stage, groups.open, k, parts.risk, shared, rng
    )
    new_part = draw_new(parts.arrivals, parts.won_amount[parts.arrivals.row], groups.new, k, parts.risk, shared, rng)
    return certain(won["count"], won["amount"], draws).plus(open_part).plus(new_part)


def _lines(
    groups: Groups,
    sums: Mapping[str, Floats],
    draws: Floats,
    measure: Measure,
    targets: Mapping[str, float],
    commits: Mapping[str | None, Commit],
) -> tuple[Line, ...]:
    found = []
    for at, name in enumerate(groups.names):
        own = {key: float(values[at]) for key, values in sums.items()}
        found.append(
            _line(
                name,
                own,
                draws[:, at],
                measure,
                None if name is None else targets.get(name),
                commits.get(name, Commit()),
            )
        )
    return tuple(found)


def _line(
    group: str | None,
    sums: Mapping[str, float],
    draws: Floats,
    measure: Measure,
    target: float | None,
    commit: Commit,
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
        commit=commit.whole,
        commit_given=commit.given,
        committed=commit.committed,
        owners=commit.owners,
    )
