"""Says what an export delivers, and up to when it tells the past."""

from __future__ import annotations

import pandas as pd

from features.errors import MappingError
from features.history.mapping_format import ColumnSpec, Mapping_, Meaning


def collected_by(mapping: Mapping_, tables: dict[str, pd.DataFrame]) -> dict[str, pd.Timestamp | None]:
    """Return the kinds and fields that the mapping names or that occur, each with its first instant.

    None means always. The mapping's own ``collected`` has the last word.
    """
    names = _named(mapping) | _occurring(tables)
    collected: dict[str, pd.Timestamp | None] = dict.fromkeys(sorted(names))
    for name, since in mapping.collected.items():
        if since == "never":
            collected.pop(name, None)
        else:
            collected[name] = None if since == "always" else _instant(name, since, mapping.zone)
    return collected


def observed_until(tables: dict[str, pd.DataFrame]) -> pd.Timestamp:
    """Return the last instant told of; what is only planned tells nothing of the past."""
    last = []
    for frame in tables.values():
        happened = frame
        if "planned" in frame:
            happened = frame[~frame["planned"].astype("boolean").fillna(False).astype(bool)]
        last += [happened[c].max() for c in ("recorded_at", "occurred_at", "created_at", "@updated") if c in happened]
    known = [instant for instant in last if not pd.isna(instant)]
    return max(known) if known else pd.Timestamp(0, tz="UTC")


def _named(mapping: Mapping_) -> set[str]:
    names = {name for source in mapping.tables.opportunities for name in source.fields}
    for log in mapping.tables.events:
        meanings = [meaning for meaning in log.meanings.values() if isinstance(meaning, Meaning)]
        names |= {name for meaning in meanings for name in (meaning.activity, meaning.field) if name}
    for source in mapping.tables.activities:
        names |= _values_of(source.columns["kind"], mapping)
    for source in mapping.tables.field_history:
        names |= _values_of(source.columns["field"], mapping)
    return names | {name for name in ("accounts", "contacts") if mapping.tables.of(name)}


def _values_of(spec: ColumnSpec, mapping: Mapping_) -> set[str]:
    return {spec.constant} if spec.constant else set(mapping.dictionary(spec))


def _occurring(tables: dict[str, pd.DataFrame]) -> set[str]:
    told = [tables["activities"].get("kind"), tables["field_history"].get("field")]
    return {str(name) for column in told if column is not None for name in column.dropna().unique()}


def _instant(name: str, since: str, zone: str) -> pd.Timestamp:
    try:
        instant = pd.Timestamp(since)
    except ValueError as problem:
        raise MappingError(
            f"collected.{name} = {since!r}", "an ISO instant, always or never", "correct it"
        ) from problem
    return (instant.tz_localize(zone) if instant.tzinfo is None else instant).tz_convert("UTC")
