"""What the service answers to what is pushed."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.answers import Answer
from api.problems import Part

_THROUGH = Field(
    description="Number of the last commit; a score whose through_seq is at least this has seen what was written.",
    examples=[1204],
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


class EventResult(Answer):
    """What became of one event of a batch."""

    index: int = Field(description="Its place in the batch, from 0.", examples=[0])
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


class EventsAnswer(Answer):
    """What became of a batch: what is not refused is durable when this is read."""

    through_seq: int = _THROUGH
    recorded_at: AwareDatetime = Field(
        description="When the last commit was recorded, by the service's clock.", examples=["2026-03-02T09:30:01Z"]
    )
    created: int = Field(description="Events written.", examples=[998])
    duplicates: int = Field(description="Events written before.", examples=[1])
    refused: int = Field(description="Events refused.", examples=[1])
    waiting: int = Field(
        description="Events, not refused, of opportunities that were not told of yet: they count once these are.",
        examples=[0],
    )
    waiting_for: list[str] = Field(
        description="Those opportunities, in order, 50 at most; GET /v1/events/waiting lists all.", examples=[[]]
    )
    results: list[EventResult] = Field(
        description="Every event that is not simply written, in order; all of them with results=all.",
        examples=[[{"index": 0, "event_id": "e-1001", "status": 201, "errors": []}]],
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
