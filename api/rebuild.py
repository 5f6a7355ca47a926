"""Every score that was kept, recomputed from the recorded past: it must be the same to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from sqlalchemy import Connection, Row, Select, and_, func, select, tuple_

from api.champion import Champion, score_live
from api.store.erasure import touched_since
from api.store.tables import SCORES
from api.stored import request_at
from features.errors import ArtifactError, DealoddsError, NotKnownError
from features.history.database.engine import Database
from features.history.database.reads import Cut
from features.instants import instant, micros
from features.segment import segment_of
from models.artifact import Artifact
from models.exported import former_champion, segment_folder
from scoring.score import Score

Verdict = Literal["equal", "different", "no model", "erased since"]
KEPT = ("status", "outcome", "probability", "low", "high", "opportunity_class", "segment")
"""What is compared."""

_MOST_MODELS = 8
_PAGE = 500


@dataclass(frozen=True)
class Rebuilt:
    """One score recomputed; ``differs`` has what was kept and what was found, by column."""

    opportunity_id: str
    as_of: pd.Timestamp
    model_version: str
    verdict: Verdict
    differs: Mapping[str, tuple[Any, Any]]
    reason: str = ""


def rebuild(
    database: Database,
    champion: Champion,
    *,
    as_of: pd.Timestamp | None = None,
    opportunity_id: str | None = None,
) -> Iterator[Rebuilt]:
    """Recompute scores that were kept: each at its instant, up to its commit, by its model.

    Parameters
    ----------
    champion
        What is in service; the copies beside it are the models of earlier scores.
    as_of
        Only those that held at this instant: the last of each opportunity and model by then.
    opportunity_id
        Only those of one opportunity.

    Returns
    -------
    One a row of ``scores``. *no model*: no copy of its version is here. *erased since*: it
    differs, and something that it had been scored with was erased after it.
    """
    models: dict[tuple[str, str | None], Artifact] = {}
    # One model after the other, so that few are in memory at once.
    with database.reading() as connection:
        versions = connection.execute(select(SCORES.c.model_version).distinct().order_by(SCORES.c.model_version))
        named = list(versions.scalars())
    for version in named:
        asked, after = _kept(as_of, opportunity_id).where(SCORES.c.model_version == version), None
        while True:
            # A page after the other, each in a view of its own: a long rebuild keeps nothing from being cleaned up.
            with database.reading() as connection:
                page = _page(connection, asked, after)
                yield from [_rebuilt(connection, row, champion, models) for row in page]
            if len(page) < _PAGE:
                break
            after = page[-1].opportunity_id, page[-1].as_of


def _kept(as_of: pd.Timestamp | None, opportunity_id: str | None) -> Select[Any]:
    table = SCORES.c
    asked = select(SCORES)
    if as_of is not None:
        by_then = table.as_of <= int(micros(pd.Index([as_of]))[0])
        keys = (table.opportunity_id, table.model_version)
        last = select(*keys, func.max(table.as_of).label("as_of")).where(by_then).group_by(*keys).subquery()
        asked = asked.join(last, and_(*(table[column.name] == column for column in last.c)))
    return asked if opportunity_id is None else asked.where(table.opportunity_id == opportunity_id)


def _page(connection: Connection, asked: Select[Any], after: tuple[str, int] | None) -> Sequence[Row[Any]]:
    """Read the next scores in the order of the primary key."""
    key = SCORES.c.opportunity_id, SCORES.c.as_of
    asked = asked if after is None else asked.where(tuple_(*key) > after)
    return connection.execute(asked.order_by(*key).limit(_PAGE)).all()


def _rebuilt(
    connection: Connection, row: Row[Any], champion: Champion, models: dict[tuple[str, str | None], Artifact]
) -> Rebuilt:
    at = instant(row.as_of)
    done = Rebuilt(row.opportunity_id, at, row.model_version, "equal", {})
    try:
        artifact = _model(row, champion, models)
    except ArtifactError as error:
        return replace(done, verdict="no model", reason=error.found)
    try:
        raw = request_at(connection, row.opportunity_id, Cut(row.as_of, row.through_seq), artifact)
        # By that model alone: whether it was that of a segment was decided when the score was kept.
        [(score, _)] = score_live(artifact, [raw], at, [30.0])
        differs = _differences(row, score)
    except NotKnownError as error:
        differs = {"opportunity": ("recorded", "not recorded")}
        done = replace(done, reason=error.found)
    except (DealoddsError, ExceptionGroup) as problem:
        differs = {"opportunity": ("scored", "not scored")}
        done = replace(done, reason=str(problem))
    if not differs:
        return done
    erased = touched_since(connection, row.opportunity_id, row.through_seq)
    return replace(done, verdict="erased since" if erased else "different", differs=differs)


def _differences(row: Row[Any], score: Score) -> dict[str, tuple[Any, Any]]:
    low, high = score.interval or (None, None)
    found = {
        "status": score.status,
        "outcome": score.outcome,
        "probability": score.win_probability,
        "low": low,
        "high": high,
        "opportunity_class": score.opportunity_class,
        "segment": score.segment,
    }
    return {name: (getattr(row, name), found[name]) for name in KEPT if getattr(row, name) != found[name]}


def _model(row: Row[Any], champion: Champion, models: dict[tuple[str, str | None], Artifact]) -> Artifact:
    """Find the model of a score: the one in service, or the copy of a former one."""
    key = row.model_version, row.segment
    if key not in models:
        for oldest in list(models)[: len(models) + 1 - _MOST_MODELS]:
            models.pop(oldest)
        models[key] = _read(champion, *key)
    return models[key]


def _read(champion: Champion, version: str, segment: str | None) -> Artifact:
    if segment is None:
        return champion.of_version(version)
    loaded = [s for s in champion.segments if s.training["segment"] == segment and s.version == version]
    if loaded:
        return loaded[0]
    folder: Path | None = champion.folder
    if folder is None:
        raise ArtifactError(f"no copy of version {version}", "a version that was in service", "name its folder")
    return former_champion(segment_folder(folder, segment_of(segment)), version)
