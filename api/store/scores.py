"""The history of scores: what was said of each opportunity when something changed, and daily."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, literal, select

from api.store.insertion import insert_new
from api.store.tables import SCORES
from features.history.database.parts import parts_of
from features.instants import DAY
from scoring.score import Score
from scoring.trend import WINDOW_DAYS, Trend, trend_of

SMALLEST_CHANGE = 0.0005
"""A tenth of a point, as probabilities are shown: a smaller change is written once a day only."""

ScoreRow = dict[str, Any]
_OF_TREND = ("opportunity_id", "as_of", "model_version", "probability", "low", "high")
_SINCE = (
    select(*(SCORES.c[name] for name in _OF_TREND))
    .where(
        SCORES.c.opportunity_id.in_(bindparam("ids", expanding=True)),
        SCORES.c.is_shadow == literal(False),
        SCORES.c.as_of >= bindparam("since"),
    )
    .order_by(SCORES.c.as_of)
)
_WORDS = ("status", "outcome", "opportunity_class", "model_version")


def score_row(
    score: Score, as_of: int, through_seq: int, *, is_shadow: bool = False, was_served: bool = True
) -> ScoreRow:
    """Write a score as a row of the history.

    Parameters
    ----------
    as_of
        Instant asked about, microseconds.
    through_seq
        The last commit that it knew: with ``as_of`` and the version it can be computed again, exactly.
    is_shadow
        It is a challenger's.
    was_served
        False: it is worked out after its instant.
    """
    low, high = score.interval or (None, None)
    return {
        "opportunity_id": score.opportunity_id,
        "as_of": as_of,
        "model_version": score.model_version,
        "through_seq": through_seq,
        "status": score.status,
        "outcome": score.outcome,
        "probability": score.win_probability,
        "low": low,
        "high": high,
        "opportunity_class": score.opportunity_class,
        "segment": score.segment,
        "is_shadow": is_shadow,
        "was_served": was_served and not is_shadow,
    }


def is_changed(row: Mapping[str, Any], last: Mapping[str, Any] | None) -> bool:
    """Tell whether a score differs from the last one by more than passing time does in a day.

    It does by another version, status, outcome or class, or by a tenth of a point. The first
    score of what is closed already is nothing to tell of.
    """
    if last is None:
        return bool(row["outcome"] == "open")
    if any(row[name] != last[name] for name in _WORDS):
        return "open" in (row["outcome"], last["outcome"]) or bool(row["outcome"] != last["outcome"])
    now, before = row["probability"], last["probability"]
    return (now is None) != (before is None) or (now is not None and abs(now - before) >= SMALLEST_CHANGE)


def is_due(row: Mapping[str, Any], last: Mapping[str, Any] | None) -> bool:
    """Tell whether a score belongs into the history: something changed, or a day has passed while it is open."""
    if is_changed(row, last):
        return True
    return last is not None and row["outcome"] == "open" and row["as_of"] - last["as_of"] >= DAY


def append_scores(connection: Connection, rows: Sequence[ScoreRow]) -> None:
    """Add rows to the history."""
    insert_new(connection, SCORES, rows)


def last_scores(connection: Connection, ids: Sequence[str], is_shadow: bool = False) -> dict[str, Mapping[str, Any]]:
    """Read the last score of each opportunity that was served, or is a challenger's, by id."""
    found: dict[str, Mapping[str, Any]] = {}
    for part in parts_of(ids):
        kind = (SCORES.c.is_shadow == is_shadow, SCORES.c.was_served != is_shadow)
        mine = (SCORES.c.opportunity_id.in_(part), *kind)
        last = select(SCORES.c.opportunity_id, func.max(SCORES.c.as_of).label("as_of")).where(*mine)
        of_each = last.group_by(SCORES.c.opportunity_id).subquery()
        same = (SCORES.c.opportunity_id == of_each.c.opportunity_id) & (SCORES.c.as_of == of_each.c.as_of)
        asked = select(SCORES).join(of_each, same).where(*kind)
        found |= {row["opportunity_id"]: dict(row) for row in connection.execute(asked).mappings()}
    return found


def kept_scores(connection: Connection, opportunity_id: str, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Read scores of an opportunity, the newest first, before an instant when given."""
    mine = [SCORES.c.opportunity_id == opportunity_id, SCORES.c.is_shadow == literal(False)]
    mine += [] if before is None else [SCORES.c.as_of < before]
    asked = select(SCORES).where(*mine).order_by(SCORES.c.as_of.desc()).limit(limit)
    return [dict(row) for row in connection.execute(asked).mappings()]


def trends(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, Trend]:
    """Trend of each opportunity, from its history and the score of now, by id."""
    if not rows:
        return {}
    since = min(row["as_of"] for row in rows) - (WINDOW_DAYS + 1) * DAY
    past: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for part in parts_of([row["opportunity_id"] for row in rows]):
        for kept in connection.execute(_SINCE, {"ids": list(part), "since": since}).all():
            past[kept.opportunity_id].append(kept)
    return {row["opportunity_id"]: _trend(past[row["opportunity_id"]], row) for row in rows}


def _trend(past: Iterable[Row[Any]], now: Mapping[str, Any]) -> Trend:
    """Only scores by the model of now: a new model is no trend."""
    same = [row for row in past if row.model_version == now["model_version"] and row.as_of < now["as_of"]]
    known: list[Mapping[str, Any]] = [*(dict(row._mapping) for row in same), now]
    scores = [row for row in known if row["probability"] is not None]
    widths = [None if row["low"] is None else row["high"] - row["low"] for row in scores]
    return trend_of([row["as_of"] for row in scores], [row["probability"] for row in scores], widths)
