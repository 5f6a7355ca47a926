"""What the service answers when asked what is recorded of an opportunity, an account or a person."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from api.answers import Answer

_AS_OF = Field(description="Instant asked about.", examples=["2026-03-02T09:30:00Z"])
_THROUGH = Field(description="Number of the last commit that is in it.", examples=[1204])
_CREATED = Field(description="When it was created.", examples=["2026-01-05T09:00:00Z"])
_EVENTS = Field(description="Events that name it and stand.", examples=[37])
_LAST_EVENT = Field(description="When the last of them happened; null without any.", examples=["2026-03-01T16:20:00Z"])


class RecordedAccountAnswer(Answer):
    """What is recorded of an account under this id, corrections and retractions applied."""

    account_id: str = Field(description="The account asked for.", examples=["a-18"])
    stands_under: str = Field(
        description="The id under which it is kept then: its own, or that of the account that it was merged into.",
        examples=["a-17"],
    )
    accounts: list[str] = Field(description="All accounts that are one with it then.", examples=[["a-17", "a-18"]])
    as_of: AwareDatetime = _AS_OF
    through_seq: int = _THROUGH
    created_at: AwareDatetime = _CREATED
    name: str | None = Field(description="What it is called; null when not told.", examples=["Acme"])
    industry: str | None = Field(description="What it does; null when not told.", examples=["machinery"])
    region: str | None = Field(description="Where it is; null when not told.", examples=["east"])
    size: str | None = Field(description="Size class; null when not told.", examples=["large"])
    events: int = Field(
        description="Events that stand and are of this account alone, not of one of its opportunities.", examples=[37]
    )
    last_event_at: AwareDatetime | None = _LAST_EVENT


class RecordedContactAnswer(Answer):
    """What is recorded of a person, corrections and retractions applied."""

    contact_id: str = Field(description="The person.", examples=["c-7"])
    as_of: AwareDatetime = _AS_OF
    through_seq: int = _THROUGH
    created_at: AwareDatetime = _CREATED
    account_id: str | None = Field(
        description="Where the person works, under the id that the account has then; null when not told.",
        examples=["a-17"],
    )
    accounts: list[str] = Field(description="All accounts that are one with it then.", examples=[["a-17", "a-18"]])
    role: str | None = Field(description="Role in the buying centre; null when not told.", examples=["decision_maker"])
    events: int = _EVENTS
    last_event_at: AwareDatetime | None = _LAST_EVENT


class RecordedAnswer(Answer):
    """What is recorded of an opportunity, corrections and retractions applied: what a score is made from."""

    opportunity_id: str = Field(description="The opportunity.", examples=["o-42"])
    as_of: AwareDatetime = _AS_OF
    through_seq: int = _THROUGH
    created_at: AwareDatetime = _CREATED
    process: str = Field(description="Sales process.", examples=["default"])
    stage: str | None = Field(description="Present stage; null when none was told.", examples=["proposal"])
    stage_since: AwareDatetime | None = Field(
        description="When it was entered; null without a stage.", examples=["2026-02-01T08:00:00Z"]
    )
    account_id: str | None = Field(description="The customer; null when not told.", examples=["a-17"])
    accounts: list[str] = Field(
        description="The account with those that were merged with it.", examples=[["a-17", "a-18"]]
    )
    owner_id: str | None = Field(description="Present owner; null when not told.", examples=["owner_03"])
    team: str | None = Field(description="Team; null when not told.", examples=["team_1"])
    product: str | None = Field(description="Product; null when not told.", examples=["suite"])
    service: str | None = Field(description="Service; null when not told.", examples=["training"])
    source: str | None = Field(description="Where it came from; null when not told.", examples=["referral"])
    channel: str | None = Field(description="Sales channel; null when not told.", examples=["direct"])
    currency: str | None = Field(description="ISO 4217 code; null when not told.", examples=["EUR"])
    fields: dict[str, str | None] = Field(
        description="Last value told of each field that is followed over time, as text; null when it was cleared.",
        examples=[{"amount": "25000", "authority": "confirmed"}],
    )
    attributes: dict[str, str | int | float | bool | None] = Field(
        description="Values of the customer's own columns.", examples=[{}]
    )
    events: int = Field(
        description="Events read with it: its own, those of its account and of the account's people.", examples=[37]
    )
    last_event_at: AwareDatetime | None = _LAST_EVENT
