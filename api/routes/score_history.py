"""GET /v1/opportunities/{name}/scores: what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection, select

from api.field_types import PathId
from api.list_answers import KeptScore, ScoreHistoryAnswer
from api.list_schemas import ScoreHistoryQuery
from api.problems import documented
from api.reading import answered
from api.routes.work_list import class_of, interval_of, trend_answer
from api.security import needs
from api.store.scores import kept_scores, last_scores, trends
from api.store.service import database_of
from features.errors import NotKnownError
from features.history.database.tables import OPPORTUNITIES
from features.instants import instant, micros_of
from scoring.trend import Trend

router = APIRouter(tags=["lists"], dependencies=[Depends(needs("read"))])


@router.get(
    "/v1/opportunities/{name}/scores",
    responses=documented(404),
    response_model=ScoreHistoryAnswer,
    summary="Read the scores that an opportunity had",
)
def get_score_history(
    request: Request,
    name: PathId,
    asked: Annotated[ScoreHistoryQuery, Query()],
) -> Response:
    """Give the scores of an opportunity, the newest first, and where they have been going.

    A score is kept when its version, status, outcome or class changed, or its probability by
    a tenth of a point, and once a day while it is open.
    """
    answer = score_history(request, name, asked)
    return answered(answer)


def score_history(request: Request, name: str, asked: ScoreHistoryQuery) -> ScoreHistoryAnswer:
    """Read scores of an opportunity that were kept."""
    before = None if asked.before is None else micros_of(asked.before)
    with database_of(request).reading() as connection:
        _check_known(connection, name)
        rows = kept_scores(connection, name, before, asked.limit + 1)
        trend = _trend(connection, name)
    shown = rows[: asked.limit]
    return ScoreHistoryAnswer(
        opportunity_id=name,
        trend=trend_answer(trend),
        scores=[_kept(row) for row in shown],
        next_before=instant(shown[-1]["as_of"]) if len(rows) > asked.limit else None,
    )


def _check_known(connection: Connection, name: str) -> None:
    table = OPPORTUNITIES.c
    if connection.execute(select(table.opportunity_id).where(table.opportunity_id == name)).first() is None:
        raise NotKnownError(f"opportunity {name!r}", "one that was pushed", f"PUT /v1/opportunities/{name}")


def _trend(connection: Connection, opportunity_id: str) -> Trend:
    last = last_scores(connection, [opportunity_id])
    return trends(connection, list(last.values())).get(opportunity_id, "not_enough_information")


def _kept(row: Mapping[str, Any]) -> KeptScore:
    return KeptScore(
        was_served=row["was_served"],
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
