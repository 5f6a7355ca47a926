"""A model as it was trained at a past instant, what it answered then, and what is known of it by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import NotEnoughDataError
from features.forgotten import is_forgotten
from features.history.history import History
from features.labels import labels_of
from features.outcomes import CENSORED, WON, Labels
from features.snapshots import build_snapshots, view_of
from models.hazard_blend import HazardBlend
from models.incidence import Incidence
from scoring.classification import Criteria, classify, signs_of
from scoring.forgotten import lowered
from scoring.shared_factor import PastForecast
from scoring.standing import Standing
from training.learning import learn, win_members
from training.pipeline import Material, prepare

STEP = 7.0
"""Days from one past week to the next."""


@dataclass(frozen=True)
class TrainedThen:
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
class Said:
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


def train_then(history: History, at: pd.Timestamp, seed: int) -> TrainedThen:
    """Train the win probability on what was known at an instant; NotEnoughDataError with nothing to train on."""
    material = prepare(history, at)
    if not len(material.dataset.keys):
        raise NotEnoughDataError(f"nothing to train on by {at}", "an open opportunity before it", "choose a later week")
    return TrainedThen(material, learn(material.dataset, win_members(seed), lambda line: None))


def some_open(standing: Standing) -> Standing:
    """Take what is open; NotEnoughDataError when nothing is."""
    found = standing.open()
    if not len(found):
        raise NotEnoughDataError(f"no opportunity open at {standing.as_of}", "at least one", "choose another week")
    return found


def check_old_enough(history: History, at: pd.Timestamp, days: float | None) -> None:
    """Check that the record was a week older than forecasts of so many days are long.

    Before that nobody had been watched for so long: a model cannot have learned what comes in that time.

    Raises
    ------
    NotEnoughDataError
        It was younger.
    """
    first = history.opportunities["recorded_at"].min()
    old = max((at - first) / pd.Timedelta(days=1), 0.0) if len(history.opportunities) else 0.0
    if days is not None and old < days + STEP:
        raise NotEnoughDataError(
            f"a record of {old:.0f} days by {at:%Y-%m-%d}",
            f"{days + STEP:.0f} days, to have learned what comes within {days:g}",
            "choose later weeks, or shorter forecasts",
        )


def what_came(
    history: History, at: pd.Timestamp, days: float | None, said: Sequence[Said], skip: float = 0.0
) -> list[PastForecast]:
    """Hold what earlier weeks said against what is known of it by an instant; what is not over yet is left out.

    ``days`` is the length of the forecasts, None for final outcomes; of their first ``skip`` days nothing counts.
    """
    found = []
    for one in said:
        since = (at - one.at) / pd.Timedelta(days=1)
        if since < (STEP * 2 if days is None else days):
            continue
        labels = labels_of(history, one.keys, at)
        found.append(_final(one, labels, since) if days is None else _within(one, labels, days, skip))
    return found


def _within(said: Said, labels: Labels, days: float, skip: float) -> PastForecast:
    won = ((labels.outcome == WON) & (labels.days > skip) & (labels.days <= days)).sum()
    by = said.learned.win_by([skip, days])
    return PastForecast(by[:, 1] - by[:, 0], float(won), min(1.0, STEP / (days - skip)))


def _final(said: Said, labels: Labels, since: float) -> PastForecast:
    """Of those that have closed by now: how many were to be expected as won among them."""
    closed = labels.outcome != CENSORED
    won_by, lost_by = (by([since])[closed, 0] for by in (said.learned.win_by, said.learned.loss_by))
    share = won_by / np.maximum(won_by + lost_by, 1e-12)
    # Weeks share most of their opportunities: together they tell about as much as one in four.
    return PastForecast(share, float((labels.outcome == WON).sum()), 0.25)
