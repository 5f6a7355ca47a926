"""What an account's opportunities were at an instant: open, won or lost, and since when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.account_view import accounts_of
from features.history.history import History
from features.instants import micros
from features.outcomes import LOST, WON
from features.view import Bools, Ints, View


@dataclass(frozen=True)
class AccountResults:
    """State of the opportunities of each snapshot's account, as then known; arrays of shape (n,).

    ``open``, ``won`` and ``lost`` count opportunities. ``last_close`` and ``last_win`` are
    instants in microseconds, -1 when there is none.
    """

    open: Ints
    won: Ints
    lost: Ints
    last_close: Ints
    last_win: Ints


def account_results(history: History, accounts: pd.Index, account: Ints, as_of: Ints) -> AccountResults:
    """Look at the opportunities of accounts at instants.

    Parameters
    ----------
    accounts
        Ids of accounts.
    account
        Place of each snapshot's account in ``accounts``, shape (n,).
    as_of
        Instant of each snapshot, microseconds, shape (n,).
    """
    snapshot, opportunity = _pairs(history, accounts, account)
    view = View(history, opportunity, as_of[snapshot])
    stage, entered = view.stage_path.stage, view.stage_path.entered
    known = micros(history.opportunities["recorded_at"])[opportunity] <= view.as_of
    outcome = np.where(stage >= 0, view.stage_outcome[stage], 0)
    is_won, is_lost, is_open = (known & (outcome == code) for code in (WON, LOST, 0))
    size = len(as_of)
    return AccountResults(
        open=_count(snapshot, is_open, size),
        won=_count(snapshot, is_won, size),
        lost=_count(snapshot, is_lost, size),
        last_close=_last(snapshot, entered, is_won | is_lost, size),
        last_win=_last(snapshot, entered, is_won, size),
    )


def idle_accounts(history: History, as_of: Ints) -> pd.DataFrame:
    """List the accounts known and without an open opportunity, as then known, at each of some instants.

    Parameters
    ----------
    as_of
        Instants in microseconds.

    Returns
    -------
    DataFrame with ``account_id`` and ``as_of``, ordered by instant, then by first record.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> opportunities = pd.DataFrame({"opportunity_id": ["o"], "account_id": ["x"], "process": ["default"],
    ...                               "created_at": ["2026-01-05"]})
    >>> accounts = pd.DataFrame({"account_id": ["x", "y"], "created_at": ["2026-01-01", "2026-01-04"]})
    >>> history = build_history({"accounts": accounts, "opportunities": opportunities})
    >>> days = micros(pd.to_datetime(pd.Index(["2026-01-02", "2026-01-06"]), utc=True))
    >>> idle_accounts(history, days)["account_id"].tolist()
    ['x', 'y']
    """
    accounts = accounts_of(history)
    when, which = np.nonzero(micros(accounts["recorded_at"])[None, :] <= as_of[:, None])
    found = account_results(history, pd.Index(accounts["account_id"]), which.astype(np.int64), as_of[when])
    idle = found.open == 0
    ids = accounts["account_id"].to_numpy(dtype=object)[which[idle]]
    instants = pd.to_datetime(as_of[when][idle], unit="us", utc=True).as_unit("us")
    return pd.DataFrame({"account_id": pd.Series(ids, dtype="str"), "as_of": instants})


def _pairs(history: History, accounts: pd.Index, account: Ints) -> tuple[Ints, Ints]:
    """Each snapshot with each opportunity of its account: row of the snapshot, row of the opportunity."""
    owner = accounts.get_indexer(pd.Index(history.opportunities["account_id"]))
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(accounts) + 1))
    size = np.diff(starts)[account]
    snapshot = np.repeat(np.arange(len(account)), size)
    place = np.arange(len(snapshot)) - np.repeat(np.cumsum(size) - size, size)
    return snapshot.astype(np.int64), order[starts[account][snapshot] + place].astype(np.int64)


def _count(snapshot: Ints, here: Bools, size: int) -> Ints:
    return np.bincount(snapshot[here], minlength=size).astype(np.int64)


def _last(snapshot: Ints, at: Ints, here: Bools, size: int) -> Ints:
    last = np.full(size, -1, np.int64)
    np.maximum.at(last, snapshot[here], at[here])
    return last
