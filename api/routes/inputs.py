"""Inputs that no CRM records: targets, owners' commits, teams over time, exchange rates."""

from __future__ import annotations

from typing import Annotated, Any, cast

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from api.answers import Words
from api.body import read_body
from api.field_types import Instant
from api.input_schemas import BODIES, InputAnswer, InputsAnswer, KindName, WrittenInputsAnswer
from api.problems import documented
from api.reading import answered, described, read_as
from api.security import needs
from api.store.inputs import read_input, write_inputs
from api.store.service import actor_of, database_of
from api.stored import cut_at
from features.history.dated_inputs import holding, inputs_of
from features.instants import instant
from scoring.calendar_periods import Calendar
from scoring.stated_periods import unmatched

router = APIRouter(tags=["inputs"])


@router.put(
    "/v1/inputs/{kind}",
    response_model=WrittenInputsAnswer,
    dependencies=[Depends(needs("write"))],
    responses=documented(507),
    summary="Tell targets, commits, teams or rates",
    openapi_extra=described(*(kind.__name__ for kind in BODIES.values())),
)
def put_inputs(request: Request, kind: KindName, body: Annotated[bytes, Depends(read_body)]) -> Response:
    """Tell rows of one kind, under its name: ``{"targets": [...]}``. A later row replaces an earlier of the same key.

    A row that says what is said already, or without ``valid_from`` what holds already, is a duplicate: it is not
    written again. Nothing is forgotten: ``?as_of=`` answers as it was known then. A row with null for its value
    says that the value is not known from then on; what is not told is unknown, not zero.
    """
    told = read_as(body, BODIES[kind])
    frame = _frame(told.model_dump()[kind])
    with database_of(request).writing(actor_of(request), "put inputs", request.app.state.clock) as writing:
        written = write_inputs(writing, kind, frame)
    return answered(
        WrittenInputsAnswer(
            written=written,
            duplicates=len(frame) - written,
            notes=_notes(request, kind, frame),
            through_seq=writing.seq,
        )
    )


def _notes(request: Request, kind: str, rows: pd.DataFrame) -> list[Words]:
    """Say of targets and commits that no forecast will count them."""
    if kind not in ("targets", "commits"):
        return []
    settings = request.app.state.settings
    calendar = Calendar.starting(settings.time_zone, settings.fiscal_start)
    return [Words(en=note.en, zh_cn=note.zh) for note in unmatched(rows, kind, calendar)]


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of rows; ``valid_from`` is missing where a row does not say from when it holds."""
    frame = pd.DataFrame(rows)
    frame["valid_from"] = pd.to_datetime(frame["valid_from"], utc=True)
    for name in ("period_start", "period_end"):
        if name in frame:
            frame[name] = [day.isoformat() for day in frame[name]]
    return frame


@router.get(
    "/v1/inputs/{kind}",
    response_model=InputsAnswer,
    dependencies=[Depends(needs("read"))],
    summary="List targets, commits, teams or rates",
)
def get_inputs(
    request: Request,
    kind: KindName,
    as_of: Annotated[Instant | None, Query(description="As it was known then; now if absent.")] = None,
    valid_at: Annotated[Instant | None, Query(description="What holds at this instant; as_of if absent.")] = None,
) -> Response:
    """List what holds, one row for each key."""
    with database_of(request).reading() as connection:
        known_at = instant(cut_at(connection, request.app.state.clock(), _utc(as_of)).recorded_by)
        rows = read_input(connection, kind)
    found = holding(inputs_of({kind: rows}), kind, known_at, _utc(valid_at))
    answers = [_answer(row) for row in found.astype(object).where(found.notna(), None).to_dict("records")]
    return answered(InputsAnswer(kind=kind, rows=answers))


def _utc(at: AwareDatetime | None) -> pd.Timestamp | None:
    return None if at is None else pd.Timestamp(at).tz_convert("UTC")


def _answer(row: dict[Any, Any]) -> InputAnswer:
    none: dict[str, Any] = dict.fromkeys(InputAnswer.model_fields)
    return InputAnswer(**none | cast(dict[str, Any], row))
