"""The ledger of an import: what became of every row of every file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

QUARANTINE = ("file", "line", "key", "reason")
FLAGS = ("file", "line", "key", "flag")


@dataclass
class Ledger:
    """Collects, while an import runs, what was read, refused, left out and assumed."""

    read: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignored: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[pd.DataFrame] = field(default_factory=list)
    flagged: list[pd.DataFrame] = field(default_factory=list)
    last_seen: pd.Timestamp = pd.Timestamp(0, tz="UTC")

    def see(self, instant: pd.Timestamp) -> None:
        """Note up to when rows tell of the past, those that are left out later included."""
        self.last_seen = max(self.last_seen, instant)

    def quarantine(self, table: str, rows: pd.DataFrame) -> None:
        """Note refused rows: columns file, line, key, reason."""
        if len(rows):
            self.refused.append(rows[list(QUARANTINE)].assign(table=table))

    def flag(self, rows: pd.DataFrame) -> None:
        """Note assumptions: columns file, line, key, flag."""
        if len(rows):
            self.flagged.append(rows[list(FLAGS)])

    def ignore(self, table: str, files: pd.Series, reason: str) -> None:
        """Note rows left out on purpose, by file."""
        for file, count in files.value_counts(sort=False).items():
            self.ignored[str(file), table, reason] += int(count)

    def take(self, table: str, files: pd.Series) -> None:
        """Note rows that were taken in, by file."""
        for file, count in files.value_counts(sort=False).items():
            self.taken[str(file), table] += int(count)

    def counts(self) -> pd.DataFrame:
        """Return rows read, taken, quarantined and ignored, by file and table."""
        refused = Counter[tuple[str, str]]()
        for rows in self.refused:
            unique = rows.drop_duplicates(["file", "line"])
            refused.update(zip(unique["file"], unique["table"], strict=True))
        left_out = Counter[tuple[str, str]]()
        for (file, table, _), count in self.ignored.items():
            left_out[file, table] += count
        told = [
            (file, table, read, self.taken[file, table], refused[file, table], left_out[file, table])
            for (file, table), read in self.read.items()
        ]
        return pd.DataFrame(told, columns=["file", "table", "read", "taken", "quarantined", "ignored"])

    def refused_keys(self, table: str) -> list[str]:
        """Keys of the rows refused for a table."""
        return [str(key) for rows in self.refused for key in rows.loc[rows["table"] == table, "key"].unique()]

    def quarantined_rows(self) -> pd.DataFrame:
        """Refused rows, each once: a row refused for several tables has one line here."""
        if not self.refused:
            return pd.DataFrame({"file": [], "line": [], "key": [], "reason": []}).astype(
                {"file": "str", "line": "int64", "key": "str", "reason": "str"}
            )
        rows = pd.concat(self.refused).drop_duplicates(["file", "line", "reason"])
        joined = rows.groupby(["file", "line"], sort=True).agg({"key": "first", "reason": "; ".join})
        return joined.reset_index()[list(QUARANTINE)]

    def flags(self, quarantined: pd.DataFrame) -> pd.DataFrame:
        """Assumptions made for rows that were taken in, each once."""
        if not self.flagged:
            return pd.DataFrame({"file": [], "line": [], "key": [], "flag": []}).astype(
                {"file": "str", "line": "int64", "key": "str", "flag": "str"}
            )
        rows = pd.concat(self.flagged).drop_duplicates(["file", "line", "flag"])
        refused = pd.MultiIndex.from_frame(quarantined[["file", "line"]])
        kept = rows[~pd.MultiIndex.from_frame(rows[["file", "line"]]).isin(refused)]
        return kept.sort_values(["file", "line"], kind="stable").reset_index(drop=True)
