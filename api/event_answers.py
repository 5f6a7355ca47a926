"""What the service answers to what is pushed."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.answers import Answer, Reason
from api.problems import Part

_THROUGH = Field(
    description="Number of the last commit; a score whose through_seq is at least this has seen what was written.",
    examples=[1204],
)
_WARNINGS = Field(
    description="What looks wrong by what is known now, and what is made of it; it is written all the same, for what "
    "is told later may make it right. Codes: open_after_close, close_after_close, reopening_of_open, "
    "account_not_told.",
    examples=[
        [
            {
                "code": "open_after_close",
                "en": "'won' (2026-02-01T09:00:00Z), then 'proposal' (2026-02-05T09:00:00Z), which was not sent as a "
                "reopening: from the second on it counts as reopened; …",
                "zh-CN": "'won' (2026-02-01T09:00:00Z)之后又有'proposal' (2026-02-05T09:00:00Z)……",
            }
        ]
    ],
)


class PutAnswer(Answer):
    """What became of an opportunity, an account or a contact."""

    id: str = Field(description="Its id.", examples=["o-42"])
    result: Literal["created", "duplicate"] = Field(
        description="duplicate: the same was written before.", examples=["created"]
    )
    through_seq: int = _THROUGH
    recorded_at: AwareDatetime = Field(
        description="When the last commit was recorded, by the service's clock.", examples=["2026-03-02T09:30:01Z"]
    )
    erased_at: AwareDatetime | None = Field(
        description="When what was stored under this id was last erased; null when it never was.", examples=[None]
    )
    warnings: list[Reason] = _WARNINGS


class EventResult(Answer):
    """What became of one event of a batch."""

    index: int = Field(
        description="Its place among the events sent, from 0; of lines, blank ones are not counted.", examples=[0]
    )
    line: int | None = Field(
        description="Of a body with an event a line its line, from 1, blank ones counted; null of a body of JSON.",
        examples=[None],
    )
    event_id: str | None = Field(description="Its id, where it could be read.", examples=["e-1001"])
    status: Literal[200, 201, 409, 422] = Field(
        description="201: written. 200: a duplicate, written before. 409: the id was used for another body. "
        "422: it is wrong.",
        examples=[201],
    )
    errors: list[Part] = Field(
        description="What is wrong; empty otherwise. Pointers are into the event.",
        examples=[[{"pointer": "/stage", "found": "stage 'x'", "expected": "one of …", "do": "correct it"}]],
    )
    warnings: list[Reason] = _WARNINGS


class EventsAnswer(Answer):
    """What became of a batch: what is not refused is durable when this is read."""

    through_seq: int = _THROUGH
    recorded_at: AwareDatetime = Field(
        description="When the last commit was recorded, by the service's clock.", examples=["2026-03-02T09:30:01Z"]
    )
    created: int = Field(description="Events written.", examples=[998])
    duplicates: int = Field(description="Events written before.", examples=[1])
    refused: int = Field(description="Events refused.", examples=[1])
    warned: int = Field(description="Events, not refused, that look wrong: see their warnings.", examples=[0])
    waiting: int = Field(
        description="Events, not refused, of opportunities that were not told of yet: they count once these are.",
        examples=[0],
    )
    waiting_for: list[str] = Field(
        description="Those opportunities, in order, 50 at most; GET /v1/events/waiting lists all.", examples=[[]]
    )
    results: list[EventResult] = Field(
        description="Every event that is not new or has warnings, in order; all of them with results=all.",
        examples=[[{"index": 0, "line": None, "event_id": "e-1001", "status": 201, "errors": [], "warnings": []}]],
    )


class WaitingAnswer(Answer):
    """An opportunity that events name and that was not told of."""

    opportunity_id: str = Field(description="Its id.", examples=["o-43"])
    events: int = Field(description="Events that name it.", examples=[2])
    first_recorded_at: AwareDatetime = Field(
        description="When the first of them was recorded.", examples=["2026-03-02T09:30:01Z"]
    )


class WaitingEventsAnswer(Answer):
    """Events that count nowhere yet, by opportunity."""

    opportunities: list[WaitingAnswer] = Field(
        description="In the order of their ids.", examples=[[{"opportunity_id": "o-43", "events": 2}]]
    )
    next_after: str | None = Field(description="after of the next page; null when there is none.", examples=[None])
