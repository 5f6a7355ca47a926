"""Instants as integers: microseconds since 1970 UTC, so that sums and comparisons are exact."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import cast

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


_FIRST_DAY = date(1970, 1, 1).toordinal()
_FIXED: dict[tzinfo, int] = {}
"""Zones of one offset that were met, each with the offset in microseconds: to ask a zone takes longer than the rest."""


def micros_of(instant: datetime | int) -> int:
    """Turn one instant with its zone into microseconds since 1970 UTC; a ``Timestamp`` is one too.

    A whole number is taken as microseconds already, as a database gives them.

    Examples
    --------
    >>> micros_of(pd.Timestamp("1970-01-01T08:00:01+08:00"))
    1000000
    """
    if isinstance(instant, int):
        return instant
    zone = cast(tzinfo, instant.tzinfo)
    offset = _FIXED.get(zone)
    if offset is None:
        offset = _offset(zone, instant)
    seconds = (instant.toordinal() - _FIRST_DAY) * 86_400 + instant.hour * 3600 + instant.minute * 60 + instant.second
    return seconds * SECOND + instant.microsecond - offset


def _offset(zone: tzinfo, instant: datetime) -> int:
    """Offset of an instant's zone; kept where it does not depend on the instant."""
    always, now = zone.utcoffset(None), cast(timedelta, zone.utcoffset(instant.replace(tzinfo=None)))
    offset = now // timedelta(microseconds=1)
    if always is not None:
        _FIXED[zone] = offset
    return offset
