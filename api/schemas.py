"""What a request for scores looks like. Strict: no unknown field, no text for a number, no naive time."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    model_validator,
)

from api.field_errors import together
from api.field_types import Day, Days, Id, Instant, InstantOrDay, Scalar, Strict, Word

_MOST = 1e15
_OCCURRED = Field(description="When it happened, with its zone.", examples=["2026-03-02T09:30:00Z"])
_RECORDED = Field(
    None,
    description="When we were told; when it happened if absent, and as_of for what is planned.",
    examples=["2026-03-03T08:00:00Z"],
)


class StageEvent(Strict):
    """A stage entered."""

    stage: Word = Field(description="Key of a stage of the process.", examples=["proposal"])
    occurred_at: Instant = _OCCURRED
    recorded_at: Instant | None = _RECORDED


class FieldEvent(Strict):
    """A value set."""

    field: Word = Field(
        description="amount, expected_close_date, owner, lost_reason, an assessed field, or an attribute of the model.",
        examples=["amount"],
    )
    value: Scalar = Field(None, description="The new value; null when it was cleared.", examples=[25000])
    occurred_at: Instant = _OCCURRED
    recorded_at: Instant | None = _RECORDED


class Activity(Strict):
    """Something that was done, or is planned."""

    activity_id: Id | None = Field(
        None,
        description="Id of the activity. The same id with the same body counts once; with another body it is refused.",
        examples=["e-1001"],
    )
    kind: Word = Field(description="A standard kind, or one of the model's own.", examples=["meeting"])
    occurred_at: Instant = Field(
        description="When it happened, or is planned for, with its zone.", examples=["2026-03-02T09:30:00Z"]
    )
    recorded_at: Instant | None = _RECORDED
    direction: Literal["inbound", "outbound"] | None = Field(
        None, description="inbound is from the buyer.", examples=["inbound"]
    )
    duration_seconds: Annotated[float, Field(ge=0, le=31_622_400)] | None = Field(
        None, description="How long it took, seconds.", examples=[1800]
    )
    topic: Word | None = Field(None, description="Page, product or subject.", examples=["pricing"])
    value: Annotated[float, Field(ge=-_MOST, le=_MOST)] | None = Field(
        None, description="A quantity in the kind's own unit.", examples=[1]
    )
    contact_id: Id | None = Field(None, description="The person concerned, one of contacts.", examples=["c-7"])
    planned: bool | None = Field(
        None, description="True while it is only planned: known, and never counted as happened.", examples=[False]
    )
    automated: bool | None = Field(
        None, description="True when a machine did it: a mail privacy proxy, a link scanner.", examples=[False]
    )


class Contact(Strict):
    """A person at the customer."""

    contact_id: Id = Field(description="Id of the person.", examples=["c-7"])
    role: Literal["decision_maker", "technical_evaluator", "purchaser", "user"] | None = Field(
        None, description="Role in the buying centre.", examples=["decision_maker"]
    )


class Assessment(Strict):
    """What a person said of the opportunity, and when."""

    value: Literal["yes", "partly", "no", "unknown"] = Field(
        description="The assessment; unknown is not no.", examples=["yes"]
    )
    assessed_at: Instant = Field(description="When it was assessed, with its zone.", examples=["2026-03-01T10:00:00Z"])


class AccountFacts(Strict):
    """What was told first of the customer; it says which segment's model answers, and is no feature."""

    region: Word | None = Field(None, description="Where it is.", examples=["north"])
    industry: Word | None = Field(None, description="What it does.", examples=["logistics"])
    size: Word | None = Field(None, description="Size class.", examples=["medium"])


