"""What the service answers when asked what is recorded of an opportunity."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from api.answers import Answer


class RecordedAnswer(Answer):
    """What is recorded of an opportunity, corrections and retractions applied: what a score is made from."""

    opportunity_id: str = Field(description="The opportunity.", examples=["o-42"])
    as_of: AwareDatetime = Field(description="Instant asked about.", examples=["2026-03-02T09:30:00Z"])
    through_seq: int = Field(description="Number of the last commit that is in it.", examples=[1204])
    created_at: AwareDatetime = Field(description="When it was created.", examples=["2026-01-05T09:00:00Z"])
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
    last_event_at: AwareDatetime | None = Field(
        description="When the last of them happened; null without any.", examples=["2026-03-01T16:20:00Z"]
    )
