"""What CRM systems push: opportunities, accounts, contacts and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError
from pydantic_core import from_json
from sqlalchemy import Connection

from api.answers import Reason
from api.body import is_ndjson, read_body, read_events
from api.event_answers import EventResult, EventsAnswer, PutAnswer, WaitingAnswer, WaitingEventsAnswer
from api.event_schemas import EVENT, AccountBody, ContactBody, Event, OpportunityBody, RawEvents
from api.event_values import check_value
from api.field_types import PathId, Strict
from api.metrics import Metrics
from api.problems import Part, documented, part_of, sort_of
from api.reading import answered, described, read_as, wrong_body
from api.refusals import refusal_of
from api.security import needs
from api.store.belongings import Kind
from api.store.erasure import erased_at
from api.store.service import actor_of, database_of
from api.validation import event_parts_of
from features.history.database.engine import Writing
from features.history.database.parts import rows_by_id
from features.history.database.reads import moment
from features.history.database.tables import EVENTS
from features.history.database.waiting import waiting_events
from features.history.database.writes import (
    Done,
    Written,
    append_events,
    opportunity_notes,
    put_account,
    put_contact,
    put_opportunity,
)
from features.history.live_rules import Note

router = APIRouter(tags=["push"], dependencies=[Depends(needs("write"))])

Body = Annotated[bytes, Depends(read_body)]


_MOST_NAMED = 50
_SUBJECTS = ("opportunity_id", "account_id", "contact_id")
_WRITTEN: dict[int | str, dict[str, Any]] = {
    201: {"model": PutAnswer, "description": "Written"},
    **documented(409, 507),
}


@router.put(
    "/v1/opportunities/{name}",
    response_model=PutAnswer,
    responses=_WRITTEN,
    summary="Tell of an opportunity",
    openapi_extra=described("OpportunityBody"),
)
def put_one_opportunity(request: Request, name: PathId, body: Body) -> Response:
    """Write an opportunity as it was created. Sent again it is a duplicate; with another body it is refused."""
    return _put(request, name, body, OpportunityBody, put_opportunity)


@router.put(
    "/v1/accounts/{name}",
    response_model=PutAnswer,
    responses=_WRITTEN,
    summary="Tell of an account",
    openapi_extra=described("AccountBody"),
)
def put_one_account(request: Request, name: PathId, body: Body) -> Response:
    """Write an account. Sent again it is a duplicate; with another body it is refused."""
    return _put(request, name, body, AccountBody, put_account)


@router.put(
    "/v1/contacts/{name}",
    response_model=PutAnswer,
    responses=_WRITTEN,
    summary="Tell of a contact",
    openapi_extra=described("ContactBody"),
)
def put_one_contact(request: Request, name: PathId, body: Body) -> Response:
    """Write a contact. Sent again it is a duplicate; with another body it is refused."""
    return _put(request, name, body, ContactBody, put_contact)


def _put(
    request: Request,
    name: str,
    body: bytes,
    kind: type[Strict],
    put: Callable[[Writing, str, dict[str, Any]], Done],
) -> Response:
    told = read_as(body, kind)
    database, clock = database_of(request), request.app.state.clock
    what = cast(Kind, kind.__name__.removesuffix("Body").lower())
    with database.writing(actor_of(request), f"put {what}", clock) as writing:
        writing.subject = name
        done = put(writing, name, told.model_dump())
        erased = erased_at(writing.connection, what, name)
        notes = opportunity_notes(writing, name) if what == "opportunity" else []
    answer = PutAnswer(
        id=name,
        result=done,
        through_seq=writing.seq,
        recorded_at=moment(writing.recorded_at),
        erased_at=None if erased is None else moment(erased),
        warnings=_warnings(notes),
    )
    return answered(answer, 201 if done == "created" else 200)


@router.post(
    "/v1/events",
    response_model=EventsAnswer,
    responses={
        201: {"model": EventsAnswer, "description": "All written"},
        207: {"model": EventsAnswer, "description": "Some refused, the others written"},
        **documented(507),
    },
    summary="Tell of what happened",
    openapi_extra=described("EventsRequest", lines=True),
)
def post_events(
    request: Request,
    body: Annotated[bytes, Depends(read_events)],
    results: Annotated[
        Literal["all", "exceptions"],
        Query(description="all: say of every event what became of it; exceptions: of those that are not new."),
    ] = "exceptions",
) -> Response:
    """Write up to 10,000 events in one commit, JSON or one object a line.

    Each event is judged for itself: what is wrong is refused and said so, the rest is written. Events may come
    late and in any order, so a course that looks wrong by what is known now is written and has warnings: a stage
    change of what is closed counts as a reopening, a reopening of what is open as a stage change, a second close
    from then on. Only a reopening into a closed stage is refused: no order makes it right.
    """
    read = _lines(body) if is_ndjson(request) else _bodies(body)
    action, subject = _only_subject([one.event for one in read if one.event is not None and not one.errors])
    with database_of(request).writing(actor_of(request), action, request.app.state.clock) as writing:
        read = _judged(writing.connection, read)
        written = iter(append_events(writing, [one.event for one in read if one.event is not None]))
        writing.subject = subject
    became = [next(written) if one.event is not None else None for one in read]
    found = [_result(index, one, what) for index, (one, what) in enumerate(zip(read, became, strict=True))]
    cast(Metrics, request.app.state.metrics).count_refusals(_refusals(read, found))
    waiting = [one.waits_for for one in became if one is not None and one.error is None and one.waits_for is not None]
    return _answer(writing, found, waiting, everything=results == "all")


def _only_subject(told: Sequence[dict[str, Any]]) -> tuple[str, str | None]:
    """Name what is done, and the opportunity, account or person that all events are of; None for several."""
    found = {next(((key, e[key]) for key in _SUBJECTS if e.get(key) is not None), ("", None)) for e in told}
    key, name = next(iter(found)) if len(found) == 1 else ("", None)
    return (f"{key.removesuffix('_id')} events" if key else "events"), name


def _refusals(read: Sequence[_Read], found: Sequence[EventResult]) -> Iterator[tuple[str, str]]:
    """Why each of the refused was."""
    for one, answer in zip(read, found, strict=True):
        if answer.status in (409, 422):
            yield refusal_of(answer.status, answer.errors, is_read=one.event is not None)


class _Read(NamedTuple):
    """An event as plain data, or what is wrong with it; its id, and the line that it was on, where there are.

    With both it is an event whose value a PUT would not take.
    """

    event: dict[str, Any] | None
    event_id: str | None
    line: int | None
    errors: list[Part]


def _bodies(body: bytes) -> list[_Read]:
    """Read the events of a body of JSON."""
    return [_read(raw, EVENT.validate_python, None) for raw in read_as(body, RawEvents).events]


def _lines(body: bytes) -> list[_Read]:
    """Read a body with an event a line; blank lines are passed over."""
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    with wrong_body(RawEvents):
        RawEvents.model_validate({"events": lines})
    return [_read(line, EVENT.validate_json, number) for number, line in lines]


def _read(raw: Any, validate: Callable[[Any], Event], line: int | None) -> _Read:
    try:
        event = validate(raw)
    except ValidationError as error:
        return _Read(None, _id_of(raw, line is not None), line, event_parts_of(error, line))
    try:
        check_value(event)
    except ValidationError as error:
        return _Read(event.model_dump(), event.event_id, line, event_parts_of(error, line))
    return _Read(event.model_dump(), event.event_id, line, [])


def _judged(connection: Connection, read: Sequence[_Read]) -> list[_Read]:
    """Refuse values that a PUT would not take, but of ids written before: sent again those are duplicates."""
    doubtful = [one.event_id for one in read if one.event is not None and one.errors and one.event_id is not None]
    before = {row[0] for row in rows_by_id(connection, EVENTS, ("event_id",), doubtful)}
    judged = []
    for one in read:
        if one.event is not None and one.errors:
            one = one._replace(errors=[]) if one.event_id in before else one._replace(event=None)
        judged.append(one)
    return judged


def _id_of(raw: Any, is_line: bool) -> str | None:
    try:
        body = from_json(raw) if is_line else raw
    except ValueError:
        return None
    name = body.get("event_id") if isinstance(body, dict) else None
    return name if isinstance(name, str) else None


def _result(index: int, read: _Read, became: Written | None) -> EventResult:
    status: Literal[200, 201, 409, 422] = 422
    errors, notes = read.errors, became.notes if became is not None else ()
    if became is not None and became.error is None:
        status = 201 if became.done == "created" else 200
    elif became is not None and became.error is not None:
        status = 409 if sort_of(became.error).status == 409 else 422
        errors = [part_of(became.error)]
    return EventResult(
        index=index,
        line=read.line,
        event_id=read.event_id,
        status=status,
        errors=errors,
        warnings=_warnings(notes),
    )


def _warnings(notes: Sequence[Note]) -> list[Reason]:
    return [Reason(code=note.code, en=note.en, zh_cn=note.zh) for note in notes]


def _answer(writing: Writing, found: Sequence[EventResult], waiting: Sequence[str], *, everything: bool) -> Response:
    count = {status: sum(result.status == status for result in found) for status in (200, 201, 409, 422)}
    refused = count[409] + count[422]
    answer = EventsAnswer(
        through_seq=writing.seq,
        recorded_at=moment(writing.recorded_at),
        created=count[201],
        duplicates=count[200],
        refused=refused,
        warned=sum(bool(result.warnings) for result in found),
        waiting=len(waiting),
        waiting_for=sorted(set(waiting))[:_MOST_NAMED],
        results=[result for result in found if everything or result.status != 201 or result.warnings],
    )
    status = 207 if refused else 200 if count[200] else 201
    return answered(answer, status)


@router.get("/v1/events/waiting", response_model=WaitingEventsAnswer, summary="List what waits for an opportunity")
def get_waiting(
    request: Request,
    after: Annotated[str, Query(max_length=255, description="Later ids only.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="Opportunities at most.", examples=[100])] = 100,
) -> Response:
    """List opportunities that events name and that were never told of: late ones, and ids that are wrong."""
    with database_of(request).reading() as connection:
        rows = waiting_events(connection, after, limit + 1)
    found = [
        WaitingAnswer(opportunity_id=name, events=count, first_recorded_at=moment(first))
        for name, count, first in rows[:limit]
    ]
    following = found[-1].opportunity_id if len(rows) > limit else None
    return answered(WaitingEventsAnswer(opportunities=found, next_after=following))
