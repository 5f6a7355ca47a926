"""The only place that reads the clock."""

from __future__ import annotations

import pandas as pd


def now() -> pd.Timestamp:
    """Return the present instant, UTC, whole microseconds."""
    return pd.Timestamp.now(tz="UTC").floor("us").as_unit("us")
