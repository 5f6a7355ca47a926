"""Reads a file of an export as text: CSV, XLSX, JSON lines, Parquet, each also gzipped where usual.

Every value is text or null whatever the format, so that one export reads the same from
all of them. Each row keeps its physical line, and a row that cannot be read is kept
apart with the reason instead of being dropped.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd

from features.errors import UnreadableSourceError
from features.history.encodings import decode

READABLE = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".xlsx", ".parquet")

Cells = Sequence[str | None]


@dataclass(frozen=True)
class SourceFile:
    """The rows of one file.

    Parameters
    ----------
    name
        Name of the file.
    rows
        Text columns; an empty cell is null.
    lines
        Physical line of each row, the header being line 1.
    unreadable
        Rows that could not be read: columns ``line`` and ``reason``.
    """

    name: str
    rows: pd.DataFrame
    lines: np.ndarray[tuple[int], np.dtype[np.int64]]
    unreadable: pd.DataFrame


def source_format(path: Path) -> str:
    """Return the suffix that tells the format, without ``.gz``; empty when it is none we read.

    Examples
    --------
    >>> source_format(Path("events.csv.gz")), source_format(Path("photo.png"))
    ('.csv', '')
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return suffix if suffix in READABLE else ""


def read_source_file(path: Path, encoding: str | None = None, sheet: str | None = None) -> SourceFile:
    r"""Read one file of an export.

    Parameters
    ----------
    path
        The file. Its name tells the format; ``.gz`` may follow.
    encoding
        Of a text file; None means UTF-8 (with or without a mark), else UTF-16 with
        a mark, else GB18030.
    sheet
        Of a workbook; None means the first.

    Raises
    ------
    UnreadableSourceError
        The file is absent, empty, not of the format its name says, or in another encoding.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "deals.csv"
    ...     _ = path.write_text('id,note\n1,"two\nlines"\n2,\n', encoding="utf-8")
    ...     file = read_source_file(path)
    >>> file.lines.tolist(), file.rows["note"].isna().tolist()
    ([2, 4], [False, True])
    """
    kind = source_format(path)
    if not kind:
        raise UnreadableSourceError(
            f"{path.name}, a file of a format that is not read", f"one of {', '.join(READABLE)}", "export it as CSV"
        )
    content = _content(path)
    if kind == ".xlsx":
        return _from_table(path.name, *_workbook_rows(path.name, content, sheet))
    if kind == ".parquet":
        return _from_parquet(path.name, content)
    text = decode(content, encoding, path.name)
    if kind in (".jsonl", ".ndjson"):
        return _from_json_lines(path.name, text)
    return _from_table(path.name, *_csv_rows(path.name, text))


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.name.lower().endswith(".gz") else content
    except FileNotFoundError:
        raise UnreadableSourceError(
            f"no file {path}", "the file that the mapping names", "correct the path, or the file in the mapping"
        ) from None
    except (OSError, EOFError, ValueError) as problem:
        raise UnreadableSourceError(f"{path.name}: {problem}", "a whole, readable file", "export it again") from problem
    if not content.strip():
        raise UnreadableSourceError(f"{path.name}, which is empty", "a header and rows", "export it again")
    return content


def _csv_rows(name: str, text: str) -> tuple[list[int], list[Cells]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=False)
    lines, rows, start = [], [], 1
    try:
        for cells in reader:
            if cells:
                lines.append(start)
                rows.append(cells)
            start = reader.line_num + 1
    except csv.Error as problem:
        raise _not_of_its_format(name, "CSV", str(problem)) from problem
    return lines, list(rows)


def _delimiter(text: str) -> str:
    header = text.lstrip().split("\n", 1)[0]
    return max(",;\t|", key=header.count)


