"""What is recorded of an opportunity, an account or a person, as of any instant."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection, Table

from api.field_types import Instant, PathId
from api.problems import documented
from api.reading import answered
from api.recorded_answers import RecordedAccountAnswer, RecordedAnswer, RecordedContactAnswer
from api.routes.scores import instant_asked
from api.security import needs
from api.store.service import database_of
from api.stored import cut_at, not_known
from features.history.database.account_reads import KnownEntity, account_known, contact_known
from features.history.database.reads import STATED, Cut, Event, Known, moment, opportunity_known
from features.history.database.tables import ACCOUNTS, CONTACTS, FIELD, MERGE, OPPORTUNITIES, STAGE

router = APIRouter(tags=["lists"], dependencies=[Depends(needs("read"))])

Found = TypeVar("Found")
AsOf = Annotated[Instant | None, Query(description="An earlier instant; now if absent.")]


@router.get(
    "/v1/opportunities/{name}",
    responses=documented(404),
    response_model=RecordedAnswer,
    summary="Read what is recorded of an opportunity",
)
def get_recorded(request: Request, name: PathId, as_of: AsOf = None) -> Response:
    """Give what is known of an opportunity, corrections and retractions applied: every acknowledged write is in it."""
    return answered(recorded_opportunity(request, name, as_of))


def recorded_opportunity(request: Request, name: str, as_of: datetime | None = None) -> RecordedAnswer:
    """Read what is recorded of an opportunity; HttpError when it is not known."""
    known, cut = _read(request, OPPORTUNITIES, name, as_of, opportunity_known)
    return _answer(name, known, cut)


@router.get(
    "/v1/accounts/{name}",
    responses=documented(404),
    response_model=RecordedAccountAnswer,
    summary="Read what is recorded of an account",
)
def get_recorded_account(request: Request, name: PathId, as_of: AsOf = None) -> Response:
    """Give what is known of an account under this id, and the id under which it stands since it was merged."""
    known, cut = _read(request, ACCOUNTS, name, as_of, account_known)
    return answered(
        RecordedAccountAnswer(
            account_id=name,
            stands_under=known.merged.name_of(name),
            accounts=list(known.merged.one_with(name)),
            **{column: known.row[column] for column in ("name", "industry", "region", "size")},
            **_of_entity(known, cut),
        )
    )


@router.get(
    "/v1/contacts/{name}",
    responses=documented(404),
    response_model=RecordedContactAnswer,
    summary="Read what is recorded of a person",
)
def get_recorded_contact(request: Request, name: PathId, as_of: AsOf = None) -> Response:
    """Give what is known of a person, with the account under the id that it has since it was merged."""
    known, cut = _read(request, CONTACTS, name, as_of, contact_known)
    account = known.row["account_id"]
    return answered(
        RecordedContactAnswer(
            contact_id=name,
            account_id=None if account is None else known.merged.name_of(account),
            accounts=[] if account is None else list(known.merged.one_with(account)),
            role=known.row["role"],
            **_of_entity(known, cut),
        )
    )


def _read(
    request: Request,
    table: Table,
    name: str,
    as_of: datetime | None,
    read: Callable[[Connection, str, Cut], Found | None],
) -> tuple[Found, Cut]:
    clock = request.app.state.clock
    asked: pd.Timestamp | None = None if as_of is None else instant_asked(as_of, clock)
    with database_of(request).reading() as connection:
        cut = cut_at(connection, clock(), asked)
        known = read(connection, name, cut)
        if known is None:
            raise not_known(connection, table, name)
    return known, cut


def _of_entity(known: KnownEntity, cut: Cut) -> dict[str, Any]:
    """What an account and a person have in common."""
    past = [event for event in known.events if event.occurred_at <= cut.recorded_by]
    last = max((event.occurred_at for event in past), default=None)
    return {
        "as_of": moment(cut.recorded_by),
        "through_seq": cut.through_seq,
        "created_at": moment(known.row["created_at"]),
        "events": len(past),
        "last_event_at": None if last is None else moment(last),
    }


def _answer(name: str, known: Known, cut: Cut) -> RecordedAnswer:
    past = sorted((e for e in known.events if e.occurred_at <= cut.recorded_by and e.kind != MERGE), key=_in_time)
    own = [event for event in past if event.opportunity_id == name]
    fields = {event.name: event.value for event in own if event.kind == FIELD and event.name not in {*STATED, "owner"}}
    stage = _entered(event for event in own if event.kind == STAGE)
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


def _entered(stages: Iterable[Event]) -> Event | None:
    """The last stage, as it was entered: told again, it keeps its first day, as ``features.paths`` has it."""
    found: Event | None = None
    for event in stages:
        if found is None or event.name != found.name:
            found = event
    return found


def _last(events: Iterable[Event]) -> Event | None:
    found = list(events)
    return found[-1] if found else None
