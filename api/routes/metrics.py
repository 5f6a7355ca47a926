"""GET /metrics, for Prometheus."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from api.metrics import Metrics, Present
from api.security import needs

router = APIRouter(dependencies=[Depends(needs("read"))])


@router.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
def get_metrics(request: Request) -> Response:
    """Give requests, scores, events refused and waiting, the model, freshness, the outbox and live calibration.

    What names customers is in none of them: an event that was refused is counted by the sort of its mistake.
    """
    metrics = cast(Metrics, request.app.state.metrics)
    return Response(metrics.text(Present(request.app)), media_type=CONTENT_TYPE_LATEST)
