"""A person's own probability or class: kept beside the model's, and compared with it later."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response

from api.answers import ClassKey, Words
from api.body import read_body
from api.champion import Champion
from api.field_types import NO_NUL, PathId
from api.judgement_schemas import (
    ComparisonAnswer,
    JudgementAnswer,
    JudgementBody,
    JudgementComparisonAnswer,
    JudgementsAnswer,
    PersonComparisonAnswer,
    PutJudgementAnswer,
)
from api.live_segments import score_live_by_segment
from api.problems import documented
from api.reading import answered, described, read_as
from api.security import needs
from api.store.judgements import judged_and_closed, judgements_of, put_judgement, withdraw_judgement
from api.store.service import actor_of, database_of
from api.stored import cut_at, request_at
from features.errors import RequestError
from features.history.database.engine import Writing
from features.history.database.reads import Cut, moment
from features.instants import instant
from scoring.judgement import Comparison, compare
from scoring.score import Score

router = APIRouter(tags=["judgements"])


@router.put(
    "/v1/opportunities/{name}/judgement",
    response_model=PutJudgementAnswer,
    responses={201: {"model": PutJudgementAnswer, "description": "Written"}, **documented(404, 507)},
    dependencies=[Depends(needs("write"))],
    summary="Disagree",
    openapi_extra=described("JudgementBody"),
)
def put_one_judgement(request: Request, name: PathId, body: Annotated[bytes, Depends(read_body)]) -> Response:
    """Keep a person's probability or class of an open opportunity, with why, beside the model's of this instant.

    It does not change the score. The same person's next judgement replaces it; both are kept.
    """
    told = read_as(body, JudgementBody)
    champion = cast(Champion, request.app.state.champion)
    with database_of(request).writing(actor_of(request), "put judgement", request.app.state.clock) as writing:
        done, row = put_judgement(writing, name, told.model_dump(), lambda: _model_says(champion, writing, name))
    answer = PutJudgementAnswer(result=done, through_seq=writing.seq, judgement=judgement_answer(row))
    return answered(answer, 201 if done == "created" else 200)


def _model_says(champion: Champion, writing: Writing, name: str) -> Score:
    """Ask the model as of this commit."""
    raw = request_at(writing.connection, name, Cut(writing.recorded_at, writing.seq), champion.artifact)
    [(score, _)] = score_live_by_segment(champion, [raw], instant(writing.recorded_at), [30.0])
    if score.outcome != "open":
        raise RequestError(
            f"opportunity {name!r}, which is {score.outcome or 'not open yet'}",
            "one that is open",
            "judge opportunities while they are open",
        )
    return score


@router.get(
    "/v1/opportunities/{name}/judgement",
    dependencies=[Depends(needs("read"))],
    responses=documented(404),
    response_model=JudgementsAnswer,
    summary="List judgements",
)
def get_judgements(request: Request, name: PathId) -> Response:
    """List what persons said of an opportunity, and what the model said at the same instants."""
    with database_of(request).reading() as connection:
        rows = judgements_of(connection, name)
    return _all(rows)


@router.delete(
    "/v1/opportunities/{name}/judgement",
    dependencies=[Depends(needs("write"))],
    responses=documented(404, 507),
    response_model=JudgementsAnswer,
    summary="Withdraw a judgement",
)
def delete_judgement(
    request: Request,
    name: PathId,
    person: Annotated[
        str | None, Query(max_length=255, pattern=NO_NUL, description="Whose; everybody's if absent.")
    ] = None,
) -> Response:
    """Withdraw what was said: it no longer stands, and stays in the history."""
    with database_of(request).writing(actor_of(request), "withdraw judgement", request.app.state.clock) as writing:
        withdraw_judgement(writing, name, person)
        rows = judgements_of(writing.connection, name)
    return _all(rows)


@router.get(
    "/v1/judgements/comparison",
    dependencies=[Depends(needs("read"))],
    response_model=JudgementComparisonAnswer,
    summary="Compare with the model",
)
def get_comparison(request: Request) -> Response:
    """Compare persons' probabilities with the model's of the same instants, for opportunities that closed since."""
    with database_of(request).reading() as connection:
        found = judged_and_closed(connection, cut_at(connection, request.app.state.clock()))
    number = Counter(one.person for one in found.judged)
    people = sorted(number, key=lambda person: (-number[person], person))
    answer = JudgementComparisonAnswer(
        overall=ComparisonAnswer(**_compared(compare(found.judged))),
        people=[
            PersonComparisonAnswer(person=name, **_compared(compare([j for j in found.judged if j.person == name])))
            for name in people
        ],
        still_open=found.still_open,
        closed_before=found.closed_before,
        without_probability=found.without_probability,
        withdrawn=found.withdrawn,
    )
    return answered(answer)


def _compared(found: Comparison) -> dict[str, Any]:
    return asdict(found) | {"verdict": Words(en=found.verdict.en, zh_cn=found.verdict.zh)}


def _all(rows: Any) -> Response:
    answers = [judgement_answer(row) for row in rows]
    stands = [answer for answer in answers if answer.withdrawn_at is None]
    return answered(JudgementsAnswer(judgement=stands[-1] if stands else None, history=answers))


def judgement_answer(row: Any) -> JudgementAnswer:
    """Write a judgement as the service answers it."""
    return JudgementAnswer(
        person=row.person,
        win_probability=row.probability,
        class_key=cast(ClassKey | None, row.opportunity_class),
        because=row.because,
        recorded_at=moment(row.recorded_at),
        withdrawn_at=None if row.withdrawn_at is None else moment(row.withdrawn_at),
        model_win_probability=row.model_probability,
        model_class=cast(ClassKey | None, row.model_class),
        model_version=row.model_version,
    )
