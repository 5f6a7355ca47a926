"""Features of snapshots as arrays by name, and as the table of them, typed alike for one snapshot and for many."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import Feature

Floats = NDArray[np.float64]
Words = NDArray[np.object_]


@dataclass(frozen=True)
class Snapshots:
    """Features of n snapshots.

    Parameters
    ----------
    columns
        Values by name, each of shape (n,): float64, or objects for words; a missing word is None or NaN.
    size
        The number n.
    kept
        What was made of them and may be used again, such as a matrix of a model.
    """

    columns: Mapping[str, np.ndarray]
    size: int
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        """Count the snapshots."""
        return self.size

    def numbers(self, name: str) -> Floats:
        """Values of a feature of numbers."""
        return np.asarray(self.columns[name], dtype=np.float64)

    def words(self, name: str) -> Words:
        """Values of a feature of words."""
        return np.asarray(self.columns[name], dtype=object)

    def take(self, rows: slice | Sequence[int]) -> Snapshots:
        """Select some of the snapshots."""
        places = np.arange(self.size)[rows]
        return Snapshots({name: values[places] for name, values in self.columns.items()}, len(places))

    def row(self, place: int) -> dict[str, Any]:
        """Give the features of one snapshot by name."""
        return {name: values[place] for name, values in self.columns.items()}


Table = pd.DataFrame | Snapshots
"""Snapshots in either form."""


def as_snapshots(table: Table) -> Snapshots:
    """Give the columns of a table of snapshots as arrays.

    Examples
    --------
    >>> as_snapshots(pd.DataFrame({"a": [1.0, 2.0]})).numbers("a")
    array([1., 2.])
    """
    if isinstance(table, Snapshots):
        return table
    return Snapshots({str(name): values.to_numpy() for name, values in table.items()}, len(table))


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
