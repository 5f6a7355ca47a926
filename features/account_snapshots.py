"""Snapshots of accounts: what is known of an account, all its opportunities together, as of an instant."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features import (
    account_features,
    activity_features,
    attribute_features,
    contact_features,
    email_features,
    site_visit_features,
)
from features.account_view import ACCOUNT_ATTRIBUTES, account_view
from features.activity_counts import count_activities
from features.feature import Feature
from features.history.history import History
from features.snapshot_table import snapshot_table

_NAMES = {"industry": ("industry", "行业"), "region": ("region", "地区"), "size": ("size", "规模")}


def features_of_accounts(custom_kinds: tuple[str, ...] = ()) -> tuple[Feature, ...]:
    """List the features of an account, in the order of a snapshot's columns.

    Examples
    --------
    >>> [feature.name for feature in features_of_accounts()][-3:]
    ['attribute_industry', 'attribute_region', 'attribute_size']
    """
    meaning = "As last recorded of the account; missing when empty."
    return (
        *account_features.FEATURES,
        *site_visit_features.FEATURES,
        *email_features.FEATURES,
        *contact_features.FEATURES,
        *activity_features.FEATURES,
        *(feature for kind in custom_kinds for feature in activity_features.custom_features(kind)),
        *(
            Feature(f"attribute_{a.name}", "attribute", "category", *_NAMES[a.name], meaning)
            for a in ACCOUNT_ATTRIBUTES
        ),
    )


def build_account_snapshots(
    history: History, keys: pd.DataFrame, custom_kinds: tuple[str, ...] = (), *, results_known: bool = True
) -> pd.DataFrame:
    """Build the features of accounts as of instants.

    Activities are those of the account and of all its opportunities.

    Parameters
    ----------
    history
        The recorded past. What was recorded after a snapshot's instant has no effect on it.
    keys
        The snapshots asked for: columns ``account_id`` and ``as_of``, shape (n, 2).
    custom_kinds
        Kinds of activity of the source's own that are wanted.
    results_known
        Whether the history has the accounts' earlier opportunities; if not, what follows from
        them is missing.

    Returns
    -------
    DataFrame of n rows in the order of ``keys``, indexed by ``(account_id, as_of)``, one
    column a feature of ``features_of_accounts``, typed as ``snapshot_table`` says.

    Raises
    ------
    DataError
        An account is not in the history.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> visit = {"activity_id": ["v"], "account_id": ["x"], "kind": ["site_visit"], "occurred_at": ["2026-01-03"]}
    >>> history = build_history({
    ...     "accounts": pd.DataFrame({"account_id": ["x"], "created_at": ["2026-01-01"], "region": ["north"]}),
    ...     "activities": pd.DataFrame(visit)})
    >>> key = pd.DataFrame({"account_id": ["x"], "as_of": [pd.Timestamp("2026-01-05", tz="UTC")]})
    >>> found = build_account_snapshots(history, key)
    >>> found[["account_age_days", "visits_30d", "two_way_ever"]].iloc[0].tolist(), found["attribute_region"].iloc[0]
    ([4.0, 1.0, nan], 'north')
    """
    view = account_view(history, keys)
    counts = count_activities(view, custom_kinds)
    columns: dict[str, np.ndarray] = {
        **account_features.compute(view, results_known),
        **site_visit_features.compute(counts),
        **email_features.compute(counts),
        **contact_features.compute(counts),
        **activity_features.compute(counts),
        **attribute_features.compute(view, ACCOUNT_ATTRIBUTES),
    }
    return snapshot_table(columns, features_of_accounts(custom_kinds), keys, "account_id")
