"""Instants as integers: microseconds since 1970 UTC, so that sums and comparisons are exact."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SECOND = 1_000_000
DAY = 86_400 * SECOND


def micros(instants: pd.Series | pd.Index) -> NDArray[np.int64]:
    """Turn UTC instants into microseconds; a missing instant is the least int64.

    Examples
    --------
    >>> micros(pd.Series(pd.to_datetime(["1970-01-02"], utc=True)))
    array([86400000000])
    """
    return np.asarray(instants.astype(pd.DatetimeTZDtype("us", "UTC")).astype("int64"), dtype=np.int64)


def instant(micro: int) -> pd.Timestamp:
    """Turn microseconds into a UTC instant.

    Examples
    --------
    >>> instant(DAY).isoformat()
    '1970-01-02T00:00:00+00:00'
    """
    return pd.Timestamp(micro, unit="us", tz="UTC")
