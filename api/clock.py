"""The only place that reads the clock."""

from __future__ import annotations

import time

import pandas as pd


def now() -> pd.Timestamp:
    """Return the present instant, UTC, whole microseconds."""
    return pd.Timestamp.now(tz="UTC").floor("us").as_unit("us")


def seconds() -> float:
    """Return the seconds of a clock that never goes back; only differences mean something."""
    return time.perf_counter()


def since_1970() -> float:
    """Return the present as seconds since 1970, UTC."""
    return time.time()