def _workbook_rows(name: str, content: bytes, sheet: str | None) -> tuple[list[int], list[Cells]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as problem:
        raise _not_of_its_format(name, "an XLSX workbook", str(problem)) from problem
    if sheet is not None and sheet not in book.sheetnames:
        raise UnreadableSourceError(
            f"no sheet {sheet!r} in {name}", f"one of {', '.join(book.sheetnames)}", "correct sheet in the mapping"
        )
    chosen = book[sheet or book.sheetnames[0]]
    rows: list[Cells] = [[_as_text(cell) for cell in row] for row in chosen.iter_rows(values_only=True)]
    filled = [(i, row) for i, row in enumerate(rows, start=1) if any(row)]
    return [i for i, _ in filled], [row for _, row in filled]


def _from_table(name: str, lines: list[int], rows: list[Cells]) -> SourceFile:
    """Take the first row for the header, and set rows of another width aside."""
    if not rows:
        raise UnreadableSourceError(f"{name} without rows", "a header and rows", "export it again")
    header = _header(name, rows[0])
    width = len(header)
    good = [i for i in range(1, len(rows)) if len(rows[i]) == width]
    bad = [
        (lines[i], f"{len(rows[i])} cells where the header has {width}")
        for i in range(1, len(rows))
        if len(rows[i]) != width
    ]
    columns = zip(*(rows[i] for i in good), strict=True) if good else [()] * width
    frame = pd.DataFrame({head: _text_column(values) for head, values in zip(header, columns, strict=True)})
    return SourceFile(name, frame, np.array([lines[i] for i in good], dtype=np.int64), _unreadable(bad))


def _header(name: str, cells: Cells) -> list[str]:
    names = [(cell or "").strip() for cell in cells]
    names = [cell or f"column {i}" for i, cell in enumerate(names, start=1)]
    twice = [cell for cell in names if names.count(cell) > 1]
    if twice:
        raise UnreadableSourceError(
            f"{name} with two columns named {twice[0]!r}", "each column name once", "rename one of them"
        )
    return names


def _from_json_lines(name: str, text: str) -> SourceFile:
    lines, records, bad = [], [], []
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            record = json.loads(written)
        except ValueError:
            record = None
        if isinstance(record, dict):
            lines.append(line)
            records.append(record)
        else:
            bad.append((line, "not a JSON object"))
    if not records:
        raise _not_of_its_format(name, "JSON lines", "no line is a JSON object")
    heads = dict.fromkeys(key for record in records for key in record)
    frame = pd.DataFrame({head: _text_column(_as_text(r.get(head)) for r in records) for head in heads})
    return SourceFile(name, frame, np.array(lines, dtype=np.int64), _unreadable(bad))


def _from_parquet(name: str, content: bytes) -> SourceFile:
    try:
        typed = pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError, KeyError) as problem:
        raise _not_of_its_format(name, "Parquet", str(problem)) from problem
    frame = pd.DataFrame({str(head): _text_column(map(_as_text, typed[head])) for head in typed.columns})
    return SourceFile(name, frame, np.arange(2, len(frame) + 2, dtype=np.int64), _unreadable([]))


def _text_column(values: Iterable[str | None]) -> pd.Series:
    return pd.Series([value.strip() or None if value else None for value in values], dtype="str")


def _as_text(value: Any) -> str | None:
    """Write a typed cell as an export in CSV would: 3.0 as 3, true in lower case, instants as ISO 8601."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    writers: list[tuple[type | tuple[type, ...], Callable[[Any], str]]] = [
        (str, str),
        ((bool, np.bool_), lambda flag: str(bool(flag)).lower()),
        ((float, np.floating), lambda number: np.format_float_positional(number, trim="-")),
        ((dict, list), lambda nested: json.dumps(nested, ensure_ascii=False)),
    ]
    for kind, write in writers:
        if isinstance(value, kind):
            return write(value)
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _unreadable(bad: list[tuple[int, str]]) -> pd.DataFrame:
    return pd.DataFrame(bad, columns=["line", "reason"])


def _not_of_its_format(name: str, expected: str, problem: str) -> UnreadableSourceError:
    return UnreadableSourceError(
        f"{name}, which cannot be read: {' '.join(problem.split())[:200]}", expected, "export it again"
    )
