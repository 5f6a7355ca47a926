"""Makes opportunities of their rows, with the attributes, dated fields and current stages in them."""

from __future__ import annotations

import pandas as pd

from features.errors import MappingError
from features.history import import_columns
from features.history.history import Attribute
from features.history.import_instants import days_since_1970, instants
from features.history.import_rows import Rows
from features.history.mapping_format import AttributeSpec, ColumnSpec, Mapping_, OpportunitySource
from features.history.schema import INSTANT, TABLES

_FIELD, _AT = "@field ", "@at "


def fill_opportunity(rows: Rows, source: OpportunitySource, mapping: Mapping_) -> None:
    """Make what an opportunity's row has besides columns, and refuse rows where that is wrong."""
    _fill_process(rows, mapping)
    for name, attribute in source.attributes.items():
        rows.cells[name] = _attribute(rows, name, attribute, mapping)
    for name, field in source.fields.items():
        values = import_columns.text(rows, name, field, mapping)
        names = pd.Series(name, index=values.index, dtype="str")
        rows.cells[_FIELD + name] = import_columns.field_values(rows, names, values, field, mapping)
        rows.cells[_AT + name] = _at(rows, field.at, mapping).fillna(rows.cells["created_at"])
    if source.stage is not None:
        known = mapping.stage_spellings()
        stage = import_columns.text(rows, "stage", source.stage, mapping, known)
        rows.refuse(stage.notna() & ~stage.isin(list(known)), "unknown stage {!r}", stage)
        rows.cells["@stage"] = stage
        rows.cells["@stage_at"] = _at(rows, source.stage.at, mapping)
        rows.cells["@closed_at"] = _at(rows, source.stage.closed_at, mapping, fall_back=False)


def _fill_process(rows: Rows, mapping: Mapping_) -> None:
    names = list(mapping.processes)
    if "process" not in rows.cells:
        if len(names) > 1:
            raise MappingError(
                "opportunities without the column process, and several processes",
                f"process, one of {', '.join(names)}",
                "say which process an opportunity goes through, as a column or a constant",
            )
        rows.cells["process"] = names[0]
    unknown = ~rows.cells["process"].isin(names)
    rows.refuse(unknown, "unknown process {!r}", rows.cells["process"])


def _attribute(rows: Rows, name: str, spec: AttributeSpec, mapping: Mapping_) -> pd.Series:
    if spec.type == "numeric":
        return import_columns.numbers(rows, name, spec, mapping)
    if spec.type == "flag":
        return import_columns.flags(rows, name, spec, mapping)
    if spec.type == "date":
        values = import_columns.text(rows, name, spec, mapping)
        return days_since_1970(instants(rows, name, values, spec, mapping, whole_days=True))
    return import_columns.text(rows, name, spec, mapping)


def _at(rows: Rows, column: str | None, mapping: Mapping_, *, fall_back: bool = True) -> pd.Series:
    """Return the instants of a column of the source, or of the row's last update."""
    known = pd.Series(pd.NaT, index=rows.raw.index, dtype=INSTANT)
    if column is not None:
        known = instants(rows, column, rows.source(column), ColumnSpec(column=(column,)), mapping)
    if fall_back and "@updated" in rows.cells:
        known = known.fillna(rows.cells["@updated"])
    return known


def opportunity_table(batch: pd.DataFrame) -> pd.DataFrame:
    """Return the table of opportunities from a settled batch."""
    names = [c for c in batch.columns if not c.startswith("@")]
    return batch[names]


def fields_of_rows(batch: pd.DataFrame) -> pd.DataFrame:
    """Return the dated fields that rows of opportunities tell; an empty value is no news."""
    told = []
    for name in (c.removeprefix(_FIELD) for c in batch.columns if c.startswith(_FIELD)):
        filled = batch[batch[_FIELD + name].notna()]
        told.append(
            pd.DataFrame(
                {
                    "opportunity_id": filled["opportunity_id"],
                    "field": name,
                    "value": filled[_FIELD + name],
                    "occurred_at": filled[_AT + name],
                    "recorded_at": filled[_AT + name],
                }
            )
        )
    return pd.concat(told) if told else pd.DataFrame(columns=list(TABLES["field_history"].column_names))


def attributes_of(mapping: Mapping_) -> dict[str, Attribute]:
    """Return the attributes that a mapping describes."""
    described = {n: spec for source in mapping.tables.opportunities for n, spec in source.attributes.items()}
    return {
        name: Attribute(
            name,
            "numeric" if spec.type == "date" else spec.type,
            spec.measured,
            {"en": spec.en or name, "zh-CN": spec.zh or spec.en or name},
        )
        for name, spec in described.items()
    }
