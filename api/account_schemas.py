"""What a request for scores of accounts looks like; as strict as that for opportunities."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.field_types import Id, Instant, Strict, Word
from api.schemas import Activity


class EarlierOpportunity(Strict):
    """An opportunity of the account that was closed."""

    opportunity_id: Id | None = Field(
        None,
        description="Id of the opportunity. The same id with the same body counts once; with another body it is "
        "refused.",
        examples=["o-17"],
    )
    outcome: Literal["won", "lost"] = Field(description="How it ended.", examples=["won"])
    closed_at: Instant = Field(description="When it closed, with its zone.", examples=["2025-09-02T09:30:00Z"])


class Account(Strict):
    """One account without an open opportunity, with whatever is known of it.

    A list that is absent or null is not collected: what follows from it is missing. An empty
    one says that nothing happened.
    """

    account_id: Id = Field(description="Id of the account.", examples=["a-17"])
    created_at: Instant = Field(description="When it came to be, with its zone.", examples=["2025-01-15T08:00:00Z"])
    industry: Word | None = Field(None, description="What it does.", examples=["logistics"])
    region: Word | None = Field(None, description="Where it is.", examples=["north"])
    size: Word | None = Field(None, description="Size class.", examples=["medium"])
    activities: list[Activity] | None = Field(
        None,
        description="What happened with the account, whichever opportunity it concerned; absent when activities are "
        "not collected.",
        examples=[[{"activity_id": "e-1001", "kind": "site_visit", "occurred_at": "2026-03-02T09:30:00Z"}]],
    )
    opportunities: list[EarlierOpportunity] | None = Field(
        None,
        description="Its earlier opportunities, all closed; absent when they are not known.",
        examples=[[{"opportunity_id": "o-17", "outcome": "won", "closed_at": "2025-09-02T09:30:00Z"}]],
    )
    not_collected: list[Word] | None = Field(
        None,
        description="Kinds of activity that are not collected although activities are sent.",
        examples=[["email_opened"]],
    )
    collected_since: dict[Word, Instant] | None = Field(
        None,
        description="From when a kind of activity was collected.",
        examples=[{"site_visit": "2025-07-01T00:00:00Z"}],
    )


class AccountScoreRequest(Strict):
    """A question about 1 to 1,000 accounts."""

    as_of: Instant | None = Field(
        None,
        description="The instant asked about, now if absent; what was recorded later is not counted.",
        examples=["2026-03-31T12:00:00Z"],
    )
    accounts: Annotated[list[Account], Field(min_length=1, max_length=1000)] = Field(
        description="The accounts, each once.",
        examples=[[{"account_id": "a-17", "created_at": "2025-01-15T08:00:00Z", "activities": []}]],
    )
