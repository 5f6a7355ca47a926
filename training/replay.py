"""Past weeks played again: what was known then, the model as trained then, what each method said, what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import NotEnoughDataError
from features.forgotten import is_forgotten
from features.history.dated_inputs import DatedInputs
from features.history.history import History
from features.labels import labels_of
from features.outcomes import CENSORED, WON, Labels
from features.snapshots import build_snapshots, view_of
from models.hazard_blend import HazardBlend
from models.incidence import Incidence
from scoring.calendar_periods import Calendar, Period
from scoring.chances import Chances, chances_from
from scoring.classification import Criteria, classify, signs_of
from scoring.forgotten import lowered
from scoring.shared_factor import PastForecast
from scoring.standing import Standing, standing_at
from scoring.stated_inputs import currency_at, rates_at, with_teams
from training.learning import learn, win_members
from training.pipeline import Material, prepare
from training.replay_commits import committed_at, committed_rows
from training.replay_rows import Week, forecast_rows, opportunity_rows

Floats = NDArray[np.float64]

STEP = 7.0
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


@dataclass(frozen=True)
class Terms:
    """How every week is asked: for how many days, where, and by which stated inputs."""

    days: float | None
    calendar: Calendar
    inputs: DatedInputs | None
    currency: str | None
    rates: Mapping[str, float] | None


@dataclass(frozen=True)
class _Trained:
    """A model as trained at an instant."""

    material: Material
    win: HazardBlend

    def answers(self, standing: Standing) -> tuple[dict[str, Incidence], NDArray[np.object_]]:
        """Answer of each method for open opportunities, and the class of each."""
        snapshots = build_snapshots(standing.history, standing.keys, self.material.catalogue)
        learned, limits = self.win.predict(snapshots), self.material.dataset.limits
        forgotten = is_forgotten(view_of(standing.history, standing.keys), limits)
        # Classes without the model of the need: it tells hidden from potential, and costs as much as all the rest.
        classes = classify(signs_of(snapshots), np.full(len(standing), np.nan), Criteria())
        return {**self.win.predict_members(snapshots), "learned": lowered(learned, forgotten, limits)}, classes


@dataclass(frozen=True)
class _Said:
    """What the learned probability said at a past week: it is held against what came when that is known."""

    at: pd.Timestamp
    keys: pd.DataFrame
    learned: Incidence


def weeks_before(
    history: History, weeks: int, days: float | None, until: pd.Timestamp | None = None
) -> list[pd.Timestamp]:
    """List past Mondays, 00:00 UTC, whose forecast of so many days is over by ``until``, oldest first.

    Parameters
    ----------
    days
        None for the final outcome: then up to the last one known.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> [f"{week:%Y-%m-%d}" for week in weeks_before(simulate(30, 1), 2, 30.0)]
    ['2025-11-24', '2025-12-01']
    """
    end = until if until is not None else history.observed_until
    last = end - pd.Timedelta(days=days or 0)
    monday = last.normalize() - pd.Timedelta(days=last.day_of_week)
    return [(monday - pd.Timedelta(days=STEP * back)).as_unit("us") for back in range(weeks - 1, -1, -1)]


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
    said: list[_Said] = []
    forecasts: list[dict[str, object]] = []
    opportunities: list[pd.DataFrame] = []
    trained: _Trained | None = None
    for place, at in enumerate(cutoffs):
        report(f"{at:%Y-%m-%d}")
        try:
            _check_over(history, at, days)
            _check_old_enough(history, at, days)
            if trained is None or place % retrain_every == 0:
                trained = _train(history, at, seed)
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


def past_forecasts(
    history: History, as_of: pd.Timestamp, days: float, weeks: int = 26, seed: int = 0, skip: float = 0.0
) -> list[PastForecast]:
    """Say what an earlier model expected of past periods, and what came, to learn the shared factor from.

    One model is trained for all of them, at the first of the weeks: none has seen what it is
    judged by, and a model that has aged errs rather more than one of today.

    Parameters
    ----------
    days
        Days to the end of the periods, as of the forecast to be made.
    skip
        Days to their start, 0 for periods under way.

    Returns
    -------
    Empty when there was too little to learn from.
    """
    cutoffs = weeks_before(history, weeks, days, as_of)
    said: list[_Said] = []
    trained: _Trained | None = None
    for at in cutoffs:
        try:
            _check_old_enough(history, at, days)
            trained = trained or _train(history, at, seed)
            standing = _some_open(standing_at(history, at))
        except NotEnoughDataError:
            continue
        said.append(_Said(at, standing.keys, trained.answers(standing)[0]["learned"]))
    return _past(history, as_of, days, said, skip)


def _check_over(history: History, at: pd.Timestamp, days: float | None) -> None:
    if days is not None and at + pd.Timedelta(days=days) > history.observed_until:
        raise NotEnoughDataError(f"{days:g} days from {at} are not over", "a period that is", "choose an earlier week")


def _check_old_enough(history: History, at: pd.Timestamp, days: float | None) -> None:
    first = history.opportunities["recorded_at"].min()
    old = max((at - first) / pd.Timedelta(days=1), 0.0) if len(history.opportunities) else 0.0
    if days is not None and old < days + STEP:
        raise NotEnoughDataError(
            f"a record of {old:.0f} days by {at:%Y-%m-%d}",
            f"{days + STEP:.0f} days, to have learned what comes within {days:g}",
            "choose later weeks, or shorter forecasts",
        )


def _train(history: History, at: pd.Timestamp, seed: int) -> _Trained:
    material = prepare(history, at)
    if not len(material.dataset.keys):
        raise NotEnoughDataError(f"nothing to train on by {at}", "an open opportunity before it", "choose a later week")
    return _Trained(material, learn(material.dataset, win_members(seed), lambda line: None))


def _some_open(standing: Standing) -> Standing:
    found = standing.open()
    if not len(found):
        raise NotEnoughDataError(f"no opportunity open at {standing.as_of}", "at least one", "choose another week")
    return found


def _week(
    history: History,
    at: pd.Timestamp,
    asked: Terms,
    trained: _Trained,
    end: Standing,
    said: list[_Said],
) -> Week:
    """Ask at a past week, find what came, and remember what was said."""
    days, calendar = asked.days, asked.calendar
    standing = with_teams(standing_at(history, at), asked.inputs)
    known = _some_open(standing)
    rates = asked.rates or rates_at(standing, asked.inputs, asked.currency, end)
    answers, classes = trained.answers(known)
    committed = committed_at(known, answers, asked.calendar, asked.inputs, asked.currency, end) if days else None
    labels = labels_of(history, known.keys, history.observed_until)
    past = _past(history, at, days, said)
    said.append(_Said(at, known.keys, answers["learned"]))
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


def _past(
    history: History, at: pd.Timestamp, days: float | None, said: Sequence[_Said], skip: float = 0.0
) -> list[PastForecast]:
    """What earlier weeks said, and what is known of it by now."""
    found = []
    for one in said:
        since = (at - one.at) / pd.Timedelta(days=1)
        if since < (STEP * 2 if days is None else days):
            continue
        labels = labels_of(history, one.keys, at)
        found.append(_final(one, labels, since) if days is None else _within(one, labels, days, skip))
    return found


def _within(said: _Said, labels: Labels, days: float, skip: float) -> PastForecast:
    won = ((labels.outcome == WON) & (labels.days > skip) & (labels.days <= days)).sum()
    by = said.learned.win_by([skip, days])
    return PastForecast(by[:, 1] - by[:, 0], float(won), min(1.0, STEP / (days - skip)))


def _final(said: _Said, labels: Labels, since: float) -> PastForecast:
    """Of those that have closed by now: how many were to be expected as won among them."""
    closed = labels.outcome != CENSORED
    won_by, lost_by = (by([since])[closed, 0] for by in (said.learned.win_by, said.learned.loss_by))
    share = won_by / np.maximum(won_by + lost_by, 1e-12)
    # Weeks share most of their opportunities: together they tell about as much as one in four.
    return PastForecast(share, float((labels.outcome == WON).sum()), 0.25)
