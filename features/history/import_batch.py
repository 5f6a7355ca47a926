"""Reads the sources of one table into one batch of rows, and settles which of them count."""

from __future__ import annotations

import pandas as pd

from features.errors import MappingError
from features.history import import_columns
from features.history.import_instants import instants
from features.history.import_ledger import Ledger
from features.history.import_rows import Rows
from features.history.mapping_format import ColumnSpec, Mapping_, TableSource, allowed_columns, required_columns
from features.history.schema import INSTANT, TABLES
from features.history.source_files import SourceFile
from features.history.source_folder import SourceFolder

_IDS = {name: f"{name.removesuffix('s')}_id" for name in ("accounts", "contacts")}
_IDS |= {"opportunities": "opportunity_id", "activities": "activity_id"}
_PARENTS = {"account_id": "accounts", "contact_id": "contacts", "opportunity_id": "opportunities"}
FIRST_OF_ALL = pd.Timestamp("2000-01-01", tz="UTC")
"""Where instants begin that stand for an order only."""


def open_rows(table: str, source: TableSource, folder: SourceFolder, mapping: Mapping_, ledger: Ledger) -> list[Rows]:
    """Return the rows of each file that the source names, filtered by ``only``."""
    names = {one.file for name in (*TABLES, "events") for one in mapping.tables.of(name)}
    paths = folder.find(source.file, alone=len(names) == 1)
    if not paths and not source.optional:
        raise folder.missing(str(source.file))
    return [_open(table, source, folder.read(path, source.sheet), ledger) for path in paths]


def _open(table: str, source: TableSource, file: SourceFile, ledger: Ledger) -> Rows:
    ledger.read[file.name, table] += len(file.rows) + len(file.unreadable)
    broken = file.unreadable.assign(file=file.name, key="")
    ledger.quarantine(table, broken)
    lines = pd.Series(file.lines, index=file.rows.index)
    rows = Rows(file, file.rows, lines, pd.Series("", index=file.rows.index, dtype="str"))
    wanted = pd.Series(True, index=file.rows.index)
    for column, values in source.only.items():
        wanted &= rows.source(column).str.casefold().isin([value.casefold() for value in values])
    if not wanted.all():
        ledger.ignore(table, rows.cells.loc[~wanted, "@file"], "left out by only")
    rows = Rows(file, file.rows[wanted], lines[wanted], pd.Series("", index=lines.index[wanted], dtype="str"))
    key = source.key or _key_column(table, source)
    if key:
        rows.cells["@key"] = rows.source(key).fillna("")
    return rows


def _key_column(table: str, source: TableSource) -> str | None:
    spec = source.columns.get(_IDS.get(table, "activity_id")) or source.columns.get("opportunity_id")
    return spec.column[0] if spec is not None and spec.column else None


def fill_columns(table: str, rows: Rows, source: TableSource, mapping: Mapping_) -> None:
    """Make every column that the source names, and refuse rows that lack a required one."""
    for name, spec in source.columns.items():
        rows.cells[name] = _column(table, name, rows, spec, mapping)
    _fill_recorded(rows)
    if source.updated:
        updated = ColumnSpec(column=(source.updated,))
        rows.cells["@updated"] = _instant_column(source.updated, rows, updated, mapping)
    for name in required_columns(table):
        bare = rows.cells[name].isna() & (rows.problem == "")
        rows.refuse(bare, f"no {name}")
    if table in ("activities", "events") and "activity_id" not in source.columns:
        rows.cells["activity_id"] = rows.name + ":" + rows.cells["@line"].astype(str)


def _fill_recorded(rows: Rows) -> None:
    """Let a row whose instant of recording is empty be known when it happened."""
    if "recorded_at" not in rows.cells:
        return
    happened = rows.cells["occurred_at" if "occurred_at" in rows.cells else "created_at"]
    empty = rows.cells["recorded_at"].isna() & happened.notna()
    rows.flag(empty, "recorded_at empty: taken to be known when it happened")
    rows.cells["recorded_at"] = rows.cells["recorded_at"].fillna(happened)


def _column(table: str, name: str, rows: Rows, spec: ColumnSpec, mapping: Mapping_) -> pd.Series:
    declared = {} if table == "events" else {column.name: column.type for column in TABLES[table].columns}
    kind = declared.get(name, "instant" if name.endswith("_at") else "number" if name == "duration" else "text")
    if kind == "instant":
        return _instant_column(name, rows, spec, mapping)
    if kind == "number":
        return import_columns.numbers(rows, name, spec, mapping)
    if kind == "flag":
        return import_columns.flags(rows, name, spec, mapping)
    known = dict(mapping.stage_spellings()) if name == "stage" else {}
    return import_columns.text(rows, name, spec, mapping, known)


def _instant_column(name: str, rows: Rows, spec: ColumnSpec, mapping: Mapping_) -> pd.Series:
    if spec.order or spec.line:
        return _instants_of_order(name, rows, spec)
    values = import_columns.text(rows, name, spec, mapping)
    return instants(rows, name, values, spec, mapping)


