"""GET /v1/reports/…: the forecast, and the learned forecast beside the fixed weights, as they were last worked out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.kept_reports import COMPARISON, PEOPLE, forecast_name, funnel_name, has_report, kept_report
from api.problems import HttpError, Part, documented
from api.reports_under_way import is_under_way
from api.security import needs
from scoring.planning import PlanBasis, plan_of
from scoring.report import plain
from scoring.segments_compared import differences
from scoring.size_mix import SizeBand, bands_of

router = APIRouter(tags=["reports"], dependencies=[Depends(needs("read"))])

Period = Literal["month", "next-month", "quarter", "next-quarter"]
Cut = Literal["team", "owner", "product", "region", "stage", "class"]
Measure = Literal["amount", "count"]

RETRY_SECONDS = 30
"""After which a report that is being worked out may be there."""


class ForecastQuery(BaseModel):
    """Which forecast."""

    model_config = ConfigDict(extra="forbid")

    period: Period = Field(
        "quarter", description="The month or the quarter that the forecast was asked in, or the one after it."
    )
    by: Cut | None = Field(None, description="Cut by this; all together if absent.")


@router.get(
    "/v1/reports/forecast",
    response_model=dict[str, Any],
    responses=documented(404),
    summary="Read the forecast of a period",
)
def get_forecast(request: Request, asked: Annotated[ForecastQuery, Query()]) -> Response:
    """Give won so far, expected from what is open and from what is not created yet, beside what the rules say.

    It is worked out by ``dealodds reports``; ``as_of`` says when. 404 until then, 503 while it is being done.
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

    It is worked out by ``dealodds reports``. 404 until then, 503 while it is being done.
    """
    return _given(comparison_report(request))


Deals = Annotated[int | None, Field(ge=0, le=1_000_000)]


class FunnelQuery(BaseModel):
    """Which funnel."""

    model_config = ConfigDict(extra="forbid")

    period: Literal["month", "quarter", "year"] = Field("quarter", description="The period that it was asked in.")
    process: str | None = Field(None, description="Of which process two segments are compared; the first if absent.")
    by: str | None = Field(None, description="The cut that both segments are values of, such as customer_type.")
    first: str | None = Field(None, description="The first segment, such as new.")
    second: str | None = Field(None, description="The second segment, such as existing.")
    size_1: Deals = Field(None, description="Plan for a target of your own: deals to be won below 10,000.")
    size_2: Deals = Field(None, description="Deals to be won from 10,000 to below 30,000.")
    size_3: Deals = Field(None, description="Deals to be won from 30,000 to below 50,000.")
    size_4: Deals = Field(None, description="Deals to be won of 50,000 and over.")

    @property
    def target(self) -> tuple[int, ...] | None:
        """Deals to be won of each size; None when no target was given."""
        given = (self.size_1, self.size_2, self.size_3, self.size_4)
        return None if set(given) == {None} else tuple(one or 0 for one in given)


@router.get(
    "/v1/reports/funnel",
    response_model=dict[str, Any],
    responses=documented(404),
    summary="Read the funnel of a period",
)
def get_funnel(request: Request, asked: Annotated[FunnelQuery, Query()]) -> Response:
    """Give entries, exits, conversion and days of each stage, sales, the plan, the MAN codes and the quadrant.

    ``compared`` has two segments beside each other where ``by``, ``first`` and ``second`` name them, else null.
    ``uncut`` lists the cuts that tell nothing apart; those without a value are not in the data. With ``size_1`` to
    ``size_4`` the plans are for that many deals of each size; one that is absent is 0.

    It is worked out by ``dealodds reports``. 404 until then, 503 while it is being done.
    """
    found = planned(funnel_report(request, asked.period), asked)
    return _given(found | {"compared": compared(found, asked)})


@router.get(
    "/v1/reports/people",
    response_model=dict[str, Any],
    responses=documented(404),
    summary="Read how owners work",
)
def get_people(request: Request) -> Response:
    """Give patterns in each owner's funnel, what is stated beside what is learned, and surprise wins.

    About work patterns, never a verdict on a person. It is worked out by ``dealodds reports``. 404 until then,
    503 while it is being done.
    """
    return _given(people_report(request))


def funnel_report(request: Request, period: str) -> dict[str, Any]:
    """Read a funnel that was kept."""
    return _kept(request, funnel_name(period))


def planned(found: dict[str, Any], asked: FunnelQuery) -> dict[str, Any]:
    """Plan for the target that was asked for, with the rates that were kept; as kept when there is none."""
    given = asked.target
    plans = [
        plan_of(PlanBasis.of_kept(plan), bands_of(given) if given else [SizeBand(**band) for band in plan["bands"]])
        for plan in found["plans"]
    ]
    is_example = bool(found.get("plan_is_example")) and given is None
    return found | {"plans": [plan.to_dict() for plan in plans], "plan_is_example": is_example}


def process_place(found: Mapping[str, Any], process: str | None) -> int:
    """Find a process of a funnel, the first when none is named or it is not there."""
    names = [one["funnel"]["process"] for one in found["processes"]]
    return names.index(process) if process in names else 0


def compared(found: Mapping[str, Any], asked: FunnelQuery) -> dict[str, Any] | None:
    """Compare two segments of a funnel that was kept; None unless both are there."""
    cuts = found["processes"][process_place(found, asked.process)]["cuts"].get(asked.by, [])
    there = {one["value"]: one for one in cuts if one["value"] is not None}
    if asked.first not in there or asked.second not in there:
        return None
    first, second = there[asked.first], there[asked.second]
    report: dict[str, Any] = plain({"differences": differences(first["funnel"], second["funnel"])})
    return {"by": asked.by, "first": first, "second": second} | report


def people_report(request: Request) -> dict[str, Any]:
    """Read what was kept of people."""
    return _kept(request, PEOPLE)


def forecast_report(request: Request, period: str, by: str | None) -> dict[str, Any]:
    """Read a forecast that was kept."""
    return _kept(request, forecast_name(period, by))


def comparison_report(request: Request) -> dict[str, Any]:
    """Read the comparison that was kept."""
    return _kept(request, COMPARISON)


def _kept(request: Request, name: str) -> dict[str, Any]:
    """Read a report; one that is not there yet but will be is no 404."""
    home = request.app.state.settings.home
    if is_under_way(home) and not has_report(home, name):
        part = Part(
            pointer="", found=f"no {name} yet", expected="a report that was worked out", do="wait: it is being done now"
        )
        raise HttpError(503, part, {"Retry-After": str(RETRY_SECONDS)})
    return kept_report(home, name)


def _given(report: dict[str, Any]) -> Response:
    return Response(json.dumps(report, ensure_ascii=False), media_type="application/json")
