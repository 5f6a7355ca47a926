"""A customer's own columns: numbers, categories and flags, as known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import Attribute
from features.view import View

_YES = ("true", "yes", "1", "1.0", "y", "是")
_NO = ("false", "no", "0", "0.0", "n", "否")


def compute(view: View, attributes: Sequence[Attribute]) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    """Take the value of each attribute from the opportunity, or the last one recorded since.

    Returns
    -------
    Numbers and flags as float64 with NaN for missing; categories as words with None for missing.
    """
    return {f"attribute_{a.name}": _typed(_as_known(view, a.name), a.type) for a in attributes}


def _as_known(view: View, name: str) -> pd.Series:
    rows = view.history.opportunities
    stated = rows[name] if name in rows.columns else pd.Series([None] * len(rows), dtype=object)
    stated = stated.iloc[view.opportunity].astype(object).reset_index(drop=True)
    changes = view.history.field_history
    words = sorted(changes.loc[changes["field"] == name, "value"].dropna().unique())
    path = view.levels(name, words)
    later = np.array([*words, None], dtype=object)[np.where(np.isnan(path.last), -1, path.last).astype(np.int64)]
    # A value that was cleared is unknown; it does not fall back to the first.
    return stated.where(path.set_at < 0, pd.Series(later, dtype=object))


def _typed(values: pd.Series, kind: str) -> NDArray[np.float64] | NDArray[np.object_]:
    if kind == "category":
        return np.array([None if pd.isna(v) else str(v) for v in values], dtype=object)
    if kind == "flag":
        return cast(NDArray[np.float64], values.map(_flag).to_numpy(np.float64))
    return cast(NDArray[np.float64], pd.to_numeric(values, errors="coerce").to_numpy(np.float64))


def _flag(value: object) -> float:
    word = str(value).strip().lower()
    return 1.0 if word in _YES else 0.0 if word in _NO else np.nan
