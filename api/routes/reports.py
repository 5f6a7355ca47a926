"""GET /v1/reports/…: the forecast, and the learned forecast beside the fixed weights, as they were last worked out."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.kept_reports import COMPARISON, forecast_name, kept_report
from api.problems import documented
from api.security import needs

router = APIRouter(tags=["reports"], dependencies=[Depends(needs("read"))])

Period = Literal["month", "quarter"]
Cut = Literal["team", "owner", "product", "stage", "class"]
Measure = Literal["amount", "count"]


class ForecastQuery(BaseModel):
    """Which forecast."""

    model_config = ConfigDict(extra="forbid")

    period: Period = Field("quarter", description="The month or the quarter that the forecast was asked in.")
    by: Cut | None = Field(None, description="Cut by this; all together if absent.")


@router.get(
    "/v1/reports/forecast",
    response_model=dict[str, Any],
    responses=documented(404),
    summary="Read the forecast of a period",
)
def get_forecast(request: Request, asked: Annotated[ForecastQuery, Query()]) -> Response:
    """Give won so far, expected from what is open and from what is not created yet, beside what the rules say.

    It is worked out by ``dealodds reports``; ``as_of`` says when. 404 until then.
    """
    return _given(forecast_report(request, asked.period, asked.by))


@router.get(
    "/v1/reports/comparison",
    response_model=dict[str, Any],
    responses=documented(404),
    summary="Read how far forecasts missed",
)
def get_comparison(request: Request) -> Response:
    """Give what a replay of past weeks shows: by how much the learned forecast and each rule missed.

    It is worked out by ``dealodds reports``. 404 until then.
    """
    return _given(comparison_report(request))


def forecast_report(request: Request, period: str, by: str | None) -> dict[str, Any]:
    """Read a forecast that was kept."""
    return kept_report(request.app.state.settings.home, forecast_name(period, by))


def comparison_report(request: Request) -> dict[str, Any]:
    """Read the comparison that was kept."""
    return kept_report(request.app.state.settings.home, COMPARISON)


def _given(report: dict[str, Any]) -> Response:
    return Response(json.dumps(report, ensure_ascii=False), media_type="application/json")
