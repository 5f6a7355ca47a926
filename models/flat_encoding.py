"""Rows of a flat table as matrices: numbers as they are, categories as codes of their usual words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.snapshot_table import Table, as_snapshots

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_ROWS = 5
"""Rows that a word needs for an effect of its own; the others share one."""
MOST_WORDS = 1_000
_ID_SHARE = 0.5
"""A category with more different words than this share of its rows is an id or free text."""


@dataclass(frozen=True)
class FlatEncoding:
    """How a row becomes numbers and codes.

    Parameters
    ----------
    numbers
        Columns of numbers, each with the value that stands for a missing one: its median when
        none was missing in training, so that nothing is known of what missing means; else None.
    words
        Categories, each with the words that have a code of their own.
    """

    numbers: dict[str, float | None]
    words: dict[str, tuple[str, ...]]

    def values(self, snapshots: Table) -> Floats:
        """Numbers of shape (n, p), missing as NaN where training had missing ones too."""
        found = as_snapshots(snapshots)
        raw = np.empty((len(found), len(self.numbers)))
        for place, name in enumerate(self.numbers):
            raw[:, place] = found.numbers(name)
        for place, usual in enumerate(self.numbers.values()):
            if usual is not None:
                raw[np.isnan(raw[:, place]), place] = usual
        return raw

    def codes(self, snapshots: Table) -> Ints:
        """Codes of shape (n, c): 0 missing, 1 any other word, from 2 the words in order."""
        codes = np.zeros((len(snapshots), len(self.words)), np.int64)
        for place, (column, words) in enumerate(self.words.items()):
            codes[:, place] = _codes(as_snapshots(snapshots).words(column), words)
        return codes

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoding in JSON; ``FlatEncoding.from_dict`` reads it back."""
        return {
            "numbers": [[name, usual] for name, usual in self.numbers.items()],
            "words": [[name, list(words)] for name, words in self.words.items()],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> FlatEncoding:
        """Read what ``to_dict`` wrote."""
        return cls(dict(raw["numbers"]), {name: tuple(words) for name, words in raw["words"]})


def _codes(values: pd.Series | NDArray[np.object_], words: tuple[str, ...]) -> Ints:
    named = pd.Index(values, dtype=object)
    found = pd.Index(words, dtype=object).get_indexer(named).astype(np.int64)
    return np.where(named.isna(), 0, np.where(found < 0, 1, found + 2))


def learn_flat_encoding(snapshots: pd.DataFrame) -> FlatEncoding:
    """Learn which columns and words to encode; columns that never vary are left out.

    Of a category with nearly as many words as rows (an id, a free text) no word counts, only
    whether it is missing.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 2.0] * 5, "b": 1.0, "c": ["x", "y"] * 5})
    >>> learn_flat_encoding(frame)
    FlatEncoding(numbers={'a': 1.5}, words={'c': ('x', 'y')})
    """
    numbers: dict[str, float | None] = {}
    words: dict[str, tuple[str, ...]] = {}
    for name, values in snapshots.items():
        if pd.api.types.is_float_dtype(values.dtype):
            if values.nunique(dropna=False) > 1:
                numbers[str(name)] = None if values.isna().any() else float(values.median())
            continue
        usual = usual_words(values)
        # Told apart are missing, each usual word, and all others together.
        if len(np.unique(_codes(values, usual))) > 1:
            words[str(name)] = usual
    return FlatEncoding(numbers, words)


def usual_words(values: pd.Series) -> tuple[str, ...]:
    """Words of a category that are frequent enough to count, sorted; none of an id."""
    if is_id(values):
        return ()
    counts = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return tuple(sorted(str(word) for word in counts.index[counts.to_numpy() >= LEAST_ROWS][:MOST_WORDS]))


def is_id(values: pd.Series) -> bool:
    """Whether a category has nearly as many different words as rows.

    Examples
    --------
    >>> is_id(pd.Series([f"no {i}" for i in range(30)])), is_id(pd.Series(["x", "y"] * 15))
    (True, False)
    """
    filled = int(values.notna().sum())
    return filled > 0 and values.nunique() > max(_ID_SHARE * filled, 2)
