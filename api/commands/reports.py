"""The command that works out what the pages show of the whole: funnels, forecasts, and past weeks played again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import click
import pandas as pd

from api import clock
from api.commands.funnel_reports import DEFAULT_PLAN, keep_funnels
from api.commands.scoring import model_for, segments_for
from api.history_source import Source, history_at, inputs_at, past_scores_at
from api.home import home
from api.kept_reports import COMPARISON, CUTS, PERIODS, Keep, forecast_name, keep_report
from api.options import (
    INSTANT,
    fiscal_option,
    history_option,
    rate_option,
    rates_of,
    seed_option,
    zone_option,
)
from api.progress import Progress
from api.reports_under_way import under_way
from features.as_of import known_as_of
from features.errors import NotEnoughDataError
from features.history.dated_inputs import DatedInputs
from features.history.history import History
from features.reporting_calendar import ReportingCalendar
from scoring.calendar_periods import NEXT, Calendar
from scoring.chances import chances_of
from scoring.forecast import forecast
from scoring.one_currency import base_of
from scoring.standing import Standing, group_columns, standing_at
from scoring.stated_inputs import currency_at, goals_at, rates_at, with_teams
from scoring.words import stage_names
from training.earlier_answers import weeks_before
from training.past_forecasts import EarlierModel
from training.replay import replay

Report = Callable[[str], None]
Rates = tuple[tuple[str, float], ...]


_OPTIONS = (
    zone_option,
    fiscal_option,
    click.option(
        "--weeks", type=click.IntRange(0, 520), default=26, show_default=True, help="Past weeks to play again."
    ),
    click.option(
        "--days", type=click.IntRange(1, 999), default=30, show_default=True, help="Length of a week's forecast."
    ),
    click.option(
        "--retrain-every", type=click.IntRange(1, 52), default=4, show_default=True, help="Weeks to a training."
    ),
    click.option("--currency", help="Currency of the funnel's sums; the only one that occurs when not given."),
    click.option(
        "--plan",
        type=click.IntRange(0),
        nargs=4,
        default=DEFAULT_PLAN,
        show_default=True,
        help="Deals to be won below 10,000, below 30,000, below 50,000, and above.",
    ),
    rate_option,
    seed_option,
)


@dataclass(frozen=True)
class Asked:
    """How reports are worked out; the fields are the options of the same names."""

    zone: str = "UTC"
    fiscal_start: str = "01-01"
    weeks: int = 26
    days: int = 30
    retrain_every: int = 4
    currency: str | None = None
    plan: tuple[int, ...] = DEFAULT_PLAN
    rates: Rates = ()
    seed: int = 0

    @property
    def steps(self) -> int:
        """How many steps of progress are told, about."""
        return len(PERIODS) + 1 + self.weeks


def reports_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of ``Asked``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("reports")
@history_option
@click.option("--as-of", type=INSTANT, help="Forecast as it was known at this instant; now when not given.")
@reports_options
def reports_command(source: Source, as_of: pd.Timestamp | None, **asked: Any) -> None:
    """Work out the forecasts, funnels and the comparison that the pages show, and keep them in the home folder.

    It takes minutes: run it daily, beside the service. With --weeks 0 the comparison stays as it is.
    """
    at, how = as_of if as_of is not None else clock.now(), Asked(**asked)
    with Progress(how.steps) as progress, under_way(home(), progress) as report:
        history, inputs, past = history_at(source), inputs_at(source), past_scores_at(source, at)
        work_out(history, inputs, past, at, how, partial(keep_report, home()), report)
    click.echo(f"reports in {home() / 'reports'}")


def work_out(
    history: History,
    inputs: DatedInputs | None,
    past: pd.DataFrame | None,
    as_of: pd.Timestamp,
    asked: Asked,
    keep: Keep,
    report: Report,
) -> None:
    """Work out every report as of an instant: what takes seconds first.

    Parameters
    ----------
    past
        Scores that were kept by then; None where there are none.
    keep
        Where each goes, with its name.
    report
        Told of each step.
    """
    known, calendar = known_as_of(history, as_of), Calendar.starting(asked.zone, asked.fiscal_start)
    days_of_people = ReportingCalendar(asked.zone, asked.fiscal_start)
    currency = currency_at(standing_at(known, as_of), inputs, asked.currency)
    rates, seed = asked.rates, asked.seed
    keep_funnels(known, as_of, days_of_people, inputs, past, currency, asked.plan, keep, report)
    keep_forecasts(known, as_of, calendar, asked.weeks, inputs, currency, rates, seed, keep, report)
    if asked.weeks:
        days, every = float(asked.days), asked.retrain_every
        keep_comparison(known, as_of, asked.weeks, days, every, calendar, inputs, currency, rates, seed, keep, report)


def keep_forecasts(
    history: History,
    as_of: pd.Timestamp,
    calendar: Calendar,
    weeks: int,
    inputs: DatedInputs | None,
    currency: str | None,
    rates: Rates,
    seed: int,
    keep: Keep,
    report: Report,
) -> None:
    """Forecast this and the next month and quarter, all together and by each cut that the history has.

    Beside it stand the targets and commits that were known at the instant. Rates that are given count before
    those that are stated.
    """
    standing = with_teams(standing_at(history, as_of), inputs)
    worth = worth_of(standing, inputs, rates, currency)
    unit = base_of(worth) if rates else currency
    artifact = model_for(None, standing.history)
    segments = segments_for(None, standing.history)
    origin = "simulated" if "simulated" in (history.origin, artifact.training["origin"]) else history.origin
    about = {"origin": origin, "model_version": artifact.version}
    periods = {name: calendar.period(name, as_of) for name in PERIODS}
    lengths = [period.days_left(as_of) for period in periods.values()]
    earlier = EarlierModel(history, as_of, [days for days in lengths if days], weeks, seed)
    # Pages wait for what is under way: what is to come is worked out after it.
    for name in sorted(PERIODS, key=lambda name: name.startswith(NEXT)):
        report(f"forecast of the {name.replace('-', ' ')}")
        period = periods[name]
        chances = chances_of(standing.open(), artifact, period, calendar, segments=segments)
        left, skip = period.days_left(as_of), period.days_until(as_of)
        past = earlier.past(left, skip) if weeks and left else []
        for by in (None, *_cuts(history, standing)):
            goals = goals_at(inputs, as_of, period, by, unit, calendar)
            found = forecast(standing, chances, period, calendar, by=by, past=past, rates=worth, goals=goals, seed=seed)
            keep(forecast_name(name, by), about | found.to_dict())


def keep_comparison(
    history: History,
    as_of: pd.Timestamp,
    weeks: int,
    days: float,
    retrain_every: int,
    calendar: Calendar,
    inputs: DatedInputs | None,
    currency: str | None,
    rates: Rates,
    seed: int,
    keep: Keep,
    report: Report,
) -> None:
    """Play past weeks again, and judge the learned forecast beside the rules."""
    asked = weeks_before(history, weeks, days, None)
    try:
        played = replay(
            history,
            asked,
            days,
            retrain_every=retrain_every,
            calendar=calendar,
            rates=rates_of(rates),
            inputs=inputs,
            currency=currency,
            seed=seed,
            report=report,
        )
    except NotEnoughDataError as error:
        report(f"no comparison: {error.found}")
        return
    found = played.compared(stage_names(history.processes), seed)
    unit = base_of(rates_of(rates)) if rates else currency
    of = {"as_of": as_of.isoformat(), "zone": calendar.zone, "until": asked[-1].isoformat(), "currency": unit}
    keep(COMPARISON, of | {"retrain_every": retrain_every} | found.to_dict())


def worth_of(
    standing: Standing, inputs: DatedInputs | None, rates: Rates, currency: str | None
) -> Mapping[str, float] | None:
    """Find what each currency is worth in that of the report: by the rates given, or by those stated."""
    return rates_of(rates) or rates_at(standing, inputs, currency)


def _cuts(history: History, standing: Standing) -> list[str]:
    columns = (*group_columns(history), "class")
    # Regions are cut by where any is known; they may have targets of their own.
    there = [name for name in CUTS if name in columns]
    return [name for name in there if name != "region" or any(word is not None for word in standing.groups(name))]
