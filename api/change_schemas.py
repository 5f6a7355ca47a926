"""What questions look like about one opportunity: why its score changed, and what if something were different."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.field_types import Day, Instant, Scalar, Strict, Word
from api.schemas import Activity, Opportunity

_MOST = 1e15
_EXAMPLE = {"opportunity_id": "o-42", "created_at": "2026-01-15T08:00:00Z", "stage": "proposal"}
_OPPORTUNITY = Field(description="The opportunity, as in POST /v1/scores.", examples=[_EXAMPLE])


class ChangeStart(Strict):
    """The score from which."""

    as_of: Instant = Field(description="Its instant.", examples=["2026-03-01T12:00:00Z"])
    model_version: Annotated[str, Field(pattern="^[0-9A-Za-z]{1,64}$")] | None = Field(
        None,
        description="Version of the model that gave it, one that is or was in service, for all or for the "
        "opportunity's segment; the one that answers now if absent.",
        examples=["2"],
    )


class ChangeEnd(Strict):
    """The score to which, by the model in service."""

    as_of: Instant | None = Field(None, description="Its instant, now if absent.", examples=["2026-03-31T12:00:00Z"])


class ScoreChangeRequest(Strict):
    """A question why the score of an opportunity changed."""

    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    opportunity: Opportunity = _OPPORTUNITY
    start: ChangeStart = Field(
        alias="from",
        description="The score from which the change is counted.",
        examples=[{"as_of": "2026-03-01T12:00:00Z", "model_version": "2"}],
    )
    end: ChangeEnd = Field(
        alias="to", description="The score to which it is counted.", examples=[{"as_of": "2026-03-31T12:00:00Z"}]
    )


class Changes(Strict):
    """What is supposed; at least one."""

    stage: Word | None = Field(None, description="An open stage that it is in.", examples=["negotiation"])
    amount: Annotated[float, Field(ge=0, le=_MOST)] | None = Field(None, description="Its amount.", examples=[30000])
    expected_close_date: Day | None = Field(
        None, description="Close date stated by the owner.", examples=["2026-06-30"]
    )
    assessments: dict[Word, Literal["yes", "partly", "no", "unknown"]] | None = Field(
        None, description="Assessments by field.", examples=[{"money": "yes"}]
    )
    field_values: dict[Word, Scalar] | None = Field(
        None, description="Values of other fields, and of the model's own attributes.", examples=[{"owner": "owner_03"}]
    )
    activities: Annotated[list[Activity], Field(max_length=100)] | None = Field(
        None,
        description="Activities that are supposed to happen, or to be planned; recorded_at is passed over.",
        examples=[[{"kind": "meeting", "occurred_at": "2026-04-01T09:30:00Z"}]],
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields if name != "amount") and self.amount is None:
            raise PydanticCustomError("changes", "at least one change", {"found": "no change"})
        return self


class WhatIfRequest(Strict):
    """A question what the estimate would be if something were different."""

    as_of: Instant | None = Field(
        None,
        description="The instant of what is known, now if absent; what was recorded later is not counted.",
        examples=["2026-03-31T12:00:00Z"],
    )
    opportunity: Opportunity = _OPPORTUNITY
    changes: Changes = Field(description="What is supposed.", examples=[{"assessments": {"money": "yes"}}])
