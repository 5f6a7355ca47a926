"""What an earlier model expected of past periods, and what came: from this the shared factor is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from features.errors import NotEnoughDataError
from features.history.history import History
from scoring.shared_factor import PastForecast
from scoring.standing import standing_at
from training.earlier_answers import (
    Said,
    TrainedThen,
    check_old_enough,
    some_open,
    train_then,
    weeks_before,
    what_came,
)


@dataclass
class EarlierModel:
    """One model for the past weeks of several periods, trained at the first of them all.

    None of the weeks has been seen in its training, and a model that has aged errs rather more than one of
    today. What it answered for a week is kept: periods of several lengths ask of the same weeks.

    Parameters
    ----------
    history
        The recorded past.
    as_of
        The instant of the forecasts to be made.
    lengths
        Days from there to the end of each period.
    weeks, seed
        Past weeks to ask of each length; the seed of the training.
    """

    history: History
    as_of: pd.Timestamp
    lengths: Sequence[float]
    weeks: int = 26
    seed: int = 0
    _said: dict[pd.Timestamp, Said | None] = field(default_factory=dict)
    _trained: tuple[pd.Timestamp, TrainedThen] | None = None

    @property
    def trained_at(self) -> pd.Timestamp | None:
        """End of the model's training; None before it was asked, or when it could not be trained."""
        return None if self._trained is None else self._trained[0]

    def past(self, days: float, skip: float = 0.0) -> list[PastForecast]:
        """Say what was expected of past periods of one length, and what came of it by now; empty with too little.

        Parameters
        ----------
        days
            Days to the end of the periods, one of ``lengths``.
        skip
            Days to their start, 0 for periods under way.
        """
        said = [one for at in self._asked(days) if (one := self._answer(at)) is not None]
        return what_came(self.history, self.as_of, days, said, skip)

    def _asked(self, days: float) -> list[pd.Timestamp]:
        found = []
        for at in weeks_before(self.history, self.weeks, days, self.as_of):
            try:
                check_old_enough(self.history, at, days)
            except NotEnoughDataError:
                continue
            found.append(at)
        return found

    def _answer(self, at: pd.Timestamp) -> Said | None:
        """What the model said at a week; None when nothing was open, or nothing to learn from before it."""
        if at not in self._said:
            try:
                standing = some_open(standing_at(self.history, at))
                self._said[at] = Said(at, standing.keys, self._model_of(at).answers(standing)[0]["learned"])
            except NotEnoughDataError:
                self._said[at] = None
        return self._said[at]

    def _model_of(self, at: pd.Timestamp) -> TrainedThen:
        if self._trained is None:
            self._trained = self._first_that_can(at)
        when, model = self._trained
        if at < when:
            raise NotEnoughDataError(f"a model trained at {when}", f"one of {at} or before", "choose a later week")
        return model

    def _first_that_can(self, at: pd.Timestamp) -> tuple[pd.Timestamp, TrainedThen]:
        """Train at the first week of all lengths at which there is enough, this one at the latest."""
        weeks = sorted({week for days in self.lengths for week in self._asked(days) if week < at})
        for week in weeks:
            try:
                return week, train_then(self.history, week, self.seed)
            except NotEnoughDataError:
                continue
        return at, train_then(self.history, at, self.seed)


def past_forecasts(
    history: History, as_of: pd.Timestamp, days: float, weeks: int = 26, seed: int = 0, skip: float = 0.0
) -> list[PastForecast]:
    """Say what an earlier model expected of past periods of one length, as ``EarlierModel.past`` does."""
    return EarlierModel(history, as_of, [days], weeks, seed).past(days, skip)