def _instants_of_order(name: str, rows: Rows, spec: ColumnSpec) -> pd.Series:
    """Let rows without dates be an hour apart, in the order of a column or of the file."""
    by = rows.source(spec.order) if spec.order else rows.cells["@line"]
    numbers = pd.to_numeric(by, errors="coerce")
    rank = (numbers if numbers.notna().all() else by).rank(method="first", na_option="bottom")
    rows.flag_column(name, f"{name} is not in the source: made from the order of {spec.order or 'the lines'}")
    made: pd.Series = (FIRST_OF_ALL + pd.to_timedelta(rank - 1, unit="h")).astype(INSTANT)
    return made


def settle(table: str, parts: list[Rows], sources: list[TableSource], ledger: Ledger) -> pd.DataFrame:
    """Put the rows of all sources together, and keep those that are right and count once."""
    for part in parts:
        part.cells["@problem"] = part.problem
        for flagged in part.flags:
            ledger.flag(flagged)
    if not parts:
        return pd.DataFrame()
    batch = pd.concat([part.cells for part in parts], ignore_index=True)
    batch = refuse(table, batch, batch["@problem"], ledger).drop(columns="@problem")
    if "@updated" not in batch:
        batch["@updated"] = pd.Series(pd.NaT, index=batch.index, dtype=INSTANT)
    return _counted_once(table, batch, sources[0], ledger)


def refuse(table: str, batch: pd.DataFrame, problem: pd.Series, ledger: Ledger) -> pd.DataFrame:
    """Quarantine the rows with a problem, and return the others."""
    bad = problem.fillna("") != ""
    told = batch.loc[bad, ["@file", "@line", "@key"]].rename(columns=lambda name: name[1:])
    ledger.quarantine(table, told.assign(reason=problem[bad]))
    return batch[~bad]


def _counted_once(table: str, batch: pd.DataFrame, source: TableSource, ledger: Ledger) -> pd.DataFrame:
    time = "created_at" if "created_at" in batch else "occurred_at"
    if source.keep == "changes":
        return _changes(table, batch.sort_values(time, kind="stable"), ledger)
    key = _IDS.get(table, "@key")
    if source.keep == "first":
        ordered = batch.sort_values(time, kind="stable")
        later = ordered.duplicated(key)
        ledger.ignore(table, ordered.loc[later, "@file"], "not the first row of its key")
        return ordered[~later]
    if key == "@key" and source.key is None and "activity_id" not in source.columns:
        return batch
    return _newest(table, batch, key, ledger)


def _newest(table: str, batch: pd.DataFrame, key: str, ledger: Ledger) -> pd.DataFrame:
    """Of rows with one id keep the newest; of equally new ones the first."""
    updated = batch["@updated"].fillna(FIRST_OF_ALL - pd.Timedelta(days=20_000))
    named = batch[key] != ""
    superseded = named & (updated < updated.groupby(batch[key]).transform("max"))
    problem = pd.Series("", index=batch.index, dtype=object)
    problem[superseded] = "superseded by a newer row of " + batch[key][superseded]
    rest = batch[~superseded]
    again = rest.index[rest.duplicated(key) & named[rest.index]]
    problem[again] = "duplicate of " + batch.loc[again, key]
    return refuse(table, batch, problem, ledger)


def _changes(table: str, batch: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Keep the rows of field_history whose value is another than the one before."""
    if table != "field_history":
        raise MappingError(f"keep: changes for {table}", "it is for field_history", "remove it")
    values = batch["value"].fillna("")
    before = values.groupby([batch["opportunity_id"], batch["field"]]).shift()
    same = before.eq(values)
    ledger.ignore(table, batch.loc[same, "@file"], "value unchanged")
    return batch[~same]


def check_references(
    table: str, batch: pd.DataFrame, source: TableSource, known: dict[str, frozenset[str]], ledger: Ledger
) -> pd.DataFrame:
    """Quarantine rows that refer to what does not exist, or empty the reference, as the mapping says."""
    for column, parent in _PARENTS.items():
        if column not in allowed_columns(table) or column not in batch or parent == table or parent not in known:
            continue
        orphan = batch[column].notna() & ~batch[column].isin(known[parent])
        reason = _why_missing(batch[column], parent, ledger)
        if _policy(table, column, source) == "quarantine":
            batch = refuse(table, batch, reason.where(orphan, ""), ledger)
        else:
            told = batch.loc[orphan, ["@file", "@line", "@key"]].rename(columns=lambda name: name[1:])
            ledger.flag(told.assign(flag=reason[orphan] + ", taken as unknown"))
            batch = batch.assign(**{column: batch[column].where(~orphan)})
    return batch


def _why_missing(references: pd.Series, parent: str, ledger: Ledger) -> pd.Series:
    one = {"accounts": "account", "contacts": "contact", "opportunities": "opportunity"}[parent]
    refused = references.isin(ledger.refused_keys(parent))
    return (f"no such {one}: " + references).where(~refused, f"{one} " + references + " is quarantined")


def _policy(table: str, column: str, source: TableSource) -> str:
    usual = "quarantine" if column == "opportunity_id" or table == "contacts" else "empty"
    return source.orphans.get(column, usual)
