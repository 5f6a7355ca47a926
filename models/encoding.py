"""Snapshots as matrices: numbers as they are, each usual word of a category as a column of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.snapshot_table import Snapshots, Table, as_snapshots

Floats = NDArray[np.float64]

_MOST_WORDS = 20
_LEAST_ROWS = 10


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

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the matrix's columns, ``column=word`` for words."""
        return (*self.numbers, *(f"{column}={word}" for column, words in self.words.items() for word in words))

    @cached_property
    def features(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Names of the features, and the place of the feature of each column of the matrix, shape (p,)."""
        of_column = [name.split("=")[0] for name in self.names]
        features = tuple(dict.fromkeys(of_column))
        return features, np.array([features.index(name) for name in of_column], dtype=np.int64)

    def matrix(self, snapshots: Table) -> Floats:
        """Encode snapshots as float64 of shape (n, p); a missing word is NaN in all its columns.

        A word without a column of its own is 0 in all.
        """
        found = as_snapshots(snapshots)
        if self._key not in found.kept:
            found.kept[self._key] = self._encoded(found)
        matrix: Floats = found.kept[self._key]
        return matrix

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        return self.numbers, tuple(self.words.items())

    def _encoded(self, snapshots: Snapshots) -> Floats:
        matrix = np.empty((len(snapshots), len(self.names)))
        if self.numbers:
            numbers = np.concatenate([snapshots.columns[name] for name in self.numbers])
            matrix[:, : len(self.numbers)] = numbers.reshape(len(self.numbers), -1).T
        at = len(self.numbers)
        for column, words in self.words.items():
            matrix[:, at : at + len(words)] = self._hits[column][self._places(column, snapshots.words(column))]
            at += len(words)
        matrix.flags.writeable = False
        return matrix

    def _places(self, column: str, values: NDArray[np.object_]) -> list[int]:
        """Row of ``_hits`` of each value."""
        place, others = self._place[column], len(self.words[column])
        return [place.get(word, others) if isinstance(word, str) else others + 1 for word in values]

    @cached_property
    def _place(self) -> dict[str, dict[str, int]]:
        return {column: {word: place for place, word in enumerate(words)} for column, words in self.words.items()}

    @cached_property
    def _hits(self) -> dict[str, Floats]:
        """What stands in the columns of each word, of any other word, and of none, shape (w + 2, w)."""
        sizes = {column: len(words) for column, words in self.words.items()}
        return {c: np.concatenate([np.eye(w), np.zeros((1, w)), np.full((1, w), np.nan)]) for c, w in sizes.items()}

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoding in JSON; ``Encoding.from_dict`` reads it back."""
        # A list, for the order of the columns is part of the encoding, and that of a JSON object is not kept.
        return {"numbers": list(self.numbers), "words": [[column, list(words)] for column, words in self.words.items()]}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Encoding:
        """Read what ``to_dict`` wrote."""
        return cls(tuple(raw["numbers"]), {column: tuple(words) for column, words in raw["words"]})


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
