"""Makes one of our columns from the source's: text, numbers, flags and values of dated fields."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from features.history.import_instants import instants
from features.history.import_rows import Rows
from features.history.mapping_format import ColumnSpec, Dictionary, Mapping_
from features.history.schema import ASSESSED_FIELDS, ASSESSMENTS

_FLAGS = {"true": True, "1": True, "yes": True, "y": True, "是": True, "t": True}
_FLAGS |= {"false": False, "0": False, "no": False, "n": False, "否": False, "f": False}


def text(rows: Rows, name: str, spec: ColumnSpec, mapping: Mapping_, known: Dictionary | None = None) -> pd.Series:
    """Return the source's text, through dictionary and default.

    The first filled of several columns counts. ``known`` adds spellings that hold
    besides the dictionary. A default taken is flagged.
    """
    values = _first_filled(rows, spec)
    values = _through(values, {**(known or {}), **mapping.dictionary(spec)})
    empty = values.isna()
    if spec.default is not None and empty.any():
        rows.flag(empty, f"{name} empty: default {spec.default} taken")
        values = values.where(~empty, spec.default)
    return values


def numbers(rows: Rows, name: str, spec: ColumnSpec, mapping: Mapping_) -> pd.Series:
    """Return numbers; a text that is none is refused."""
    values = text(rows, name, spec, mapping)
    read = parsed_numbers(values, mapping.decimal)
    rows.refuse(read.isna() & values.notna(), f"{name} {{!r}} is not a number", values)
    return read


def flags(rows: Rows, name: str, spec: ColumnSpec, mapping: Mapping_) -> pd.Series:
    """Return true, false or missing; another text is refused."""
    values = text(rows, name, spec, mapping)
    read = values.str.casefold().map(_FLAGS).astype("boolean")
    rows.refuse(read.isna() & values.notna(), f"{name} {{!r}} is neither true nor false", values)
    return read


def parsed_numbers(values: pd.Series, decimal: str) -> pd.Series:
    """Read numbers with marks between thousands and signs of currencies; NaN where there is none.

    A mark counts as one between thousands only before three digits: 1,5 is no number
    where the decimal point is a point.

    Examples
    --------
    >>> parsed_numbers(pd.Series(["1 234,50", "¥10.000", "x"], dtype="str"), ",").tolist()
    [1234.5, 10000.0, nan]
    """
    plain = pd.to_numeric(values, errors="coerce").astype("float64")
    if decimal == "." and plain.notna().eq(values.notna()).all():
        return plain.where(np.isfinite(plain))
    bare = values.str.replace(r"[\s'’¥￥$€£₽%]", "", regex=True)
    bare = bare.str.replace((r"," if decimal == "." else r"\.") + r"(?=\d{3}(?:\D|$))", "", regex=True)
    if decimal == ",":
        bare = bare.str.replace(".", "?", regex=False).str.replace(",", ".", regex=False)
    read = pd.to_numeric(bare, errors="coerce").astype("float64")
    return read.where(np.isfinite(read))


def field_values(rows: Rows, fields: pd.Series, values: pd.Series, spec: ColumnSpec, mapping: Mapping_) -> pd.Series:
    """Write values of dated fields in one way: amounts as numbers, dates as ISO 8601, assessments in our words."""
    written = values.copy()
    if (amounts := (fields == "amount") & values.notna()).any():
        read = parsed_numbers(values[amounts], mapping.decimal).reindex(values.index)
        rows.refuse(amounts & read.isna(), "amount {!r} is not a number", values)
        rows.refuse(amounts & (read < 0), "negative amount {}", values)
        written = written.where(~amounts, read.map(_plain_number).astype("str"))
    if (dates := (fields == "expected_close_date") & values.notna()).any():
        read = instants(rows, "expected_close_date", values.where(dates), spec, mapping, whole_days=True)
        days = read.dt.tz_convert(spec.zone or mapping.zone).dt.strftime("%Y-%m-%d")
        written = written.where(~dates, days.astype("str"))
    if (assessed := fields.isin(list(ASSESSED_FIELDS)) & values.notna()).any():
        words = values.str.casefold()
        rows.refuse(
            assessed & ~words.isin(ASSESSMENTS), f"assessment {{!r}} is none of {', '.join(ASSESSMENTS)}", values
        )
        written = written.where(~assessed, words)
    return written


def _plain_number(number: float) -> str | None:
    return None if math.isnan(number) else np.format_float_positional(number, trim="-")


def _first_filled(rows: Rows, spec: ColumnSpec) -> pd.Series:
    if spec.constant is not None:
        return pd.Series(spec.constant, index=rows.raw.index, dtype="str")
    if spec.line:
        return rows.cells["@line"].astype("str")
    values = rows.source(spec.column[0] if spec.column else str(spec.order))
    for column in spec.column[1:]:
        values = values.fillna(rows.source(column))
    return values


def _through(values: pd.Series, dictionary: Dictionary) -> pd.Series:
    """Replace each known spelling, whatever its case, by our value; others stay as they are."""
    if not dictionary:
        return values
    ours = {key.casefold(): key for key in dictionary}
    ours |= {spelling.casefold(): key for key, spellings in dictionary.items() for spelling in spellings}
    return values.str.casefold().map(ours).astype("str").fillna(values)
