"""What the columns of a file hold: type, share filled, distinct values, examples, formats of dates."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.history.import_columns import parsed_numbers

DATE_FORMATS = (
    "iso",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
)
_SAMPLE = 5000
_FLAG_WORDS = ({"true", "false"}, {"yes", "no"}, {"0", "1"}, {"是", "否"}, {"y", "n"}, {"t", "f"})


@dataclass(frozen=True)
class ColumnReport:
    """One column of a source.

    Parameters
    ----------
    name
        Its header.
    type
        ``date``, ``flag``, ``number``, ``text`` or ``empty``: a guess from its values.
    filled
        Share of rows with a value, in [0, 1].
    distinct
        Number of different values.
    examples
        Up to three of its most frequent values.
    dates
        Formats that its dates are in, the most frequent first.
    """

    name: str
    type: str
    filled: float
    distinct: int
    examples: tuple[str, ...]
    dates: tuple[str, ...] = ()


def report_columns(rows: pd.DataFrame) -> list[ColumnReport]:
    """Look at every column of a file read as text.

    Examples
    --------
    >>> rows = pd.DataFrame({"金额": ["1,200", None], "日期": ["1.3.2026", "9.3.2026"]}, dtype="str")
    >>> [(one.name, one.type, one.filled, one.dates) for one in report_columns(rows)]
    [('金额', 'number', 0.5, ()), ('日期', 'date', 1.0, ('%d.%m.%Y',))]
    """
    return [_report(str(name), rows[name]) for name in rows.columns]


def _report(name: str, values: pd.Series) -> ColumnReport:
    filled = values.dropna()
    if filled.empty:
        return ColumnReport(name, "empty", 0.0, 0, ())
    counts = filled.value_counts()
    examples = tuple(str(value)[:40] for value in counts.index[:3])
    dates = date_formats(filled.head(_SAMPLE))
    kind = "date" if dates else _kind(filled.head(_SAMPLE))
    return ColumnReport(name, kind, len(filled) / len(values), len(counts), examples, dates)


def _kind(filled: pd.Series) -> str:
    if any(set(filled.str.casefold().unique()) <= words for words in _FLAG_WORDS) and filled.nunique() == 2:
        return "flag"
    return "number" if parsed_numbers(filled, ".").notna().all() else "text"


def date_formats(values: pd.Series) -> tuple[str, ...]:
    """Return the formats that together read at least nine tenths of the values; none otherwise.

    Of formats that read alike the first of ``DATE_FORMATS`` is taken: 03/04/2026 is read
    as March 4 unless some value shows that the day comes first.
    """
    dated = values.str.contains(r"\d[-/.年]\d", regex=True)
    rest, found = values[dated], list[str]()
    if not len(values) or dated.mean() < 0.9:
        return ()
    while len(rest) and len(found) < 4:
        read = {one: _reads(rest, one) for one in DATE_FORMATS}
        best = max(DATE_FORMATS, key=lambda one: read[one].sum())
        if not read[best].any():
            break
        found.append(best)
        rest = rest[~read[best]]
    return tuple(found) if len(rest) <= 0.1 * len(values) else ()


def _reads(values: pd.Series, one: str) -> pd.Series:
    pattern = "ISO8601" if one == "iso" else one
    return pd.to_datetime(values, format=pattern, errors="coerce", utc=True).notna()
