"""Reads targets, commits, teams and rates from a file as managers keep them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.errors import SchemaError
from features.history.dated_inputs import KINDS
from features.history.schema import INSTANT
from features.history.source_files import SourceFile, read_source_file

HEADERS = {
    "范围": "scope",
    "名称": "name",
    "开始日期": "period_start",
    "结束日期": "period_end",
    "金额": "amount",
    "币种": "currency",
    "赢单数": "wins",
    "负责人": "owner_id",
    "团队": "team",
    "目标币种": "to_currency",
    "汇率": "rate",
    "生效时间": "valid_from",
    "记录时间": "recorded_at",
}
"""Chinese headers, each beside the column that it means."""


def read_inputs_file(path: Path, kind: str, zone: str) -> pd.DataFrame:
    """Read rows of one kind of input.

    Parameters
    ----------
    kind
        A key of ``KINDS``.
    zone
        Time zone of instants that name none.

    Returns
    -------
    Columns of the kind as they are in the file; instants in UTC, numbers as numbers. An empty cell is missing.

    Raises
    ------
    UnreadableSourceError
        The file, or a row of it, cannot be read.
    SchemaError
        A column is unknown, or a value cannot be read; the line is named.
    """
    file = read_source_file(path)
    if len(file.unreadable):
        first = file.unreadable.iloc[0]
        raise SchemaError(f"line {first['line']} of {file.name}: {first['reason']}", "a whole row", "correct the line")
    rows = file.rows.rename(columns=lambda name: HEADERS.get(str(name).strip(), str(name).strip()))
    types = {column.name: column.type for column in KINDS[kind].table.columns}
    unknown = [name for name in rows.columns if name not in types]
    if unknown:
        found = f"column {unknown[0]!r} in {file.name}"
        raise SchemaError(found, f"only {', '.join(types)}", "rename or drop the column")
    return pd.DataFrame({name: _typed(rows[name], types[name], file, zone) for name in rows.columns})


def _typed(values: pd.Series, kind: str, file: SourceFile, zone: str) -> pd.Series:
    if kind == "text":
        return values
    if kind == "number":
        plain = values.astype("str").str.replace(",", "")
        read: pd.Series = pd.to_numeric(plain, errors="coerce").astype("float64")
    else:
        read = pd.Series([_instant(text, zone) for text in values], values.index, dtype=INSTANT)
    wrong = (values.notna() & read.isna()).to_numpy()
    if wrong.any():
        place = int(wrong.argmax())
        found = f"{values.name} {values.iloc[place]!r} in line {file.lines[place]} of {file.name}"
        raise SchemaError(found, "a number" if kind == "number" else "a day such as 2026-04-01", "correct the value")
    return read


def _instant(text: object, zone: str) -> pd.Timestamp | None:
    """Read an instant; a day begins where it is reported."""
    if not isinstance(text, str):
        return None
    try:
        read = pd.Timestamp(text)
        return (read if read.tzinfo else read.tz_localize(zone)).tz_convert("UTC")
    except ValueError:
        return None
