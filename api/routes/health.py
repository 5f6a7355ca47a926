"""GET /healthz and GET /readyz, open to everybody."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request

from api.answers import HealthAnswer, ReadyAnswer
from api.champion import Champion
from api.problems import documented
from api.store.upgrade import check_revision
from features.history.database.engine import Database

router = APIRouter()


@router.get("/healthz", summary="Is the service alive?")
def get_health() -> HealthAnswer:
    """Say that the service is alive."""
    return HealthAnswer(status="alive")


@router.get("/readyz", summary="Is a model in service, and does the database answer?", responses=documented(503))
def get_ready(request: Request) -> ReadyAnswer:
    """Say that a model is in service; 503 with the reason when none is, or the database is away or outdated."""
    database = cast(Database | None, request.app.state.database)
    if database is not None:
        check_revision(database)
    artifact = cast(Champion, request.app.state.champion).artifact
    return ReadyAnswer(status="ready", model_version=artifact.version)
