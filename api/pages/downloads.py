"""Tables to take along: CSV and XLSX. Values are those of the service, unrounded; words are the page's language."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import pandas as pd
from fastapi import Response
from fastapi.responses import StreamingResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from api.pages.headers import HEADERS
from api.pages.tables import Column, DataTable
from api.problems import HttpError, Part

Format = Literal["csv", "xlsx"]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\']")
_ROWS_AT_ONCE = 500
_LONGEST_CELL = 32_000
_EXCEL_FORMATS = {
    "share": "0.0%",
    "points": "+0.0;-0.0;0.0",
    "day": "yyyy-mm-dd",
    "instant": "yyyy-mm-dd hh:mm",
    "money": "#,##0",
}


def download(table: DataTable, kind: Format, name: str) -> Response:
    """Give a table as a file; ``name`` is that of the file, without its end, in ASCII."""
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    if kind == "csv":
        return StreamingResponse(_csv(table), media_type="text/csv; charset=utf-8", headers=headers)
    return Response(_xlsx(table), media_type=_XLSX, headers=headers)


def safe(text: str) -> str:
    """Let no spreadsheet take words for a formula: an apostrophe before them says that they are words.

    Examples
    --------
    >>> safe("=HYPERLINK(1)"), safe("o-42"), safe("-5")
    ("'=HYPERLINK(1)", 'o-42', "'-5")
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(table: DataTable) -> Iterator[str]:
    """Write lines, some hundred at a time; the byte-order mark tells Excel that it is UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    text.write(_BOM)
    writer.writerow([safe(head) for head in _heads(table.columns)])
    for number, row in enumerate(table.rows, start=1):
        writer.writerow([_plain(value) for value in _flat(row, table.columns)])
        if number % _ROWS_AT_ONCE == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _xlsx(table: DataTable) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_NOT_IN_TITLES.sub(" ", table.title)[:31])
    sheet.freeze_panes = "A2"
    heads = _heads(table.columns)
    for place, head in enumerate(heads, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = max(12, len(head) + 4)
    kinds = [kind for column in table.columns for kind in _kinds(column)]
    sheet.append([_cell(sheet, head, None, bold=True) for head in heads])
    for row in table.rows:
        values = _flat(row, table.columns)
        sheet.append([_cell(sheet, value, kind) for value, kind in zip(values, kinds, strict=True)])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(sheet: Any, value: Any, kind: str | None, bold: bool = False) -> Any:
    if value is None:
        return None
    if isinstance(value, pd.Timestamp | datetime):  # Excel knows no zones
        value = pd.Timestamp(value).tz_convert("UTC").tz_localize(None).to_pydatetime(warn=False)
    is_words = isinstance(value, str)
    if is_words:
        value = ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST_CELL]
    cell = WriteOnlyCell(sheet, value)
    if is_words:
        cell.data_type = "s"  # never a formula
    if kind in _EXCEL_FORMATS:
        cell.number_format = _EXCEL_FORMATS[kind]
    if bold:
        cell.font = Font(bold=True)
    return cell


def _heads(columns: Sequence[Column]) -> list[str]:
    return [head for column in columns for head in _heads_of(column)]


def _heads_of(column: Column) -> list[str]:
    """An amount has a column for its currency, in each row by its code."""
    return [column.head, f"{column.head} (ISO 4217)"] if column.kind == "money" else [column.head]


def _kinds(column: Column) -> list[str | None]:
    return ["money", None] if column.kind == "money" else [column.kind]


def _flat(row: Sequence[Any], columns: Sequence[Column]) -> list[Any]:
    found: list[Any] = []
    for value, column in zip(row, columns, strict=True):
        found += list(value) if column.kind == "money" else [value]
    return found


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, pd.Timestamp | datetime):
        return pd.Timestamp(value).tz_convert("UTC").isoformat().replace("+00:00", "Z")
    return safe(value) if isinstance(value, str) else value


def download_of(tables: Mapping[str, DataTable], key: str, kind: Format, page: str) -> Response:
    """Give one of the tables of a page as a file; 404 names those that there are."""
    if key not in tables:
        part = Part(pointer="", found=f"a table {key[:40]!r}", expected=", ".join(tables), do="follow a link")
        raise HttpError(404, part)
    return download(tables[key], kind, f"{page}-{key}")
