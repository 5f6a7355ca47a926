"""Snapshots as matrices: numbers as they are, each usual word of a category as a column of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_WORDS = 20
_LEAST_ROWS = 10
_FEW = 8
"""Rows up to which it is faster to take a table as one array of objects than to select columns from it."""


@dataclass(frozen=True)
class Encoding:
    """How a snapshot becomes a row of numbers.

    Parameters
    ----------
    numbers
        Columns taken as they are; missing stays NaN.
    words
        Columns of words, each with the words that have a column of their own.
    """

    numbers: tuple[str, ...]
    words: dict[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the matrix's columns, ``column=word`` for words."""
        return (*self.numbers, *(f"{column}={word}" for column, words in self.words.items() for word in words))

    @cached_property
    def features(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Names of the features, and the place of the feature of each column of the matrix, shape (p,)."""
        of_column = [name.split("=")[0] for name in self.names]
        features = tuple(dict.fromkeys(of_column))
        return features, np.array([features.index(name) for name in of_column], dtype=np.int64)

    def matrix(self, snapshots: pd.DataFrame) -> Floats:
        """Encode snapshots as float64 of shape (n, p); a missing word is NaN in all its columns.

        A word without a column of its own is 0 in all.
        """
        if len(snapshots) <= _FEW:
            return self._of_few(snapshots)
        parts = [snapshots[list(self.numbers)].to_numpy(np.float64)]
        parts += [_hits(snapshots[column].to_numpy(dtype=object), words) for column, words in self.words.items()]
        return np.concatenate(parts, axis=1)

    def _of_few(self, snapshots: pd.DataFrame) -> Floats:
        """Encode a few snapshots; the numbers are the same."""
        values = snapshots.to_numpy(dtype=object)
        place = {name: column for column, name in enumerate(snapshots.columns)}
        parts = [values[:, [place[name] for name in self.numbers]].astype(np.float64)]
        parts += [_hits(values[:, place[column]], words) for column, words in self.words.items()]
        return np.concatenate(parts, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoding in JSON; ``Encoding.from_dict`` reads it back."""
        # A list, for the order of the columns is part of the encoding, and that of a JSON object is not kept.
        return {"numbers": list(self.numbers), "words": [[column, list(words)] for column, words in self.words.items()]}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Encoding:
        """Read what ``to_dict`` wrote."""
        return cls(tuple(raw["numbers"]), {column: tuple(words) for column, words in raw["words"]})


def _hits(values: NDArray[np.object_], words: tuple[str, ...]) -> Floats:
    """1 where a value is the word of the column, 0 where it is another, NaN where it is missing."""
    hits = np.stack([values == word for word in words], axis=1).astype(np.float64)
    return np.where(pd.isna(values)[:, None], np.nan, hits)


def learn_encoding(snapshots: pd.DataFrame) -> Encoding:
    """Learn which columns and words to encode.

    Columns that never vary (a missing value is a value here) are left out. A word gets a
    column when it occurs at least 10 times and is among the 20 most frequent.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 2.0] * 10, "b": 1.0, "c": ["x", "y"] * 10})
    >>> learn_encoding(frame).names
    ('a', 'c=x', 'c=y')
    """
    numbers, words = [], {}
    for column in snapshots.columns:
        values = snapshots[column]
        if pd.api.types.is_float_dtype(values.dtype):
            if values.nunique(dropna=False) > 1:
                numbers.append(column)
            continue
        counts = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        usual = [str(w) for w in counts.index[counts.to_numpy() >= _LEAST_ROWS][:_MOST_WORDS]]
        if len(usual) > 1 or (usual and values.isna().any()):
            words[str(column)] = tuple(sorted(usual))
    return Encoding(tuple(numbers), words)
