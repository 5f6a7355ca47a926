"""POST /v1/accounts/scores."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from api.account_answers import AccountClass, AccountScoreAnswer, AccountScoresAnswer
from api.account_schemas import AccountScoreRequest
from api.answers import Reason, Words
from api.body import read_body
from api.champion import Champion, score_live_accounts
from api.metrics import Metrics
from api.problems import documented
from api.reading import answered, described, read_as
from api.routes.scores import instant_asked
from api.security import needs
from features.history.live import Note
from scoring.accounts import AccountScore
from scoring.classification import CLASSES

router = APIRouter(dependencies=[Depends(needs("score"))])


@router.post(
    "/v1/accounts/scores",
    response_model=AccountScoresAnswer,
    summary="Score accounts without an open opportunity",
    responses=documented(409),
    openapi_extra=described("AccountScoreRequest"),
)
def post_account_scores(request: Request, body: Annotated[bytes, Depends(read_body)]) -> Response:
    """Say of each account how likely a need is to be confirmed in 90 days, and whether it is a hidden opportunity.

    The answer depends on the request and the model alone. What is not sent counts as not
    collected: it is missing, not zero.
    """
    artifact = cast(Champion, request.app.state.champion).artifact
    asked = read_as(body, AccountScoreRequest)
    as_of = instant_asked(asked.as_of, request.app.state.clock)
    scored = score_live_accounts(artifact, [account.model_dump() for account in asked.accounts], as_of)
    metrics = cast(Metrics, request.app.state.metrics)
    metrics.count_scores((score.status, score.account_class) for score, _ in scored)
    answer = AccountScoresAnswer(
        model_version=artifact.version,
        as_of=as_of,
        origin=str(artifact.training["origin"]),
        scores=[account_answer(score, notes) for score, notes in scored],
    )
    return answered(answer)


def account_answer(score: AccountScore, notes: tuple[Note, ...] = ()) -> AccountScoreAnswer:
    """Say of one account what was found."""
    reason = score.status_reason
    return AccountScoreAnswer(
        account_id=score.account_id,
        as_of=score.as_of,
        status=score.status,
        status_reason=Words(en=reason[0], zh_cn=reason[1]) if reason else None,
        need_probability_90d=score.need_probability,
        rank=score.rank,
        account_class=_hidden() if score.account_class == "hidden" else None,
        evidence=[Reason(code=e.code, en=e.en, zh_cn=e.zh) for e in score.evidence],
        model_version=score.model_version,
        notes=[Reason(code=note.code, en=note.en, zh_cn=note.zh) for note in notes],
    )


def _hidden() -> AccountClass:
    names = CLASSES["hidden"]
    return AccountClass(key="hidden", names=Words(en=names["en"], zh_cn=names["zh-CN"]))