class Opportunity(Strict):
    """One opportunity with whatever is known of it.

    A table that is absent or null is not collected: what follows from it is missing. An
    empty list says that nothing happened.
    """

    opportunity_id: Id = Field(description="Id of the opportunity.", examples=["o-42"])
    process: Word | None = Field(
        None, description="Sales process; may be absent when the model has only one.", examples=["default"]
    )
    created_at: Instant = Field(description="When it was created, with its zone.", examples=["2026-01-15T08:00:00Z"])
    account_id: Id | None = Field(None, description="The customer.", examples=["a-17"])
    account: AccountFacts | None = Field(
        None,
        description="What was told first of the customer, for models of segments by region, industry or size.",
        examples=[{"region": "north"}],
    )
    owner_id: Id | None = Field(
        None, description="Owner; the first one when field_history tells of changes.", examples=["owner_03"]
    )
    team: Word | None = Field(None, description="The owner's team.", examples=["team_1"])
    product: Word | None = Field(None, description="Product asked for.", examples=["suite"])
    service: Word | None = Field(None, description="Service asked for.", examples=["training"])
    source: Word | None = Field(None, description="Where it came from.", examples=["referral"])
    channel: Word | None = Field(None, description="Sales channel.", examples=["direct"])
    currency: Word | None = Field(None, description="ISO 4217 code of its amounts.", examples=["EUR"])
    amount: Annotated[float, Field(ge=0, le=_MOST)] | None = Field(
        None, description="Amount; field_history goes before it.", examples=[25000]
    )
    expected_close_date: Day | None = Field(
        None, description="Close date stated by the owner; field_history goes before it.", examples=["2026-06-30"]
    )
    stage: Word | None = Field(
        None, description="Current stage, the short form of stage_history, which goes before it.", examples=["proposal"]
    )
    stage_entered_at: Instant | None = Field(
        None,
        description="When the current stage was entered; at creation if absent.",
        examples=["2026-02-20T10:00:00Z"],
    )
    stage_history: list[StageEvent] | None = Field(
        None,
        description="Stages entered.",
        examples=[[{"stage": "contacted", "occurred_at": "2026-01-20T10:00:00Z"}]],
    )
    field_history: list[FieldEvent] | None = Field(
        None,
        description="Values set; absent when changes are not collected.",
        examples=[[{"field": "amount", "value": 25000, "occurred_at": "2026-01-20T10:00:00Z"}]],
    )
    activities: list[Activity] | None = Field(
        None,
        description="What happened with the opportunity and its account; absent when activities are not collected.",
        examples=[[{"activity_id": "e-1001", "kind": "meeting", "occurred_at": "2026-03-02T09:30:00Z"}]],
    )
    contacts: list[Contact] | None = Field(
        None,
        description="People at the customer; absent when they are not collected.",
        examples=[[{"contact_id": "c-7", "role": "decision_maker"}]],
    )
    assessments: dict[Word, Assessment] | None = Field(
        None,
        description="Last assessment by field: money, authority, need, solution_fit, competitive_advantage, sponsor, "
        "track_record, cultural_fit, competitor.",
        examples=[{"money": {"value": "yes", "assessed_at": "2026-03-01T10:00:00Z"}}],
    )
    attributes: dict[Word, Scalar] | None = Field(
        None, description="Values of the model's own attributes by name.", examples=[{}]
    )
    not_collected: list[Word] | None = Field(
        None,
        description="Kinds of activity, fields, or contacts, that are not collected although their table is sent.",
        examples=[["site_visit"]],
    )
    collected_since: dict[Word, Instant] | None = Field(
        None,
        description="From when a kind of activity, a field, or contacts was collected.",
        examples=[{"email_opened": "2025-07-01T00:00:00Z"}],
    )

    def plain(self) -> dict[str, Any]:
        """Give the same as plain data, as ``features.history.live`` takes it, to be read only."""
        return {name: _plain(value) for name, value in vars(self).items()}


def _plain(value: Any) -> Any:
    """Give a checked part as plain data: what it holds, not a copy of it."""
    if isinstance(value, BaseModel):
        return vars(value)
    if isinstance(value, list):
        return [vars(row) if isinstance(row, BaseModel) else row for row in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value


class ScoreRequest(Strict):
    """A question about 1 to 1,000 opportunities."""

    as_of: Instant | None = Field(
        None,
        description="The instant asked about, now if absent; what was recorded later is not counted.",
        examples=["2026-03-31T12:00:00Z"],
    )
    horizons_days: Annotated[list[Days], Field(min_length=1, max_length=20)] | None = Field(
        None, description="Days ahead to answer for; 30, 60, 90 and 180 if absent.", examples=[[30, 60, 90, 180]]
    )
    horizon_dates: Annotated[list[InstantOrDay], Field(min_length=1, max_length=20)] | None = Field(
        None,
        description="Instants to answer for, in place of horizons_days; a date means 00:00 UTC.",
        examples=[["2026-06-30"]],
    )
    reasons: bool | None = Field(
        None,
        description="Whether to say what adds up to each probability; if absent, for up to 20 opportunities.",
        examples=[True],
    )
    opportunities: Annotated[list[Opportunity], Field(min_length=1, max_length=1000)] = Field(
        description="The opportunities, each once.",
        examples=[[{"opportunity_id": "o-42", "created_at": "2026-01-15T08:00:00Z", "stage": "proposal"}]],
    )

    @model_validator(mode="after")
    def _one_way_of_horizons(self) -> Self:
        if self.horizons_days is not None and self.horizon_dates is not None:
            expected = "horizons_days or horizon_dates, not both"
            raise together("horizons", expected, self, "horizons_days", "horizon_dates")
        return self
