"""The rows of one source on their way into a table: their cells, and what is wrong with each."""

from __future__ import annotations

from functools import partial

import pandas as pd

from features.errors import MappingError
from features.history.mapping import did_you_mean
from features.history.source_files import SourceFile


class Rows:
    """Rows of a file being read for one table.

    ``raw`` has the source's columns, ``cells`` ours as they are made, and what is said of a
    row (``@file``, ``@line``, ``@key`` ...), which no name of ours begins with; both are indexed
    alike. ``problem`` is text, empty while nothing is wrong. A flag is an assumption.
    """

    def __init__(self, file: SourceFile, raw: pd.DataFrame, lines: pd.Series, keys: pd.Series) -> None:
        self.name = file.name
        self.raw = raw
        self.cells = pd.DataFrame({"@file": file.name, "@line": lines, "@key": keys}, index=raw.index)
        self.problem = pd.Series("", index=raw.index, dtype=object)
        self.flags: list[pd.DataFrame] = []

    def source(self, column: str) -> pd.Series:
        """Return a column of the file; raises ``MappingError`` if the file lacks it."""
        if column not in self.raw.columns:
            raise MappingError(
                f"no column {column!r} in {self.name}{did_you_mean(column, self.raw.columns)}",
                f"one of {', '.join(self.raw.columns)}",
                "correct the column in the mapping, or the export",
            )
        values: pd.Series = self.raw[column]
        return values

    def refuse(self, where: pd.Series, reason: str, values: pd.Series | None = None) -> None:
        """Note what is wrong with some rows; the value of each stands for ``{}`` in the reason."""
        if where.any():
            reasons = reason if values is None else values[where].astype(object).map(partial(_told, reason))
            before = self.problem[where]
            self.problem[where] = before + before.map(lambda text: "; " if text else "") + reasons

    def flag(self, where: pd.Series, text: str) -> None:
        """Note an assumption made for some rows."""
        if where.any():
            rows = self.cells.loc[where, ["@file", "@line", "@key"]].rename(columns=lambda name: name[1:])
            self.flags.append(rows.assign(flag=text))

    def flag_column(self, column: str, text: str) -> None:
        """Note an assumption made for a whole column, at the header's line."""
        self.flags.append(pd.DataFrame({"file": [self.name], "line": [1], "key": [column], "flag": [text]}))


def _told(reason: str, value: object) -> str:
    """Put a value into a reason; a header in the reason may have braces of its own."""
    return reason.replace("{!r}", repr(value)) if "{!r}" in reason else reason.replace("{}", str(value))
