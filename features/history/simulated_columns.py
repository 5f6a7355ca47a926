"""Columns of the simulated tables: words, names with a number, and instants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.history.simulated_world import LATE_MEDIAN, LATE_SHARE, LATE_SPREAD, START, Flags, Floats

_MICROSECONDS_A_DAY = 86_400_000_000


def words(codes: npt.ArrayLike, vocabulary: Sequence[str]) -> pd.Series:
    """Turn codes into words; NaN and negative codes are missing.

    Examples
    --------
    >>> words([1, -1, 0], ("no", "yes")).tolist()
    ['yes', nan, 'no']
    """
    numbers, missing = _with_gaps(codes)
    return pd.Series(
        pd.array(pa.array(list(vocabulary), pa.large_string()).take(pa.array(numbers, mask=missing)), dtype="str")
    )


def names(prefix: str, numbers: npt.ArrayLike) -> pd.Series:
    """Turn numbers into names; NaN and negative numbers are missing.

    Examples
    --------
    >>> names("o", [12, np.nan]).tolist()
    ['o0000012', nan]
    """
    whole, missing = _with_gaps(numbers)
    digits = pc.utf8_lpad(pc.cast(pa.array(whole, mask=missing), pa.large_string()), 7, "0")
    start, nothing = pa.scalar(prefix, pa.large_string()), pa.scalar("", pa.large_string())
    return pd.Series(pd.array(pc.binary_join_element_wise(start, digits, nothing), dtype="str"))


def instants(days: npt.ArrayLike) -> pd.Series:
    """Turn days since the start into instants, to the second.

    Examples
    --------
    >>> instants([0.5])[0].isoformat()
    '2024-01-01T12:00:00+00:00'
    """
    seconds = np.round(np.asarray(days, dtype=np.float64) * 86_400).astype(np.int64)
    return pd.Series(START + pd.to_timedelta(seconds, unit="s")).astype("datetime64[us, UTC]")


def delays(count: int, rng: np.random.Generator) -> Floats:
    """Draw by how many days each event is recorded late; most are not."""
    late = rng.random(count) < LATE_SHARE
    return np.where(late, LATE_MEDIAN * np.exp(LATE_SPREAD * rng.normal(size=count)), 0.0)


def _with_gaps(numbers: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Flags]:
    values = np.asarray(numbers, dtype=np.float64)
    missing = ~(values >= 0)
    return np.where(missing, 0, values).astype(np.int64), missing
