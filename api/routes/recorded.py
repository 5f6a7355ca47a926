"""GET /v1/opportunities/{name}: what is recorded of an opportunity."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request, Response

from api.problems import documented
from api.reading import answered
from api.recorded_answers import RecordedAnswer
from api.routes.scores import instant_asked
from api.schemas import Instant, PathId
from api.security import needs
from api.store.service import database_of
from api.stored import cut_at, not_known
from features.history.database.reads import STATED, Cut, Event, Known, moment, opportunity_known
from features.history.database.tables import FIELD, MERGE, STAGE

router = APIRouter(tags=["lists"], dependencies=[Depends(needs("read"))])


@router.get(
    "/v1/opportunities/{name}",
    responses=documented(404),
    response_model=RecordedAnswer,
    summary="Read what is recorded of an opportunity",
)
def get_recorded(
    request: Request,
    name: PathId,
    as_of: Annotated[Instant | None, Query(description="An earlier instant; now if absent.")] = None,
) -> Response:
    """Give what is known of an opportunity, corrections and retractions applied: every acknowledged write is in it."""
    clock = request.app.state.clock
    asked: pd.Timestamp | None = None if as_of is None else instant_asked(as_of, clock)
    with database_of(request).reading() as connection:
        cut = cut_at(connection, clock(), asked)
        known = opportunity_known(connection, name, cut)
        if known is None:
            raise not_known(connection, name)
    return answered(_answer(name, known, cut))


def _answer(name: str, known: Known, cut: Cut) -> RecordedAnswer:
    past = sorted((e for e in known.events if e.occurred_at <= cut.recorded_by and e.kind != MERGE), key=_in_time)
    own = [event for event in past if event.opportunity_id == name]
    fields = {event.name: event.value for event in own if event.kind == FIELD and event.name not in {*STATED, "owner"}}
    stage = _last(event for event in own if event.kind == STAGE)
    owner = _last(event for event in own if event.kind == FIELD and event.name == "owner")
    last = _last(past)
    stated: dict[str, Any] = {column: known.row[column] for column in STATED}
    return RecordedAnswer(
        opportunity_id=name,
        as_of=moment(cut.recorded_by),
        through_seq=cut.through_seq,
        created_at=moment(known.row["created_at"]),
        **stated | ({} if owner is None else {"owner_id": owner.value}),
        stage=None if stage is None else stage.name,
        stage_since=None if stage is None else moment(stage.occurred_at),
        accounts=list(known.accounts),
        fields=fields,
        attributes=json.loads(known.row["attributes"]),
        events=len(past),
        last_event_at=None if last is None else moment(last.occurred_at),
    )


def _in_time(event: Event) -> tuple[int, int]:
    return event.occurred_at, event.recorded_at


def _last(events: Iterable[Event]) -> Event | None:
    found = list(events)
    return found[-1] if found else None
