"""What became of accounts: when we were told that the need of one of their opportunities is confirmed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.account_view import accounts_of
from features.history.history import History
from features.history.schema import ASSESSMENTS
from features.instants import DAY, micros
from features.outcomes import CENSORED, WON, Labels
from features.view import View
from training.need import next_after

Ints = NDArray[np.int64]

LONGEST = 120.0
"""Days that an account is watched at most: enough to learn about 90, and what comes later is another story."""

_LEVELS = [word for word in ASSESSMENTS if word != "unknown"]
_NOT, _CONFIRMED, _WON = 0, 1, 2


def account_labels(history: History, keys: pd.DataFrame, until: pd.Timestamp) -> Labels:
    """Find when the need of an opportunity of each account was confirmed after each snapshot.

    Confirmed is a stage with ``need_confirmed``, a win, or N assessed as yes, from the instant
    at which we were told. Nothing competes with it: an account that loses an opportunity may
    have another need. "Won" stands for confirmed; all others are censored, and watched for at
    most 120 days.

    Parameters
    ----------
    keys
        Columns ``account_id`` and ``as_of``.
    until
        End of what may be known: nothing recorded later is used.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> history = build_history({
    ...     "opportunities": pd.DataFrame({"opportunity_id": ["o"], "account_id": ["x"],
    ...                                    "process": ["default"], "created_at": ["2026-01-08"]}),
    ...     "stage_history": pd.DataFrame(
    ...         {"opportunity_id": ["o"], "stage": ["proposal"], "occurred_at": ["2026-01-15"]})})
    >>> key = pd.DataFrame({"account_id": ["x"], "as_of": [pd.Timestamp("2026-01-05", tz="UTC")]})
    >>> found = account_labels(history, key, pd.Timestamp("2026-02-01", tz="UTC"))
    >>> found.days, found.outcome, found.watched
    (array([10.]), array([1]), array([27.]))
    """
    accounts = pd.Index(accounts_of(history)["account_id"])
    as_of, end = micros(keys["as_of"]), int(micros(pd.Index([until]))[0])
    opportunity, told = confirmations(history, until)
    owner = accounts.get_indexer(pd.Index(history.opportunities["account_id"]))[opportunity]
    order = np.lexsort((told, owner))
    order = order[owner[order] >= 0]
    starts = np.searchsorted(owner[order], np.arange(len(accounts) + 1))
    asked = accounts.get_indexer(pd.Index(keys["account_id"])).astype(np.int64)
    confirmed = next_after(starts, told[order], asked, as_of)
    watched = np.minimum((end - as_of) / DAY, LONGEST)
    days = np.where(confirmed >= 0, (confirmed - as_of) / DAY, np.inf)
    outcome = np.where(days <= watched, WON, CENSORED).astype(np.int64)
    return Labels(np.minimum(days, watched), outcome, watched)


def confirmations(history: History, until: pd.Timestamp) -> tuple[Ints, Ints]:
    """List each time that we were told, by an instant, that an opportunity's need is confirmed.

    What is told late of an opportunity that is known to be closed confirms nothing.

    Returns
    -------
    Row of the opportunity, and the instant in microseconds.
    """
    opportunity, at = _moments(history, int(micros(pd.Index([until]))[0]))
    state = _states(View(history, opportunity, at))
    first = np.append(True, opportunity[1:] != opportunity[:-1])[: len(opportunity)]
    before = np.where(first, _NOT, np.roll(state, 1))
    fresh = ((state == _CONFIRMED) & (before != _CONFIRMED)) | ((state == _WON) & (before == _NOT))
    return opportunity[fresh], at[fresh]


def _moments(history: History, end: int) -> tuple[Ints, Ints]:
    """Every instant at which what is known of an opportunity's stage or need may have changed."""
    fields = history.field_history
    columns = ["opportunity_id", "occurred_at", "recorded_at"]
    told = pd.concat([history.stage_history[columns], fields.loc[fields["field"] == "need", columns]])
    row = pd.Index(history.opportunities["opportunity_id"]).get_indexer(pd.Index(told["opportunity_id"]))
    known = micros(history.opportunities["recorded_at"])
    at = np.maximum.reduce([micros(told["occurred_at"]), micros(told["recorded_at"]), known[row]])
    moments = pd.DataFrame({"row": row, "at": at})[(row >= 0) & (at <= end)]
    moments = moments.drop_duplicates().sort_values(["row", "at"])
    return moments["row"].to_numpy(np.int64), moments["at"].to_numpy(np.int64)


def _states(view: View) -> Ints:
    stage = view.stage_path.stage
    outcome = np.where(stage >= 0, view.stage_outcome[stage], 0)
    by_stage = np.array([s.need_confirmed for _, s in view.stages])[stage] & (stage >= 0)
    by_need = view.levels("need", _LEVELS).last == _LEVELS.index("yes")
    open_state = np.where(by_stage | by_need, _CONFIRMED, _NOT)
    return np.select([outcome == 0, outcome == WON], [open_state, _WON], _NOT).astype(np.int64)
