"""Which account an opportunity was known to be of, and from when until when."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.history.history import History
from features.instants import micros
from features.rows import NOT_REPLACED

_ALWAYS = int(np.iinfo(np.int64).min)
_COLUMNS = ["key", "account_id", "since", "until"]


def belonging(history: History) -> pd.DataFrame:
    """List the accounts that each opportunity was known to be of.

    Returns
    -------
    DataFrame with ``key`` (the opportunity's row), ``account_id``, and ``since`` and ``until`` in
    microseconds: it was known to be of this account from ``since`` on and before ``until``.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> history = build_history({
    ...     "opportunities": pd.DataFrame({"opportunity_id": ["o", "p"], "account_id": ["y", "z"],
    ...         "process": "default", "created_at": "1970-01-01"}),
    ...     "field_history": pd.DataFrame({"opportunity_id": ["o", "o"], "field": "account_id",
    ...         "value": ["x", "y"], "occurred_at": ["1970-01-01", "1970-01-02"]})})
    >>> found = belonging(history).query("since >= 0")
    >>> found["account_id"].tolist(), found["since"].tolist()
    (['x', 'y'], [0, 86400000000])
    """
    stated = history.opportunities.reset_index(names="key")[["key", "opportunity_id", "account_id"]]
    told = _told_anew(history, stated)
    always = stated[~stated["key"].isin(told["key"])].assign(since=_ALWAYS, until=NOT_REPLACED)
    return pd.concat([always[_COLUMNS], told[_COLUMNS]], ignore_index=True).dropna(subset="account_id")


def _told_anew(history: History, stated: pd.DataFrame) -> pd.DataFrame:
    """Accounts told since, each until the next; what is told late of an earlier time changes nothing."""
    rows = history.field_history
    rows = rows[rows["field"] == "account_id"].merge(stated[["key", "opportunity_id"]], on="opportunity_id")
    rows = rows.assign(since=micros(rows["recorded_at"])).sort_values(["key", "since"], kind="stable")
    rows = rows[rows["occurred_at"] >= rows.groupby("key")["occurred_at"].cummax()]
    until = rows.groupby("key")["since"].shift(-1, fill_value=NOT_REPLACED)
    return rows.assign(account_id=rows["value"], until=until)


def known_through(shared: pd.DataFrame) -> pd.DataFrame:
    """Activities of accounts as far as their opportunities were known to be of the account.

    Parameters
    ----------
    shared
        Activities with ``superseded``, joined with ``belonging``. An activity told before the
        opportunity was of the account is known of it from then on.
    """
    told = np.maximum(micros(shared["recorded_at"]), shared["since"].to_numpy(np.int64))
    until = np.minimum(shared["superseded"].to_numpy(np.int64), shared["until"].to_numpy(np.int64))
    recorded_at = pd.to_datetime(told, unit="us", utc=True).as_unit("us")
    found: pd.DataFrame = shared.assign(recorded_at=recorded_at, superseded=until)[told < until]
    return found.drop(columns=["since", "until"])
