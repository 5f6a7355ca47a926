"""Past weeks played again: what was known then, the model as trained then, what each method said, what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import NotEnoughDataError
from features.history.dated_inputs import DatedInputs
from features.history.history import History
from features.labels import labels_of
from features.outcomes import CENSORED
from models.incidence import Incidence
from scoring.calendar_periods import Calendar, Period
from scoring.chances import Chances, chances_from
from scoring.comparison import Comparison, compare
from scoring.standing import Standing, standing_at
from scoring.stated_inputs import currency_at, rates_at, with_teams
from scoring.words import Words
from training.earlier_answers import Said, TrainedThen, check_old_enough, some_open, train_then, what_came
from training.replay_commits import committed_at, committed_rows
from training.replay_rows import Week, forecast_rows, opportunity_rows

Floats = NDArray[np.float64]

BY = ("team", "product", "class", "stage")
_FAR = 36_500
"""Days by which everything has ended: the period of the final outcome."""


@dataclass(frozen=True)
class Replay:
    """Past weeks played again: the two tables that ``scoring.comparison.compare`` takes, and how many could not be."""

    forecasts: pd.DataFrame
    opportunities: pd.DataFrame
    days: float | None
    origin: str
    left_out: int = 0

    def compared(self, stages: Mapping[str, Words], seed: int = 0) -> Comparison:
        """Judge what each method said by what came; ``stages`` is what people call them."""
        return compare(
            self.forecasts,
            self.opportunities,
            days=self.days,
            origin=self.origin,
            stages=stages,
            left_out=self.left_out,
            seed=seed,
        )


@dataclass(frozen=True)
class Terms:
    """How every week is asked: for how many days, where, and by which stated inputs."""

    days: float | None
    calendar: Calendar
    inputs: DatedInputs | None
    currency: str | None
    rates: Mapping[str, float] | None


def replay(
    history: History,
    cutoffs: Sequence[pd.Timestamp],
    days: float | None = 30.0,
    *,
    by: Sequence[str] = BY,
    retrain_every: int = 1,
    calendar: Calendar | None = None,
    rates: Mapping[str, float] | None = None,
    inputs: DatedInputs | None = None,
    currency: str | None = None,
    draws: int = 1000,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> Replay:
    """Forecast again at past instants, with models trained on what was known then.

    Parameters
    ----------
    cutoffs
        Instants in order (``weeks_before``). One at which nothing was open, or too little known, is left out; so is
        one at which the record was not yet a week older than the forecasts are long: nobody had been watched for so
        long, and a model cannot have learned what comes in that time.
    days
        Length of each forecast. None judges the final outcome of those that have closed since.
    by
        Columns to cut by as well.
    retrain_every
        Train anew at every so many instants; between them the last model answers, as it would have.
    rates
        What one unit of each currency is worth, at every instant; as stated in ``inputs`` when None.
    inputs
        Commits, teams and rates; at each instant what held and was known then. Where owners had committed to
        the month or the quarter of an instant, that period is forecast as well (scope ``committed``).
    currency
        The currency reported in, where there are several.

    Raises
    ------
    NotEnoughDataError
        No instant could be replayed.
    """
    end = standing_at(history, history.observed_until)
    asked = Terms(days, calendar or Calendar(), inputs, currency_at(end, inputs, currency), rates)
    said: list[Said] = []
    forecasts: list[dict[str, object]] = []
    opportunities: list[pd.DataFrame] = []
    trained: TrainedThen | None = None
    for place, at in enumerate(cutoffs):
        report(f"{at:%Y-%m-%d}")
        try:
            _check_over(history, at, days)
            check_old_enough(history, at, days)
            if trained is None or place % retrain_every == 0:
                trained = train_then(history, at, seed)
            week = _week(history, at, asked, trained, end, said)
        except NotEnoughDataError as error:
            report(f"{at:%Y-%m-%d} left out: {error.found}")
            continue
        forecasts += forecast_rows(week, by, draws=draws, seed=seed) + committed_rows(week, draws=draws, seed=seed)
        opportunities.append(opportunity_rows(week, by))
    if not opportunities:
        raise NotEnoughDataError("no past week that can be replayed", "one with something open", "choose fewer weeks")
    left_out = len(cutoffs) - len(opportunities)
    return Replay(pd.DataFrame(forecasts), pd.concat(opportunities, ignore_index=True), days, history.origin, left_out)


def _check_over(history: History, at: pd.Timestamp, days: float | None) -> None:
    if days is not None and at + pd.Timedelta(days=days) > history.observed_until:
        raise NotEnoughDataError(f"{days:g} days from {at} are not over", "a period that is", "choose an earlier week")


def _week(
    history: History,
    at: pd.Timestamp,
    asked: Terms,
    trained: TrainedThen,
    end: Standing,
    said: list[Said],
) -> Week:
    """Ask at a past week, find what came, and remember what was said."""
    days, calendar = asked.days, asked.calendar
    standing = with_teams(standing_at(history, at), asked.inputs)
    known = some_open(standing)
    rates = asked.rates or rates_at(standing, asked.inputs, asked.currency, end)
    answers, classes = trained.answers(known)
    committed = committed_at(known, answers, asked.calendar, asked.inputs, asked.currency, end) if days else None
    labels = labels_of(history, known.keys, history.observed_until)
    past = what_came(history, at, days, said)
    said.append(Said(at, known.keys, answers["learned"]))
    if days is None:
        # The final outcome is known of those that closed; the others are nobody's to be judged by.
        closed = labels.outcome != CENSORED
        open_rows = np.flatnonzero(standing.outcome == 0)
        kept = np.ones(len(standing), dtype=bool)
        kept[open_rows[~closed]] = False
        standing = standing.take(kept)
        known, classes, labels = known.take(closed), classes[closed], labels.take(np.flatnonzero(closed))
        answers = {name: answer.take(closed) for name, answer in answers.items()}
    period = _period(at, days)
    chances = _chances(answers["learned"], answers, known, period, calendar, classes, days)
    return Week(standing, known, chances, answers, labels, period, calendar, days, past, end, history, rates, committed)


def _period(at: pd.Timestamp, days: float | None) -> Period:
    name = "final" if days is None else f"{days:g}"
    return Period(name, at, (at + pd.Timedelta(days=_FAR if days is None else days)).as_unit("us"))


def _chances(
    learned: Incidence,
    answers: Mapping[str, Incidence],
    known: Standing,
    period: Period,
    calendar: Calendar,
    classes: NDArray[np.object_],
    days: float | None,
) -> Chances:
    rates = answers.get("stage_rates")
    found = chances_from(learned, known, period, calendar, rates, classes)
    if days is not None:
        return found
    return Chances(learned.win, learned.win, found.by_stated, None if rates is None else rates.win, classes)
