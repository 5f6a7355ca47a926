"""The score of an opportunity that the service knows: computed now, from what is recorded now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, Table, bindparam, select

from api.champion import Champion
from api.live_segments import score_live_by_segment
from api.store.judgements import standing_judgement
from api.store.scores import trends
from api.store.tables import SCORES
from features.errors import NotKnownError
from features.history.database.as_request import request_of
from features.history.database.description import read_description
from features.history.database.engine import Database, last_commit, last_commit_by
from features.history.database.reads import Cut, Known, moment, opportunity_known
from features.history.database.tables import OPPORTUNITIES
from features.history.live import Note
from features.history.live_rules import Rules
from features.instants import instant, micros_of
from models.artifact import Artifact
from scoring.score import Score
from scoring.trend import Trend


@dataclass(frozen=True)
class Earlier:
    """The last score that was served of an opportunity, and kept."""

    as_of: pd.Timestamp
    model_version: str
    probability: float | None
    opportunity_class: str | None


@dataclass(frozen=True)
class Stored:
    """A score of what the service knows, the commit that it knew last, the score kept before, a person's judgement."""

    score: Score
    notes: tuple[Note, ...]
    through_seq: int
    earlier: Earlier | None
    judgement: Row[Any] | None
    trend: Trend


def score_stored(
    database: Database,
    champion: Champion,
    opportunity_id: str,
    clock: Callable[[], pd.Timestamp],
    horizons: Sequence[float],
    *,
    as_of: pd.Timestamp | None = None,
    reasons: bool = True,
) -> Stored:
    """Score an opportunity from what is recorded: every acknowledged write is in it.

    Parameters
    ----------
    clock
        Gives the present; the score is as of then, or as of the last commit, when that is later.
    as_of
        An earlier instant: what was recorded later is left out.

    Raises
    ------
    NotKnownError
        The opportunity was not recorded by then.
    """
    with database.reading() as connection:
        cut = cut_at(connection, clock(), as_of)
        raw = request_at(connection, opportunity_id, cut, champion.artifact)
        earlier = earlier_score(connection, opportunity_id, cut)
        asked = instant(cut.recorded_by)
        [(score, notes)] = score_live_by_segment(champion, [raw], asked, horizons, reasons)
        trend = _trend(connection, score, cut)
        judgement = standing_judgement(connection, opportunity_id, cut.recorded_by)
    return Stored(score, notes, cut.through_seq, earlier, judgement, trend)


def cut_at(connection: Connection, now: pd.Timestamp, as_of: pd.Timestamp | None = None) -> Cut:
    """Cut at the present, or earlier: no commit that is seen lies after the instant, but for an import."""
    if as_of is not None:
        at = micros_of(as_of)
        return Cut(at, last_commit_by(connection, at))
    seq, recorded_at = last_commit(connection)
    return Cut(max(micros_of(now), recorded_at), seq)


def request_at(connection: Connection, opportunity_id: str, cut: Cut, artifact: Artifact) -> dict[str, Any]:
    """Write what was known of an opportunity as a live request has it, for one model.

    Raises
    ------
    NotKnownError
        It was not recorded by then.
    """
    known: Known | None = opportunity_known(connection, opportunity_id, cut)
    if known is None:
        raise not_known(connection, OPPORTUNITIES, opportunity_id)
    description = read_description(connection, cut.recorded_by, cut.through_seq)
    return request_of(known, description, Rules(instant(cut.recorded_by), artifact.processes, artifact.catalogue))


def not_known(connection: Connection, table: Table, name: str) -> NotKnownError:
    """Tell what was never recorded from what was recorded later; the table is that of its kind."""
    key = next(iter(table.primary_key))
    what = f"{key.name.removesuffix('_id')} {name!r}"
    told = connection.execute(select(table.c.recorded_at).where(key == name)).scalar()
    if told is None:
        return NotKnownError(what, "one that was recorded by then", f"PUT /v1/{table.name}/{name}")
    since = moment(told).isoformat()
    expected = f"an instant from {since} on, when it was recorded"
    return NotKnownError(f"{what} as of an earlier instant", expected, "ask as of a later instant")


def _trend(connection: Connection, score: Score, cut: Cut) -> Trend:
    """Where the scores have been going, by those that were kept and the one of now."""
    now = {
        "opportunity_id": score.opportunity_id,
        "as_of": cut.recorded_by,
        "model_version": score.model_version,
        "probability": score.win_probability,
        "low": score.interval[0] if score.interval else None,
        "high": score.interval[1] if score.interval else None,
    }
    return trends(connection, [now])[score.opportunity_id]


def earlier_score(connection: Connection, opportunity_id: str, cut: Cut) -> Earlier | None:
    """Read the last score that was served by an instant and kept; None when none was."""
    row = connection.execute(_LAST, {"opportunity_id": opportunity_id, "as_of": cut.recorded_by}).first()
    return None if row is None else Earlier(instant(row.as_of), row.model_version, row.probability, row[3])


_S = SCORES.c
_LAST = (
    select(_S.as_of, _S.model_version, _S.probability, _S.opportunity_class)
    .where(
        _S.opportunity_id == bindparam("opportunity_id"),
        _S.is_shadow.is_(False),
        _S.was_served,
        _S.as_of <= bindparam("as_of"),
    )
    .order_by(_S.as_of.desc())
    .limit(1)
)
