"""What an import brought: the history, and what became of every row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from features.history.history import History

_MOST_KINDS = 40


@dataclass(frozen=True)
class ImportResult:
    """An import, whole.

    Parameters
    ----------
    history
        The tables.
    quarantine
        Refused rows: columns ``file``, ``line`` (physical, the header is 1), ``key``, ``reason``.
    flags
        Assumptions made for rows that were taken in: ``file``, ``line``, ``key``, ``flag``.
        Line 1 means a whole column, which ``key`` names.
    counts
        By file and table: rows ``read``, ``taken``, ``quarantined``, ``ignored``.
    ignored
        By file, table and reason: rows left out on purpose.
    not_read
        Files of the source that the mapping does not name.
    notes
        What else a reader should know, such as where ``recorded_at`` comes from.
    """

    history: History
    quarantine: pd.DataFrame
    flags: pd.DataFrame
    counts: pd.DataFrame
    ignored: pd.DataFrame
    not_read: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """Say in plain lines how many rows of each file went where, and why."""
        lines = ["Rows of each file, by the table they are for:"]
        for one in self.counts.to_dict("records"):
            lines.append(
                f"  {one['file']} -> {one['table']}: {one['read']} read, {one['taken']} taken, "
                f"{one['quarantined']} quarantined, {one['ignored']} left out"
            )
        lines += self._listed("Left out on purpose:", self.ignored, "reason")
        lines += self._counted("Quarantined:", self.quarantine, "reason")
        lines += self._counted("Taken in with an assumption:", self.flags, "flag")
        lines.append("Tables:")
        lines += [f"  {name}: {len(frame)} rows" for name, frame in self.history.tables.items()]
        lines += [f"Not read: {', '.join(self.not_read)}"] if self.not_read else []
        return "\n".join([*lines, *self.notes])

    @staticmethod
    def _listed(title: str, frame: pd.DataFrame, why: str) -> list[str]:
        shown = [f"  {r['file']} -> {r['table']}: {r['rows']} × {r[why]}" for r in frame.to_dict("records")]
        return [title, *shown] if shown else []

    @staticmethod
    def _counted(title: str, frame: pd.DataFrame, why: str) -> list[str]:
        """Count alike reasons together: the row's own key is no part of the kind of reason."""
        keys = frame["key"].astype(str).where(frame["line"] > 1, "")
        told = zip(frame["file"], keys, frame[why].astype(str), strict=True)
        counted = Counter((file, text.replace(key, "…") if key else text) for file, key, text in told)
        shown = [f"  {file}: {count} × {text}" for (file, text), count in counted.most_common(_MOST_KINDS)]
        more = [f"  … and {len(counted) - _MOST_KINDS} more kinds"] if len(counted) > _MOST_KINDS else []
        return [title, *shown, *more] if shown else []
