"""A customer's own columns: numbers, categories and flags, as known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.field_values import number_of
from features.history.history import Attribute
from features.rows import Words
from features.view import View

_YES = ("true", "yes", "1", "1.0", "y", "是")
_NO = ("false", "no", "0", "0.0", "n", "否")


def compute(view: View, attributes: Sequence[Attribute]) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    """Take the value of each attribute from the opportunity, or the last one recorded since.

    Returns
    -------
    Numbers and flags as float64 with NaN for missing; categories as words with None for missing.
    """
    return {f"attribute_{a.name}": _typed(view.as_known(a.name), a.type) for a in attributes}


def _typed(values: Words, kind: str) -> NDArray[np.float64] | Words:
    if kind == "category":
        return np.array([None if value is None else str(value) for value in values], dtype=object)
    read = _flag if kind == "flag" else number_of
    return np.array([read(value) for value in values], dtype=np.float64)


def _flag(value: object) -> float:
    word = str(value).strip().lower()
    return 1.0 if word in _YES else 0.0 if word in _NO else np.nan
