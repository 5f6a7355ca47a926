"""Columns of opportunities filled from what was told of them."""

from __future__ import annotations

import pandas as pd


def with_told(opportunities: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Give opportunities the last value told of each column; where nothing was told they keep theirs.

    Parameters
    ----------
    opportunities
        Rows with ``opportunity_id``.
    told
        Rows of ``field_history`` whose fields are columns, in the order in which the last one counts.

    Examples
    --------
    >>> rows = pd.DataFrame({"opportunity_id": ["o", "p"], "product": ["x", "y"]})
    >>> told = pd.DataFrame({"opportunity_id": ["o", "o"], "field": "product", "value": ["u", "v"]})
    >>> with_told(rows, told)["product"].tolist()
    ['v', 'y']
    """
    found = opportunities.copy(deep=False)
    for name, rows in told.groupby("field"):
        last = rows.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")["value"]
        if isinstance(found[name].dtype, pd.DatetimeTZDtype):
            last = pd.to_datetime(last, utc=True, format="ISO8601").astype(found[name].dtype)
        is_told = found["opportunity_id"].isin(last.index)
        found[name] = found[name].where(~is_told, found["opportunity_id"].map(last))
    return found


def as_first_told(opportunities: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Give opportunities the first value told of each column; ``told`` are rows of ``field_history``, every value."""
    return with_told(opportunities, told.sort_values("recorded_at", kind="stable")[::-1])
