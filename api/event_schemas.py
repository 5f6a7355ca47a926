"""What is pushed: opportunities, accounts, contacts and events. Strict as the requests for scores."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, TypeAdapter, model_validator

from api.field_errors import together
from api.field_types import Currency, Day, Id, Instant, Scalar, Strict, SubjectId, Word

MOST_EVENTS = 10_000
_MOST = 1e15

_CREATED = Field(description="When it came to be, with its zone.", examples=["2026-01-15T08:00:00Z"])
_OCCURRED = Field(description="When it happened, with its zone.", examples=["2026-03-02T09:30:00Z"])
_EVENT_ID = Field(
    description="Id of the event, given by the sender. The same id with the same body is taken once; "
    "with another body it is refused.",
    examples=["e-1001"],
)
_CORRECTS = Field(
    None, description="Id of the event that this one replaces, of the same type and subject.", examples=["e-1000"]
)
_OPPORTUNITY_ID = Field(description="The opportunity concerned.", examples=["o-42"])


class AccountBody(Strict):
    """A customer. What changes later is told by events."""

    created_at: Instant = _CREATED
    name: Word | None = Field(None, description="What it is called.", examples=["Acme"])
    industry: Word | None = Field(None, description="What it does.", examples=["machinery"])
    region: Word | None = Field(None, description="Where it is.", examples=["east"])
    size: Word | None = Field(None, description="Size class.", examples=["large"])


class ContactBody(Strict):
    """A person at a customer. What changes later is told by events."""

    created_at: Instant = _CREATED
    account_id: SubjectId | None = Field(None, description="Where the person works.", examples=["a-17"])
    role: Literal["decision_maker", "technical_evaluator", "purchaser", "user"] | None = Field(
        None, description="Role in the buying centre.", examples=["decision_maker"]
    )


class OpportunityBody(Strict):
    """An opportunity as it was created. What changes later is told by events."""

    created_at: Instant = _CREATED
    process: Word | None = Field(
        None, description="Sales process; may be absent when there is only one.", examples=["default"]
    )
    account_id: SubjectId | None = Field(None, description="The customer.", examples=["a-17"])
    owner_id: Id | None = Field(None, description="Owner at creation.", examples=["owner_03"])
    team: Word | None = Field(None, description="The owner's team at creation.", examples=["team_1"])
    product: Word | None = Field(None, description="Product asked for.", examples=["suite"])
    service: Word | None = Field(None, description="Service asked for.", examples=["training"])
    source: Word | None = Field(None, description="Where it came from.", examples=["referral"])
    channel: Word | None = Field(None, description="Sales channel.", examples=["direct"])
    currency: Currency | None = Field(None, description="ISO 4217 code of its amounts.", examples=["EUR"])
    stage: Word | None = Field(None, description="Stage entered at creation.", examples=["identified"])
    amount: Annotated[float, Field(ge=0, le=_MOST)] | None = Field(
        None, description="Amount at creation.", examples=[25000]
    )
    expected_close_date: Day | None = Field(None, description="Close date stated at creation.", examples=["2026-06-30"])
    attributes: dict[Word, Scalar] | None = Field(
        None, description="Values of the customer's own columns by name.", examples=[{}]
    )


class StageChange(Strict):
    """A stage entered; ``reopening`` says that it opens again what was closed.

    Whether it was open or closed by then is judged by what is known, and only warned of: a stage
    change of what is closed counts as a reopening, a reopening of what is open as a stage change,
    and of two closes the later from then on. A reopening into a closed stage is refused.
    """

    type: Literal["stage_change", "reopening"] = Field(description="Type of event.", examples=["stage_change"])
    event_id: Id = _EVENT_ID
    opportunity_id: SubjectId = _OPPORTUNITY_ID
    stage: Word = Field(description="Key of a stage of its process.", examples=["proposal"])
    occurred_at: Instant = _OCCURRED
    corrects: Id | None = _CORRECTS


class FieldChange(Strict):
    """A value set: of an opportunity, an account or a contact; what a PUT of the field would refuse is refused."""

    type: Literal["field_change"] = Field(description="Type of event.", examples=["field_change"])
    event_id: Id = _EVENT_ID
    opportunity_id: SubjectId | None = Field(None, description="The opportunity concerned.", examples=["o-42"])
    account_id: SubjectId | None = Field(None, description="The account concerned.", examples=["a-17"])
    contact_id: SubjectId | None = Field(None, description="The person concerned.", examples=["c-7"])
    field: Word = Field(
        description="Of an opportunity amount, expected_close_date, owner, lost_reason, an assessed field, an "
        "attribute, or a column: account_id, team, product, service, source, channel, currency, created_at. Of an "
        "account name, industry, region or size; of a contact role. "
        "When accounts and contacts came to be stands as told first.",
        examples=["amount"],
    )
    value: Scalar = Field(
        None, description="The new value, judged as in a PUT; null when it was cleared.", examples=[25000]
    )
    occurred_at: Instant = _OCCURRED
    corrects: Id | None = _CORRECTS

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if sum(given is not None for given in (self.opportunity_id, self.account_id, self.contact_id)) != 1:
            expected = "one of opportunity_id, account_id and contact_id"
            raise together("one_subject", expected, self, "opportunity_id", "account_id", "contact_id")
        return self


class AssessmentEvent(Strict):
    """What a person said of the opportunity."""

    type: Literal["assessment"] = Field(description="Type of event.", examples=["assessment"])
    event_id: Id = _EVENT_ID
    opportunity_id: SubjectId = _OPPORTUNITY_ID
    field: Word = Field(description="money, authority, need, or another assessed field.", examples=["money"])
    value: Literal["yes", "partly", "no", "unknown"] = Field(
        description="The assessment; unknown is not no.", examples=["yes"]
    )
    occurred_at: Instant = _OCCURRED
    corrects: Id | None = _CORRECTS


class ActivityEvent(Strict):
    """Something that was done, or is planned; of an opportunity, or of an account."""

    type: Literal["activity"] = Field(description="Type of event.", examples=["activity"])
    event_id: Id = _EVENT_ID
    opportunity_id: SubjectId | None = Field(None, description="The opportunity concerned.", examples=["o-42"])
    account_id: SubjectId | None = Field(None, description="The account concerned.", examples=["a-17"])
    contact_id: SubjectId | None = Field(None, description="The person concerned.", examples=["c-7"])
    kind: Word = Field(description="A standard kind, or one that is collected.", examples=["meeting"])
    occurred_at: Instant = Field(
        description="When it happened, or is planned for, with its zone.", examples=["2026-03-02T09:30:00Z"]
    )
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
    planned: bool | None = Field(
        None, description="True while it is only planned: known, and never counted as happened.", examples=[False]
    )
    automated: bool | None = Field(
        None, description="True when a machine did it: a mail privacy proxy, a link scanner.", examples=[False]
    )
    corrects: Id | None = _CORRECTS

    @model_validator(mode="after")
    def _some_subject(self) -> Self:
        if self.opportunity_id is None and self.account_id is None:
            raise together("subject", "opportunity_id, account_id, or both", self, "opportunity_id", "account_id")
        return self


class Retraction(Strict):
    """An event that never was, or should not have been told."""

    type: Literal["retraction"] = Field(description="Type of event.", examples=["retraction"])
    event_id: Id = _EVENT_ID
    retracts: Id = Field(description="Id of the event that is taken back.", examples=["e-1000"])
    because: Word | None = Field(None, description="Why.", examples=["entered for the wrong customer"])


class AccountMerge(Strict):
    """Two accounts that turned out to be one.

    Accounts may be merged before they are told of: the merge counts for what comes later, and is
    warned of while nothing names them. What goes in a circle, or into itself, is refused.
    """

    type: Literal["account_merge"] = Field(description="Type of event.", examples=["account_merge"])
    event_id: Id = _EVENT_ID
    account_id: SubjectId = Field(description="The account that is no more.", examples=["a-18"])
    into: SubjectId = Field(description="The account that it is one with.", examples=["a-17"])
    occurred_at: Instant | None = Field(None, description="When; now if absent.", examples=["2026-03-02T09:30:00Z"])


Event = Annotated[
    StageChange | FieldChange | AssessmentEvent | ActivityEvent | Retraction | AccountMerge, Discriminator("type")
]
EVENT_MODELS: dict[str, type[Strict]] = {
    "stage_change": StageChange,
    "reopening": StageChange,
    "field_change": FieldChange,
    "assessment": AssessmentEvent,
    "activity": ActivityEvent,
    "retraction": Retraction,
    "account_merge": AccountMerge,
}
"""Each type of event."""

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""Reads one event."""


class EventsRequest(Strict):
    """Up to 10,000 events; each is judged for itself."""

    events: Annotated[list[Event], Field(min_length=1, max_length=MOST_EVENTS)] = Field(
        description="The events, in any order.",
        examples=[
            [
                {
                    "type": "activity",
                    "event_id": "e-1001",
                    "opportunity_id": "o-42",
                    "kind": "meeting",
                    "occurred_at": "2026-03-02T09:30:00Z",
                }
            ]
        ],
    )


class RawEvents(Strict):
    """The envelope alone: a wrong event must not refuse the others."""

    events: Annotated[list[Any], Field(min_length=1, max_length=MOST_EVENTS)]
