"""Reads targets, commits, teams and rates from a file as managers keep them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pandas as pd

from features.errors import SchemaError
from features.history.dated_inputs import KINDS, check_rows
from features.history.dated_inputs_columns import SCOPES, both_names, column_named, example_of
from features.history.schema import INSTANT
from features.history.source_files import SourceFile, read_source_file

_DAYS = ("period_start", "period_end")
_FILLED = ("valid_from", "recorded_at")
"""Columns that a file may leave out."""
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]00:00(?::00)?)?")


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
        A column is unknown or missing, or a value cannot be read or makes no sense; the line is named,
        the header being line 1.
    """
    file = read_source_file(path)
    if len(file.unreadable):
        first = file.unreadable.iloc[0]
        raise SchemaError(f"line {first['line']} of {file.name}: {first['reason']}", "a whole row", "correct the line")
    rows = file.rows.rename(columns=lambda name: column_named(str(name)))
    _check_columns(kind, rows, file)
    types = {column.name: column.type for column in KINDS[kind].table.columns}
    read = pd.DataFrame({name: _typed(rows[name], types[name], file, zone) for name in rows.columns})
    _check_filled(kind, read, file)
    check_rows(kind, read, [f"line {line} of {file.name}" for line in file.lines])
    return read


def _check_columns(kind: str, rows: pd.DataFrame, file: SourceFile) -> None:
    """Refuse a column that is unknown, there twice, or missing: both names and an example are told."""
    columns, said = KINDS[kind].table.columns, dict(zip(rows.columns, file.rows.columns, strict=True))
    unknown = [said[name] for name in rows.columns if name not in KINDS[kind].table.column_names]
    twice = list(rows.columns[rows.columns.duplicated()])
    missing = [c.name for c in columns if c.required and c.name not in rows and c.name not in _FILLED]
    if not (unknown or twice or missing):
        return
    found = f"column {unknown[0]!r}" if unknown else f"two columns {twice[0]}" if twice else f"no column {missing[0]}"
    header, row = example_of(kind)
    raise SchemaError(
        f"{found} in {file.name}",
        f"columns of {kind}: {both_names(kind)}",
        f"rename, add or drop the column; such as: {header} with a row: {row}",
    )


def _check_filled(kind: str, rows: pd.DataFrame, file: SourceFile) -> None:
    for column in KINDS[kind].table.columns:
        if column.required and column.name in rows and rows[column.name].isna().any():
            line = file.lines[int(rows[column.name].isna().to_numpy().argmax())]
            found = f"no value of {column.name} in line {line} of {file.name}"
            raise SchemaError(found, column.meaning, "fill the value, or leave the row out")


def _typed(values: pd.Series, kind: str, file: SourceFile, zone: str) -> pd.Series:
    if values.name in _DAYS:
        return values.map(_day, na_action="ignore")
    if kind == "text":
        return (
            values.map(lambda word: SCOPES.get(word.strip(), word), na_action="ignore")
            if values.name == "scope"
            else values
        )
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


def _day(text: str) -> str:
    """Write a day as workbooks have it, such as 2026/4/1, as 2026-04-01; what is none stays, and is refused later.

    Examples
    --------
    >>> _day("2026/4/1"), _day("2026年4月1日"), _day("2026-04-01T00:00:00"), _day("soon")
    ('2026-04-01', '2026-04-01', '2026-04-01', 'soon')
    """
    parts = _DAY.fullmatch(text.strip())
    try:
        return date(*(int(part) for part in parts.groups())).isoformat() if parts else text
    except ValueError:
        return text


def _instant(text: object, zone: str) -> pd.Timestamp | None:
    """Read an instant; a day begins where it is reported."""
    if not isinstance(text, str):
        return None
    try:
        read = pd.Timestamp(text)
        return (read if read.tzinfo else read.tz_localize(zone)).tz_convert("UTC")
    except ValueError:
        return None
