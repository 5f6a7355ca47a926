"""GET /v1/opportunities/{opportunity_id}/scores: what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection, select

from features.history.database.rows import micro
from api.list_answers import KeptScore, ScoreHistoryAnswer
from api.list_schemas import ScoreHistoryQuery
from api.problems import HttpError, Part
from api.routes.work_list import class_of, database_of, interval_of, trend_answer
from api.store.scores import kept_scores, last_scores, trends
from features.history.database.tables import OPPORTUNITIES
from features.instants import instant
from scoring.trend import Trend

router = APIRouter()


@router.get(
    "/v1/opportunities/{opportunity_id}/scores",
    response_model=ScoreHistoryAnswer,
    summary="Read the scores that an opportunity had",
)
def get_score_history(
    request: Request,
    opportunity_id: Annotated[str, Path(min_length=1, max_length=255, description="Id of the opportunity.")],
    asked: Annotated[ScoreHistoryQuery, Query()],
) -> Response:
    """Give the scores of an opportunity, the newest first, and where they have been going.

    A score is kept when its version, status, outcome or class changed, or its probability by
    a tenth of a point, and once a day while it is open.
    """
    before = None if asked.before is None else micro(asked.before)
    with database_of(request).reading() as connection:
        _check_known(connection, opportunity_id)
        rows = kept_scores(connection, opportunity_id, before, asked.limit + 1)
        trend = _trend(connection, opportunity_id)
    shown = rows[: asked.limit]
    answer = ScoreHistoryAnswer(
        opportunity_id=opportunity_id,
        trend=trend_answer(trend),
        scores=[_kept(row) for row in shown],
        next_before=instant(shown[-1]["as_of"]) if len(rows) > asked.limit else None,
    )
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


def _check_known(connection: Connection, opportunity_id: str) -> None:
    table = OPPORTUNITIES.c
    known = "\x00" not in opportunity_id and connection.execute(
        select(table.opportunity_id).where(table.opportunity_id == opportunity_id)
    ).first()
    if not known:
        part = Part(
            pointer="/opportunity_id",
            found="an opportunity that is not known",
            expected="one that was pushed",
            do="push it first, or correct the id",
        )
        raise HttpError(404, part)


def _trend(connection: Connection, opportunity_id: str) -> Trend:
    last = last_scores(connection, [opportunity_id])
    return trends(connection, list(last.values())).get(opportunity_id, "not_enough_information")


def _kept(row: Mapping[str, Any]) -> KeptScore:
    return KeptScore(
        as_of=instant(row["as_of"]),
        through_seq=row["through_seq"],
        model_version=row["model_version"],
        segment=row["segment"],
        status=row["status"],
        outcome=row["outcome"],
        win_probability=row["probability"],
        interval=interval_of(row),
        opportunity_class=class_of(row),
    )
