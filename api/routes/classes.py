"""GET /v1/reports/classes: what became of each class, and thresholds for the time there is."""

from __future__ import annotations

import json
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.kept_reports import CLASSES, has_report, kept_report
from api.problems import documented
from api.routes.work_list import list_in_service, state_of
from api.security import needs
from api.store.capacity import ranked
from api.store.list_choices import ListChoices
from api.store.service import database_of
from scoring.class_outcomes import RANKED, Threshold, threshold_of, unranked
from scoring.report import plain

router = APIRouter(tags=["reports"], dependencies=[Depends(needs("read"))])


class ClassesQuery(BaseModel):
    """How much time there is."""

    model_config = ConfigDict(extra="forbid")

    capacity: Annotated[int, Field(ge=1, le=100_000)] = Field(
        40, description="How many opportunities you can work: what is suggested leaves at most so many."
    )
    currency: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")] | None = Field(
        None, description="Rank expected values in this currency; needed where there are several."
    )


@router.get(
    "/v1/reports/classes",
    response_model=dict[str, Any],
    responses=documented(503),
    summary="Read what became of each class, and thresholds for a capacity",
)
def get_classes(request: Request, asked: Annotated[ClassesQuery, Query()]) -> Response:
    """Give what became of active, potential and hidden, and from which figure on there is time for an opportunity.

    Thresholds are of the work list in service. ``outcomes`` is worked out by ``dealodds reports``, null until then;
    its ``classes_from`` says whether it rests on scores that were kept, or on classes worked out again.
    """
    return Response(json.dumps(classes_report(request, asked), ensure_ascii=False), media_type="application/json")


def classes_report(request: Request, asked: ClassesQuery) -> dict[str, Any]:
    """Put together what was kept of the classes, and the thresholds of the list."""
    capacity, home = asked.capacity, request.app.state.settings.home
    with database_of(request).reading() as connection:
        current = list_in_service(connection)
        currencies = cast(ListChoices, request.app.state.choices).of(connection, current.list_id)["currency"]
        currency = asked.currency or (currencies[0] if len(currencies) == 1 else None)
        thresholds: dict[str, Threshold] = {}
        for column, by in RANKED.items():
            is_value = column == "expected_value"
            if is_value and currency is None and currencies:
                thresholds[column] = unranked(by, capacity)
            else:
                only = currency if is_value else None
                found = ranked(connection, current.list_id, column, capacity + 1, only)
                thresholds[column] = threshold_of(found.largest, capacity, by, found.of, found.total, only)
        state = state_of(connection, current, request.app.state.clock)
    return {
        "list": state.model_dump(mode="json"),
        "currency": currency,
        "currencies": currencies,
        "capacity": capacity,
        "thresholds": plain(thresholds),
        "outcomes": kept_report(home, CLASSES) if has_report(home, CLASSES) else None,
    }
