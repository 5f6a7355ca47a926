"""POST /v1/scores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, cast

import pandas as pd
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.answers import (
    ClassKey,
    HorizonAnswer,
    Interval,
    Man,
    OpportunityClass,
    Outcome,
    Reason,
    ScoreAnswer,
    ScoresAnswer,
    Words,
)
from api.body import read_body
from api.champion import Champion
from api.live_segments import score_live_by_segment
from api.metrics import Metrics
from api.problems import documented
from api.reading import answered, described, read_as
from api.routes.reasons import reasons_answer
from api.schemas import ScoreRequest
from api.security import needs
from features.errors import FutureEventError, RequestError
from features.history.live import Note
from features.history.live_rules import CLOCK_SKEW
from models.artifact import Artifact
from scoring.classification import CLASSES
from scoring.score import HORIZONS, Score

_FARTHEST = 3650.0
_EXPLAINED = 20
"""Opportunities up to which reasons are given unasked: they nearly double the time, and are 24 kB each."""

_AT_ONCE = 64 * 1024
"""Bytes of a body up to which it is answered in a few milliseconds: to hand it to a thread would take longer."""

router = APIRouter(dependencies=[Depends(needs("score"))])


@router.post(
    "/v1/scores",
    response_model=ScoresAnswer,
    summary="Score opportunities",
    responses=documented(409),
    openapi_extra=described("ScoreRequest"),
)
async def post_scores(request: Request, body: Annotated[bytes, Depends(read_body)]) -> Response:
    """Say of each opportunity how likely it is won and lost, by when, and what class it is in.

    The answer depends on the request and the model alone. What is not sent counts as not
    collected: it is missing, not zero.
    """
    if len(body) <= _AT_ONCE:
        return _scored(request, body)
    return await run_in_threadpool(_scored, request, body)


def _scored(request: Request, body: bytes) -> Response:
    champion = cast(Champion, request.app.state.champion)
    artifact = champion.artifact
    asked = read_as(body, ScoreRequest)
    as_of = instant_asked(asked.as_of, request.app.state.clock)
    days, dates = _horizons(asked, as_of)
    opportunities = [opportunity.plain() for opportunity in asked.opportunities]
    with_reasons = len(opportunities) <= _EXPLAINED if asked.reasons is None else asked.reasons
    scored = score_live_by_segment(champion, opportunities, as_of, days, with_reasons)
    metrics = cast(Metrics, request.app.state.metrics)
    metrics.count_scores((score.status, score.opportunity_class) for score, _ in scored)
    answer = ScoresAnswer(
        model_version=artifact.version,
        as_of=as_of,
        origin=str(artifact.training["origin"]),
        scores=[score_answer(score, notes, dates, champion.model_of(score)) for score, notes in scored],
    )
    return answered(answer)


def instant_asked(given: datetime | None, clock: Callable[[], pd.Timestamp], pointer: str = "/as_of") -> pd.Timestamp:
    """Find the instant that a request asks about: now when it says none; ``pointer`` is where it says it."""
    now = clock()
    if given is None:
        return now
    as_of = pd.Timestamp(given).tz_convert("UTC").as_unit("us")
    if as_of > now + CLOCK_SKEW:
        found = f"as_of {as_of.isoformat()}, now is {now.isoformat()}"
        raise FutureEventError(found, "an instant by now", "ask as of now, with horizons ahead", pointer)
    return as_of


def _horizons(asked: ScoreRequest, as_of: pd.Timestamp) -> tuple[list[float], list[pd.Timestamp] | None]:
    """Days ahead, and the instants themselves where instants were asked for."""
    if asked.horizon_dates is None:
        return list(asked.horizons_days or HORIZONS), None
    dates = [pd.Timestamp(date).tz_convert("UTC") for date in asked.horizon_dates]
    days = [(date - as_of) / pd.Timedelta(days=1) for date in dates]
    for place, ahead in enumerate(days):
        if not 0 < ahead <= _FARTHEST:
            raise RequestError(
                f"the horizon {dates[place].isoformat()}",
                f"an instant after as_of {as_of.isoformat()}, at most {_FARTHEST:g} days ahead",
                "correct the date",
                f"/horizon_dates/{place}",
            )
    return days, dates


def score_answer(
    score: Score, notes: tuple[Note, ...], dates: list[pd.Timestamp] | None, artifact: Artifact
) -> ScoreAnswer:
    """Write a score as the service answers it; ``dates`` are the horizons where they were asked for as such."""
    reason = score.status_reason
    return ScoreAnswer(
        opportunity_id=score.opportunity_id,
        as_of=score.as_of,
        status=score.status,
        status_reason=Words(en=reason[0], zh_cn=reason[1]) if reason else None,
        outcome=cast(Outcome | None, score.outcome),
        win_probability=score.win_probability,
        interval=Interval(low=score.interval[0], high=score.interval[1]) if score.interval else None,
        fixed_weight_probability=score.fixed_weight_probability,
        horizons=_horizon_answers(score, dates),
        expected_close=score.expected_close,
        opportunity_class=_class(score),
        man=Man(code=score.man.code, advice=Words(en=score.man.en, zh_cn=score.man.zh)),
        reasons=reasons_answer(score.reasons) if score.reasons else None,
        model_version=score.model_version,
        segment=score.segment,
        context_as_of=context_as_of(artifact),
        notes=[Reason(code=note.code, en=note.en, zh_cn=note.zh) for note in notes],
    )


def _horizon_answers(score: Score, dates: list[pd.Timestamp] | None) -> list[HorizonAnswer]:
    return [
        HorizonAnswer(
            days=at.days,
            by=dates[place] if dates else at.by,
            win_probability=at.win_probability,
            loss_probability=at.loss_probability,
        )
        for place, at in enumerate(score.horizons)
    ]


def _class(score: Score) -> OpportunityClass | None:
    if score.opportunity_class is None:
        return None
    names = CLASSES[score.opportunity_class]
    return OpportunityClass(
        key=cast(ClassKey, score.opportunity_class),
        names=Words(en=names["en"], zh_cn=names["zh-CN"]),
        evidence=[Reason(code=e.code, en=e.en, zh_cn=e.zh) for e in score.evidence],
    )


def context_as_of(artifact: Artifact) -> datetime | None:
    """When the past results of a model were last known; None when it has learned none."""
    return None if artifact.training.get("cutoff") is None else artifact.past.as_of
