"""The command that forecasts a period."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
import pandas as pd

from api.commands.scoring import model_for, segments_for
from api.forecast_text import forecast_text
from api.history_source import Source, history_at, inputs_at
from api.options import (
    FILE,
    FOLDER,
    INSTANT,
    fiscal_option,
    history_option,
    rate_option,
    rates_of,
    seed_option,
    zone_option,
)
from api.progress import Progress
from features.errors import RequestError, UnreadableSourceError
from scoring.calendar_periods import Calendar
from scoring.chances import chances_of
from scoring.forecast import forecast
from scoring.one_currency import base_of
from scoring.standing import group_columns, standing_at
from scoring.stated_inputs import currency_at, goals_at, rates_at, with_teams
from training.past_forecasts import past_forecasts

_SIMULATED = "simulated"


@click.command("forecast")
@history_option
@click.option("--as-of", type=INSTANT, required=True, help="Forecast as it was known at this instant.")
@click.option(
    "--period",
    default="quarter",
    show_default=True,
    metavar="PERIOD",
    help="2026-Q1, 2026-02, 2026, month, quarter, year, next-month, next-quarter, next-year, or a number of days.",
)
@click.option(
    "--by", metavar="COLUMN", help="Cut by team, owner, product, stage, class, or another column of segments."
)
@click.option("--target", type=float, help="Amount to be reached: how likely is it? Instead of the one stated.")
@zone_option
@fiscal_option
@rate_option
@click.option(
    "--past-weeks",
    type=click.IntRange(0, 104),
    default=26,
    show_default=True,
    help="Past weeks to learn the common shocks from, with one more training; 0 assumes them.",
)
@click.option("--model", type=FOLDER, help="A model's folder; the champion when not given.")
@click.option("--out", type=FILE, help="Also write everything into this file (JSON).")
@seed_option
def forecast_command(
    source: Source,
    as_of: pd.Timestamp,
    period: str,
    by: str | None,
    target: float | None,
    zone: str,
    fiscal_start: str,
    rates: tuple[tuple[str, float], ...],
    past_weeks: int,
    model: Path | None,
    out: Path | None,
    seed: int,
) -> None:
    """Forecast a period: won so far, expected from what is open, and from what is not created yet."""
    calendar = Calendar.starting(zone, fiscal_start)
    asked = calendar.period(period, as_of)
    history = history_at(source)
    inputs = inputs_at(source)
    standing = with_teams(standing_at(history, as_of), inputs)
    if not len(standing):
        raise UnreadableSourceError(f"no opportunity recorded by {as_of}", "at least one", "choose a later instant")
    columns = (*group_columns(history), "class")
    if by is not None and by not in columns:
        raise RequestError(f"the column {by!r}", f"one of {', '.join(columns)}", "correct the name", "/by")
    artifact = model_for(model, standing.history)
    chances = chances_of(standing.open(), artifact, asked, calendar, segments=segments_for(model, standing.history))
    with Progress(1) as report:
        days, skip = asked.days_left(as_of), asked.days_until(as_of)
        if past_weeks and days:
            report("asking an earlier model about past weeks")
        past = past_forecasts(history, as_of, days, past_weeks, seed, skip) if past_weeks and days else []
    currency = currency_at(standing, inputs)
    worth = rates_of(rates) or rates_at(standing, inputs, currency)
    goals = goals_at(inputs, as_of, asked, by, base_of(worth) if rates else currency, calendar)
    if target is not None:
        goals = replace(goals, amount=replace(goals.amount, target=target))
    found = forecast(
        standing,
        chances,
        asked,
        calendar,
        by=by,
        goals=goals,
        past=past,
        rates=worth,
        seed=seed,
    )
    origin = _SIMULATED if _SIMULATED in (history.origin, artifact.training["origin"]) else history.origin
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        record = {"origin": origin, "model_version": artifact.version} | found.to_dict()
        text = json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)
        out.write_text(text + "\n", encoding="utf-8")
    for line in forecast_text(found, f"{origin}, version {artifact.version}"):
        click.echo(line)
