"""Reads an event log: what each activity name means, as stages, activities and fields."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.history import import_columns
from features.history.import_ledger import Ledger
from features.history.import_rows import Rows
from features.history.mapping_format import EventSource, Mapping_, Meaning

_FIELD = "@value "


@dataclass(frozen=True)
class EventTables:
    """What a log tells, each in the columns of its table."""

    stages: pd.DataFrame
    activities: pd.DataFrame
    fields: pd.DataFrame


def fill_event(rows: Rows, source: EventSource, mapping: Mapping_, ledger: Ledger) -> None:
    """Find the meaning of each row, and refuse or leave out the rows without one."""
    names = {name.casefold(): name for name in source.meanings}
    rows.cells["event"] = rows.cells["event"].str.casefold().map(names).astype("str").fillna(rows.cells["event"])
    unlisted = rows.cells["event"].notna() & ~rows.cells["event"].isin(list(source.meanings))
    if source.unlisted == "quarantine":
        rows.refuse(unlisted, "event {!r} has no meaning", rows.cells["event"])
    else:
        ledger.ignore("events", rows.cells.loc[unlisted, "@file"], "event without a meaning")
    ignored = rows.cells["event"].map(source.meanings).map(lambda meaning: meaning == "ignore").astype(bool)
    ledger.ignore("events", rows.cells.loc[ignored, "@file"], "event that the mapping ignores")
    rows.cells["@left_out"] = ignored | (unlisted & (source.unlisted == "ignore"))
    rows.cells["@reopens"] = source.reopens
    _fill_values(rows, source, mapping)


def _fill_values(rows: Rows, source: EventSource, mapping: Mapping_) -> None:
    """Make the values of the fields that events set, while the source's columns are at hand."""
    for name, meaning in source.meanings.items():
        if isinstance(meaning, str) or meaning.value is None:
            continue
        concerned = rows.cells["event"] == name
        values = import_columns.text(rows, str(meaning.field), meaning.value, mapping).where(concerned)
        fields = pd.Series(str(meaning.field), index=values.index, dtype="str")
        rows.cells[_FIELD + name] = import_columns.field_values(rows, fields, values, meaning.value, mapping)


def event_tables(batch: pd.DataFrame, source: EventSource) -> EventTables:
    """Turn settled events of one source into stages, activities and fields."""
    meanings = {name: meaning for name, meaning in source.meanings.items() if isinstance(meaning, Meaning)}
    told = batch[~batch["@left_out"]]
    said = {
        part: told["event"].map({name: getattr(meaning, part) for name, meaning in meanings.items()})
        for part in ("stage", "forward_only", "activity", "direction", "topic", "field")
    }
    return EventTables(_stages(told, said), _activities(told, said), _fields(told, said))


def _stages(told: pd.DataFrame, said: dict[str, pd.Series]) -> pd.DataFrame:
    stages = told.assign(stage=said["stage"], **{"@forward_only": said["forward_only"].astype(bool)})
    columns = ["opportunity_id", "stage", *_instants(told), "@forward_only", "@reopens", "@file", "@line", "@key"]
    return stages.loc[said["stage"].notna(), columns]


def _activities(told: pd.DataFrame, said: dict[str, pd.Series]) -> pd.DataFrame:
    happened = told.assign(kind=said["activity"], direction=said["direction"], topic=said["topic"])
    besides = [c for c in ("duration", "contact_id") if c in told]
    columns = ["activity_id", "opportunity_id", "kind", "direction", "topic", *_instants(told), *besides]
    return happened.loc[said["activity"].notna(), columns]


def _fields(told: pd.DataFrame, said: dict[str, pd.Series]) -> pd.DataFrame:
    values = pd.Series(None, index=told.index, dtype="str")
    for column in (c for c in told.columns if c.startswith(_FIELD)):
        values = values.fillna(told[column])
    changed = told.assign(field=said["field"], value=values)
    return changed.loc[said["field"].notna(), ["opportunity_id", "field", "value", *_instants(told)]]


def _instants(told: pd.DataFrame) -> list[str]:
    return ["occurred_at", "recorded_at"] if "recorded_at" in told else ["occurred_at"]
