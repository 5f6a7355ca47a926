"""Reads instants: several formats, and a zone for times that name none."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from features.history.import_rows import Rows
from features.history.mapping_format import ColumnSpec, Mapping_
from features.history.schema import INSTANT

_NAMES_ZONE = r"(?:Z|[+-]\d{2}:?\d{2}|\bUTC|\bGMT)$"
_EPOCHS: dict[str, Literal["s", "ms"]] = {"epoch_s": "s", "epoch_ms": "ms"}


def instants(
    rows: Rows, name: str, values: pd.Series, spec: ColumnSpec, mapping: Mapping_, *, whole_days: bool = False
) -> pd.Series:
    """Return UTC instants; missing where the source has none.

    A text that fits no format is refused. A time without a zone is taken in the
    column's zone, else the mapping's; where the others name theirs each such row is
    flagged, and where none does the column is flagged once. ``whole_days`` are dates,
    for which the zone is not worth a flag.
    """
    zone = spec.zone or mapping.zone
    read, naive = _read(values, spec.dates or mapping.dates, zone)
    rows.refuse(values.notna() & read.isna(), f"{name} {{!r}} is in none of the formats of dates", values)
    if not whole_days:
        _flag_zone(rows, name, values, naive & read.notna(), zone)
    return read


def days_since_1970(read: pd.Series) -> pd.Series:
    """Turn instants into days since 1970, missing into NaN: dates of a customer's own are numbers to a model.

    Examples
    --------
    >>> days_since_1970(pd.Series(pd.to_datetime(["1970-01-03", None], utc=True))).tolist()
    [2.0, nan]
    """
    days: pd.Series = (read - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    return days


def _flag_zone(rows: Rows, name: str, values: pd.Series, naive: pd.Series, zone: str) -> None:
    if naive.any() and naive.sum() == values.notna().sum():
        rows.flag_column(name, f"no time of {name} names a zone: {zone} assumed")
    else:
        rows.flag(naive, f"{name} without a zone: {zone} assumed")


def _read(values: pd.Series, formats: tuple[str, ...], zone: str) -> tuple[pd.Series, pd.Series]:
    read = pd.Series(pd.NaT, index=values.index, dtype=INSTANT)
    naive = values.notna() & ~values.str.contains(_NAMES_ZONE, regex=True, na=False)
    for one in formats:
        missing = values[read.isna() & values.notna()]
        if missing.empty:
            break
        if one in _EPOCHS:
            found = _from_epoch(missing, _EPOCHS[one])
            naive &= ~found.notna().reindex(values.index, fill_value=False)
        else:
            found = _in_format(missing, naive[missing.index], one, zone)
        read = read.where(~(read.isna() & found.notna().reindex(read.index, fill_value=False)), found)
    return read.astype(INSTANT), naive


def _from_epoch(values: pd.Series, unit: Literal["s", "ms"]) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    found: pd.Series = pd.to_datetime(numbers, unit=unit, utc=True, errors="coerce").astype(INSTANT)
    return found


def _in_format(values: pd.Series, naive: pd.Series, one: str, zone: str) -> pd.Series:
    pattern = "ISO8601" if one == "iso" else one
    local = pd.to_datetime(values[naive], format=pattern, errors="coerce")
    if isinstance(local.dtype, pd.DatetimeTZDtype) or local.dtype == object:
        local = pd.to_datetime(values[naive], format=pattern, errors="coerce", utc=True).dt.tz_localize(None)
    standard = np.zeros(len(local), dtype=bool)
    localized = local.dt.tz_localize(zone, ambiguous=standard, nonexistent="shift_forward").dt.tz_convert("UTC")
    zoned = pd.to_datetime(values[~naive], format=pattern, errors="coerce", utc=True)
    both: pd.Series = pd.concat([localized.astype(INSTANT), zoned.astype(INSTANT)])
    return both.reindex(values.index)
