"""Imports the tables one after the other: what is referred to comes before what refers to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from features.history import import_columns
from features.history.import_batch import check_references, fill_columns, open_rows, refuse, settle
from features.history.import_collected import observed_until
from features.history.import_events import EventTables, event_tables, fill_event
from features.history.import_ledger import Ledger
from features.history.import_opportunities import fields_of_rows, fill_opportunity, opportunity_table
from features.history.import_rows import Rows
from features.history.import_stages import StageOrder, clean_course, current_stages
from features.history.mapping_format import EventSource, Mapping_, OpportunitySource, TableSource
from features.history.schema import TABLES, empty_table
from features.history.source_folder import SourceFolder


@dataclass
class _Import:
    """An import under way."""

    mapping: Mapping_
    folder: SourceFolder
    ledger: Ledger
    known: dict[str, frozenset[str]] = field(default_factory=dict)

    def batch(self, table: str, source: tuple[TableSource, ...] | None = None) -> pd.DataFrame:
        """Return the settled rows of a table, references checked; empty without sources."""
        sources = list(source if source is not None else self.mapping.tables.of(table))
        parts = [part for one in sources for part in self._parts(table, one)]
        settled = settle(table, parts, sources, self.ledger)
        if settled.empty:
            return settled
        right = check_references(table, settled, sources[0], self.known, self.ledger)
        self.ledger.see(observed_until({table: right}))
        return right

    def _parts(self, table: str, source: TableSource) -> list[Rows]:
        parts = open_rows(table, source, self.folder, self.mapping, self.ledger)
        for rows in parts:
            fill_columns(table, rows, source, self.mapping)
            if isinstance(source, OpportunitySource):
                fill_opportunity(rows, source, self.mapping)
            if isinstance(source, EventSource):
                fill_event(rows, source, self.mapping, self.ledger)
            if table == "field_history":
                _fill_field_values(rows, source, self.mapping)
        return parts

    def remember(self, table: str, batch: pd.DataFrame, key: str) -> None:
        """Note which keys of a table exist, if the export has that table."""
        if self.mapping.tables.of(table):
            self.known[table] = frozenset(batch[key].astype(str)) if len(batch) else frozenset()

    def taken(self, table: str, batch: pd.DataFrame) -> pd.DataFrame:
        """Count the rows that came through."""
        if len(batch):
            self.ledger.take(table, batch["@file"])
        return batch


def _fill_field_values(rows: Rows, source: TableSource, mapping: Mapping_) -> None:
    spec = source.columns.get("value")
    if spec is not None:
        fields, values = rows.cells["field"], rows.cells["value"]
        rows.cells["value"] = import_columns.field_values(rows, fields, values, spec, mapping)


def import_tables(mapping: Mapping_, folder: SourceFolder, ledger: Ledger) -> dict[str, pd.DataFrame]:
    """Return every table of an export, with the columns it has; the ledger tells of the other rows."""
    work = _Import(mapping, folder, ledger)
    accounts = work.taken("accounts", work.batch("accounts"))
    work.remember("accounts", accounts, "account_id")
    contacts = work.taken("contacts", work.batch("contacts"))
    work.remember("contacts", contacts, "contact_id")
    opportunities = work.taken("opportunities", work.batch("opportunities"))
    work.remember("opportunities", opportunities, "opportunity_id")
    order = _order(mapping, opportunities)
    stages = _known_stages(work, order)
    logs = _logs(work, order)
    fields = work.taken("field_history", work.batch("field_history"))
    activities = work.taken("activities", work.batch("activities"))
    told = _joined([stages, *(log.stages for log in logs)])
    course = clean_course(told, order, ledger) if len(told) else _no_course()
    current = current_stages(opportunities, course, order, ledger) if len(opportunities) else course
    return {
        "accounts": _ours("accounts", accounts),
        "contacts": _ours("contacts", contacts),
        "opportunities": opportunity_table(opportunities) if len(opportunities) else empty_table("opportunities"),
        "stage_history": _in_time("stage_history", [course, current]),
        "field_history": _in_time("field_history", [fields_of_rows(opportunities), fields, *(x.fields for x in logs)]),
        "activities": _in_time("activities", [activities, *(log.activities for log in logs)]),
    }


def _order(mapping: Mapping_, opportunities: pd.DataFrame) -> StageOrder:
    if opportunities.empty:
        return StageOrder(mapping.processes, pd.Series(dtype="str"))
    return StageOrder(mapping.processes, opportunities.set_index("opportunity_id")["process"])


def _known_stages(work: _Import, order: StageOrder) -> pd.DataFrame:
    stages = work.batch("stage_history")
    if stages.empty:
        return stages
    unknown = "unknown stage " + stages["stage"].map(repr)
    stages = refuse("stage_history", stages, unknown.where(~order.knows(stages), ""), work.ledger).copy()
    stages["@forward_only"], stages["@reopens"] = False, True
    return work.taken("stage_history", stages)


def _logs(work: _Import, order: StageOrder) -> list[EventTables]:
    logs = []
    for source in work.mapping.tables.events:
        batch = work.batch("events", (source,))
        if batch.empty:
            continue
        tables = event_tables(batch, source)
        foreign = tables.stages[~order.knows(tables.stages)]
        problem = pd.Series("stage of another process", index=foreign.index, dtype=object)
        problem = problem.reindex(batch.index, fill_value="")
        right = refuse("events", batch, problem, work.ledger)
        work.taken("events", right[~right["@left_out"]])
        logs.append(event_tables(right, source) if len(foreign) else tables)
    return logs


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [_with_recorded(frame) for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _no_course() -> pd.DataFrame:
    return pd.DataFrame(columns=[*TABLES["stage_history"].column_names, "@file", "@line", "@key"])


def _with_recorded(frame: pd.DataFrame) -> pd.DataFrame:
    """Let what has no instant of recording be known when it happened, source by source."""
    if "recorded_at" in frame or "planned" in frame:
        return frame
    return frame.assign(recorded_at=frame["occurred_at"])


def _ours(table: str, batch: pd.DataFrame) -> pd.DataFrame:
    names = [c for c in TABLES[table].column_names if c in batch]
    return batch[names] if len(batch) else empty_table(table)


def _in_time(table: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    joined = _ours(table, _joined(frames))
    return joined.sort_values("occurred_at", kind="stable", ignore_index=True)
