"""High, medium or low: how a customer is to be attended to, by size, need and intent.

Three signs of the customer's open opportunities, assessed anew at every instant. *Size*: the expected
value is at least the median of all customers. *Need*: it is assessed as yes. *Intent*: one is active.
All three: high. Two: medium. Otherwise low; but where too few signs are known to tell, unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scoring.words import Words

PRIORITIES = {"high": Words("high", "高"), "medium": Words("medium", "中"), "low": Words("low", "低")}


def priorities(rows: pd.DataFrame) -> pd.Series:
    """Give the priority of each account with something open.

    Parameters
    ----------
    rows
        Opportunities with ``account_id``, ``outcome``, ``expected_value``, ``class`` and ``need``.

    Returns
    -------
    ``high``, ``medium`` or ``low`` by account; missing where the signs that are not known would decide.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "account_id": ["a", "b", "c"], "outcome": "open", "expected_value": [10.0, 1.0, 2.0],
    ...     "class": ["active", "active", "potential"], "need": ["yes", None, "no"]})
    >>> priorities(rows).fillna("-").to_dict()
    {'a': 'high', 'b': '-', 'c': 'low'}
    """
    is_open = rows[(rows["outcome"] == "open") & rows["account_id"].notna()]
    signs = pd.DataFrame(
        {
            "size": is_open.groupby("account_id")["expected_value"].sum(min_count=1),
            "need": _any(is_open, "need", "yes"),
            "intent": _any(is_open, "class", "active"),
        }
    )
    signs["size"] = (signs["size"] >= signs["size"].median()).astype("float64").where(signs["size"].notna())
    least, most = signs.sum(axis=1), signs.fillna(1).sum(axis=1)
    names = np.array(["low", "low", "medium", "high"], dtype=object)
    at_least, at_most = names[least.astype(np.int64)], names[most.astype(np.int64)]
    return pd.Series(at_least, signs.index, dtype="str").where(at_least == at_most)


def _any(rows: pd.DataFrame, column: str, word: str) -> pd.Series:
    """1 where an opportunity of the account has the word, 0 where none has and one is known, else missing."""
    says = (rows[column] == word).astype("float64").where(rows[column].notna())
    return says.groupby(rows["account_id"]).max()
