"""The tables of a live request, made only when somebody reads them: a score is computed from the records themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import pandas as pd

from features.history.live_batch import tables_of
from features.history.live_records import LiveOpportunity, Record
from features.history.live_rules import Rules
from features.history.schema import TABLES
from features.live_rows import LiveRows
from features.rows import Rows, RowTables


class LiveTables(RowTables):
    """Tables of a history by name, from checked opportunities that are collected alike.

    Parameters
    ----------
    opportunities
        The checked records.
    rules
        What they were held against.
    """

    def __init__(self, opportunities: Sequence[LiveOpportunity], rules: Rules) -> None:
        self._opportunities = tuple(opportunities)
        self._rules = rules

    @cached_property
    def rows(self) -> Rows:
        """The rows as arrays."""
        return LiveRows(self._opportunities, self._rules)

    @cached_property
    def _frames(self) -> dict[str, pd.DataFrame]:
        rows: dict[str, list[Record]] = {name: [] for name in TABLES}
        for live in self._opportunities:
            of = {"opportunity_id": live.opportunity["opportunity_id"]}
            rows["opportunities"].append(live.opportunity)
            rows["stage_history"] += [stage._asdict() | of for stage in live.stages]
            rows["field_history"] += [field._asdict() | of for field in live.fields]
            rows["activities"] += [row | of for row in live.activity_records()]
            rows["contacts"] += live.contact_records()
        return tables_of(rows)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Give one table."""
        return self._frames[name]

    def __iter__(self) -> Iterator[str]:
        """Name the tables."""
        return iter(TABLES)

    def __len__(self) -> int:
        """Count the tables."""
        return len(TABLES)
