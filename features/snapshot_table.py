"""Columns of features as the table of snapshots, typed alike for one snapshot and for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from features.feature import Feature


def snapshot_table(
    columns: Mapping[str, np.ndarray], features: Sequence[Feature], keys: pd.DataFrame, key: str
) -> pd.DataFrame:
    """Put columns together, one a feature, indexed by ``(key, as_of)``.

    Parameters
    ----------
    columns
        Values of at least the features, by name, each of shape (n,).
    keys
        The snapshots: columns ``key`` and ``as_of``, shape (n, 2).

    Returns
    -------
    DataFrame of n rows in the order of ``keys``: float64, and ``str`` for words; missing is NaN in both.
    """
    index = pd.MultiIndex.from_arrays([keys[key], keys["as_of"]], names=[key, "as_of"])
    # Typed as words even where all are missing, so that one snapshot has the types of many.
    typed = {f.name: pd.array(columns[f.name], dtype="str") if f.is_category else columns[f.name] for f in features}
    return pd.DataFrame(typed, index=index)
