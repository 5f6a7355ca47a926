"""Imports an export: reads its files as the mapping says, and puts a history together, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.history.history import History, build_history
from features.history.import_collected import collected_by, observed_until
from features.history.import_ledger import Ledger
from features.history.import_opportunities import attributes_of
from features.history.import_result import ImportResult
from features.history.import_tables import import_tables
from features.history.import_timing import timing_note, timing_of
from features.history.mapping_format import Mapping_
from features.history.schema import TABLES
from features.history.source_folder import SourceFolder


def import_source(mapping: Mapping_, source: Path) -> ImportResult:
    r"""Import an export.

    Parameters
    ----------
    mapping
        How its files become our tables.
    source
        A folder, or a single file.

    Returns
    -------
    The history, the rows refused with their reasons, and the assumptions made.

    Raises
    ------
    UnreadableSourceError
        A file is absent, or cannot be read.
    MappingError
        The mapping names a column that its file lacks.

    Examples
    --------
    >>> import tempfile
    >>> from features.history.mapping import read_mapping
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     crm, deals = Path(folder) / "crm.yaml", Path(folder) / "deals.csv"
    ...     _ = crm.write_text('''
    ... tables:
    ...   opportunities:
    ...     columns: {opportunity_id: id, created_at: opened}
    ...     stage: {column: status, at: moved}
    ... ''')
    ...     _ = deals.write_text("id,opened,status,moved\n1,2026-01-02,contacted,2026-01-05\n2,soon,won,\n")
    ...     result = import_source(read_mapping(crm), deals)
    >>> result.history.stage_history["stage"].tolist()
    ['contacted']
    >>> result.quarantine.to_dict("records")
    [{'file': 'deals.csv', 'line': 3, 'key': '2', 'reason': "created_at 'soon' is in none of the formats of dates"}]
    """
    folder = SourceFolder(source, mapping.encoding)
    ledger = Ledger()
    tables = import_tables(mapping, folder, ledger)
    until = max(observed_until(tables), ledger.last_seen)
    history = build_history(
        _known_by_then(tables, until),
        processes=mapping.processes,
        collected=collected_by(mapping, tables),
        attributes=attributes_of(mapping),
        origin=mapping.name,
        observed_until=until,
        timing=timing_of(mapping),
    )
    return _result(history, mapping, folder, ledger)


def _known_by_then(tables: dict[str, pd.DataFrame], until: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Let what is only planned be known at the end of the export at the latest: it is in it."""
    activities = tables["activities"]
    if "planned" not in activities or "recorded_at" in activities:
        return tables
    planned = activities["planned"].astype("boolean").fillna(False).astype(bool)
    known = activities["occurred_at"].where(~planned | (activities["occurred_at"] <= until), until)
    return {**tables, "activities": activities.assign(recorded_at=known)}


def _result(history: History, mapping: Mapping_, folder: SourceFolder, ledger: Ledger) -> ImportResult:
    quarantine = ledger.quarantined_rows()
    ignored = [(*key, count) for key, count in ledger.ignored.items()]
    return ImportResult(
        history=history,
        quarantine=quarantine,
        flags=ledger.flags(quarantine),
        counts=ledger.counts(),
        ignored=pd.DataFrame(ignored, columns=["file", "table", "reason", "rows"]),
        not_read=tuple(folder.not_read),
        notes=_notes(mapping),
    )


def _notes(mapping: Mapping_) -> tuple[str, ...]:
    untold = [
        name
        for name in (*TABLES, "events")
        if any("recorded_at" not in source.columns for source in mapping.tables.of(name))
    ]
    flat = timing_note(timing_of(mapping))
    if not untold or flat:
        return (flat,) if flat else ()
    return (f"No recorded_at for {', '.join(untold)}: taken to be known when it happened.",)
