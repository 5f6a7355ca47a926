"""Opportunities that the service knows: the score now, and why it changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request, Response

from api.answers import ClassKey
from api.champion import Champion
from api.change_answers import ScoreChangeAnswer
from api.field_types import Instant, PathId
from api.live_segments import live_alone_by_segment
from api.problems import documented
from api.reading import answered
from api.routes.changes import change_answer, former_for
from api.routes.judgements import judgement_answer
from api.routes.scores import instant_asked, score_answer
from api.routes.work_list import trend_answer
from api.security import needs
from api.store.service import database_of
from api.stored import Earlier, cut_at, earlier_score, request_at, score_stored
from api.stored_answers import EarlierScore, StoredScoreAnswer
from features.errors import NotKnownError
from features.history.database.reads import Cut
from features.instants import micros_of
from scoring.change import change_between
from scoring.score import HORIZONS, Score

router = APIRouter(tags=["opportunities"], dependencies=[Depends(needs("read"))])

_MOST_DAYS = 3650


@router.get(
    "/v1/opportunities/{name}/score",
    response_model=StoredScoreAnswer,
    responses=documented(404),
    summary="Score an opportunity now",
)
def get_score(
    request: Request,
    name: PathId,
    as_of: Annotated[Instant | None, Query(description="An earlier instant; now if absent.")] = None,
    horizons_days: Annotated[
        list[Annotated[float, Query(gt=0, le=_MOST_DAYS)]] | None,
        Query(max_length=20, description="Days ahead to answer for; 30, 60, 90 and 180 if absent."),
    ] = None,
    reasons: Annotated[bool, Query(description="Whether to say what adds up to the probability.")] = True,
) -> Response:
    """Score an opportunity from everything that was acknowledged before this was asked.

    A single score is computed when it is read; lists are refreshed behind.
    """
    answer = stored_score(request, name, as_of, horizons_days, reasons)
    return answered(answer)


def stored_score(
    request: Request, name: str, as_of: datetime | None, horizons_days: list[float] | None, reasons: bool
) -> StoredScoreAnswer:
    """Score an opportunity that the service knows."""
    champion = cast(Champion, request.app.state.champion)
    clock = request.app.state.clock
    at = None if as_of is None else _past(as_of, clock())
    found = score_stored(
        database_of(request), champion, name, clock, list(horizons_days or HORIZONS), as_of=at, reasons=reasons
    )
    artifact = champion.model_of(found.score)
    return StoredScoreAnswer(
        through_seq=found.through_seq,
        origin=str(artifact.training["origin"]),
        score=score_answer(found.score, found.notes, None, artifact),
        earlier=_earlier(found.earlier, found.score),
        trend=trend_answer(found.trend),
        judgement=None if found.judgement is None else judgement_answer(found.judgement),
    )


def _past(as_of: datetime, now: pd.Timestamp) -> pd.Timestamp:
    return min(instant_asked(as_of, lambda: now), now)


def _earlier(earlier: Earlier | None, score: Score) -> EarlierScore | None:
    if earlier is None:
        return None
    known = score.win_probability is not None and earlier.probability is not None
    return EarlierScore(
        as_of=earlier.as_of,
        model_version=earlier.model_version,
        win_probability=earlier.probability,
        class_key=cast(ClassKey | None, earlier.opportunity_class),
        points=100 * (score.win_probability - earlier.probability) if known else None,  # type: ignore[operator]
    )


@router.get(
    "/v1/opportunities/{name}/score/change",
    response_model=ScoreChangeAnswer,
    responses=documented(404),
    summary="Say why a score changed",
)
def get_change(
    request: Request,
    name: PathId,
    since: Annotated[
        Instant | None,
        Query(description="Instant of the earlier score; the last one that was served and kept if absent."),
    ] = None,
    version: Annotated[
        str | None,
        Query(max_length=255, description="Version that gave it; if absent the one that answered then."),
    ] = None,
) -> Response:
    """Split the change since an earlier score into what time, the data and a new model did."""
    answer = stored_change(request, name, since, version)
    return answered(answer)


def stored_change(request: Request, name: str, since: datetime | None, version: str | None) -> ScoreChangeAnswer:
    """Split the change of the score of an opportunity that the service knows."""
    champion = cast(Champion, request.app.state.champion)
    clock = request.app.state.clock
    with database_of(request).reading() as connection:
        cut = cut_at(connection, clock())
        raw = request_at(connection, name, cut, champion.artifact)
        asked = cut if since is None else Cut(micros_of(_past(since, clock())), cut.through_seq)
        found = earlier_score(connection, name, asked)
    end = pd.Timestamp(cut.recorded_by, unit="us", tz="UTC")
    if since is not None:
        start = _past(since, clock())
    elif found is not None:
        start = found.as_of
    else:
        raise NotKnownError(f"no earlier score of {name!r}", "one that was kept", "name an instant with since")
    with database_of(request).reading() as connection:
        raw_then = request_at(connection, name, Cut(micros_of(start), cut.through_seq), champion.artifact)
    # What was shown then is what is explained: by the version that answered then, where that is known.
    version = version or (found.model_version if found is not None else None)
    after, history, notes = live_alone_by_segment(champion, raw, end)
    before = after if version is None else former_for(champion, version, raw)
    _, then, _ = live_alone_by_segment(champion, raw_then, start)
    change = change_between(history, name, start, end, before, after, alone=True, known_then=then)
    return change_answer(change, before, after, notes)
