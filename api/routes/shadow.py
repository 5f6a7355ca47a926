"""GET /v1/models/shadow: the challenger beside the model in service."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Depends, Request, Response

from api.champion import Champion
from api.list_answers import NearnessAnswer, ShadowAnswer
from api.problems import documented
from api.reading import answered
from api.security import needs
from api.store.service import database_of
from api.store.shadow import shadow_comparison
from features.errors import NotKnownError

router = APIRouter(tags=["lists"], dependencies=[Depends(needs("read"))])


@router.get(
    "/v1/models/shadow",
    responses=documented(404),
    response_model=ShadowAnswer,
    summary="Compare the challenger in the shadow",
)
def get_shadow(request: Request) -> Response:
    """Say how far the challenger in the shadow is from the model in service, and which was nearer to what happened.

    Every opportunity counts once: by its last scores for the distance, and by its first ones
    for what became of it, which is what either knew longest before. Models of segments are
    not compared.
    """
    champion = cast(Champion, request.app.state.champion)
    shadow = cast(Champion | None, getattr(request.app.state, "shadow", None))
    if shadow is None or shadow.model is None:
        raise NotKnownError(
            "no challenger in the shadow",
            "one named by DEALODDS_SHADOW_MODEL",
            "name the folder of a trained model there, and serve again",
        )
    versions = champion.artifact.version, shadow.artifact.version
    with database_of(request).reading() as connection:
        found = shadow_comparison(connection, *versions)
    answer = ShadowAnswer(
        version=versions[1],
        champion_version=versions[0],
        opportunities=found.opportunities,
        mean_difference=found.mean_difference,
        mean_absolute_difference=found.mean_absolute_difference,
        log_odds_correlation=found.correlation,
        classes_differ=found.classes_differ,
        closed=found.closed,
        won=found.won,
        champion=NearnessAnswer(log_loss=found.champion.log_loss, brier=found.champion.brier),
        challenger=NearnessAnswer(log_loss=found.challenger.log_loss, brier=found.challenger.brier),
    )
    return answered(answer)
