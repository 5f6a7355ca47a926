"""Accounts seen as opportunities are: each stands as one opportunity that has all activities of its account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.activity_events import superseded
from features.errors import DataError
from features.history.history import Attribute, History
from features.history.told_columns import as_first_told
from features.instants import micros
from features.rows import Rows
from features.table_rows import TableRows
from features.view import View

ACCOUNT_ATTRIBUTES = tuple(Attribute(name, "category", "creation") for name in ("industry", "region", "size"))
"""Columns of the accounts table that are features."""

_KNOWN = ["account_id", "created_at", "recorded_at"]


def accounts_of(history: History) -> pd.DataFrame:
    """List every account by its first record: its row in ``accounts``, or an opportunity that names it.

    Returns
    -------
    DataFrame with ``account_id``, ``created_at`` and ``recorded_at``, one row an account.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> accounts = pd.DataFrame(
    ...     {"account_id": ["x", "x"], "created_at": "2026-01-01", "recorded_at": ["2026-01-01", "2026-02-01"]})
    >>> accounts_of(build_history({"accounts": accounts}))["recorded_at"].dt.month.tolist()
    [1]
    """
    # Of an instant that was corrected the first record has the first.
    told = history.field_history[history.field_history["field"] == "created_at"]
    named = as_first_told(history.opportunities, told)[_KNOWN].dropna(subset="account_id")
    records = pd.concat([history.accounts[_KNOWN], named], ignore_index=True)
    first = records.sort_values(["recorded_at", "created_at"], kind="stable").drop_duplicates("account_id")
    return first.sort_values(["recorded_at", "account_id"]).reset_index(drop=True)


@dataclass(frozen=True)
class AccountView(View):
    """Snapshots of accounts.

    ``history`` has each account as an opportunity, ``opportunity`` is the account's row in it,
    and ``recorded`` is the history that it was made from.
    """

    recorded: History

    @cached_property
    def rows(self) -> Rows:
        """The recorded past as arrays; activities are those of the account and of its opportunities."""
        return TableRows(self.history, lambda _: activities_of_accounts(self.recorded, self.opportunity_index))


def account_view(history: History, keys: pd.DataFrame) -> AccountView:
    """Look at a history from the accounts and instants named by ``keys``.

    Raises
    ------
    DataError
        An account is not in the history.
    """
    accounts = accounts_of(history)
    row = pd.Index(accounts["account_id"]).get_indexer(pd.Index(keys["account_id"]))
    if (row < 0).any():
        missing = keys["account_id"].iloc[int((row < 0).argmax())]
        raise DataError(f"account {missing!r}", "one that is in the history", "correct the id")
    derived = History(
        tables={
            "opportunities": accounts.rename(columns={"account_id": "opportunity_id"}),
            "field_history": _attribute_history(history.accounts),
        },
        processes=history.processes,
        collected=history.collected,
        attributes={attribute.name: attribute for attribute in ACCOUNT_ATTRIBUTES},
        origin=history.origin,
        observed_until=history.observed_until,
    )
    return AccountView(derived, row.astype(np.int64), micros(keys["as_of"]), history)


def _attribute_history(accounts: pd.DataFrame) -> pd.DataFrame:
    """Every record of an account sets its attributes anew, from when we were told."""
    parts = [
        pd.DataFrame(
            {
                "opportunity_id": accounts["account_id"],
                "field": attribute.name,
                "value": accounts[attribute.name],
                "occurred_at": accounts["recorded_at"],
                "recorded_at": accounts["recorded_at"],
            }
        )
        for attribute in ACCOUNT_ATTRIBUTES
    ]
    return pd.concat(parts, ignore_index=True)


def activities_of_accounts(history: History, accounts: pd.Index) -> pd.DataFrame:
    """Give every account its activities.

    An activity that names no account belongs to the account of its opportunity, and is known
    there no sooner than the opportunity is.

    Parameters
    ----------
    accounts
        Ids of the accounts.

    Returns
    -------
    DataFrame with the columns of ``activities``, and ``key`` and ``superseded`` as
    ``activities_of_opportunities`` gives them.
    """
    rows = history.activities
    rows = rows.assign(superseded=superseded(rows, "activity_id"))
    opportunity = pd.Index(history.opportunities["opportunity_id"]).get_indexer(pd.Index(rows["opportunity_id"]))
    through = np.flatnonzero(rows["account_id"].isna().to_numpy() & (opportunity >= 0))
    key = accounts.get_indexer(pd.Index(rows["account_id"])).astype(np.int64)
    owner = accounts.get_indexer(pd.Index(history.opportunities["account_id"])).astype(np.int64)
    told, known = micros(rows["recorded_at"]).copy(), micros(history.opportunities["recorded_at"])
    key[through] = owner[opportunity[through]]
    told[through] = np.maximum(told[through], known[opportunity[through]])
    rows = rows.assign(key=key, recorded_at=pd.to_datetime(told, unit="us", utc=True).as_unit("us"))
    return rows[rows["key"] >= 0].reset_index(drop=True)
