"""Small literal histories: rows by day, counted from 2026-01-01 UTC."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.history.history import History, build_history
from features.past_results import PastResults
from features.snapshots import Catalogue, build_snapshots

START = pd.Timestamp("2026-01-01", tz="UTC")

Row = tuple[str, dict[str, Any]]


def at(day: float) -> pd.Timestamp:
    return (START + pd.Timedelta(days=day)).as_unit("us")


def opportunity(name: str = "o1", created: float = 0, told: float | None = None, **more: Any) -> Row:
    row = {"opportunity_id": name, "process": "default"} | more
    return "opportunities", row | _instants("created_at", created, told)


def stage(key: str, happened: float, told: float | None = None, of: str = "o1") -> Row:
    return "stage_history", {"opportunity_id": of, "stage": key} | _instants("occurred_at", happened, told)


def value(field: str, word: str | None, happened: float, told: float | None = None, of: str = "o1") -> Row:
    row = {"opportunity_id": of, "field": field, "value": word}
    return "field_history", row | _instants("occurred_at", happened, told)


def activity(kind: str, happened: float, told: float | None = None, of: str | None = "o1", **more: Any) -> Row:
    row = {"opportunity_id": of, "kind": kind} | more
    return "activities", row | _instants("occurred_at", happened, told)


def contact(name: str, role: str | None, created: float = 0, told: float | None = None) -> Row:
    return "contacts", {"contact_id": name, "role": role} | _instants("created_at", created, told)


def account(name: str = "x", created: float = 0, told: float | None = None, **more: Any) -> Row:
    return "accounts", {"account_id": name} | more | _instants("created_at", created, told)


def history(*rows: Row, **more: Any) -> History:
    """Put rows together; an activity without an id gets one of its own."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for place, (table, row) in enumerate(rows):
        own = {"activity_id": f"a{place}"} if table == "activities" else {}
        tables.setdefault(table, []).append(own | row)
    return build_history({name: pd.DataFrame(found) for name, found in tables.items()}, **more)


def keys(*snapshots: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"opportunity_id": [o for o, _ in snapshots], "as_of": [at(day) for _, day in snapshots]})


def snapshot(
    known: History, day: float, of: str = "o1", past: PastResults | None = None, catalogue: Catalogue | None = None
) -> dict[str, Any]:
    """Features of one opportunity at a day, by name."""
    return {str(k): v for k, v in build_snapshots(known, keys((of, day)), catalogue, past).iloc[0].items()}


def table(known: History, *days: float, of: str = "o1") -> pd.DataFrame:
    """Features of one opportunity, a row for each day."""
    return build_snapshots(known, keys(*((of, day) for day in days)))


def over_days(known: History, feature: str, *days: float, of: str = "o1") -> list[Any]:
    """One feature of one opportunity at several days."""
    return list(table(known, *days, of=of)[feature])


def _instants(first: str, happened: float, told: float | None) -> dict[str, pd.Timestamp]:
    return {first: at(happened), "recorded_at": at(happened if told is None else told)}
